#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts and sizes of the format at their limits: what is at the limit is stored and read back, what is past it is refused
with its path, and nothing is written."""
import io
import os
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import maps
import mounts
import sqfs
import stable
import tap
import tool


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-limits-") as room:
                function(room)
        tap.add(name, run)
    return mark


def archive(path, members):
    """A tar of (name, fields of TarInfo, pax headers)."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, fields, headers in members:
            info = tarfile.TarInfo(name)
            for key, value in fields.items():
                setattr(info, key, value)
            info.pax_headers = headers
            tar.addfile(info, io.BytesIO(b""))


def attempt(room, members, refusal, *options):
    """Build a tar; with `refusal` words of the message, nothing may be left. The image's path."""
    out = room + "/o"
    archive(room + "/t", members)
    if os.path.exists(out):
        os.unlink(out)
    if not refusal:
        tool.build("-quiet", *options, room + "/t", out)
        return out
    tool.refused(tool.LIMIT, "-quiet", *options, room + "/t", out, words=refusal)
    assert sorted(set(os.listdir(room)) - {"m"}) == ["t"], os.listdir(room)
    return None


@case("65,535 owners are stored and read back; of 65,536 the file with the last is named")
def ids(room):
    tap.need_program("unsquashfs")
    for count in (65534, 65535, 65536):
        # The root's owner is 0.
        out = attempt(room, [(f"f{at:05}", {"uid": at, "gid": 0}, {}) for at in range(1, count)],
                      ["/f65535: 65536 different user and group ids", "at most 65535"] if count > 65535 else [], "-no-xattrs")
        if out:
            told = subprocess.run(["unsquashfs", "-lln", out, "f00001", f"f{count - 1:05}"], capture_output=True, text=True,
                                  check=True).stdout
            assert f" 1/0 " in told and f"{count - 1}/0" in told, told


@case("ids of 4,294,967,293 and one more are stored; 4,294,967,295 is no owner")
def highest(room):
    for uid in range(2**32 - 3, 2**32):
        for field in ("uid", "gid"):
            out = attempt(room, [("f", {}, {field: str(uid)})], ["/f: 4294967295 is not a valid user or group id"] if uid == 2**32 - 1 else ())
            if out:
                assert getattr(stable.read(out).paths[b"f"], field) == uid
    # What becomes of an owner counts, not what the archive says.
    tool.build("-quiet", "-all-root", room + "/t", room + "/o")
    tool.refused(tool.USAGE, "-quiet", "-force-uid", str(2**32 - 1), room + "/t", room + "/p", words=["not a number"])
    os.mkdir(room + "/s")
    tool.refused(tool.LIMIT, "-quiet", "-p", f"g d 755 0 {2**32 - 1}", room + "/s", room + "/p", words=["/g: 4294967295"])


@case("names and values of attributes at their limits, and the list of names")
def xattrs(room):
    def one(name, size, refusal=()):
        return attempt(room, [("d/", {"type": tarfile.DIRTYPE, "mode": 0o755}, {}),
                              ("d/f", {}, {"SCHILY.xattr." + name: "v" * size})], refusal)
    for length in (254, 255, 256):
        one("user." + "n" * (length - 5), 1, ["/d/f: 256 bytes in the name"] if length > 255 else ())
    for size in (65535, 65536, 65537):
        out = one("user.x", size, ["/d/f: 65537 bytes in the value"] if size > 65536 else ())
        if out:
            image = stable.read(out)
            assert image.xattrs_of(image.paths[b"d/f"])[b"user.x"] == b"v" * size
    # 256 names with their NUL have 65,536 bytes; an attribute more has 7.
    names = ["user." + f"{at:03}".ljust(250, "n") for at in range(256)]
    for more in ([], ["user.x"]):
        attempt(room, [("f", {}, {"SCHILY.xattr." + name: "" for name in names + more})],
                ["/f: 65543 bytes in the names"] if more else ())


@case("the kernel reads attributes and symbolic links at their limits")
def kernel(room):
    tap.need_root()
    mounts.need_kernel("squashfs")
    out = attempt(room, [("f", {}, {"SCHILY.xattr.user." + "n" * 250: "v" * 65536}),
                         ("l", {"type": tarfile.SYMTYPE, "linkname": "t" * 4095}, {})], ())
    os.mkdir(room + "/m")
    with mounts.image_mounted(out, room + "/m"):
        assert os.listxattr(room + "/m/f") == ["user." + "n" * 250]
        assert os.getxattr(room + "/m/f", "user." + "n" * 250) == b"v" * 65536
        assert os.readlink(room + "/m/l") == "t" * 4095
    out = attempt(room, [(f"f{at:05}", {"uid": at, "gid": 0}, {}) for at in range(1, 65535)], ())
    with mounts.image_mounted(out, room + "/m"):
        assert sorted(os.stat(f"{room}/m/f{at:05}").st_uid for at in (1, 2048, 65534)) == [1, 2048, 65534]


@case("targets of symbolic links at their limit")
def symlinks(room):
    os.mkdir(room + "/s")
    for length in (4094, 4095, 4096):
        link = {"type": tarfile.SYMTYPE, "linkname": "t" * length}
        archive(room + "/t", [("l", link, {})])
        told = [tool.run("-quiet", room + "/t", f"{room}/t{length}"),
                tool.run("-quiet", "-p", f"link s 777 0 0 {'t' * length}", room + "/s", f"{room}/p{length}")]
        # A definition of more is a mistake in the command line.
        assert [done.returncode for done in told] == ([tool.OK] * 2 if length < 4096 else [tool.SOURCE, tool.USAGE]), told
        assert length < 4096 or all("4095" in done.stderr for done in told), told
        assert os.path.exists(f"{room}/t{length}") == (length < 4096)


def read_back(out, names):
    image = stable.read(out)
    assert set(image.paths) == {b""} | {b"d"} | {b"d/" + name for name in names}
    if subprocess.run(["sh", "-c", "command -v unsquashfs"], capture_output=True, check=False).returncode == 0:
        told = subprocess.run(["unsquashfs", "-l", "-no-progress", out], capture_output=True, check=True).stdout
        lines = {line for line in told.splitlines() if line.startswith(b"squashfs-root/d/")}
        assert lines == {b"squashfs-root/d/" + name for name in names}
    return image


def one_inode(room, names):
    """A directory of names of one file, so that no header ends for another reason."""
    os.makedirs(room + "/s/d", exist_ok=True)
    for name in os.listdir(room + "/s/d"):
        os.unlink(f"{room}/s/d/{name}")
    tool.write(f"{room}/s/d/{names[0].decode()}")
    for name in names[1:]:
        os.link(f"{room}/s/d/{names[0].decode()}", f"{room}/s/d/{name.decode()}")
    out = room + "/o"
    tool.build("-quiet", "--force", room + "/s", out)
    return read_back(out, names)


@case("headers of 255, 256 and 257 entries")
def headers(room):
    for count in (255, 256, 257, 511, 512, 513):
        one_inode(room, [b"%03d" % at for at in range(count)])


@case("listings of 65,532 to 65,535 bytes: with the 3 that are counted more, the last ones that fit into 16 bits")
def listings(room):
    names = [b"%03d" % at + b"n" * (240 + at % 2) for at in range(260)]
    size = one_inode(room, names + [b"z"]).paths[b"d"].dir_size
    assert 65535 - 250 < size - 3 < 65532, size
    for wanted in range(65534, 65539):
        inode = one_inode(room, names + [b"z" * (1 + wanted - size)]).paths[b"d"]
        assert inode.dir_size == wanted, (inode.dir_size, wanted)


@case("numbers that are 32,767 and 32,768 away from their neighbours'")
def differences(room):
    os.makedirs(room + "/s/d")
    for name in "abc":
        tool.write(f"{room}/s/d/{name}", name)
    for away in (32766, 32767, 32768, 32769, 65535, 65536):
        for sign in (1, -1):
            numbers = {b"": (sqfs.DIR, 1), b"d": (sqfs.DIR, 2), b"d/a": (sqfs.FILE, 100000),
                       b"d/b": (sqfs.FILE, 100000 + sign * away), b"d/c": (sqfs.FILE, 100001)}
            maps.write(room + "/map", numbers, 200000)
            tool.build("-quiet", "--force", "--map", room + "/map", room + "/s", room + "/o")
            image = read_back(room + "/o", [b"a", b"b", b"c"])
            assert image.paths[b"d/b"].number == 100000 + sign * away
            assert image.paths[b"d/c"].number == 100001


@case("a file of more blocks than a file can have, at any size of blocks")
def blocks(room):
    os.mkdir(room + "/s")
    tool.write(room + "/s/a", "before it\n")
    with open(room + "/s/big", "wb") as file:
        try:
            file.truncate(4096 << 29)
        except OSError:
            tap.skip("needs a file system with files of 2 TiB")
    tool.refused(tool.LIMIT, "-quiet", "-b", "4096", room + "/s", room + "/o",
                 words=["big: 536870912 blocks of 4096 bytes", "at most 536870911"])
    assert os.listdir(room) == ["s"]


@case("names of 254, 255 and 256 bytes")
def names(room):
    for length in (254, 255):
        attempt(room, [("n" * length, {}, {})], ())
    archive(room + "/t", [("n" * 256, {}, {})])
    tool.refused(tool.SOURCE, "-quiet", room + "/t", room + "/p", words=["a component exceeds 255 bytes"])
    assert not os.path.exists(room + "/p")


tap.main()
