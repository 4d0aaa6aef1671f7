#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images that say more than they hold: memory and time are linear in the bytes of the file, whatever its tables say.

Each image is read in all the ways there are: as a source, as a parent (also for its times), by check, info and map.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import memory
import tap
import tool
from forge_image import NONE32, Forge, pair, reference

MIB = 1 << 20


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-forged-") as room:
                os.mkdir(room + "/s")
                tool.write(room + "/s/00000", b"content")
                function(room)
        tap.add(name, run)
    return mark


def ways(room, image, block="4096"):
    build = [tool.REAL, "-quiet", "-processors", "1", "--force"]
    # As the parent's data and metadata are stored, else they are not looked at.
    keep = [*build, "-b", block, "-noI", "-noD", "-noF", "-noX", room + "/s", room + "/o"]
    return {
        "source": [*build, image, room + "/o"],
        "parent": [*keep, "--prev", image],
        "times": [*keep, "--prev", image, "--prev-mtime=keep"],
        "check": [tool.program("sqfs-stable-check"), image, image],
        "info": [tool.program("sqfs-stable-info"), image],
        "map": [tool.program("sqfs-stable-map"), "diff", image, image],
    }


def linear(room, size, factor=24, seconds=2.0, statuses=None, block="4096"):
    """No way takes more than `factor` times the bytes of the image, beside what every run takes (libraries, caches of a
    fixed size: less than this process has)."""
    for way, words in ways(room, room + "/image", block).items():
        found = memory.measure(words)
        more = found.peak - memory.floor()
        tap.diag(f"{way}: {size} bytes, status {found.status}, {more / size:.1f} times as much memory, {found.seconds:.2f} s")
        assert 0 <= found.status <= 4, f"{way}: {found.status}\n{found.stderr}"
        assert more < factor * size + 4 * MIB, f"{way}: {more} bytes for an image of {size}\n{found.stderr}"
        assert found.seconds < seconds, f"{way}: {found.seconds} s\n{found.stderr}"
        # check refuses an update, and map finds a difference, without an error.
        if found.status and (way, found.status) not in (("check", 1), ("check", 3), ("map", 1)):
            assert "image: " in found.stderr and found.stderr.count("\n") == 1, f"{way}: {found.stderr}"
            if statuses is not None:
                statuses[way] = found.stderr


def refused(room, size, words, by, **limits):
    """As linear(), and the ways in `by` refuse the image with a message that has these words."""
    found = {}
    linear(room, size, statuses=found, **limits)
    for way in by:
        assert way in found and words in found[way], f"{way}: {found.get(way)}"


READS_ALL = ("source", "check")


@case("fragments: an index that has one block again and again")
def fragments(room):
    forge = Forge()
    forge.data = b"x" * 4096
    forge.fragments = [(96, 1 << 24 | 4096)] * 512
    forge.files = [(100, 0, 0, 0, [], NONE32)]
    size = forge.write(room + "/image", repeat={"fragments": 2000})
    refused(room, size, "index", ("source", "parent", "check"))


@case("owners: an index that has one block again and again")
def ids(room):
    forge = Forge()
    forge.ids = list(range(2048))
    forge.files = [(0, 0, NONE32, 0, [], NONE32)]
    size = forge.write(room + "/image", repeat={"ids": 31})
    refused(room, size, "index", READS_ALL)


@case("numbers: an index of the export table that has one block again and again")
def exports(room):
    forge = Forge()
    forge.exported = True
    forge.files = [(0, 0, NONE32, 0, [], NONE32)] * 1023
    size = forge.write(room + "/image", repeat={"exports": 20000})
    refused(room, size, "index", ("parent", "check", "info", "map"))


@case("sets of attributes: an index that has one block again and again")
def sets(room):
    forge = Forge()
    forge.pairs = pair(b"k", b"v")
    forge.sets = [(0, 1, 10)] * 512
    forge.files = [(0, 0, NONE32, 0, [], 1000000)]
    size = forge.write(room + "/image", repeat={"sets": 20000})
    refused(room, size, "index", ("source", "times"))


@case("attributes: many inodes with one large set")
def one_set(room):
    forge = Forge()
    forge.pairs = pair(b"k", b"v" * 60000)
    forge.sets = [(0, 1, len(forge.pairs))]
    forge.files = [(0, 0, NONE32, 0, [], 0)] * 5000
    linear(room, forge.write(room + "/image"))


@case("attributes: many sets with one large value that stands elsewhere")
def one_value(room):
    forge = Forge()
    forge.pairs = pair(b"k", b"v" * 60000)
    forge.sets = [(0, 1, len(forge.pairs))]
    for i in range(2000):
        forge.sets.append((reference(len(forge.pairs)), 1, 20))
        forge.pairs += pair(b"%d" % i, b"", 5)
    forge.files = [(0, 0, NONE32, 0, [], i) for i in range(2001)]
    linear(room, forge.write(room + "/image"))


@case("attributes: sets that overlap")
def overlapping(room):
    forge = Forge()
    forge.pairs = b"".join(pair(b"%04d" % i, b"v" * 20) for i in range(2000))
    step = len(pair(b"0000", b"v" * 20))
    forge.sets = [(reference(i * step), 2000 - i, 0) for i in range(2000)]
    forge.files = [(0, 0, NONE32, 0, [], i) for i in range(2000)]
    refused(room, forge.write(room + "/image"), "attributes", ("source", "times"))


@case("attributes: values elsewhere that overlap")
def overlapping_values(room):
    forge = Forge()
    # Wherever a value begins in these, it says that it has 60,000 bytes.
    value = (60000).to_bytes(4, "little") * 15000
    forge.pairs = b"".join(pair(b"%d" % i, value) for i in range(3))
    forge.sets = [(0, 3, len(forge.pairs))]
    for i in range(10000):
        forge.sets.append((reference(len(forge.pairs)), 1, 20))
        forge.pairs += pair(b"%d" % i, b"", reference(9 + 4 * i))
    forge.files = [(0, 0, NONE32, 0, [], i) for i in range(10001)]
    refused(room, forge.write(room + "/image"), "attributes", ("source", "times"))


@case("attributes: a set that says it has four thousand millions")
def count(room):
    forge = Forge()
    forge.pairs = pair(b"k", b"v") * 1000
    forge.sets = [(0, NONE32, 20)]
    forge.files = [(0, 0, NONE32, 0, [], 0)]
    linear(room, forge.write(room + "/image"))


@case("files that say they are large")
def sizes(room):
    forge = Forge()
    forge.files = [(1 << 62, 0, NONE32, 0, [0] * 10, NONE32)] * 3
    linear(room, forge.write(room + "/image"))


@case("fragment blocks that overlap")
def overlapping_fragments(room):
    forge = Forge(20)
    forge.data = os.urandom(1 << 20)
    forge.fragments = [(96 + i, 1 << 24 | 1 << 20 - 1) for i in range(2000)]
    forge.files = [(100, 0, i, 0, [], NONE32) for i in range(2000)]
    linear(room, forge.write(room + "/image"), seconds=4.0, block="1M")


@case("a sparse file of a tebibyte: holes cost nothing, as a source and as a parent")
def sparse(room):
    os.truncate(room + "/s/00000", 1 << 40)
    words = [tool.REAL, "-quiet", "-processors", "1", "--force", "-b", "1M"]
    found = {"file": memory.measure([*words, room + "/s", room + "/image"])}
    assert found["file"].status == 0, found["file"].stderr
    found["source"] = memory.measure([*words, room + "/image", room + "/again"])
    assert tool.read(room + "/image")[96:200] and os.path.getsize(room + "/again") < 100000
    found["parent"] = memory.measure([*words, room + "/s", room + "/o", "--prev", room + "/image"])
    os.utime(room + "/s/00000", (1, 1))
    found["times"] = memory.measure([*words, room + "/s", room + "/o", "--prev", room + "/image", "--prev-mtime=keep"])
    os.link(room + "/s/00000", room + "/hold")
    with open(room + "/s/other", "wb") as file:
        file.truncate(1 << 40)
    found["equal"] = memory.measure([*words, room + "/s", room + "/o"])
    tool.build(*words[1:], room + "/s", room + "/image")
    found["equal source"] = memory.measure([*words, room + "/image", room + "/again"])
    found["check"] = memory.measure([tool.program("sqfs-stable-check"), room + "/image", room + "/image"])
    for way, usage in found.items():
        tap.diag(f"{way}: status {usage.status}, {usage.seconds:.2f} s, {usage.peak >> 20} MiB")
    for way, usage in found.items():
        assert usage.status == 0, f"{way}: {usage.stderr}"
        assert usage.seconds < 2, f"{way}: {usage.seconds} s"
    kept = tool.read(room + "/again")
    tool.build(*words[1:], room + "/image", room + "/again", "--prev", room + "/image")
    assert len(kept) < 100000


tap.main()
