#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every option of sqfs-stable-build: spelling, values, what it does to the image, exit status 2."""
import json
import os
import sys
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import sqfs
import stable
import tap
import tool
import trees
import unpack


def small():
    tree = {b"": trees.directory(), b"d": trees.directory(), b"d/f": trees.file("text\n" * 500),
            b"d/same": trees.file("text\n" * 500), b"l": trees.symlink("d/f"),
            b"big": trees.file("a line that compresses\n" * 20000),
            b"sparse": trees.file(bytes(300000) + b"x", mtime=trees.TIME + 77)}
    return tree


def with_source(function):
    """Run a test in a scratch directory that has a small tree."""
    def run():
        with tool.scratch("sqst-options-") as room:
            trees.make(small(), room + "/source")
            function(room, room + "/source", room + "/out.sqfs")
    run.__name__ = function.__name__
    return run


def case(name):
    return lambda function: tap.add(name, with_source(function))


def built(room, *options):
    """Build the source with options; the bytes of the image."""
    tool.build(*options, "--force", room + "/source", room + "/x.sqfs")
    return tool.read(room + "/x.sqfs")


@case("--help and --version are on standard output")
def help_text(_room, _source, _out):
    for option in ("--help", "-help", "--version", "-version"):
        done = tool.build(option)
        assert done.stdout and not done.stderr, option
    text = tool.build("--help").stdout
    for option in ("prev", "map", "map-out", "new-lineage", "uuid", "label", "comp", "force",
                   "mkfs-time", "quiet", "json", "processors", "no-xattrs", "all-root"):
        assert option in text, f"--help does not name {option}"


@case("one dash and two dashes are the same")
def dashes(room, source, _out):
    first = built(room, "-comp", "xz", "-b", "64K", "-no-xattrs", "-quiet")
    assert first == built(room, "--comp", "xz", "-b", "64K", "--no-xattrs", "--quiet")
    tool.build("-force", "--mkfs-time", "5", source, room + "/x.sqfs")
    assert first == built(room, "-b", "64k", "-comp", "xz", "-no-progress", "-xattrs", "-no-xattrs")


@case("options may stand before, between and behind the paths")
def anywhere(room, source, out):
    tool.build(source, "-comp", "xz", out, "-b", "64K")
    assert tool.read(out) == built(room, "-b", "65536", "-comp", "xz")


@case("a repeated option: the last wins; -X may stand before -comp")
def last_wins(room, _source, _out):
    assert built(room, "-comp", "xz", "-comp", "gzip", "-b", "4K", "-b", "1M") == \
        built(room, "-b", "1M")
    one = built(room, "-Xcompression-level", "1", "-comp", "gzip")
    assert one == built(room, "-comp", "gzip", "-Xcompression-level", "1")
    assert one != built(room)


@case("what is wrong with the command line is said, with exit status 2")
def usage(_room, source, out):
    for bad, word in (
            (["--unknown"], "unknown"), (["-xyzzy"], "xyzzy"),
            (["-b", "5000"], "5000"), (["-b", "2M"], "2M"), (["-b", "0"], "0"), (["-b", "1K"], "1K"),
            (["-b", "4096x"], "4096x"), (["-b", ""], "b"), (["-b", "-4096"], "4096"),
            (["-comp", "zip"], "zip"), (["-comp", "lzma"], "lzma"), (["-comp", ""], "comp"),
            (["-Xcompression-level", "99"], "99"), (["-Xcompression-level", "0"], "0"),
            (["-Xcompression-level", "fast"], "fast"),
            (["-Xcompression-level", "99999999999999999999"], "99999999999999999999"),
            (["-comp", "xz", "-Xbcj", "x87"], "x87"), (["-comp", "xz", "-Xdict-size", "1"], "1"),
            (["-comp", "xz", "-Xdict-size", "2M"], "2097152"),
            (["--uuid", "1234"], "1234"), (["--uuid", "g" * 36], "ggg"),
            (["--label", "x" * 256], "label"), (["--label", ""], "label"),
            (["-processors", "many"], "many"), (["-processors", "0"], "0"),
            (["-processors", "-1"], "1"), (["--mkfs-time", "now"], "now"),
            (["--mkfs-time", "-1"], "1"), (["--mkfs-time", "4294967296"], "4294967296")):
        tool.refused(tool.USAGE, *bad, source, out, words=[word])
        assert not os.path.exists(out), bad
    tool.refused(tool.USAGE)
    tool.refused(tool.USAGE, source)
    tool.refused(tool.USAGE, source, out, "-b")


@case("SOURCE_DATE_EPOCH that is no number is refused")
def bad_epoch(_room, source, out):
    for text in ("soon", "-1", "1.5", "4294967296", "12x"):
        tool.refused(tool.USAGE, source, out, env=dict(os.environ, SOURCE_DATE_EPOCH=text),
                     words=["SOURCE_DATE_EPOCH"])


@case("superblock time: --mkfs-time, else SOURCE_DATE_EPOCH, else the newest in the tree")
def times(_room, source, out):
    def made(*options, epoch=None):
        env = dict(os.environ) if epoch is None else dict(os.environ, SOURCE_DATE_EPOCH=epoch)
        tool.build("--force", *options, source, out, env=env)
        return stable.read(out).super.mtime
    assert made() == trees.TIME + 77
    assert made(epoch="1234") == 1234
    assert made("--mkfs-time", "5678", epoch="1234") == 5678
    assert made("-mkfs-time", "0") == 0
    assert made("-mkfs-time", "4294967295") == 4294967295


@case("-b: every block size, in every spelling")
def block_sizes(room, _source, _out):
    for log in range(12, 21):
        size = 1 << log
        one = built(room, "-b", str(size))
        spelled = f"{size >> 10}K" if size < 1 << 20 else "1M"
        assert one == built(room, "-b", spelled) == built(room, "-b", spelled.lower())
        image = stable.read(room + "/x.sqfs")
        assert image.super.block_size == size
        for path, entry in small().items():
            if entry.kind == sqfs.FILE:
                assert image.read(image.paths[path]) == entry.data


@case("-comp: name, settings and what is stored of them")
def compressors(room, _source, _out):
    ids = {name: number for number, name in unpack.NAMES.items()}
    for name, settings in (("gzip", ["-Xcompression-level", "3"]),
                           ("xz", ["-Xbcj", "x86", "-Xdict-size", "8K"]),
                           ("lz4", ["-Xhc"]), ("zstd", ["-Xcompression-level", "3"]),
                           ("lzo", ["-Xcompression-level", "3"])):
        if not tool.has_compressor(name):
            tap.diag(f"this build has no {name}")
            continue
        built(room, "-comp", name)
        image = stable.read(room + "/x.sqfs")
        assert image.super.compressor == ids[name]
        # lz4 always says which version it is; the others are silent about defaults.
        assert (image.options is not None) == (name == "lz4"), name
        built(room, "-comp", name, *settings)
        assert stable.read(room + "/x.sqfs").options is not None, name


@case("settings of another compressor are refused or harmless, never a crash")
def foreign_settings(_room, source, out):
    for settings in (["-comp", "gzip", "-Xhc"], ["-comp", "zstd", "-Xbcj", "x86"],
                     ["-comp", "lz4", "-Xcompression-level", "3"],
                     ["-comp", "gzip", "-Xdict-size", "8K"]):
        assert tool.run("--force", *settings, source, out).returncode in (tool.OK, tool.USAGE)


@case("-noI, -noD, -noF, -noX, -noId and -no-compression leave things as they are")
def raw(room, source, _out):
    if hasattr(os, "setxattr"):
        os.setxattr(source + "/big", "user.a", b"b" * 500)
    for option, bit in (("-noI", sqfs.FLAG_RAW_INODES), ("-noD", sqfs.FLAG_RAW_DATA),
                        ("-noF", sqfs.FLAG_RAW_FRAGMENTS), ("-noX", sqfs.FLAG_RAW_XATTRS),
                        ("-noId", sqfs.FLAG_RAW_IDS)):
        built(room, option)
        flags = stable.read(room + "/x.sqfs").super.flags
        raw_bits = (sqfs.FLAG_RAW_INODES | sqfs.FLAG_RAW_DATA | sqfs.FLAG_RAW_FRAGMENTS
                    | sqfs.FLAG_RAW_XATTRS | sqfs.FLAG_RAW_IDS)
        # Uncompressed inodes take the ids with them in mksquashfs' reading of -noI.
        assert flags & bit and flags & raw_bits & ~sqfs.FLAG_RAW_IDS in (bit, 0), \
            f"{option}: flags {flags:#x}"
    built(room, "-no-compression")
    image = stable.read(room + "/x.sqfs")
    assert image.super.flags & sqfs.FLAG_RAW_INODES and image.super.flags & sqfs.FLAG_RAW_DATA
    for inode in image.live.values():
        if inode.type == sqfs.FILE:
            assert all(size & 0x1000000 or size == 0 for size in inode.blocks)


@case("-no-fragments, -no-duplicates, -no-sparse")
def data_options(room, _source, _out):
    plain = built(room)
    image = stable.read(room + "/x.sqfs")
    assert image.super.fragment_count == 1
    assert image.paths[b"sparse"].blocks[:2] == (0, 0) and image.paths[b"sparse"].sparse > 0
    one, other = image.paths[b"d/f"], image.paths[b"d/same"]
    assert (one.fragment, one.offset) == (other.fragment, other.offset)
    built(room, "-no-fragments")
    image = stable.read(room + "/x.sqfs")
    assert image.super.fragment_count == 0 and image.super.flags & sqfs.FLAG_NO_FRAGMENTS
    built(room, "-no-duplicates")
    image = stable.read(room + "/x.sqfs")
    one, other = image.paths[b"d/f"], image.paths[b"d/same"]
    assert (one.fragment, one.offset) != (other.fragment, other.offset)
    assert built(room, "-no-sparse") != plain
    assert 0 not in stable.read(room + "/x.sqfs").paths[b"sparse"].blocks


@case("-nopad: no byte behind the tables")
def nopad(room, _source, _out):
    padded = built(room)
    bare = built(room, "-nopad")
    stable.read(room + "/x.sqfs", pad=False)
    assert padded.startswith(bare) and len(padded) % 4096 == 0 and len(bare) % 4096


@case("-all-root and -root-owned give everything to root")
def all_root(room, _source, _out):
    assert built(room, "-all-root") == built(room, "-root-owned")
    assert stable.read(room + "/x.sqfs").ids == (0,)


@case("-no-xattrs leaves xattrs out, -xattrs takes them back in")
def xattrs(room, source, _out):
    os.setxattr(source + "/big", "user.a", b"b")
    built(room)
    assert stable.read(room + "/x.sqfs").xattrs == [{b"user.a": b"b"}]
    built(room, "-no-xattrs")
    assert stable.read(room + "/x.sqfs").xattrs == []
    built(room, "-no-xattrs", "-xattrs")
    assert stable.read(room + "/x.sqfs").xattrs == [{b"user.a": b"b"}]


@case("the number of processors does not show in the image")
def processors(room, source, _out):
    for at in range(200):
        tool.write(f"{source}/n{at}", os.urandom(at * 40) * 2 + b"z" * at * 300)
    first = built(room, "-b", "4K", "-processors", "1")
    for number in ("2", "3", "5", "16"):
        assert first == built(room, "-b", "4K", "-processors", number)
    assert first == built(room, "-b", "4K") == built(room, "-b", "4K", "-j", "2")


@case("--uuid names the lineage, its children keep it")
def uuid_option(room, source, out):
    name = uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")
    tool.build("--uuid", str(name), source, out)
    assert stable.read(out).record.uuid == name.bytes
    tool.build("--uuid", str(name).upper(), "--force", source, out)
    assert stable.read(out).record.uuid == name.bytes
    tool.build("--prev", out, source, room + "/2.sqfs")
    assert stable.read(room + "/2.sqfs").record.uuid == name.bytes


@case("the UUID of a first image comes from its numbering alone")
def made_uuid(room, source, out):
    tool.build(source, out)
    first = stable.read(out).record
    tool.write(source + "/d/f", "other content")
    tool.build("-comp", "xz", source, room + "/2.sqfs")
    assert stable.read(room + "/2.sqfs").record.uuid == first.uuid
    assert stable.read(room + "/2.sqfs").record.id == first.id
    tool.write(source + "/d/g", "one more")
    tool.build(source, room + "/3.sqfs")
    assert stable.read(room + "/3.sqfs").record.uuid != first.uuid


@case("--label is stored; a child has its own or none, as a map carries none")
def label(room, source, out):
    tool.build("--label", "Größe", source, out)
    assert stable.read(out).record.label == "Größe"
    tool.build("--prev", out, source, room + "/2.sqfs")
    assert stable.read(room + "/2.sqfs").record.label is None
    tool.build("--prev", room + "/2.sqfs", "--label", "x" * 255, source, room + "/3.sqfs")
    assert stable.read(room + "/3.sqfs").record.label == "x" * 255


@case("--map-out writes the map, and the map is as good as the image")
def map_out(room, source, out):
    tool.build("--map-out", room + "/map", source, out)
    stable.Map(room + "/map").agrees_with(stable.read(out))
    os.unlink(source + "/l")
    tool.write(source + "/aaa", "new")
    tool.build("--no-reuse", "--prev", out, "--map-out", room + "/map2", source, room + "/2.sqfs")
    tool.build("--map", room + "/map", "--map-out", room + "/map3", source, room + "/3.sqfs")
    assert tool.read(room + "/2.sqfs") == tool.read(room + "/3.sqfs")
    assert tool.read(room + "/map2") == tool.read(room + "/map3")


@case("--new-lineage: every number is above the old top, the UUID is another")
def new_lineage(room, source, out):
    tool.build(source, out)
    before = stable.read(out)
    tool.build("--new-lineage", "--prev", out, source, room + "/2.sqfs")
    after = stable.read(room + "/2.sqfs")
    assert min(after.live) > before.super.inode_count
    assert after.record.uuid != before.record.uuid


@case("summary on standard error; --quiet has none")
def quiet(_room, source, out):
    done = tool.build(source, out)
    assert done.stdout == "" and len(done.stderr) > 50 and "\r" not in done.stderr
    done = tool.build("--quiet", "--force", source, out)
    assert done.stdout == "" and done.stderr == ""


@case("--json writes what was done")
def json_file(room, source, out):
    tool.build("--json", room + "/report", "--quiet", source, out)
    with open(room + "/report", encoding="utf-8") as file:
        report = json.load(file)
    assert isinstance(report, dict) and report
    image = stable.read(out)
    text = tool.read(room + "/report").decode()
    assert str(uuid.UUID(bytes=image.record.uuid)) in text
    assert str(image.super.inode_count) in text


@tap.test("-one-file-system and -one-file-system-x stop at mount points")
def one_file_system():
    tap.need_root()
    mounts.need_kernel("tmpfs")
    with tool.scratch("sqst-options-") as room:
        trees.make({b"": trees.directory(), b"at": trees.directory()}, room + "/source")
        with mounts.mounted(room + "/source/at", "-t", "tmpfs", "tmpfs"):
            tool.write(room + "/source/at/inside", "x")
            for options, paths in (((), [b"", b"at", b"at/inside"]),
                                   (("-one-file-system",), [b"", b"at"]),
                                   (("-one-file-system-x",), [b""])):
                tool.build("-noappend", *options, room + "/source", room + "/image")
                assert sorted(stable.read(room + "/image").paths) == paths, options


tap.main()
