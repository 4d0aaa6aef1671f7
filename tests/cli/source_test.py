#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a source directory may hold, and that the image holds exactly that."""
import os
import shutil
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import sqfs
import stable
import tap
import tool
import trees

ROOT = os.geteuid() == 0


def case(name, in_memory=False):
    """A test in a scratch directory with an empty source; in memory if there are many files."""
    def mark(function):
        def run():
            with tool.scratch("sqst-source-") as room:
                os.mkdir(room + "/source")
                if in_memory and ROOT:
                    mounts.mount("-t", "tmpfs", "source", room + "/source")
                function(room, room + "/source", room + "/image")
        tap.add(name, run)
    return mark


def same(source, out, *options, warnings=0):
    """Build, and compare the image with the source; returns it."""
    done = tool.build("--quiet", *options, source, out)
    lines = done.stderr.splitlines()
    assert len(lines) == warnings, f"{warnings} warnings expected:\n{done.stderr}"
    assert all(line.startswith("sqfs-stable-build: ") for line in lines), done.stderr
    image = stable.read(out)
    trees.assert_same(trees.describe(source), trees.describe_image(image))
    return image


@case("an empty directory")
def empty(_room, source, out):
    image = same(source, out)
    assert len(image.inodes) == 1 and image.root.number == 1 and image.super.inode_count == 1
    assert image.super.fragment_count == 0


@case("empty directories and empty files")
def hollow(_room, source, out):
    for name in "abc":
        os.makedirs(f"{source}/{name}/{name}/{name}")
        tool.write(f"{source}/{name}/{name}/file")
    same(source, out)


@case("the source by a relative path, with slashes, as '.'")
def spelling(room, source, out):
    tool.write(source + "/f", "content")
    same(source, out)
    first = tool.read(out)
    for name, where in (("source", room), ("source///", room), (".", source), ("./", source),
                        ("../source", source), (room + "//source/.", "/")):
        tool.build(name, out, "--force", cwd=where)
        assert tool.read(out) == first, name


@case("a source that is not there, or no directory: exit status 4")
def no_source(room, source, out):
    tool.write(source + "/f", "content")
    for bad in (room + "/nowhere", source + "/f", source + "/f/g", ""):
        tool.refused(tool.SOURCE, bad, out)
        assert not os.path.exists(out)


@case("excludes that leave nothing out are told of in one warning, of every kind of source")
def excludes(room, source, out):
    trees.make({b"": trees.directory()} | {path: trees.directory() for path in (b"d", b"d/e")} |
               {path: trees.file(path) for path in (b"a", b"d/b", b"d/e/f")}, room + "/tree")
    tree = room + "/tree"
    tool.call("tar", "-C", tree, "-cf", room + "/tar", ".")
    tool.build("--quiet", tree, room + "/sqfs")

    def told(*options, sources=(tree, room + "/tar", room + "/sqfs")):
        found = {tool.build("--quiet", "--force", "--no-xattrs", one, out, *options).stderr for one in sources}
        assert len(found) == 1, found
        start = "sqfs-stable-build: warning: "
        text = found.pop()
        assert text == "" or text.startswith(start) and text.count("\n") == 1, text
        return text[len(start):-1]

    assert told("-e", "a", "d/b", "d/e", "d/e/f") == ""
    assert told("-e", "d/none") == "1 exclude leaves nothing out: d/none"
    assert told("-e", "b", "a", "d/none", "e/f", "x") == \
        "4 excludes leave nothing out: b, d/none, e/f, ..."
    assert told("-wildcards", "-e", "?", "d/e", "d/?/f") == ""
    assert told("-wildcards", "-e", "d/?", "... f", sources=[tree]) == \
        "1 exclude leaves nothing out: ... f"    # it is below d/e, which is out already
    assert told("-wildcards", "-e", "*.o", "d/*", "... *.o", "e/x") == \
        "3 excludes leave nothing out: *.o, ... *.o, e/x"
    assert told("-regex", "-e", "^x", "d/b", "... ^f") == "1 exclude leaves nothing out: ^x"
    tool.write(room + "/list", "a\nnowhere\n")
    assert told("-ef", room + "/list", "-e", "gone") == \
        "2 excludes leave nothing out: nowhere, gone"
    # Paths of the file system.
    tool.write(room + "/beside", "x")
    assert told("-e", tree + "/a", tree + "/d", tree + "/d/b", sources=[tree]) == ""
    assert told("-e", room + "/beside", tree + "/none", sources=[tree]) == \
        f"2 excludes leave nothing out: {room}/beside, {tree}/none"
    # Several sources, one over the other.
    os.mkdir(source + "/d")
    tool.write(source + "/d/c", "c")
    done = tool.build("--quiet", "--force", "--merge", tree, source, out, "-e", "d/b", "d/c", "x")
    assert done.stderr == "sqfs-stable-build: warning: 1 exclude leaves nothing out: x\n"


@case("names with every byte but '/' and NUL")
def names(_room, source, out):
    base = os.fsencode(source)
    for byte in range(1, 256):
        if byte not in b"/":
            tool.write(base + b"/x%c" % byte, b"%d" % byte)
            os.mkdir(base + b"/dir%c" % byte)
    for name in (b"x" * 255, b"\xff" * 255, b"\n" * 200, b"...", b" ", b"-n", b"--prev", b"a b"):
        tool.write(base + b"/" + name, b"odd")
    deep = base + b"/deep"
    for _ in range(12):
        deep += b"/" + b"d" * 200
    os.makedirs(deep)
    same(source, out, "--map-out", out + ".map")
    stable.Map(out + ".map").agrees_with(stable.read(out))
    tool.build("--map", out + ".map", source, out + "2")
    assert stable.read(out + "2").numbers == stable.read(out).numbers


@case("every file type")
def types(_room, source, out):
    tool.write(source + "/file", "x")
    os.symlink("nowhere", source + "/link")
    os.symlink("x" * 4000, source + "/long-link")
    os.mkfifo(source + "/fifo")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(source)
        server.bind("socket")
        os.chdir("/")
    if ROOT:
        for name, major, minor in (("null", 1, 3), ("high", 4095, 1048575), ("mid", 259, 256),
                                   ("zero", 0, 0)):
            os.mknod(f"{source}/c-{name}", 0o020640, os.makedev(major, minor))
            os.mknod(f"{source}/b-{name}", 0o060640, os.makedev(major, minor))
    same(source, out)


@case("modes, set-id and sticky bits")
def modes(_room, source, out):
    for mode in (0o0, 0o4755, 0o2755, 0o1777, 0o7777, 0o400, 0o111):
        if mode & 0o400 or ROOT:
            tool.write(f"{source}/f{mode:o}", "x", mode)
            os.mkdir(f"{source}/d{mode:o}")
            os.chmod(f"{source}/d{mode:o}", mode | (0 if ROOT else 0o500))
    os.chmod(source, 0o1751)
    same(source, out)


@case("hard links across directories, of all types, count inside the tree")
def links(room, source, out):
    os.makedirs(source + "/a/b")
    os.mkdir(source + "/z")
    tool.write(source + "/z/first", "linked")
    for name in ("a/b/second", "third", "a/fourth"):
        os.link(source + "/z/first", f"{source}/{name}")
    os.symlink("target", source + "/a/link")
    os.link(source + "/a/link", source + "/z/link", follow_symlinks=False)
    os.mkfifo(source + "/a/fifo")
    os.link(source + "/a/fifo", source + "/z/fifo")
    tool.write(source + "/once", "one name inside")
    image = same(source, out)
    os.link(source + "/once", room + "/outside")
    os.link(source + "/third", room + "/outside2")
    tool.build("--force", source, out)
    assert stable.read(out).paths[b"once"].nlink == 1
    assert stable.read(out).paths[b"third"].nlink == 4
    assert stable.read(out).numbers == image.numbers


@case("duplicates are stored once")
def duplicates(_room, source, out):
    content = os.urandom(300000)
    for at in range(10):
        tool.write(f"{source}/copy{at}", content)
        tool.write(f"{source}/small{at}", content[:5000])
        tool.write(f"{source}/tail{at}", content[:131072 + 77])
    same(source, out)
    assert os.path.getsize(out) < 450000 + 131072


@case("sizes around a block")
def sizes(_room, source, out):
    for block in ("4K", "128K", "1M"):
        size = {"4K": 4096, "128K": 131072, "1M": 1 << 20}[block]
        for at in (0, 1, size - 1, size, size + 1, 2 * size - 1, 2 * size, 2 * size + 1):
            tool.write(f"{source}/r{at}", os.urandom(at))
            tool.write(f"{source}/z{at}", bytes(at))
            tool.write(f"{source}/t{at}", (b"text " * (at // 5 + 1))[:at])
        for option in ((), ("-no-fragments",), ("-noD", "-noF")):
            same(source, out, "--force", "-b", block, *option)


@case("sparse files, one above 4 GiB")
def sparse(_room, source, out):
    size = (5 << 30) + 12345
    with open(source + "/huge", "wb") as file:
        file.write(b"start")
        file.seek(4 << 30)
        file.write(b"middle")
        file.truncate(size)
    with open(source + "/hole", "wb") as file:
        file.truncate(1 << 20)
    with open(source + "/end", "wb") as file:
        file.seek(3 << 20)
        file.write(b"end")
    tool.build(source, out)
    image = stable.read(out)
    huge = image.paths[b"huge"]
    assert huge.size == size and huge.extended
    stored = [at for at, word in enumerate(huge.blocks) if word]
    assert stored == [0, (4 << 30) // 131072], stored
    blocks = image._block(huge.start, huge.blocks[0]), image._block(
        huge.start + (huge.blocks[0] & 0xFFFFFF), huge.blocks[stored[1]])
    assert blocks[0].startswith(b"start\0") and blocks[1].startswith(b"middle\0")
    assert set(image.paths[b"hole"].blocks) == {0}
    assert image.read(image.paths[b"end"]) == bytes(3 << 20) + b"end"
    assert os.path.getsize(out) < 200000
    if ROOT:
        mounts.need_kernel("squashfs")
        with mounts.image_mounted(out, source + "/../mnt") as point:
            assert os.stat(point + "/huge").st_size == size
            with open(point + "/huge", "rb") as file:
                file.seek(4 << 30)
                assert file.read(8) == b"middle\0\0"
                file.seek(size - 10)
                assert file.read() == bytes(10)
            # Holes take no blocks, as in the source.
            assert os.stat(point + "/huge").st_blocks * 512 < 1 << 20


@case("a directory of 100,000 entries", in_memory=True)
def wide(room, source, out):
    directory = os.open(source, os.O_RDONLY)
    for at in range(100000):
        os.close(os.open(b"entry-%06d" % (at * 7 % 100000), os.O_CREAT | os.O_WRONLY, 0o644,
                         dir_fd=directory))
    os.close(directory)
    tool.build(source, out)
    image = stable.read(out)
    assert len(image.paths) == 100001 and image.super.inode_count == 100002
    assert image.root.index, "no directory index: lookups are slow"
    if ROOT:
        mounts.need_kernel("squashfs")
        with mounts.image_mounted(out, room + "/mnt") as point:
            for at in range(0, 100000, 3997):
                assert os.stat(f"{point}/entry-{at:06d}").st_ino == image.numbers[
                    b"entry-%06d" % at][1]
            assert len(os.listdir(point)) == 100000


@case("a chain of directories as deep as paths go")
def deep(_room, source, out):
    path = source
    for _ in range(500):
        path += "/d"
        os.mkdir(path)
    sys.setrecursionlimit(10000)
    same(source, out)
    os.chdir(path)
    try:
        for _ in range(20):
            os.mkdir("n" * 250)
            os.chdir("n" * 250)
        tool.refused(tool.SOURCE, source, out + "2")
    finally:
        os.chdir("/")


@case("owners up to 2^32-2")
def owners(_room, source, out):
    tap.need_root()
    for at, owner in enumerate(((0, 0), (1, 2), (65535, 65536), (2**31, 2**31 - 1),
                                (2**32 - 2, 2**32 - 2), (4294967293, 5))):
        tool.write(f"{source}/f{at}", "x")
        os.chown(f"{source}/f{at}", *owner)
        os.symlink("x", f"{source}/l{at}")
        os.chown(f"{source}/l{at}", *owner, follow_symlinks=False)
    os.chown(source, 77, 88)
    same(source, out)


@case("more than 65,535 owners: exit status 6", in_memory=True)
def too_many_owners(_room, source, out):
    tap.need_root()
    directory = os.open(source, os.O_RDONLY)
    for at in range(65536):
        name = b"%d" % at
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=directory))
        os.chown(name, at + 1, 0, dir_fd=directory)
    os.close(directory)
    tool.refused(tool.LIMIT, source, out, words=["65535"])
    assert not os.path.exists(out)


@case("times before 1970 and after 2106 are clamped, with one warning")
def times(_room, source, out):
    for at, when in enumerate((-1, -(10**9), 0, 1, 2**31, 2**32 - 1, 2**32, 2**32 + 10**9)):
        tool.write(f"{source}/f{at}", "x")
        os.utime(f"{source}/f{at}", (when, when))
        if os.stat(f"{source}/f{at}").st_mtime != when:
            tap.skip("needs a file system with times after 2106")
    os.utime(source, (5, 5))
    done = tool.build("--quiet", source, out)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    image = stable.read(out)
    found = [image.paths[b"f%d" % at].mtime for at in range(8)]
    assert found == [0, 0, 0, 1, 2**31, 2**32 - 1, 2**32 - 1, 2**32 - 1], found
    assert image.super.mtime == 2**32 - 1


@case("fractions of a second are cut, also before 1970")
def fractions(_room, source, out):
    tool.write(source + "/f", "x")
    os.utime(source + "/f", ns=(1999999999, 1999999999))
    os.utime(source, (5, 5))
    assert same(source, out).paths[b"f"].mtime == 1


@case("xattrs of user, trusted and security; others one warning with a count")
def xattrs(_room, source, out):
    tool.write(source + "/f", "x")
    tool.write(source + "/g", "x")
    os.mkdir(source + "/d")
    os.symlink("f", source + "/l")
    long = os.urandom(3000)
    for name in ("f", "g", "d"):
        os.setxattr(f"{source}/{name}", "user.a", b"")
        os.setxattr(f"{source}/{name}", "user.long", long)
        os.setxattr(f"{source}/{name}", "user." + "n" * 200, bytes(range(256)))
    if ROOT:
        for name in ("f", "d", "l"):
            os.setxattr(f"{source}/{name}", "trusted.t", b"1", follow_symlinks=False)
            os.setxattr(f"{source}/{name}", "security.s", b"2", follow_symlinks=False)
        os.setxattr(source + "/f", "security.capability",
                    struct.pack("<IIIII", 0x02000001, 0x400, 0, 0, 0))
    same(source, out)
    same(source, out, "--force", "-noX", "-noI")
    # u::rw-, u:1:rw-, g::r--, m::rw-, o::r-- : system.posix_acl_access is not a squashfs xattr.
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in ((1, 6, 2**32 - 1), (2, 6, 1), (4, 4, 2**32 - 1),
                                                  (0x10, 6, 2**32 - 1), (0x20, 4, 2**32 - 1)))
    for name in ("f", "g"):
        try:
            os.setxattr(f"{source}/{name}", "system.posix_acl_access", acl)
        except OSError:
            tap.skip("needs a file system with access control lists")
    done = tool.build("--quiet", "--force", source, out)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and "2" in lines[0], done.stderr
    trees.assert_same(trees.describe(source), trees.describe_image(stable.read(out)))
    assert tool.build("--quiet", "--force", "-no-xattrs", source, out).stderr == ""


@case("many different xattr sets, more than one block of them")
def many_xattrs(_room, source, out):
    for at in range(1500):
        tool.write(f"{source}/f{at}")
        os.setxattr(f"{source}/f{at}", "user.number", b"%d" % (at // 2))
        os.setxattr(f"{source}/f{at}", "user.same", b"the same for all of them")
    image = same(source, out)
    assert len(image.xattrs) == 750


def unprivileged(room, *arguments):
    """Run the program as nobody (when root), else as it is."""
    prefix = []
    if ROOT:
        tap.need_program("setpriv")
        prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    return subprocess.run(prefix + [tool.public(room), *arguments], capture_output=True, text=True,
                          check=False)


@case("what cannot be read is an error that names it, with exit status 4")
def unreadable(room, source, _out):
    os.mkdir(room + "/out")
    os.chmod(room + "/out", 0o777)
    tool.write(source + "/fine", "x")
    tool.write(source + "/secret-file", "x", 0o000)
    done = unprivileged(room, source, room + "/out/image")
    assert done.returncode == tool.SOURCE, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1 and "secret-file" in done.stderr, done.stderr
    os.unlink(source + "/secret-file")
    os.mkdir(source + "/secret-directory", 0o000)
    os.chmod(source + "/secret-directory", 0o000)
    done = unprivileged(room, source, room + "/out/image")
    assert done.returncode == tool.SOURCE, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1 and "secret-directory" in done.stderr, done.stderr
    os.chmod(source + "/secret-directory", 0o444)       # its names can be read, nothing of them
    tool.write(source + "/secret-directory/x") if ROOT else None
    done = unprivileged(room, source, room + "/out/image")
    assert done.returncode == (tool.SOURCE if ROOT else tool.OK), (done.returncode, done.stderr)
    os.chmod(source + "/secret-directory", 0o755)
    shutil.rmtree(room + "/out")


@case("sysfs, where sizes are not true: told as what it is")
def made_up(_room, source, out):
    tap.need_root()
    mounts.mount("-t", "sysfs", "-o", "ro", "sysfs", source)
    tool.refused(tool.SOURCE, source + "/kernel/mm", out, words=("sysfs", "-e", "copy"))
    assert not os.path.exists(out)


@case("control characters of a name do not reach the terminal")
def masked(room, source, _out):
    os.mkdir(room + "/out")
    os.chmod(room + "/out", 0o777)
    tool.write(os.fsencode(source) + b"/bad\x1b[31mname\n", "x", 0o000)
    done = unprivileged(room, source, room + "/out/image")
    assert done.returncode == tool.SOURCE, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1 and "\x1b" not in done.stderr, done.stderr


tap.main()
