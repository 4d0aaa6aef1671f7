#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that stand in a part of a file, sources whose inode numbers do not last, and input that says it is larger than it
is: memory and time go by the bytes that are there."""
import json
import os
import resource
import shutil
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import stable
import tap
import tool
import trees


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-placed-") as room:
                tree = {b"": trees.directory(), b"d": trees.directory()}
                for at in range(30):
                    tree[b"d/f%d" % at] = trees.file(os.urandom(9000))
                trees.make(tree, room + "/s")
                tool.build("-quiet", "-b", "4096", room + "/s", room + "/1")
                function(room)
        tap.add(name, run)
    return mark


def elf(size, wide=True):
    """An ELF file of that many bytes that ends with its section headers."""
    count, entry = 3, 64 if wide else 40
    at = size - count * entry
    if wide:
        head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, at, 0, 64, 0, 0, entry, count, 0)
    else:
        head = b"\x7fELF\1\2\1" + bytes(9) + struct.pack(">HHIIIIIHHHHHH", 2, 8, 1, 0, 0, at, 0, 52, 0, 0, entry, count, 0)
    return head + os.urandom(size - len(head))


@case("FILE@OFFSET, and behind an ELF runtime: as parent, as source, for check, info and map")
def placed(room):
    plain = tool.read(room + "/1")
    tool.write(room + "/behind", os.urandom(12345) + plain)
    tool.write(room + "/app", elf(50000) + plain)
    tool.write(room + "/app32", elf(50001, wide=False) + bytes(15) + plain)
    tool.write(room + "/s/new", os.urandom(5000))
    tool.build("-quiet", "-b", "4096", "--prev", room + "/1", room + "/s", room + "/expected")
    for name in ("behind@12345", "behind@0x3039", "app@50000", "app", "app32"):
        path = f"{room}/{name}"
        tool.build("-quiet", "-b", "4096", "--json", room + "/j", "--prev", path, room + "/s", f"{room}/2-{name}")
        assert tool.read(f"{room}/2-{name}") == tool.read(room + "/expected"), name
        assert json.loads(tool.read(room + "/j"))["reuse"]["in_place"] > 0, name
        tool.build("-quiet", "-b", "4096", path, f"{room}/3-{name}")
        tool.build("-quiet", "-b", "4096", room + "/1", room + "/as-source", "--force")
        assert tool.read(f"{room}/3-{name}") == tool.read(room + "/as-source"), name
        told = [json.loads(tool.call(tool.program("sqfs-stable-info"), "--json", image))
                for image in (path, room + "/1")]
        assert told[0]["lineage"] == told[1]["lineage"], told
        tool.call(tool.program("sqfs-stable-check"), path, room + "/expected")
        done = subprocess.run([tool.program("sqfs-stable-map"), "diff", path, room + "/1"], check=False, capture_output=True)
        assert done.returncode == 0, done
    # A file of the whole name comes first.
    shutil.copy(room + "/1", room + "/behind@99")
    tool.call(tool.program("sqfs-stable-info"), room + "/behind@99")
    tool.refused(tool.PARENT, "--prev", room + "/behind@12", room + "/s", room + "/9", words=["behind@12", "at offset 0xc"])
    tool.refused(tool.PARENT, "--prev", room + "/nowhere@12", room + "/s", room + "/9", words=["nowhere@12"])
    tool.refused(tool.PARENT, "--prev", room + "/behind@999999999", room + "/s", room + "/9")


@case("an output at an offset has a parent at an offset")
def both(room):
    tool.build("-quiet", "-b", "4096", "-offset", "8192", room + "/s", room + "/a")
    tool.write(room + "/s/new", os.urandom(5000))
    tool.build("-quiet", "-b", "4096", "-offset", "8192", "--prev", room + "/a@8192", room + "/s", room + "/b")
    tool.build("-quiet", "-b", "4096", "--prev", room + "/1", room + "/s", room + "/c")
    assert tool.read(room + "/b")[8192:] == tool.read(room + "/c")


@case("a source on an overlay whose inode numbers do not last")
def renumbered(room):
    mounts.need_kernel("squashfs", "overlay")
    upper = mounts.upper_room(room)
    merged = room + "/m"
    with mounts.image_mounted(room + "/1", room + "/l"):
        options = f"lowerdir={room}/l,upperdir={upper}/up,workdir={upper}/work"
        for name in ("up", "work"):
            os.makedirs(f"{upper}/{name}", exist_ok=True)
        os.mkdir(merged)
        mounts.mount("-t", "overlay", "-o", options, "overlay", merged)
        try:
            # Copied up; with a lower without a UUID they have no number that lasts.
            for at in range(30):
                with open(f"{merged}/d/f{at}", "ab") as file:
                    file.write(b"more")
            # Between the scan and the reading of contents all of it leaves the cache.
            again = f"umount {merged} && mount -t overlay -o {options} overlay {merged} && stat -c %i {merged}/d/f0"
            before = os.stat(merged + "/d/f0").st_ino
            tool.build("-quiet", "-p", f"ino f 644 0 0 {again}", merged, room + "/2")
            image = stable.read(room + "/2")
            after = int(image.read(image.paths[b"ino"]))
            if before == after:
                tap.diag("this kernel kept the inode numbers")
            assert image.read(image.paths[b"d/f7"]).endswith(b"more")
        finally:
            subprocess.run(["umount", merged], check=True)


def limited(room, *arguments, memory, seconds=20):
    """Run within an address space; (status, peak of resident memory in MiB)."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    command = tool.command(*arguments)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=limit, cwd=room)
    text = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    peak = usage.ru_maxrss / 1024
    assert os.WIFEXITED(status), f"killed by {os.WTERMSIG(status)}: {command}"
    assert peak < memory, f"{peak:.0f} MiB: {command}"
    return os.WEXITSTATUS(status), text


@case("a sparse file of a TiB costs its list of blocks, in a tar, an image and a directory")
def sparse(room):
    os.mkdir(room + "/big")
    with open(room + "/big/hole", "wb") as file:
        file.write(b"start")
        file.seek(1 << 38)
        file.write(b"end")
    one = room + "/one"
    status, text = limited(room, "-quiet", "-b", "1M", "big", one, memory=120)
    assert status == 0, text
    status, text = limited(room, "-quiet", "-b", "1M", one, room + "/two", memory=120)
    assert status == 0, text
    assert tool.read(one) == tool.read(room + "/two")
    with open(room + "/big/hole", "wb") as file:
        file.truncate(1 << 40)
    tool.call("tar", "-C", room + "/big", "-S", "-cf", room + "/t", "hole")
    assert os.path.getsize(room + "/t") < 65536
    status, text = limited(room, "-quiet", "-b", "1M", "t", room + "/three", memory=120)
    assert status == 0, text


def forged(room, change):
    """An image with an uncompressed rest, changed as bytes."""
    tool.build("-quiet", "--force", "-noI", "-noD", "-noF", "-noX", "-b", "4096", room + "/s", room + "/forged")
    data = bytearray(tool.read(room + "/forged"))
    change(data)
    tool.write(room + "/forged", bytes(data))
    return room + "/forged"


@case("a fragment table that names one block again and again is refused, by parent and source")
def fragments(room):
    for at in range(2000):
        tool.write(f"{room}/s/small{at}", os.urandom(2500))

    def repeat(data):
        table = struct.unpack_from("<Q", data, 80)[0]
        first = struct.unpack_from("<Q", data, table)[0]
        count = struct.unpack_from("<I", data, 16)[0]
        assert count > 1024
        for at in range((count + 511) // 512):
            struct.pack_into("<Q", data, table + 8 * at, first)
    path = forged(room, repeat)
    status, text = limited(room, "-b", "4096", "-noI", "-noD", "-noF", "-noX", "--prev", path, "s", "out", memory=80)
    assert status == tool.PARENT and "not ascending" in text, text
    status, text = limited(room, path, "out", memory=80)
    assert status == tool.SOURCE and "not ascending" in text, text


@case("sets of attributes that are all one place of the table are refused")
def attributes(room):
    for at in range(600):
        tool.write(f"{room}/s/x{at}")
        os.setxattr(f"{room}/s/x{at}", "user.a", b"%d" % at + b"v" * 300)

    def overlap(data):
        table = struct.unpack_from("<Q", data, 56)[0]
        index = table + 16
        blocks = [struct.unpack_from("<Q", data, index + 8 * at)[0] for at in range(2)]
        for block in blocks:
            size = struct.unpack_from("<H", data, block)[0] & 0x7FFF
            for at in range(size // 16):
                struct.pack_into("<QI", data, block + 2 + 16 * at, 0, 400)
    status, text = limited(room, forged(room, overlap), "out", memory=80)
    assert status == tool.SOURCE and "overlap" in text, text


@case("a main stack of 64 KiB is enough")
def small_stack(room):
    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (65536, 65536))
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR")}
    for arguments in (("s", "a"), ("--prev", "a", "s", "b"), ("a", "c"), ("--prev", "a", "--prev-mtime=keep", "s", "d")):
        done = subprocess.run(tool.command("-quiet", *arguments), cwd=room, preexec_fn=limit, env=environment,
                              check=False, capture_output=True)
        assert done.returncode == 0, done


tap.main()
