#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""No image hides a name from U-Boot, which reads the size of a directory that it walks through from
a wrong field if the directory's inode is extended. tests/support/uboot.py goes as U-Boot goes."""
import json
import os
import random
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool
import trees
import uboot


def assert_seen(path):
    image = stable.read(path)
    lost, wrong = uboot.hidden(image), uboot.misled(image)
    assert not lost, f"{path}: {len(lost)} names hidden, {lost[:3]}"
    assert not wrong, f"{path}: {len(wrong)} directories where U-Boot runs on, {wrong[:3]}"
    return image


def files(tree, directory, count):
    tree[directory] = trees.directory()
    for at in range(count):
        tree[directory + b"/file-%06d" % at] = trees.file()


@tap.test("a short listing that crosses a metadata block has a basic inode")
def crossing():
    with tool.scratch("sqst-uboot-") as room:
        tree = {b"": trees.directory()}
        files(tree, b"f", 730)
        files(tree, b"q", 200)
        tree[b"q/zz"] = trees.directory()
        tree[b"q/zz/file"] = trees.file("found\n")
        trees.make(tree, room + "/source")
        for name in tool.COMPRESSORS:
            if not tool.has_compressor(name):
                continue
            tool.build("--force", "-comp", name, room + "/source", room + "/out")
            image = assert_seen(room + "/out")
            assert not image.paths[b"q"].extended


def build_seen(room, *options):
    tool.build("--force", *options, room + "/source", room + "/out")
    return assert_seen(room + "/out")


def each_compressor():
    return [("-comp", name) for name in tool.COMPRESSORS if tool.has_compressor(name)]


def attributes(tree):
    """Every directory has one."""
    for entry in tree.values():
        if entry.kind == sqfs.DIR:
            entry.xattrs[b"user.label"] = b"of a directory"
    return tree


def forest(directories, names):
    """Directories with a directory, a symbolic link or nothing to walk to in them."""
    tree = {b"": trees.directory()}
    for at in range(directories):
        path = b"d%05d" % (at * 7919 % 100000)
        files(tree, path, names[at % len(names)])
        if at % 3 < 2:
            tree[path + b"/zz"] = trees.directory() if at % 3 else trees.symlink("zz")
    return tree


@tap.test("every directory with attributes: all compressors, raw tables, an update")
def with_attributes():
    with tool.scratch("sqst-uboot-") as room:
        tree = attributes(forest(120, (3, 40, 200, 700, 12)))
        trees.make(tree, room + "/source")
        for options in (*each_compressor(), ("-noI",)):
            image = build_seen(room, *options)
            assert image.root.extended and not uboot.root_of(image).extended
        os.rename(room + "/out", room + "/first")
        os.mkdir(room + "/source/d00000/new")
        os.mkdir(room + "/source/zzz")
        build_seen(room, "-noI", "--prev", room + "/first")


@tap.test("listings of more than 64 KiB, with attributes and without, are seen to their ends")
def huge():
    with tool.scratch("sqst-uboot-") as room:
        tree = {b"": trees.directory()}
        for at in range(3):
            path = b"h%d" % at
            files(tree, path, 3600)
            tree[path + b"/zz"] = trees.directory()
            files(tree, path + b"/zz/deep", 30)
        files(tree, b"links", 4000)
        tree[b"links/zz"] = trees.symlink("../h1")
        trees.make(tree, room + "/source")
        for options in (*each_compressor(), ("-noI",)):
            image = build_seen(room, *options)
            assert all(image.paths[b"h%d" % at].dir_size > 65535 for at in range(3))
            assert all(image.paths[b"h%d" % at].extended for at in range(3))


@tap.test("a listing of exactly 65,536 bytes, which U-Boot takes for an empty one, is not made")
def taken_for_empty():
    def size_with(room, length):
        tree = {b"": trees.directory(), b"d": trees.directory()}
        for at in range(2830):
            tree[b"d/%015d" % at] = trees.file()
        tree[b"d/" + b"z" * length] = trees.directory()
        tree[b"d/" + b"z" * length + b"/file"] = trees.file()
        trees.make(tree, room + "/source")
        size = build_seen(room).paths[b"d"].dir_size - 3
        tool.call("rm", "-r", room + "/source")
        return size
    with tool.scratch("sqst-uboot-") as room:
        # Sizes are 65,536 when nothing is done about it.
        length = 100 + 65536 - size_with(room, 100)
        assert 0 < length < 250, length
        assert size_with(room, length - 1) == 65535
        assert size_with(room, length) > 65536
        assert size_with(room, length + 1) == 65537


@tap.test("an index is kept where the listing's place allows it")
def indexed():
    with tool.scratch("sqst-uboot-") as room:
        tree = {b"": trees.directory()}
        files(tree, b"a", 1000)
        files(tree, b"b", 1000)
        tree[b"b/zz"] = trees.directory()
        trees.make(tree, room + "/source")
        image = build_seen(room)
        assert image.paths[b"a"].index, "nothing to walk to: it may be anywhere"
        basic = image.paths[b"b"]
        assert not basic.extended, "its listing begins at a low start_block"


@tap.test("the double of a root with attributes is a basic inode, and U-Boot's walk ends")
def root_double():
    with tool.scratch("sqst-uboot-") as room:
        trees.make(attributes({b"": trees.directory(), b"boot": trees.directory(),
                               b"boot/image": trees.file("x")}), room + "/source")
        image = build_seen(room)
        assert image.root.extended and not uboot.root_of(image).extended


@tap.test("behind a block of the inode table that does not compress, none is compressed")
def stored_inodes():
    if not tool.has_compressor("lz4"):
        tap.skip("needs a build with lz4")
    with tool.scratch("sqst-uboot-") as room:
        # Sizes of blocks without a pattern, which lz4 does not make smaller.
        chance = random.Random(1)
        noise = chance.randbytes(65536)
        sizes = [chance.randrange(1, 65000) for _ in range(4200)]
        tree = {b"": trees.directory(), b"d": trees.directory(), b"d/e": trees.directory()}
        tree[b"big"] = trees.file(b"".join(noise[:n] + bytes(65536 - n) for n in sizes))
        files(tree, b"few", 500)
        trees.make(tree, room + "/source")
        image = build_seen(room, "-comp", "lz4", "-b", "64K")
        assert any(uboot.stored_inodes(image)), "the test needs blocks that are stored"
        assert not uboot.misplaced(image)


def told(path):
    return json.loads(tool.call(tool.program("sqfs-stable-info"), "--json", path))["u_boot"]


def assert_told(path):
    """sqfs-stable-info says what tests/support/uboot.py finds."""
    image = sqfs.Image(path)
    found, heap = told(path), uboot.heap(image)
    lost = uboot.hidden(image)
    assert found["finds_root"] == (uboot.root_of(image) is not None)
    assert found["inodes_in_order"] == (not uboot.misplaced(image))
    assert found["hidden_directories"] == len(uboot.hidden(image, (sqfs.DIR,)))
    assert found["hidden_links"] == len(uboot.hidden(image, (sqfs.SYMLINK,)))
    assert sorted(found["hidden_names"]) == sorted("/" + p.decode() for p in lost)[:1000]
    assert (found["inode_table_bytes"], found["directory_table_bytes"],
            found["heap_bytes"]) == heap
    return found


def check_said(old, new):
    done = subprocess.run([tool.program("sqfs-stable-check"), old, new], check=False,
                          capture_output=True)
    return done.stdout.decode()


@tap.test("sqfs-stable-info and -check tell what U-Boot does not find in another builder's image")
def told_of_others():
    program = tap.need_program("mksquashfs")
    with tool.scratch("sqst-uboot-") as room:
        tree = {b"": trees.directory(), b"empty": trees.directory()}
        files(tree, b"f", 730)
        files(tree, b"q", 1500)
        for at in range(0, 1500, 40):
            tree[b"q/file-%06d-d" % at] = trees.directory()
            tree[b"q/file-%06d-l" % at] = trees.symlink("x")
        trees.make(tree, room + "/source")
        for number, options in enumerate((["-comp", "gzip"], ["-comp", "xz"], ["-noI"])):
            image = f"{room}/{number}"
            tool.call(program, room + "/source", image, "-quiet", "-no-progress", *options)
            found = assert_told(image)
            assert found["has_compressor"] == ("xz" not in options)
        assert 0 < told(room + "/0")["hidden_directories"] < 38
        assert "warning  U-Boot cannot walk through" in check_said(room + "/0", room + "/0")
        tool.build("--prev", room + "/0", room + "/source", room + "/ours")
        assert assert_told(room + "/ours")["hidden_names"] == []
        assert "U-Boot   finds all names; heap" in check_said(room + "/0", room + "/ours")
        text = tool.call(tool.program("sqfs-stable-info"), room + "/0").decode()
        assert "cannot walk through" in text and "hidden names     /q/file-" in text


@tap.test("sqfs-stable-info tells why U-Boot cannot read an image at all")
def told_of_unreadable():
    with tool.scratch("sqst-uboot-") as room:
        tree = {b"": trees.directory(), b"d": trees.directory(), b"d/e": trees.symlink("x")}
        trees.make(tree, room + "/source")
        tool.build(room + "/source", room + "/image")
        data = bytearray(tool.read(room + "/image"))
        root = sqfs.Image(room + "/image").super
        # As squashfs-tools-ng leaves it where there are no fragments.
        struct.pack_into("<Q", data, 80, 2**64 - 1)
        tool.write(room + "/bad", bytes(data))
        found = told(room + "/bad")
        assert not found["finds_tables"] and found["heap_bytes"] == 0, found
        assert root.fragment_count == 0


tap.main()
