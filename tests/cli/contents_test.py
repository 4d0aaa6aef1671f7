#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is not in the tree is not in the image: attributes of files that were left out, tails of files that were removed.
And what an image cannot hold is refused by name."""
import io
import json
import os
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import stable
import tap
import tool
import trees

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


def clean(source, out, *options):
    """Build, and see that nothing of the secret is there; the image's bytes."""
    tool.build(*RAW, source, out, *options)
    data = tool.read(out)
    assert SECRET not in data, options
    return data


def keep_time(room):
    os.utime(room + "/s", (1000, 1000))


@case("attributes of files that filters leave out are not in the image, which is that of the tree without them")
def filtered(room, s):
    expected = clean(s, room + "/0")
    tool.write(s + "/c", "left out\n")
    os.setxattr(s + "/c", "user.key", SECRET)
    os.mkdir(s + "/z")
    tool.write(s + "/z/deep", "too deep\n")
    os.setxattr(s + "/z/deep", "user.key", SECRET)
    keep_time(room)
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


@case("attributes of files that --merge whites out or replaces are not in the image")
def merged(room, s):
    tap.need_root()
    os.setxattr(s + "/a", "user.key", SECRET)
    os.setxattr(s + "/b", "user.key", SECRET)
    upper = room + "/u"
    os.mkdir(upper)
    tool.write(upper + "/b", "another\n")
    os.mknod(upper + "/a", 0o020000, 0)
    tool.build(*RAW, "--merge", s, upper, room + "/1")
    assert SECRET not in tool.read(room + "/1")
    assert set(stable.read(room + "/1").paths) == {b"", b"b"}


@case("owners of files that are left out are not in the id table")
def owners(room, s):
    tap.need_root()
    expected = clean(s, room + "/0")
    tool.write(s + "/c")
    os.chown(s + "/c", 77777, 88888)
    keep_time(room)
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
        clean(s, f"{room}/2-{slack}", "--max-slack", slack, "--prev", room + "/1")


def archive(path, members):
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, fields, headers in members:
            info = tarfile.TarInfo(name)
            for key, value in fields.items():
                setattr(info, key, value)
            info.pax_headers = headers
            tar.addfile(info, io.BytesIO(b""))


@case("65,535 owners are stored and read back; 65,536 are refused")
def ids(room, _):
    for count in (65534, 65535, 65536):
        # The root's owner is 0.
        archive(room + "/t", [(f"f{at}", {"uid": at, "gid": 0}, {}) for at in range(1, count)])
        out = f"{room}/{count}"
        if count > 65535:
            line = tool.refused(tool.LIMIT, "-quiet", room + "/t", out, words=["65536 different user and group ids", "65535"])
            assert not os.path.exists(out), line
            continue
        tool.build("-quiet", room + "/t", out)
        told = subprocess.run(["unsquashfs", "-lln", out, "f1", f"f{count - 1}"], capture_output=True, text=True, check=True).stdout
        assert f"{count - 1}/0" in told, told


@case("names and values of attributes at their limits, named by path")
def xattrs(room, _):
    def build(name, size, out):
        archive(room + "/t", [("d/", {"type": tarfile.DIRTYPE, "mode": 0o755}, {}),
                              ("d/f", {}, {"SCHILY.xattr." + name: "v" * size})])
        return tool.run("-quiet", room + "/t", room + out)
    for length in (254, 255, 256):
        done = build("user." + "n" * (length - 5), 1, f"/n{length}")
        assert done.returncode == (0 if length < 256 else tool.LIMIT), done
        assert length < 256 or "/d/f: 256 bytes in the name" in done.stderr, done.stderr
    for size in (65535, 65536, 65537):
        done = build("user.x", size, f"/v{size}")
        assert done.returncode == (0 if size < 65537 else tool.LIMIT), done
        assert size < 65537 or "/d/f: 65537 bytes in the value" in done.stderr, done.stderr


@case("targets of symbolic links at their limit")
def symlinks(room, s):
    for length in (4094, 4095, 4096):
        done = tool.run("-quiet", "-p", f"link s 777 0 0 {'t' * length}", s, f"{room}/{length}")
        # A definition of more is a mistake in the command line.
        assert done.returncode == (0 if length < 4096 else tool.USAGE), done
        assert length < 4096 or "4095 bytes" in done.stderr, done.stderr


tap.main()
