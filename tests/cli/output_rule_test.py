#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One rule for all that the programs write: what may be replaced, by what, and what else is written to.
See sqfs-stable-build(1), "How the output is written"."""
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import stable
import tap
import tool
import trees


def case(name):
    """A test in a scratch directory with a small source, an image of it, and its map."""
    def mark(function):
        def run():
            with tool.scratch("sqst-rule-") as room:
                trees.make({b"": trees.directory(), b"f": trees.file("content\n"),
                            b"d": trees.directory(), b"d/g": trees.file("more\n")}, room + "/s")
                tool.build("-quiet", "--map-out", room + "/m1", room + "/s", room + "/1")
                tool.write(room + "/s/new", "new\n")
                function(room)
        tap.add(name, run)
    return mark


@contextlib.contextmanager
def unchanged(path):
    before = tool.snapshot(path)
    yield
    after = tool.snapshot(path)
    assert after == before, f"{before}\nbecame\n{after}"


def unprivileged(room, *arguments):
    """Run the program as nobody."""
    tap.need_root()
    tap.need_program("setpriv")
    return subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", tool.public(room),
                           *arguments], capture_output=True, text=True, check=False)


def to_descriptor(standard_out, *arguments):
    return subprocess.run(tool.command(*arguments), stdout=standard_out, stderr=subprocess.PIPE, text=True, check=False)


@case("a map or report replaces its like, an empty file, and nothing else")
def likes(room):
    s, one, m1, out = room + "/s", room + "/1", room + "/m1", room + "/2"
    tool.write(room + "/text", "precious\n")
    tool.write(room + "/package.json", '{\n  "name": "not a report"\n}\n')
    with unchanged(room):
        for option in ("--map-out", "--json"):
            tool.refused(tool.EXISTS, option, room + "/text", s, out, words=[room + "/text", "not replaced"])
            tool.refused(tool.EXISTS, "--force", option, one, s, out, words=[one, "squashfs image"])
            tool.refused(tool.SYSTEM, option, s, "-quiet", s, out, words=["is a directory"])
        tool.refused(tool.EXISTS, "--json", m1, s, out, words=["not a report"])
        tool.refused(tool.EXISTS, "--json", room + "/package.json", s, out, words=["not a report"])
    tool.build("-quiet", "--map-out", m1, "--json", room + "/j", s, out)
    tool.write(room + "/m2")
    tool.build("-quiet", "--force", "--map-out", room + "/m2", "--json", room + "/j", s, out)
    assert tool.read(m1) == tool.read(room + "/m2") and json.loads(tool.read(room + "/j"))["image"] == out
    tool.build("-quiet", "--force", "--json", room + "/text", s, out)
    assert tool.read(room + "/text").startswith(b"{")


@case("an output that is also read as something else is refused")
def inputs(room):
    s, one, m1 = room + "/s", room + "/1", room + "/m1"
    with unchanged(room):
        tool.refused(tool.USAGE, "--prev", one, "--map-out", one, s, room + "/2", words=[one, "also an input"])
        tool.refused(tool.USAGE, "--force", "--prev", one, "--json", one, s, room + "/2", words=["also an input"])
        tool.refused(tool.USAGE, "--force", "--map", m1, s, m1, words=["also an input"])
        tool.refused(tool.USAGE, "--sources=image", "--map-out", one, one, room + "/2", words=["also an input"])


@case("two outputs on one file are refused, by whatever names")
def twice(room):
    s = room + "/s"
    os.symlink(".", room + "/here")
    tool.write(room + "/a")
    os.link(room + "/a", room + "/b")
    os.mkfifo(room + "/fifo")
    with unchanged(room):
        tool.refused(tool.USAGE, "--map-out", room + "/o", s, room + "/o", words=["two outputs"])
        tool.refused(tool.USAGE, "--map-out", room + "/here/o", s, room + "/o", words=["two outputs"])
        tool.refused(tool.USAGE, "--map-out", room + "/o", "--json", room + "/o", s, room + "/2", words=["two outputs"])
        tool.refused(tool.USAGE, "--map-out", room + "/a", "--json", room + "/b", s, room + "/2", words=["two outputs"])
        for one, other in ((room + "/fifo", room + "/here/fifo"), ("-", "/dev/stdout"), ("-", "-")):
            tool.refused(tool.USAGE, "--map-out", one, "--json", other, s, room + "/2", words=["two outputs"])
    with open(room + "/1", "rb") as one, unchanged(room):
        done = to_descriptor(one, "--force", "--map-out", "-", s, room + "/1")
        assert done.returncode == tool.USAGE and "two outputs" in done.stderr, done


@case("outputs inside the source are no part of the tree, and the root's time stays")
def inside(room):
    s = room + "/s"
    os.utime(s, (1000, 1000))
    tool.build("-quiet", "--map-out", s + "/m", "--json", s + "/j", s, s + "/o")
    image = stable.read(s + "/o")
    assert set(image.paths) == {b"", b"f", b"d", b"d/g", b"new"}, image.paths
    assert image.paths[b""].mtime == 1000
    done = tool.build("--force", "--map-out", s + "/m", "--json", s + "/j", s, s + "/o")
    assert set(stable.read(s + "/o").paths) == {b"", b"f", b"d", b"d/g", b"new"}
    assert done.stderr.count("is left out") == 3, done.stderr
    # What a build that was killed left there; not a file of a similar name, or elsewhere.
    names = {".o.12-0": True, ".m.7-31": True, ".o.12": False, ".o.-1": False, ".oo.1-1": False, "d/.o.12-0": False}
    for name in names:
        tool.write(f"{s}/{name}", "left behind\n")
    done = tool.build("--force", "--map-out", s + "/m", "--json", s + "/j", s, s + "/o")
    assert done.stderr.count("can be deleted") == 2, done.stderr
    for name, left_out in names.items():
        assert (os.fsencode(name) in stable.read(s + "/o").paths) == (not left_out), name


@case("- is standard output; an image cannot go there")
def standard_output(room):
    s = room + "/s"
    done = tool.build("-quiet", "--map-out", "-", s, room + "/2")
    assert done.stdout.startswith("#mtree\n# sqfs-stable:"), done.stdout
    done = tool.build("-quiet", "--json", "-", s, room + "/3")
    assert json.loads(done.stdout)["image"] == room + "/3"
    done = tool.build("-quiet", "--json", "/dev/stdout", s, room + "/4")
    assert json.loads(done.stdout)["image"] == room + "/4"
    with unchanged(room):
        os.chdir(room)
        tool.refused(tool.USAGE, s, "-", words=["standard output", "./-"])
        tool.refused(tool.SYSTEM, s, "/dev/stdout", words=["regular file or a block device"])
        os.chdir("/")


@case("an output that is missing, or is a pipe: what is true, and what to do")
def missing(room):
    os.symlink(tool.REAL, room + "/mksquashfs")
    with unchanged(room):
        for arguments in (["s", "-quiet"], ["s"]):
            done = subprocess.run([room + "/mksquashfs", *arguments], cwd=room, capture_output=True, text=True, check=False)
            assert done.returncode == tool.USAGE and "OUTPUT is missing: it comes after SOURCE" in done.stderr, done
        tool.refused(tool.SYSTEM, room + "/s", "/dev/stdout", words=["start is written last"])


@case("devices and FIFOs are written to, not replaced; symbolic links are followed")
def special(room):
    s = room + "/s"
    null = tool.device(room + "/null", tool.NULL)
    full = tool.device(room + "/full", tool.FULL)
    tool.build("-quiet", "--json", null, "--map-out", null, s, room + "/2")
    assert stat.S_ISCHR(os.lstat(null).st_mode)
    with unchanged(room):
        tool.refused(tool.SYSTEM, "--json", full, s, room + "/3", words=[full, "No space left"])
        tool.refused(tool.SYSTEM, "--json", full, "--force", s, room + "/1", words=[full])
        tool.refused(tool.SYSTEM, s, null, words=["regular file or a block device"])
    os.mkfifo(room + "/fifo")
    got = []
    reader = threading.Thread(target=lambda: got.append(tool.read(room + "/fifo")))
    reader.start()
    tool.build("-quiet", "--map-out", room + "/fifo", s, room + "/4")
    reader.join()
    assert got[0].startswith(b"#mtree")
    assert stat.S_ISFIFO(os.lstat(room + "/fifo").st_mode)
    tool.build("-quiet", "--json", room + "/real", s, room + "/old")
    os.symlink("real", room + "/link")
    tool.build("-quiet", "--json", room + "/link", s, room + "/5")
    assert os.path.islink(room + "/link") and json.loads(tool.read(room + "/real"))["image"] == room + "/5"


@case("what is replaced hands on mode, owner, group and attributes")
def inherits(room):
    tap.need_root()
    one = room + "/1"
    os.chown(one, 1234, 2345)
    os.chmod(one, 0o640)
    os.setxattr(one, "user.note", b"kept")
    tool.build("-quiet", "--force", "--prev", one, room + "/s", one)
    info = os.stat(one)
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (1234, 2345, 0o640)
    assert os.getxattr(one, "user.note") == b"kept"


@case("a directory that cannot be written, a bind mount: said before the build; --in-place writes")
def in_place(room):
    mounts.need_kernel("squashfs")
    fixed = room + "/fixed"
    os.mkdir(fixed)
    tool.write(fixed + "/o", "an old file that is longer than the image will be" * 4000)
    os.chown(fixed + "/o", 65534, 65534)
    with unchanged(fixed):
        done = unprivileged(room, "--force", room + "/s", fixed + "/o")
        assert done.returncode == tool.SYSTEM and "--in-place" in done.stderr, done
    done = unprivileged(room, "-quiet", "--in-place", room + "/s", fixed + "/o")
    assert done.returncode == 0, done
    tool.build("-quiet", room + "/s", room + "/plain")
    assert tool.read(fixed + "/o") == tool.read(room + "/plain")
    tool.write(room + "/bound", "old")
    inode = os.stat(room + "/bound").st_ino
    with bound(room + "/bound", room + "/target"):
        tool.refused(tool.SYSTEM, "--force", room + "/s", room + "/target", words=["mount point", "--in-place"])
        tool.build("-quiet", "--in-place", room + "/s", room + "/target")
    assert tool.read(room + "/bound") == tool.read(room + "/plain") and os.stat(room + "/bound").st_ino == inode
    # What is read may be what is written over, and a build that fails leaves it alone.
    with unchanged(room + "/fixed"):
        tool.refused(tool.SOURCE, "--in-place", room + "/nowhere", fixed + "/o")
        assert tool.run("--in-place", "--max-size", "10", room + "/s", fixed + "/o").returncode == tool.LIMIT
    tool.build("-quiet", "--in-place", "--prev", fixed + "/o", room + "/s", fixed + "/o")
    assert stable.read(fixed + "/o").record.generation == 1


@contextlib.contextmanager
def bound(source, target):
    tool.write(target)
    mounts.mount("--bind", source, target)
    try:
        yield
    finally:
        subprocess.run(["umount", target], check=True)


@case("a block device is written when the image is whole and has room, its own parent included")
def block_device(room):
    mounts.need_kernel("squashfs")
    tool.write(room + "/disk", os.urandom(1 << 20))
    loop = tool.call("losetup", "-f", "--show", room + "/disk").decode().strip()
    try:
        tool.build("-quiet", "--force", room + "/s", loop)
        before = tool.read(loop)
        tool.write(room + "/s/huge", os.urandom(2 << 20))
        tool.refused(tool.SYSTEM, "--force", "--prev", loop, room + "/s", loop, words=["the image needs", "nothing was written"])
        assert tool.read(loop) == before
        os.unlink(room + "/s/huge")
        tool.write(room + "/s/more", "more")
        tool.build("-quiet", "--force", "--prev", loop, room + "/s", loop)
        tool.build("-quiet", "--prev", loop, room + "/s", room + "/next")
        assert stable.read(room + "/next").record.generation == 2
        with unchanged(room):
            tool.refused(tool.SYSTEM, "--map-out", loop, room + "/s", room + "/9", words=["block device"])
    finally:
        subprocess.run(["losetup", "-d", loop], check=False)


@case("map and image: one that is ahead is followed, one that lags behind is refused")
def pair(room):
    s, out, m = room + "/s", room + "/o", room + "/m"
    tool.build("-quiet", "--map-out", m, s, out)
    old_map, old_image = tool.read(m), tool.read(out)
    tool.write(s + "/another", "another\n")
    build = ("--force", "--map", m, "--map-out", m, s, out)
    tool.build("-quiet", *build)
    new_map, new_image = tool.read(m), tool.read(out)
    # As after a loss of power between the two renames.
    tool.write(out, old_image)
    tool.write(s + "/third", "third\n")
    done = tool.build("-quiet", *build)
    assert "the map's numbers are used" in done.stderr, done.stderr
    # As after a map was restored from a backup.
    tool.write(m, old_map)
    tool.write(out, new_image)
    with unchanged(room):
        tool.refused(tool.PARENT, *build, words=["lags behind", "--prev"])
    tool.build("-quiet", "--prev", out, *build)
    tool.write(m, new_map)
    assert len(new_map) > len(old_map)


# Stands before the C library: a file system that lacks calls, fails them, or a loss of power between two of them.
FAULTS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static int lacks(const char *what, int error) { if (!getenv(what)) return 0; errno = error; return 1; }
static int failed(void)
{
	static int calls;
	calls++;
	if (getenv("KILL_AT") && atoi(getenv("KILL_AT")) == calls) kill(getpid(), SIGKILL);
	return getenv("FAIL_AT") && atoi(getenv("FAIL_AT")) == calls ? (errno = EIO, 1) : 0;
}
int rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
	return failed() ? -1 : real(from, to);
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
	int (*real)(int, const char *, int, const char *, unsigned) = dlsym(RTLD_NEXT, "renameat2");
	return lacks("NO_RENAMEAT2", EINVAL) || failed() ? -1 : real(a, from, b, to, flags);
}
int link(const char *from, const char *to)
{
	int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "link");
	return lacks("NO_LINK", EPERM) ? -1 : real(from, to);
}
int fsync(int fd)
{
	struct stat st;
	int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
	if (getenv("NO_SYNC") && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) return errno = EIO, -1;
	return real(fd);
}
"""


def faults(room):
    """A function that runs the program under faults, which are named in its environment."""
    tap.need_program("cc")
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write(FAULTS)
        source.flush()
        tool.call("cc", "-shared", "-fPIC", "-o", room + ".so", source.name, "-ldl")
    return lambda fault, *arguments: tool.run(
        *arguments, env={**os.environ, "LD_PRELOAD": room + ".so", **{name: str(value) for name, value in fault.items()}})


FILE_SYSTEMS = ({}, {"NO_RENAMEAT2": 1}, {"NO_RENAMEAT2": 1, "NO_LINK": 1})


@case("file systems without renameat2, and without links: outputs appear, old ones are replaced or refused")
def file_systems(room):
    run = faults(room)
    for i, kind in enumerate(FILE_SYSTEMS):
        out, m = f"{room}/o{i}", f"{room}/map{i}"
        assert run(kind, "-quiet", "--map-out", m, room + "/s", out).returncode == 0
        with unchanged(room):
            assert run(kind, "-quiet", room + "/s", out).returncode == tool.EXISTS
        before = set(os.listdir(room))
        assert run(kind, "-quiet", "--force", "--map-out", m, "--prev", out, room + "/s", out).returncode == 0
        assert set(os.listdir(room)) == before and stable.read(out).record.generation == 1
    os.unlink(room + ".so")


@case("a rename or a directory's flush that fails: all is as it was, first outputs and replaced ones")
def taken_back(room):
    run = faults(room)
    with unchanged(room):
        for kind in FILE_SYSTEMS[:2]:
            for fault in ({"FAIL_AT": 1}, {"FAIL_AT": 2}, {"FAIL_AT": 3}, {"NO_SYNC": 1}):
                if kind and "FAIL_AT" in fault:
                    continue  # What does not replace is linked there.
                done = run({**kind, **fault}, "--map-out", room + "/m", "--json", room + "/j", room + "/s", room + "/o")
                assert done.returncode == tool.SYSTEM and "Input/output error" in done.stderr, (fault, done)
            for fault in ({"FAIL_AT": 1}, {"FAIL_AT": 2}, {"NO_SYNC": 1}):
                done = run({**kind, **fault}, "--force", "--map", room + "/m1", "--map-out", room + "/m1", room + "/s",
                           room + "/1")
                assert done.returncode == tool.SYSTEM and "as it was" not in done.stderr, (fault, done)
    # Where nothing can keep the old file, the message says what could not be taken back.
    done = run({**FILE_SYSTEMS[2], "FAIL_AT": 2}, "--force", "--map", room + "/m1", "--map-out", room + "/m1", room + "/s",
               room + "/1")
    assert done.returncode == tool.SYSTEM and room + "/m1 is no longer as it was" in done.stderr, done
    os.unlink(room + ".so")


@case("killed before each rename: map and image are whole, and the next build gives no number twice")
def killed(room):
    run = faults(room)
    build = ("--force", "--map", room + "/m1", "--map-out", room + "/m1", room + "/s", room + "/1")
    for kind in FILE_SYSTEMS:
        shipped = {}
        for at in (1, 2, 1, 2):
            tool.write(f"{room}/s/file{len(os.listdir(room + '/s'))}", "x\n")
            assert run({**kind, "KILL_AT": at}, "-quiet", *build).returncode == -signal.SIGKILL
            stable.read(room + "/1")
            done = tool.build("-quiet", *build)
            assert ("the map's numbers are used" in done.stderr) == (at == 2), (at, done.stderr)
            for path, inode in stable.read(room + "/1").paths.items():
                assert shipped.setdefault(path, inode.number) == inode.number
            assert len(set(shipped.values())) == len(shipped)
    os.unlink(room + ".so")


@case("a reader of standard output that goes away leaves the image as it was")
def reader_goes(room):
    with unchanged(room):
        read, write = os.pipe()
        os.close(read)
        done = to_descriptor(write, "--force", "--map-out", "-", room + "/s", room + "/1")
        os.close(write)
        assert done.returncode == tool.SYSTEM and "Broken pipe" in done.stderr, done


@case("when the map cannot get its place, the image is as it was, and the other way round")
def both_or_none(room):
    mounts.need_kernel("tmpfs")
    s, out = room + "/s", room + "/1"
    with bound(room + "/m1", room + "/held"), unchanged(room):
        tool.refused(tool.SYSTEM, "--force", "--map-out", room + "/held", s, out, words=["mount point"])
    with bound(room + "/1", room + "/held"), unchanged(room):
        tool.refused(tool.SYSTEM, "--force", "--map-out", room + "/m1", s, room + "/held", words=["mount point"])


tap.main()
