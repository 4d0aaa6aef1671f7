#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parents that must be refused (exit status 3, one line, nothing written), and those that must not.

SQST_DAMAGES=N tries N damaged images and as many maps; SQST_SEED=N repeats a run.
Hostile images are laid out by support/forge.py; damaged ones are real images with bytes changed.
"""
import os
import random
import re
import shutil
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import forge
import model
import sqfs
import stable
import tap
import tool
import trees

UUID = bytes(range(16, 32))


def small():
    """Paths and numbers in tree order: "" 1, a 2, d 3, d/f 4, d/g 4, e 5, e/h 6, l 7, p 8."""
    tree = {b"": trees.directory(), b"a": trees.file("a"), b"d": trees.directory(),
            b"d/f": trees.file("linked"), b"e": trees.directory(), b"e/h": trees.file("h"),
            b"l": trees.symlink("a"), b"p": trees.Entry(sqfs.FIFO)}
    tree[b"d/g"] = tree[b"d/f"]
    numbers, _, _ = model.assign(trees.groups(tree), [])
    return tree, {path: number for path, (_, number) in numbers.items()}


def good_record(numbers, tree, **changes):
    """The extra information that fits small(); changes go to forge.record()."""
    canonical = stable.canonical_map({p: (tree[p].kind, n) for p, n in numbers.items()})
    fields = dict(uuid=UUID, own_id=stable.uuid5(UUID, canonical), generation=3, root=1, top=9,
                  double=True, parents=(bytes(range(16)),))
    fields.update(changes)
    return forge.record(**fields)


def forged(**options):
    tree, numbers = small()
    options.setdefault("top", 9)
    options.setdefault("double", 9)
    options.setdefault("extra", good_record(numbers, tree))
    return forge.Forged(tree, numbers, **options)


class Room:
    """A scratch directory with a source; checks that a refused build leaves all as it was."""

    def __init__(self, room):
        self.room, self.source, self.out = room, room + "/source", room + "/out"
        trees.make(small()[0], self.source)

    def refuses(self, parent, *words, option="--prev"):
        before = sorted(os.listdir(self.room))
        try:
            line = tool.refused(tool.PARENT, "--quiet", option, parent, self.source, self.out,
                                "--map-out", self.out + ".map", words=words)
            assert os.fspath(parent) in line, f"{parent} is not named: {line}"
            assert sorted(os.listdir(self.room)) == before
        finally:
            for left in {*os.listdir(self.room)} - {*before}:
                os.unlink(f"{self.room}/{left}")
        return line

    def takes(self, parent, option="--prev"):
        # Without its data, an image is what its map is.
        tool.build("--quiet", "--force", "--no-reuse", option, parent, self.source, self.out)
        return stable.read(self.out)


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-parents-") as room:
                function(Room(room))
        tap.add(name, run)
    return mark


@case("forged images that are right are taken")
def right(room):
    image = room.takes(forged().write(room.room + "/right"))
    assert image.record.uuid == UUID and image.record.generation == 4
    assert image.record.parents == [stable.read(room.room + "/right").record.id]
    assert image.numbers == stable.read(room.room + "/right").numbers
    # One without any record, as another tool makes it.
    image = room.takes(forged(extra=None, double=None, top=8).write(room.room + "/plain"))
    assert {path: number for path, (_, number) in image.numbers.items()} == small()[1]
    assert image.record.parents in ([stable.NULL_UUID], [])


@case("unknown tags of the extra information are skipped")
def unknown_tags(room):
    tree, numbers = small()
    record = good_record(numbers, tree)
    for extra in (b"\x77\x03abc" + record, record[:-1] + b"\xfe\x00\0", b"\x01\x04name" + record):
        image = room.takes(forged(extra=extra).write(room.room + "/tags"))
        assert image.record.uuid == UUID


@case("what is no squashfs 4.0 image")
def no_image(room):
    for name, content in (("empty", b""), ("short", b"hsqs" + bytes(20)), ("text", b"text\n" * 50),
                          ("zeros", bytes(8192)), ("magic", b"hsqs" + bytes(5000))):
        tool.write(room.room + "/" + name, content)
        room.refuses(room.room + "/" + name)
    room.refuses(room.room + "/nowhere", "No such file")
    room.refuses(room.source)
    room.refuses("/dev/null")
    image = forged()
    room.refuses(image.patch(28, "<H", 3).write(room.room + "/version3"))


HOSTILE = {}


def hostile(name):
    """Decorator: a function that makes a forged image that must be refused."""
    def mark(function):
        HOSTILE[name] = function
        return function
    return mark


def renumbered(path, number):
    """small() with one path's number changed in inode, listing and export table alike."""
    tree, numbers = small()
    numbers[path] = number
    return forge.Forged(tree, numbers, top=9)


HOSTILE.update({
    "a number of 0": lambda: renumbered(b"a", 0),
    "a number above the count": lambda: renumbered(b"a", 10),
    "a number far above the count": lambda: renumbered(b"a", 2**31),
    "a number on two files": lambda: renumbered(b"a", 6),
    "a number on a file and a directory": lambda: renumbered(b"d", 6),
    "the root's number on a file": lambda: renumbered(b"a", 1),
})


def damage(place, layout, *values):
    return lambda: (lambda image: image.patch(place(image), layout, *values))(forged(extra=None))


def super_field(name):
    """Where a field of the superblock stands."""
    at = sqfs.Superblock.FIELDS.index(name)
    return struct.calcsize("<" + sqfs.SUPER.format.lstrip("<")[:at])


HOSTILE.update({
    f"superblock: {name} {value:#x}":
        damage(lambda image, name=name: super_field(name), layout, value)
    for name, layout, values in (
        ("inode_count", "<I", (0, 1, 8, 10, 2**31, 2**32 - 1)),
        ("block_size", "<I", (0, 1, 4095, 1 << 21, 2**32 - 1)), ("block_log", "<H", (0, 11, 18, 64)),
        ("compressor", "<H", (0, 7, 65535)), ("id_count", "<H", (0,)),
        ("root_ref", "<Q", (1, 5, 0x20, 0x10000, 2**32, 2**48, 2**63, sqfs.NONE64)),
        ("bytes_used", "<Q", (0, 95, 2**32, 2**63, sqfs.NONE64)),
        ("inode_table", "<Q", (0, 95, 100, 2**40, sqfs.NONE64)),
        ("directory_table", "<Q", (0, 96, 2**40, sqfs.NONE64)),
        ("export_table", "<Q", (0, 96, 2**40)), ("id_table", "<Q", (0, 96, 2**40, sqfs.NONE64)))
    for value in values})
HOSTILE.update({
    "an inode type of 0": damage(lambda i: i.inode_at[b"a"], "<H", 0),
    "an inode type of 15": damage(lambda i: i.inode_at[b"a"], "<H", 15),
    "a listing that names another number": damage(lambda i: i.entry_at[b"a"] + 2, "<h", 3),
    "a listing that names another type": damage(lambda i: i.entry_at[b"a"] + 4, "<H", 3),
    "a listing that points between inodes": damage(lambda i: i.entry_at[b"a"], "<H", 1),
    "a listing that points past the table": damage(lambda i: i.entry_at[b"a"], "<H", 8000),
    "a name with a slash": damage(lambda i: i.entry_at[b"a"] + 8, "<B", 0x2F),
    "a name with NUL": damage(lambda i: i.entry_at[b"a"] + 8, "<B", 0),
    "a name that is a dot": damage(lambda i: i.entry_at[b"a"] + 8, "<B", 0x2E),
    "names out of order": damage(lambda i: i.entry_at[b"a"] + 8, "<B", 0x7A),
    "a name twice": damage(lambda i: i.entry_at[b"d"] + 8, "<B", 0x61),
    "a name that runs past the listing": damage(lambda i: i.entry_at[b"p"] + 6, "<H", 300),
    "a header with too many entries": damage(lambda i: i.entry_at[b"a"] - 12, "<I", 4000),
    "a directory size past the table": damage(lambda i: i.inode_at[b"d"] + 20, "<I", 60000),
    "a listing outside its table": damage(lambda i: i.inode_at[b"d"] + 24, "<I", 500000),
    "a metadata block of 0 bytes": damage(lambda i: i.tables["inode"], "<H", 0x8000),
    "a metadata block past the image": damage(lambda i: i.tables["inode"], "<H", 0xFFFF),
    "a metadata block that does not decompress": damage(lambda i: i.tables["inode"], "<H", 0x100),
    "an export entry that is another inode": damage(lambda i: i.tables["export"] + 2, "<Q", 0x20),
    "an export entry of a live number that is empty":
        damage(lambda i: i.tables["export"] + 2 + 8, "<Q", sqfs.NONE64),
    "an export index that points elsewhere":
        damage(lambda i: i.tables["export index"], "<Q", 96),
})


@hostile("a directory in itself")
def cycle():
    image = forged(extra=None)
    # e/h becomes a directory entry that points to e.
    image.patch(image.entry_at[b"e/h"] + 4, "<H", sqfs.DIR)
    image.patch(image.entry_at[b"e/h"], "<H", image.ref[b"e"] & 0xFFFF)
    return image.patch(image.entry_at[b"e/h"] + 2, "<h", image.numbers[b"e"] - image.numbers[b"e/h"])


@hostile("a directory with two names")
def two_names():
    image = forged(extra=None)
    image.patch(image.entry_at[b"e"], "<H", image.ref[b"d"] & 0xFFFF)
    return image.patch(image.entry_at[b"e"] + 2, "<h", image.numbers[b"d"] - image.numbers[b"a"])


def with_record(**changes):
    def make():
        tree, numbers = small()
        return forged(extra=good_record(numbers, tree, **changes))
    return make


def with_extra(change):
    def make():
        tree, numbers = small()
        return forged(extra=change(bytearray(good_record(numbers, tree))))
    return make


def set_byte(at, value):
    def change(extra):
        extra[at] = value
        return bytes(extra)
    return change


@hostile("record: a double, but its number is a file's")
def double_is_file():
    tree, numbers = small()
    numbers[b"a"] = 9
    return forge.Forged(tree, numbers, top=9, double=9, extra=good_record(numbers, tree))


HOSTILE.update({
    "record: another top": with_record(top=10),
    "record: another root": with_record(root=2),
    "record: another own id": with_record(own_id=bytes(15) + b"x"),
    "record: an unknown version": with_extra(set_byte(20, 2)),
    "record: unknown flags": with_extra(set_byte(21, 0x81)),
    "record: more than 8 parents": with_record(parents=[UUID] * 9),
    "record: too short": with_extra(lambda extra: extra[:18] + b"\x53\x08" + bytes(8) + b"\0"),
    "record: half a parent": with_extra(
        lambda extra: bytes(extra[:19]) + bytes([extra[19] - 8]) + bytes(extra[20:-9]) + b"\0"),
    "record: runs past its block": with_extra(set_byte(19, 200)),
    "record: a UUID of 15 bytes": with_extra(
        lambda extra: b"\x02\x0f" + bytes(extra[2:17]) + bytes(extra[18:])),
    "record: twice": with_extra(lambda extra: bytes(extra[:-1]) + bytes(extra[18:])),
    "record: no end": with_extra(lambda extra: bytes(extra[:-1]) + b"\x77"),
    "extra information that is announced and not there": lambda: forged(extra=None).patch(
        super_field("flags"), "<H", forge.NO_XATTR_FLAGS | sqfs.FLAG_EXTRA),
})


@case("hostile images, each with what is wrong")
def hostile_images(room):
    bad = []
    for at, (name, make) in enumerate(HOSTILE.items()):
        path = make().write(f"{room.room}/hostile{at}")
        try:
            line = room.refuses(path)
            if not re.search(r"offset|directory|superblock|own id|\./|\d", line.split(path)[1]):
                bad.append(f"{name}: says not where: {line}")
        except AssertionError as error:
            bad.append(f"{name}: {str(error)[-150:]}")
        os.unlink(path)
    assert not bad, "\n".join(bad)


def real_images(room):
    """Images of every tool that is there."""
    big = dict(small()[0])
    big[b"d/g"] = trees.file("not linked: gensquashfs takes hard links for files")
    for at in range(600):
        big[b"file-%04d" % at] = trees.file(f"{at}" * (at % 50), xattrs={"user.a": b"%d" % (at % 3)})
    trees.make(big, room.room + "/big")
    tool.build("--quiet", room.room + "/big", room.room + "/first")
    shutil.rmtree(room.room + "/big/e")
    tool.build("--quiet", "--prev", room.room + "/first", room.room + "/big", room.room + "/ours")
    yield room.room + "/ours"
    for compressor in ("xz", "lz4", "zstd", "gzip"):
        if shutil.which("mksquashfs"):
            path = f"{room.room}/mksquashfs-{compressor}"
            tool.call("mksquashfs", room.room + "/big", path, "-comp", compressor, "-quiet",
                      "-no-progress")
            yield path
        if shutil.which("gensquashfs"):
            path = f"{room.room}/gensquashfs-{compressor}"
            tool.call("gensquashfs", "-q", "-e", "-k", "-c", compressor, "-D", room.room + "/big",
                      path)
            yield path


@case("images of other tools, every compressor, are taken as they are")
def others(room):
    for path in real_images(room):
        before = sqfs.Image(path)
        tool.build("--quiet", "--force", "--prev", path, room.room + "/big", room.out)
        after = stable.read(room.out)
        assert after.numbers == stable.numbers(before), path
        assert after.super.inode_count >= before.super.inode_count


@case("an image of mksquashfs without an export table")
def no_export(room):
    mksquashfs = tap.need_program("mksquashfs")
    tool.call(mksquashfs, room.source, room.room + "/plain", "-no-exports", "-quiet",
              "-no-progress")
    after = room.takes(room.room + "/plain")
    assert after.numbers == stable.numbers(sqfs.Image(room.room + "/plain"))


@case("an image that is cut anywhere is refused")
def cut(room):
    for path in list(real_images(room))[:3]:
        data = tool.read(path)
        used = sqfs.Image(path).super.bytes_used
        for size in sorted({*range(0, used, max(1, used // 25)), used - 1, used - 8, 96, 95}):
            tool.write(room.room + "/cut", data[:size])
            room.refuses(room.room + "/cut")


@case("damaged images: refused or harmless, never a crash")
def damaged(room):
    rng = random.Random(tool.seed())
    images = list(real_images(room))
    places = []
    for path in images:
        image = sqfs.Image(path)
        tables = [(s, e) for s, e, what in image.covered if what not in ("data", "fragment")]
        places.append((bytearray(image.data), tables))
    for _ in range(int(os.environ.get("SQST_DAMAGES") or 250)):
        data, tables = rng.choice(places)
        copy = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 5))):
            start, end = rng.choice(tables)
            at = rng.randrange(start, end)
            copy[at] = rng.choice((copy[at] ^ 1 << rng.randrange(8), 0, 0xFF, rng.randrange(256)))
        tool.write(room.room + "/damaged", copy)
        done = tool.run("--quiet", "--force", "--prev", room.room + "/damaged", room.source,
                        room.out)
        if done.returncode not in (tool.OK, tool.PARENT):
            shutil.copy(room.room + "/damaged", "/var/tmp/sqst-damaged")
            raise AssertionError(f"status {done.returncode}, image kept as /var/tmp/sqst-damaged\n"
                                 f"{done.stderr}")
        if done.returncode == tool.OK:
            stable.read(room.out)


def map_text(change=None):
    """The map of small() as lines, changed by a function."""
    tree, numbers = small()
    lines = [b"#mtree", b"# sqfs-stable: version=1 uuid=10111213-1415-1617-1819-1a1b1c1d1e1f "
             b"generation=3 top=9"]
    lines += stable.canonical_map({p: (tree[p].kind, n) for p, n in numbers.items()}).splitlines()
    if change:
        lines = change(lines)
    return b"\n".join(lines) + b"\n"


@case("a map is as good as the image that it belongs to")
def map_and_image(room):
    tool.write(room.room + "/map", map_text())
    forged().write(room.room + "/image")
    room.takes(room.room + "/map", "--map")
    first = tool.read(room.out)
    room.takes(room.room + "/image")
    assert tool.read(room.out) == first


def at_line(number, old, new):
    """Replace in one line (counted from 1)."""
    def change(lines):
        assert old in lines[number - 1], lines
        lines[number - 1] = lines[number - 1].replace(old, new)
        return lines
    return change


# Lines: 3 ".", 4 "./a", 5 "./d", 6 "./d/f", 7 "./d/g", 8 "./e", 9 "./e/h", 10 "./l", 11 "./p".
BAD_MAPS = {
    "no #mtree": (1, at_line(1, b"#mtree", b"#mtee")),
    "no header": (2, lambda lines: lines[:1] + lines[2:]),
    "an unknown version": (2, at_line(2, b"version=1", b"version=2")),
    "no version": (2, at_line(2, b"version=1 ", b"")),
    "a UUID that is none": (2, at_line(2, b"10111213-", b"1011121z-")),
    "no top": (2, at_line(2, b" top=9", b"")),
    "a top that is no number": (2, at_line(2, b"top=9", b"top=nine")),
    "a top that is too large": (2, at_line(2, b"top=9", b"top=2147483648")),
    "a top that is negative": (2, at_line(2, b"top=9", b"top=-9")),
    "a generation that is too large": (2, at_line(2, b"generation=3", b"generation=4294967296")),
    "a number of 0": (4, at_line(4, b"inode=2", b"inode=0")),
    "a number above top": (4, at_line(4, b"inode=2", b"inode=10")),
    "a number that is none": (4, at_line(4, b"inode=2", b"inode=2x")),
    "a huge number": (4, at_line(4, b"inode=2", b"inode=99999999999999999999")),
    "no number": (4, at_line(4, b" inode=2", b"")),
    "no type": (4, at_line(4, b" type=file", b"")),
    "an unknown type": (4, at_line(4, b"type=file", b"type=door")),
    "a number on two directories": (8, at_line(8, b"inode=5", b"inode=3")),
    "a number on two types": (10, at_line(10, b"inode=7", b"inode=2")),
    "a path twice": (7, at_line(7, b"./d/g", b"./d/f")),
    "a path without its directory": (9, at_line(9, b"./e/h", b"./f/h")),
    "a path below a file": (6, at_line(6, b"./d/f", b"./a/f")),
    "a path with ..": (9, at_line(9, b"./e/h", b"./e/..")),
    "a path with an escaped slash": (9, at_line(9, b"./e/h", b"./e/\\057h")),
    "a path with an escaped NUL": (9, at_line(9, b"./e/h", b"./e/\\000h")),
    "a broken escape": (9, at_line(9, b"./e/h", b"./e/\\9h")),
    "an absolute path": (9, at_line(9, b"./e/h", b"/e/h")),
    "a root that is no directory": (3, at_line(3, b"type=dir", b"type=file")),
    "no root": (None, lambda lines: lines[:2] + lines[3:]),
    "nothing but the header": (None, lambda lines: lines[:2]),
    "a NUL": (9, at_line(9, b"inode=6", b"inode=6\0")),
}


@case("maps with errors, each with its line")
def bad_maps(room):
    bad = []
    for name, (number, change) in BAD_MAPS.items():
        tool.write(room.room + "/map", map_text(change))
        try:
            line = room.refuses(room.room + "/map", option="--map")
            if number is not None and not re.search(rf"\b{number}\b", line.split("/map", 1)[1]):
                bad.append(f"{name}: line {number} is not named: {line}")
        except AssertionError as error:
            bad.append(f"{name}: {str(error)[-150:]}")
    for name, content in (("empty", b""), ("binary", bytes(range(256)) * 50),
                          ("an image", tool.read(forged().write(room.room + "/i"))),
                          ("one line", b"#mtree"), ("long", b"#mtree\n" + b"x" * 100000)):
        tool.write(room.room + "/map", content)
        try:
            room.refuses(room.room + "/map", option="--map")
        except AssertionError as error:
            bad.append(f"{name}: {str(error)[-150:]}")
    assert not bad, "\n".join(bad)


@case("maps that are cut or damaged: refused or harmless, never a crash")
def damaged_maps(room):
    rng = random.Random(tool.seed())
    text = map_text()
    for _ in range(int(os.environ.get("SQST_DAMAGES") or 120)):
        copy = bytearray(text[:rng.choice((len(text), rng.randrange(len(text))))] or b"x")
        for _ in range(rng.randrange(4)):
            copy[rng.randrange(len(copy))] = rng.randrange(256)
        tool.write(room.room + "/map", copy)
        done = tool.run("--quiet", "--force", "--map", room.room + "/map", room.source, room.out)
        assert done.returncode in (tool.OK, tool.PARENT), (done.returncode, bytes(copy), done.stderr)
        if done.returncode == tool.OK:
            stable.read(room.out)


@case("parents of different lineages are refused; more than eight too")
def strangers(room):
    tool.build("--uuid", "00000000-0000-0000-0000-000000000001", room.source, room.room + "/1")
    tool.build("--uuid", "00000000-0000-0000-0000-000000000002", room.source, room.room + "/2")
    done = tool.run("--prev", room.room + "/1", "--prev", room.room + "/2", room.source, room.out)
    assert done.returncode in (tool.USAGE, tool.PARENT), (done.returncode, done.stderr)
    done = tool.run(*["--prev", room.room + "/1"] * 9, room.source, room.out)
    assert done.returncode in (tool.USAGE, tool.PARENT, tool.LIMIT), done.stderr
    tool.build(*["--prev", room.room + "/1"] * 8, room.source, room.out)
    assert len(stable.read(room.out).record.parents) == 8


@case("numbers that are used up: exit status 6, and --new-lineage is named")
def used_up(room):
    def lines_with_top(lines):
        return at_line(2, b"top=9", b"top=2147483647")(lines)
    tool.write(room.room + "/map", map_text(lines_with_top))
    tool.write(room.source + "/new", "one more")
    tool.refused(tool.LIMIT, "--map", room.room + "/map", room.source, room.out,
                 words=["--new-lineage"])
    assert not os.path.exists(room.out)


tap.main()
