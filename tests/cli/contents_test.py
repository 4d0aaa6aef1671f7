#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is not in the tree is not in the image: attributes of files that were left out, tails of files that were removed."""
import json
import os
import shutil
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import stable
import tap
import tool

SECRET = b"a secret that nobody is to read"
RAW = ("-noI", "-noD", "-noF", "-noX", "-quiet")


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-contents-") as room:
                os.mkdir(room + "/s")
                os.chmod(room + "/s", 0o755)
                tool.write(room + "/s/a", "plain\n")
                tool.write(room + "/s/b", "plain too\n")
                for name in ("a", "b", ""):
                    os.utime(f"{room}/s/{name}", (1000, 1000))
                function(room, room + "/s")
        tap.add(name, run)
    return mark


def clean(sources, out, *more):
    """Build, and see that nothing of the secret is there; the image's bytes."""
    tool.build(*RAW, *([sources] if isinstance(sources, str) else sources), out, *more)
    data = tool.read(out)
    assert SECRET not in data, more
    return data


def keep_time(*paths):
    for path in paths:
        os.utime(path, (1000, 1000))


@case("attributes of files that filters leave out are not in the image, which is that of the tree without them")
def filtered(room, s):
    expected = clean(s, room + "/0")
    tool.write(s + "/c", "left out\n")
    os.setxattr(s + "/c", "user.key", SECRET)
    os.mkdir(s + "/z")
    tool.write(s + "/z/deep", "too deep\n")
    os.setxattr(s + "/z/deep", "user.key", SECRET)
    keep_time(s)
    assert clean(s, room + "/1", "-e", "c", "z") == expected
    assert clean(s, room + "/2", "-wildcards", "-e", "[cz]") == expected
    clean(s, room + "/3", "-max-depth", "1", "-e", "c")


@case("attributes that are replaced are not in the image")
def replaced(room, s):
    os.setxattr(s + "/a", "user.key", b"public")
    expected = clean(s, room + "/0")
    os.setxattr(s + "/a", "user.key", SECRET)
    assert clean(s, room + "/1", "-p", "a x user.key=public") == expected
    assert clean(s, room + "/2", "-xattrs-add", "user.key=public", "-e", "b") == clean(
        s, room + "/3", "-p", "a x user.key=public", "-p", "/ x user.key=public", "-e", "b")


@case("attributes of files that --merge whites out or replaces are not in the image, which is that of the tree as it is then")
def merged(room, s):
    tap.need_root()
    upper, plain = room + "/u", room + "/p"
    for path in (upper, plain):
        os.mkdir(path)
        os.chmod(path, 0o755)
        tool.write(path + "/b", "another\n")
        os.setxattr(path + "/b", "user.note", b"public")
        for name in ("b", ""):
            os.utime(f"{path}/{name}", (1000, 1000))
    os.mkdir(s + "/d")
    for name in ("a", "b", "d", "d/x"):
        if name == "d/x":
            tool.write(s + "/d/x")
        os.setxattr(f"{s}/{name}", "user.key", SECRET)
    os.mknod(upper + "/a", 0o020000, 0)
    os.mknod(upper + "/d", 0o020000, 0)
    keep_time(s, upper)
    assert clean([s, upper], room + "/1", "--merge") == clean(plain, room + "/0")


@case("labels that --selinux replaces are not in the image")
def labels(room, _):
    old = "secret_u:object_r:secret_t:s0"
    with tarfile.open(room + "/t", "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("f")
        info.pax_headers = {"SCHILY.xattr.security.selinux": old}
        tar.addfile(info)
    tool.write(room + "/contexts", "/.*\tsystem_u:object_r:usr_t:s0\n")
    done = tool.run("-quiet", *RAW, room + "/t", room + "/0")
    assert done.returncode == 0 and old.encode() in tool.read(room + "/0"), done
    done = tool.run(*RAW, "-selinux", room + "/contexts", room + "/t", room + "/1")
    if "selinux" in done.stderr:
        tap.skip("needs a build with libselinux")
    assert done.returncode == 0, done
    data = tool.read(room + "/1")
    assert b"secret_" not in data and b"usr_t" in data


@case("attributes that an archive or an image has, of files that filters leave out, are not in the image")
def archived(room, s):
    expected = clean(s, room + "/0")
    tool.write(s + "/c", "left out\n")
    os.setxattr(s + "/c", "user.key", SECRET)
    os.setxattr(s + "/b", "user.more", b"m" * 100)
    keep_time(s)
    tool.build(*RAW, s, room + "/source")
    assert SECRET in tool.read(room + "/source")
    os.removexattr(s + "/b", "user.more")
    assert clean(room + "/source", room + "/1", "-xattrs-exclude", "^user.more", "-e", "c") == expected


@case("a file whose other names are left out has one")
def linked(room, s):
    expected = clean(s, room + "/0")
    os.mkdir(s + "/d")
    os.link(s + "/a", s + "/c")
    os.link(s + "/a", s + "/d/c")
    keep_time(s)
    # Without -wildcards, an exclude is for all names of a file.
    assert clean(s, room + "/1", "-wildcards", "-e", "c", "d") == expected
    os.rename(s + "/d", s + "/b.d")
    os.unlink(s + "/c")
    keep_time(s, s + "/b.d")
    cut = clean(s, room + "/2", "-max-depth", "1")
    os.unlink(s + "/b.d/c")
    keep_time(s, s + "/b.d")
    assert cut == clean(s, room + "/3")


@case("owners of files that are left out are not in the id table")
def owners(room, s):
    tap.need_root()
    expected = clean(s, room + "/0")
    tool.write(s + "/c")
    os.chown(s + "/c", 77777, 88888)
    keep_time(s)
    assert clean(s, room + "/1", "-e", "c") == expected


def with_removed_key(room, s):
    for at in range(20):
        tool.write(f"{s}/file{at}", f"content of {at}\n" * 20)
    tool.write(s + "/key", SECRET)
    tool.build(*RAW, s, room + "/1")
    assert SECRET in tool.read(room + "/1")
    os.unlink(s + "/key")


@case("a removed file in a fragment block that is kept: told by build and check, gone with --purge")
def purge(room, s):
    with_removed_key(room, s)
    done = tool.build("-noI", "-noD", "-noF", "-noX", "--json", room + "/j", "--prev", room + "/1", s, room + "/2")
    removed = json.loads(tool.read(room + "/j"))["reuse"]["removed"]
    assert removed == len(SECRET) and f"{removed} bytes of removed files" in done.stderr, done.stderr
    check = tool.program("sqfs-stable-check")
    told = tool.call(check, room + "/1", room + "/2").decode()
    assert f"{removed} bytes in its fragment blocks" in told, told
    assert stable.read(room + "/2").dead_tails() == removed
    tool.call(check, "--html", room + "/page", room + "/1", room + "/2")
    assert f"bytes of removed files</th><td>0</td><td>{removed}</td>".encode() in tool.read(room + "/page")
    assert SECRET not in clean(s, room + "/3", "--purge", "--prev", room + "/1")
    told = tool.call(check, "--json", "-", room + "/1", room + "/3")
    assert json.loads(told)["new"]["removed_bytes"] == 0
    # What was carried along is not carried on.
    assert SECRET not in clean(s, room + "/4", "--purge", "--prev", room + "/2")
    stable.read(room + "/4")


@case("nothing of removed blocks is in the gaps of an update, with any slack")
def gaps(room, s):
    for at in range(8):
        tool.write(f"{s}/large{at}", (SECRET if at % 2 else b"others have this instead ") * 40000)
    tool.build(*RAW, s, room + "/1")
    for at in range(1, 8, 2):
        os.unlink(f"{s}/large{at}")
    for slack in ("0", "5", "1000"):
        clean(s, f"{room}/2{slack}", "--max-slack", slack, "--prev", room + "/1")


@case("sets of attributes that no inode has are told by check, and are not in the next image")
def unused(room, s):
    os.setxattr(s + "/a", "user.key", SECRET)
    os.setxattr(s + "/b", "user.key", b"public")
    tool.build(*RAW, s, room + "/1")
    image = stable.read(room + "/1")
    data, check = bytearray(image.data), tool.program("sqfs-stable-check")
    # An extended file's: the last 4 bytes of 56.
    at = image.super.inode_table + 2 + (image.paths[b"a"].ref & 0xFFFF) + 52
    assert data[at:at + 4] == bytes(4) and len(image.xattrs) == 2
    data[at:at + 4] = b"\xff" * 4
    tool.write(room + "/2", bytes(data))
    told = tool.call(check, room + "/1", room + "/2").decode()
    assert "1 of its sets of extended attributes belong to no file" in told, told
    for path, number in (("/1", 0), ("/2", 1)):
        told = json.loads(tool.call(check, "--json", "-", room + "/1", room + path))
        assert told["new"]["unused_attribute_sets"] == number, told
    os.removexattr(s + "/a", "user.key")
    clean(s, room + "/3", "--prev", room + "/2")


ROOMY = ("-align", "4096", "-b", "4096", "-no-duplicates")


@case("what another builder left between the data of files is told by check, and is not in the next image")
def between(room, s):
    for at in range(4):
        tool.write(f"{s}/file{at}", b"content " * 3000)
        tool.write(f"{s}/small{at}", b"short %d" % at)
    tool.build(*RAW, *ROOMY, s, room + "/1")
    check = tool.program("sqfs-stable-check")
    assert b" gaps " not in tool.call(check, room + "/1", room + "/1")
    image = stable.read(room + "/1")
    starts = {start for start, _, _ in image.covered}
    data, ends = bytearray(image.data), [end for _, end, what in image.covered if what in ("data", "fragment") and end not in starts]
    assert len(ends) >= 4
    for end in ends:
        assert not any(data[end:end + 10])
        data[end:end + 10] = b"left \0here"
    tool.write(room + "/2", bytes(data))
    told = tool.call(check, room + "/1", room + "/2").decode()
    assert f" {9 * len(ends)} bytes between its data belong to no file" in told, told
    assert json.loads(tool.call(check, "--json", "-", room + "/1", room + "/2"))["new"]["unclaimed_bytes"] == 9 * len(ends)
    for slack in ("5", "1000"):
        tool.build(*RAW, *ROOMY, "--max-slack", slack, "--prev", room + "/2", s, room + "/3" + slack)
        assert b"left \0" not in tool.read(room + "/3" + slack)
    mksquashfs = shutil.which("mksquashfs")
    if mksquashfs:
        tool.call(mksquashfs, s, room + "/4", "-quiet", "-no-progress")
        told = json.loads(tool.call(check, "--json", "-", room + "/4", room + "/4"))["new"]
        assert (told["removed_bytes"], told["unclaimed_bytes"]) == (0, 0), told


tap.main()
