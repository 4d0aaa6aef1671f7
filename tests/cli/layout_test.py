#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where things stand in an image: order of data, alignment, offset, what is left out or filled in,
size limits, block devices, and the settings of xz."""
import json
import os
import random
import shutil
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


class Spaced(sqfs.Image):
    """An image in which bytes may belong to nothing."""

    def _used_bytes(self):
        pass


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def tree():
    linked = trees.file(noise(9000, 5))
    return {b"": trees.directory(), b"d": trees.directory(), b"d/e": trees.directory(),
            b"a": trees.file(noise(300000, 1)), b"d/b": trees.file(noise(200000, 2)),
            b"d/c d": trees.file(noise(140000, 3)), b"d/e/f": trees.file("text\n" * 60000),
            b"d/e/g": linked, b"z": linked, b"s": trees.symlink("d/e"),
            b"small": trees.file("small"), b"same": trees.file(noise(200000, 2)),
            b"sparse": trees.file(bytes(400000) + b"x")}


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-layout-") as room:
                trees.make(tree(), room + "/source")
                function(room, room + "/source", room + "/out.sqfs")
        tap.add(name, run)
        return function
    return mark


def contents(image, wanted=None):
    """Every file has its content."""
    for path, entry in (wanted or tree()).items():
        if entry.kind == sqfs.FILE:
            assert image.read(image.paths[path]) == entry.data, path


def by_place(image):
    """Paths of files with blocks, in the order of their data; equal content once."""
    first = {}
    for path, inode in image.paths.items():
        if inode.type == sqfs.FILE and any(inode.blocks):
            first.setdefault(inode.start, path)
    return [first[start] for start in sorted(first)]


# ---- -sort

@case("-sort: higher priorities first, directories for all below, the last line wins")
def sort_order(room, source, out):
    tool.build(source, out)
    assert by_place(stable.read(out)) == [b"a", b"d/b", b"d/c d", b"d/e/f", b"sparse"]
    tool.write(room + "/list", "# comment\n\nd/c\\ d 9\nd -1\nd/e/f 3\nsparse 4\nsparse -2\n")
    tool.build("--force", "-sort", room + "/list", source, out)
    image = stable.read(out)
    # "same" has the content of d/b and the higher priority.
    assert by_place(image) == [b"d/c d", b"d/e/f", b"a", b"d/b", b"sparse"]
    contents(image)


@case("-sort moves no number, and nothing else but data")
def sort_numbers(room, source, out):
    tool.build("--map-out", room + "/1", source, out)
    plain = stable.read(out)
    tool.write(room + "/list", "sparse 9\nz 5\nd/e -3\n")
    tool.build("--force", "-sort", room + "/list", "--map-out", room + "/2", source, out)
    assert tool.read(room + "/1") == tool.read(room + "/2")
    sorted_one = stable.read(out)
    assert plain.numbers == sorted_one.numbers and plain.record.id == sorted_one.record.id
    assert [p for p in plain.paths] == [p for p in sorted_one.paths]
    contents(sorted_one)


@case("-sort: two threads or one, the same bytes")
def sort_jobs(room, source, out):
    tool.write(room + "/list", "d/* 5 [glob]\na -1 [dont_fragment]\n")
    tool.build("-sort", room + "/list", "-processors", "1", source, out)
    tool.build("-sort", room + "/list", "-processors", "3", source, room + "/2")
    assert tool.read(out) == tool.read(room + "/2")


@case("-sort: paths of the file system, relative and absolute; what is not there is warned of")
def sort_paths(room, source, out):
    for line in (f"{source}/d/b", "./source/d/b", "../" + os.path.basename(room) + "/source/d/b",
                 "d/b", "source/d/b", "/d/b"):
        tool.write(room + "/list", line + " 1\n")
        done = tool.build("--force", "--quiet", "-sort", room + "/list", source, out, cwd=room)
        assert by_place(stable.read(out))[0] == b"d/b", line
        assert done.stderr == "", done.stderr


@case("-sort: one warning of the lines that fit nothing, with their count and the first three")
def sort_nothing(room, source, out):
    tool.write(room + "/list", "d/none 1\nno* 2 [glob]\na 3\n")
    done = tool.build("--quiet", "-sort", room + "/list", source, out)
    assert done.stderr == (f"sqfs-stable-build: warning: {room}/list: 2 lines fit nothing in the "
                           "image: line 1 (d/none), line 2 (no*)\n"), done.stderr
    tool.write(room + "/list", "".join(f"x{at} 1\n" for at in range(5000)))
    done = tool.build("--force", "--quiet", "-sort", room + "/list", source, out)
    assert done.stderr == (f"sqfs-stable-build: warning: {room}/list: 5000 lines fit nothing in "
                           "the image: line 1 (x0), line 2 (x1), line 3 (x2), ...\n"), done.stderr
    tool.write(room + "/more", "a 1\nnone 1\n")
    done = tool.build("--force", "--quiet", "-sort", room + "/list", "-sort", room + "/more",
                      source, out)
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and f"{room}/more: 1 line fits nothing" in lines[1], done.stderr


@case("-sort: a pattern stores files as a path does, with duplicates and reuse")
def sort_pattern(room, source, out):
    trees.make(tree() | {b"new": trees.file("new")}, room + "/next")
    images = []
    for text in ("same 2\nd/b 1\nd/c\\ d 1\n", "sam? 2 [glob]\nd/[b] 1 [glob]\nd/c?d 1 [glob]\n",
                 "same 2\nd*[bd] 1 [glob_no_path]\n"):
        tool.write(room + "/list", text)
        tool.build("--force", "-sort", room + "/list", source, out)
        tool.build("--force", "-sort", room + "/list", "--prev", out, "--json", room + "/json",
                   room + "/next", room + "/2")
        reused = json.loads(tool.read(room + "/json"))["reuse"]
        assert reused["new"] < 5000, reused
        images.append((tool.read(out), tool.read(room + "/2")))
    assert images[0] == images[1] == images[2], [[len(one) for one in pair] for pair in images]
    contents(stable.read(out))


@case("-sort: lines that are wrong are refused, with file and line")
def sort_refused(room, source, out):
    for text, line in (("a 1\nb\n", "line 2"), ("a 1 1\n", "line 1"), ("a 40000\n", "line 1"),
                       ("a 1 [dont]\n", "line 1")):
        tool.write(room + "/list", text)
        tool.refused(tool.USAGE, "-sort", room + "/list", source, out,
                     words=[room + "/list", line])
        assert not os.path.exists(out)
    tool.refused(tool.SOURCE, "-sort", room + "/none", source, out, words=["none"])


@case("-sort: flags of a file")
def sort_flags(room, source, out):
    tool.write(room + "/list", "small 0 [dont_fragment]\nd/e/f 0 [dont_compress]\n"
               "same 0 [dont_deduplicate]\nsparse 0 [nosparse]\na 1\nz 0 [align,dont_fragment]\n")
    tool.build("-sort", room + "/list", source, out)
    image = Spaced(out)
    contents(image)
    small, f, same, sparse = (image.paths[p] for p in (b"small", b"d/e/f", b"same", b"sparse"))
    assert small.fragment == sqfs.NONE32 and len(small.blocks) == 1
    assert f.fragment == sqfs.NONE32 and all(size & 0x1000000 for size in f.blocks)
    assert same.start != image.paths[b"d/b"].start
    assert 0 not in sparse.blocks
    assert image.paths[b"z"].start % 4096 == 0 and image.paths[b"z"].start


# ---- where

@case("--align: the data of each file starts at a multiple, and gaps are zero")
def align(room, source, out):
    for size, number in (("4K", 4096), ("64k", 65536), ("512", 512)):
        tool.build("--force", "--align", size, "-no-duplicates", source, out)
        image = Spaced(out)
        contents(image)
        for inode in image.paths.values():
            if inode.type == sqfs.FILE and any(inode.blocks):
                assert inode.start % number == 0 and inode.start
        assert all(start % number == 0 for start, _ in image.fragments)
    data = bytearray(tool.read(out))
    for start, end, _ in image.covered:
        data[start:end] = bytes(end - start)
    assert not any(data)
    tool.build("--force", "--align", "1", source, out)
    tool.build(source, room + "/2")
    assert tool.read(out) == tool.read(room + "/2")
    for bad in ("3", "5000", "1G", "x"):
        tool.refused(tool.USAGE, "--align", bad, source, room + "/3")


@case("-offset and -o: zeros in front, then the very image")
def offset(room, source, out):
    tool.build(source, out)
    plain = tool.read(out)
    for option, size, number in (("-offset", "4096", 4096), ("-o", "1K", 1024), ("-o", "7", 7)):
        tool.build("--force", option, size, source, room + "/2")
        assert tool.read(room + "/2") == bytes(number) + plain
    if os.geteuid() == 0 and shutil.which("unsquashfs"):
        listing = tool.call("unsquashfs", "-offset", "7", "-l", room + "/2")
        assert b"squashfs-root/d/e/f" in listing
    tool.refused(tool.USAGE, "-offset", "9E", source, room + "/3")


@case("a block device: needs --force, the image stands on it, the rest is as it was")
def device(room, source, out):
    mounts.need_kernel("squashfs")
    tool.build(source, out)
    plain = tool.read(out)
    tool.write(room + "/disk", noise(4 << 20, 9))
    loop = tool.call("losetup", "-f", "--show", room + "/disk").decode().strip()
    try:
        before = tool.read(loop)
        tool.refused(tool.EXISTS, source, loop, words=[loop, "--force"])
        assert tool.read(loop) == before
        tool.build("-noappend", source, loop)
        assert tool.read(loop) == plain + before[len(plain):]
        with mounts.mounted(room + "/mnt", "-t", "squashfs", "-r", loop):
            assert tool.read(room + "/mnt/d/b") == tree()[b"d/b"].data
            tool.refused(tool.SYSTEM, "-noappend", source, loop, words=["in use"])
        tool.build("-noappend", "-offset", "8192", source, loop)
        assert tool.read(loop)[8192:8192 + len(plain)] == plain
        assert tool.read(loop)[:8192] == plain[:8192]
        tool.refused(tool.SYSTEM, "--map-out", loop, source, room + "/2")
        # Too small: that is found out before anything is written to it.
        before = tool.read(loop)
        tool.write(source + "/huge", noise(5 << 20, 10))
        tool.refused(tool.SYSTEM, "-noappend", source, loop, words=["4194304", "the image needs"])
        assert tool.read(loop) == before
    finally:
        subprocess.run(["losetup", "-d", loop], check=False)


# ---- what

@case("-no-hardlinks: a file of its own for each name, its content once")
def no_hardlinks(room, source, out):
    tool.build("-no-hardlinks", source, out)
    image = stable.read(out)
    one, other = image.paths[b"d/e/g"], image.paths[b"z"]
    assert one.number != other.number and one.nlink == other.nlink == 1
    assert (one.fragment, one.offset) == (other.fragment, other.offset)
    contents(image)
    tool.build(source, room + "/1")
    tool.build("-no-hardlinks", "--prev", room + "/1", source, room + "/2")
    before, after = stable.read(room + "/1"), stable.read(room + "/2")
    # R5: each part of a group that splits is new.
    assert after.paths[b"d/e/g"].number > before.super.inode_count
    assert after.paths[b"z"].number > before.super.inode_count


@case("-no-exports: no table; with --prev only with --force")
def no_exports(room, source, out):
    tool.build("-no-exports", source, out)
    image = sqfs.Image(out)
    assert image.export is None and not image.super.flags & 0x80
    contents(image)
    tool.build("-no-exports", "-exports", source, room + "/1")
    assert stable.read(room + "/1").export is not None
    for option in ("--prev", room + "/1"), ("--prev", room + "/1", "-noappend"):
        tool.refused(tool.USAGE, "-no-exports", *option, source, room + "/2",
                     words=["-no-exports", "--force"])
        assert not os.path.exists(room + "/2")
    tool.build("-no-exports", "--prev", room + "/1", "--force", source, room + "/2")
    assert sqfs.Image(room + "/2").export is None


@case("--fill-table: as many inodes as the superblock says, and 7-Zip opens it")
def fill_table(room, source, out):
    for at in range(300):
        tool.write(f"{source}/n{at}", str(at))
    tool.build("--fill-table", source, out)
    tool.build(source, room + "/1")
    assert tool.read(out) == tool.read(room + "/1"), "without holes there is nothing to fill"
    for at in range(50, 200):
        os.unlink(f"{source}/n{at}")
    tool.write(source + "/new", "new")
    tool.build("--prev", room + "/1", "--map-out", room + "/m2", source, room + "/2")
    tool.build("--prev", room + "/1", "--fill-table", "--map-out", room + "/m3", source,
               room + "/3")
    assert tool.read(room + "/m2") == tool.read(room + "/m3")
    plain, full = stable.read(room + "/2"), sqfs.Image(room + "/3")
    top = full.super.inode_count
    assert top == plain.super.inode_count and len(plain.inodes) < top
    assert sorted(inode.number for inode in full.inodes.values()) == list(range(1, top + 1))
    fillers = [i for i in full.inodes.values() if not i.names and i.number != top]
    # The files that went, and the number of the first image's double of the root.
    assert len(fillers) == 151 and all(i.type == sqfs.FIFO for i in fillers)
    assert all(full.export[i.number - 1] == sqfs.NONE64 for i in fillers)
    assert {p: i.number for p, i in full.paths.items()} == \
        {p: i.number for p, i in plain.paths.items()}
    # A next build takes it as any parent.
    for number in "23":
        tool.build("--prev", f"{room}/{number}", source, f"{room}/next{number}")
    assert stable.read(room + "/next2").numbers == stable.read(room + "/next3").numbers
    program = shutil.which("7zz") or shutil.which("7z")
    if program:
        tool.call(program, "x", "-y", f"-o{room}/seven", room + "/3")
        assert tool.read(room + "/seven/n7") == b"7"
        assert subprocess.run([program, "l", room + "/2"], check=False,
                              capture_output=True).returncode != 0


@case("--max-size: refused with the largest additions since the parent; what was there stays")
def max_size(room, source, out):
    tool.build(source, out)
    size = os.path.getsize(out)
    tool.build("--max-size", str(size), source, room + "/fits")
    for at in range(12):
        tool.write(f"{source}/new{at:02}", noise(150000 + at * 1000, 20 + at))
    tool.write(source + "/copy", noise(300000, 1))
    tool.write(room + "/2", "old")
    done = tool.run("--force", "--prev", out, "--max-size", str(size), source, room + "/2")
    assert done.returncode == tool.LIMIT, done.stderr
    lines = done.stderr.splitlines()
    assert f"limit of {size}" in lines[-1]
    named = [line.split(": ")[2] for line in lines if "is new and takes" in line]
    assert named == [f"new{at:02}" for at in range(11, 1, -1)], named
    assert "12 new files" in done.stderr        # the copy shares the blocks of an old file
    assert tool.read(room + "/2") == b"old"
    assert sorted(os.listdir(room)) == ["2", "fits", "out.sqfs", "source"]
    done = tool.run("--max-size", "100K", source, room + "/3")
    assert done.returncode == tool.LIMIT and done.stderr.count("large file") == 10
    tool.build("--prev", out, "--max-size", "10M", source, room + "/3")


# ---- xz

@case("xz: -Xpreset, -Xe, -Xlc, -Xlp, -Xpb change the image and nothing of its format")
def xz_settings(room, source, out):
    if not tool.has_compressor("xz"):
        tap.skip("this build has no xz")
    # Text that the settings tell apart.
    rows = random.Random(3)
    wanted = dict(tree())
    wanted[b"text"] = trees.file("".join(
        f"{rows.randrange(50)} {rows.choice(['alpha', 'beta', 'gamma'])} {at % 97}\n"
        for at in range(30000)))
    tool.write(source + "/text", wanted[b"text"].data)
    tool.build("-comp", "xz", source, out)
    plain = tool.read(out)
    for settings in (["-Xpreset", "0"], ["-Xlc", "0"], ["-Xlp", "1"], ["-Xpb", "0"], ["-Xlc", "4"],
                     ["-Xpreset", "1", "-Xe"],
                     ["-Xpreset", "9", "-Xe", "-Xlc", "0", "-Xlp", "2", "-Xpb", "2"]):
        tool.build("--force", *settings, "-comp", "xz", source, room + "/2")
        assert tool.read(room + "/2") != plain, settings
        image = stable.read(room + "/2")
        assert image.options is None, settings
        contents(image, wanted)
    tool.build("--force", "-comp", "xz", "-Xpreset", "6", "-Xlc", "3", "-Xlp", "0", "-Xpb", "2",
               source, room + "/2")
    assert tool.read(room + "/2") == plain
    # OpenWrt's line
    tool.build("--force", "-comp", "xz", "-Xpreset", "9", "-Xe", "-Xlc", "0", "-Xlp", "2", "-Xpb",
               "2", "-Xbcj", "arm", "-b", "256k", source, room + "/2")
    assert struct.unpack("<II", stable.read(room + "/2").options) == (262144, 8)
    for bad in (["-Xpreset", "10"], ["-Xpreset", "-1"], ["-Xlc", "5"], ["-Xlp", "5"], ["-Xpb", "5"],
                ["-Xlc", "3", "-Xlp", "2"], ["-Xlp", "4"], ["-Xpb", "x"]):
        tool.refused(tool.USAGE, "-comp", "xz", *bad, source, room + "/3")


tap.main()
