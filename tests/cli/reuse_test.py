#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data that is taken over from a parent image: what is, what is not, and where it goes."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import reuse
import sqfs
import stable
import tap
import tool
import trees
from reuse import BLOCK, case


@case("no change: all stays where it is, and nothing is compressed")
def no_change(room):
    source = room.source(reuse.base())
    first = room.build(source)
    second = room.build(source, parent=first)
    one, two = first.image(), second.image()
    assert second.reuse["new"] == second.reuse["moved"] == second.reuse["dead"] == 0
    assert second.reuse["in_place"] > 0 and second.reuse["reason"] is None
    assert second.reuse["fragment_blocks"] == one.super.fragment_count
    assert one.super.inode_table == two.super.inode_table and len(first.bytes) == len(second.bytes)
    start = min(start for start, _ in reuse.ranges(one))
    assert first.bytes[start:one.super.inode_table] == second.bytes[start:two.super.inode_table]
    assert reuse.ranges(one) == reuse.ranges(two)
    third = room.build(source, parent=second)
    assert len(third.bytes) == len(second.bytes) and third.reuse == second.reuse
    assert "in place" in second.stderr and "reused" not in first.stderr


@case("the same bytes for every number of threads, and whatever was in memory before")
def threads(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    for options in ((), ("--relayout",), ("--max-slack", "0"), ("-tailends",)):
        second = room.build(source, "-processors", "1", *options, parent=first)
        for jobs in ("2", "7"):
            assert room.build(source, "-processors", jobs, *options,
                              parent=first).bytes == second.bytes, (options, jobs)


def equal_builds(room, *options, taken=("blocks", "fragment_blocks")):
    """First image, changed tree with and without reuse."""
    first = room.build(reuse.base(), *options)
    source = room.source(reuse.changed(reuse.base()))
    second = room.build(source, *options, parent=first)
    anew = room.build(source, *options, "--no-reuse", parent=first)
    reuse.assert_equal_content(second, anew)
    assert anew.reuse == dict.fromkeys(anew.reuse, 0) | {"reason": None}, anew.reuse
    assert room.build(source, *options, "-processors", "5", parent=first).bytes == second.bytes
    for what in ("blocks", "fragment_blocks"):
        assert (second.reuse[what] > 0) == (what in taken), (options, second.reuse)


def with_options(*options, **fields):
    def run():
        with tool.scratch("sqst-reuse-") as where:
            equal_builds(reuse.Room(where), *options, **fields)
    tap.add("content as without reuse: " + " ".join(options or ["no option"]), run)


def with_compressor(name, *options):
    def run():
        if not tool.has_compressor(name):
            tap.skip(f"needs {name} in the program")
        with tool.scratch("sqst-reuse-") as where:
            equal_builds(reuse.Room(where), "-comp", name, *options)
    tap.add(f"content as without reuse: {name} " + " ".join(options), run)


with_options()
with_options("-b", "4096")
with_options("-b", "1M", "--max-slack", "200", taken=("fragment_blocks",))
with_options("-no-fragments", taken=("blocks",))
with_options("-tailends")
with_options("-no-duplicates")
with_options("-no-duplicates", "-tailends")
with_options("-no-sparse")
with_options("-align", "4096")
with_options("-align", "512", "-tailends")
with_options("-noD")
with_options("-noF")
with_options("-noI", "-noD", "-noF", "-noX")
with_options("-nopad")
with_options("-no-hardlinks")
with_options("--max-slack", "0")
with_options("--max-slack", "1000")
with_options("--relayout", taken=("blocks",))
with_options("--new-lineage")
for _name in tool.COMPRESSORS:
    with_compressor(_name)
with_compressor("gzip", "-Xcompression-level", "1")
with_compressor("zstd", "-Xcompression-level", "3")
with_compressor("lz4", "-Xhc")
with_compressor("xz", "-Xdict-size", "8K")


@case("a sort file: what it wants stored otherwise is made anew, the rest is taken over")
def sort_file(room):
    tool.write(room.path("sort"), "s/30 100\nd/noise 50\nbig -5\ns/1* 7\n")
    equal_builds(room, "-sort", room.path("sort"))


@case("the report's numbers add up to what is stored")
def numbers(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    for options in ((), ("-align", "512"), ("--max-slack", "0"), ("--max-slack", "1000")):
        second = room.build(source, *options, parent=first)
        one, two, said = first.image(), second.image(), second.reuse
        assert said["in_place"] + said["moved"] + said["new"] == reuse.stored(two), \
            (options, said, reuse.stored(two))
        assert two.gaps == said["gaps"], (options, said, two.gaps)
        stay = sum(end - start for start, end in reuse.in_place(two, one))
        assert said["in_place"] <= stay, (options, said, stay)


@case("-offset: the image is the same behind it")
def offset(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    plain = room.build(source, parent=first)
    shifted = room.build(source, "-offset", "8192", parent=first)
    assert shifted.bytes == bytes(8192) + plain.bytes and shifted.reuse == plain.reuse


@case("a file of which a part changed: its equal blocks are taken over")
def part_of_a_file(room):
    tree = reuse.base()
    first = room.build(tree)
    data = bytearray(tree[b"big"].data)
    data[3 * BLOCK] ^= 1
    data += reuse.text("more", 3 * BLOCK)
    tree[b"big"] = tree[b"d/hard"] = trees.file(bytes(data))
    second = room.build(tree, parent=first)
    one, two = first.image(), second.image()
    before, after = one.paths[b"big"], two.paths[b"big"]
    assert after.blocks[:3] == before.blocks[:3] and after.blocks[4:12] == before.blocks[4:12]
    new = sum(size & 0xFFFFFF for size in after.blocks[3:4] + after.blocks[12:])
    assert new <= second.reuse["new"] <= new + BLOCK, (new, second.reuse)
    # Cut off in the middle.
    tree[b"big"] = tree[b"d/hard"] = trees.file(bytes(data[:7 * BLOCK + 9]))
    third = room.build(tree, parent=second)
    assert third.image().paths[b"big"].blocks[:7] == after.blocks[:7]
    assert third.reuse["new"] < BLOCK


@case("files that moved are found: large, small, of one block, with other owners and times")
def moved(room):
    tree = reuse.base()
    first = room.build(tree)
    tree[b"elsewhere"] = trees.directory()
    for path in (b"big", b"d/one", b"d/noise", b"s/07", b"s/30", b"d/sparse"):
        tree[b"elsewhere/" + path.replace(b"/", b"-")] = \
            tree.pop(path).copy(mode=0o600, mtime=trees.TIME + 77)
    second = room.build(tree, parent=first)
    assert second.reuse["new"] == second.reuse["moved"] == 0, second.reuse
    one, two = first.image(), second.image()
    assert one.paths[b"big"].start == two.paths[b"elsewhere/big"].start
    reuse.assert_equal_content(second, room.build(tree, "--no-reuse", parent=first), extract=False)


@case("a copy of a file that was there already costs nothing")
def copied(room):
    tree = reuse.base()
    first = room.build(tree)
    tree[b"again-big"] = tree[b"big"].copy()
    tree[b"again-small"] = tree[b"s/08"].copy()
    second = room.build(tree, parent=first)
    assert second.reuse["new"] == 0, second.reuse
    assert second.report["duplicate_files"] == first.report["duplicate_files"] + 2


@case("a tail that changed: the blocks of its file stay, its old fragment block too")
def tail(room):
    tree = reuse.base()
    options = ("-tailends",)
    first = room.build(tree, *options)
    tree[b"big"] = tree[b"d/hard"] = \
        trees.file(tree[b"big"].data[:12 * BLOCK] + reuse.text("other", 777))
    second = room.build(tree, *options, "--max-slack", "50", parent=first)
    one, two = first.image(), second.image()
    assert two.paths[b"big"].start == one.paths[b"big"].start
    assert two.paths[b"big"].blocks == one.paths[b"big"].blocks
    assert reuse.ranges(one) <= reuse.ranges(two)
    assert 0 < second.reuse["new"] < 1000 and second.reuse["fragment_blocks"] > 0


@case("hard links that split or join keep their data")
def hard_links(room):
    tree = reuse.base()
    first = room.build(tree)
    tree[b"d/hard"] = tree[b"big"].copy()
    tree[b"s/hard"] = tree[b"s/03"].copy()
    tree[b"s/12"] = tree[b"s/13"] = tree[b"s/14"]
    second = room.build(tree, parent=first)
    assert second.reuse["new"] == second.reuse["moved"] == 0
    reuse.assert_equal_content(second, room.build(tree, "--no-reuse", parent=first))
    tree[b"d/hard"] = tree[b"big"].copy(data=reuse.text("hard", 3 * BLOCK))
    tree[b"s/hard"] = tree[b"s/03"].copy(data=reuse.text("hard2", 300))
    third = room.build(tree, parent=second)
    reuse.assert_equal_content(third, room.build(tree, "--no-reuse", parent=second))


@case("a path of another type: its data is not looked for, a file of that path is made anew")
def other_type(room):
    tree = reuse.base()
    first = room.build(tree)
    kept = tree[b"s/05"]
    tree[b"big"] = tree[b"d/hard"] = trees.symlink("d/one")
    tree[b"s/05"] = trees.directory()
    tree[b"s/05/below"] = kept
    tree[b"link"] = trees.file(tree[b"d/one"].data)
    second = room.build(tree, parent=first)
    assert second.reuse["new"] == 0
    reuse.assert_equal_content(second, room.build(tree, "--no-reuse", parent=first))


@case("an archive or an image as the source takes over as a directory does")
def other_sources(room):
    tree = reuse.base()
    first = room.build(tree)
    source = room.source(reuse.changed(tree))
    plain = room.build(source, parent=first)
    image = room.build(room.build(source).path, parent=first)
    assert image.bytes == plain.bytes
    tool.call(tap.need_program("tar"), "--xattrs", "--xattrs-include=*", "-C", source, "-cf",
              room.path("t.tar"), ".")
    archive = room.build(room.path("t.tar"), parent=first)
    for what in ("blocks", "fragment_blocks", "new"):
        assert archive.reuse[what] == plain.reuse[what], (archive.reuse, plain.reuse)
    reuse.assert_equal_content(archive, plain)
    # The parent itself as the source.
    same = room.build(first.path, parent=first)
    assert same.reuse["new"] == same.reuse["moved"] == 0


MKSQUASHFS = ("-noappend", "-no-progress", "-quiet")


@case("parents of mksquashfs and gensquashfs")
def foreign(room):
    source = room.source(reuse.base())
    other = room.source(reuse.changed(reuse.base()))
    tried = 0
    for name, options, ours in (("mksquashfs", MKSQUASHFS, ()),
                                ("mksquashfs", (*MKSQUASHFS, "-tailends"), ("-tailends",)),
                                ("mksquashfs", (*MKSQUASHFS, "-no-fragments"), ("-no-fragments",)),
                                ("gensquashfs", ("-q", "-f", "-k", "-x"), ("-tailends",))):
        try:
            tap.need_program(name)
        except tap.Skip:
            continue
        for compressor in ("gzip", "xz", "zstd", "lz4") if options == MKSQUASHFS else ("gzip",):
            if not tool.has_compressor(compressor):
                continue
            parent = room.path("foreign")
            if name == "mksquashfs":
                tool.call(name, source, parent, *options, "-b", str(BLOCK), "-comp", compressor)
            else:
                tool.call(name, *options, "-b", str(BLOCK), "-c", compressor, "-D", source, parent)
            first = sqfs.Image(parent)
            # Nothing changed: what the other builder stored stays.
            same = room.build(source, "-comp", compressor, *ours, parent=parent)
            if same.reuse["reason"]:
                # Another default of a setting that the image names.
                assert same.reuse["in_place"] == 0
                continue
            tried += 1
            assert same.reuse["new"] < BLOCK and same.reuse["blocks"] > 0, (name, same.reuse)
            child = room.build(other, "-comp", compressor, *ours, "--max-slack", "100",
                               parent=parent)
            anew = room.build(other, "-comp", compressor, *ours, "--no-reuse", parent=parent)
            reuse.assert_equal_content(child, anew, extract=compressor == "gzip")
            assert reuse.in_place(child.image(), first)
    if not tried:
        tap.skip("needs mksquashfs or gensquashfs")


NOTHING = dict.fromkeys(("in_place", "moved", "new", "gaps", "dead", "removed", "blocks", "fragment_blocks"), 0)


@case("another compressor, level or block size in the parent: nothing is taken over, and it says so")
def other_parent(room):
    source = room.source(reuse.base())
    first = room.build(source)
    for options, word in ((("-comp", "xz"), "compressor"), (("-comp", "zstd"), "compressor"),
                          (("-Xcompression-level", "3"), "compressor"),
                          (("-b", "32K"), "block size")):
        if options[0] == "-comp" and not tool.has_compressor(options[1]):
            continue
        second = room.build(source, *options, parent=first)
        assert word in second.reuse["reason"], second.reuse
        assert {**second.reuse, "reason": None} == {**NOTHING, "reason": None}
        assert f"nothing of the parent image: {second.reuse['reason']}" in second.stderr
        anew = room.build(source, *options, "--no-reuse", parent=first)
        reuse.assert_equal_content(second, anew, extract=False)
    raw = room.build(source, "-noD", parent=first)
    assert raw.reuse["reason"] and raw.reuse["blocks"] == 0 and raw.reuse["fragment_blocks"] > 0
    assert "not all of the parent image" in raw.stderr
    back = room.build(source, parent=raw)
    assert back.reuse["reason"] and back.reuse["blocks"] == 0
    reuse.assert_equal_content(back, room.build(source, "--no-reuse", parent=raw), extract=False)


@case("--relayout: in the layout of a first image, but not compressed anew")
def relayout(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    second = room.build(source, "--relayout", parent=first)
    anew = room.build(source, "--no-reuse", parent=first)
    assert second.reuse["blocks"] > 0
    one, two = second.image(), anew.image()
    trees.assert_same(trees.describe_image(one), trees.describe_image(two))
    begin = [min(start for start, _ in reuse.ranges(image)) for image in (one, two)]
    assert one.data[begin[0]:one.super.inode_table] == two.data[begin[1]:two.super.inode_table]


@case("two parents: the data is the newest's")
def two_parents(room):
    tree = reuse.base()
    first = room.build(tree)
    second = room.build(reuse.changed(tree), parent=first)
    source = room.source(reuse.changed(tree))
    both = room.build(source, "--prev", first.path, "--prev", second.path)
    assert both.reuse["new"] == 0 and both.reuse["blocks"] > 0
    swapped = room.build(source, "--prev", second.path, "--prev", first.path)
    assert swapped.reuse["new"] > 0
    trees.assert_same(*(trees.describe_image(one.image()) for one in (both, swapped)))


@case("a map as the only parent has no data; a map beside an image does not hide it")
def maps(room):
    source = room.source(reuse.base())
    listing = room.path("map")
    first = room.build(source, "--map-out", listing)
    second = room.build(source, "--map", listing)
    assert {**second.reuse, "reason": None} == {**NOTHING, "reason": None}
    third = room.build(source, "--map", listing, parent=first)
    assert third.reuse["new"] == 0 and third.reuse["in_place"] > 0
    fourth = room.build(source, "--prev", first.path, "--map", listing)
    assert fourth.reuse == third.reuse


@case("--new-lineage: other numbers, the same data")
def new_lineage(room):
    source = room.source(reuse.base())
    first = room.build(source)
    second = room.build(source, "--new-lineage", parent=first)
    assert second.reuse["new"] == 0 and second.reuse["in_place"] > 0
    one, two = first.image(), second.image()
    assert reuse.ranges(one) == reuse.ranges(two)
    assert not {n for _, n in one.numbers.values()} & {n for _, n in two.numbers.values()}


@case("the output may be the parent itself")
def over_the_parent(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    wanted = room.build(source, parent=first)
    again = room.build(source, "--force", parent=first, name=first.path)
    assert again.bytes == wanted.bytes and again.reuse == wanted.reuse
    assert sorted(name for name in os.listdir(room.where) if name.startswith(".")) == []


tap.main()
