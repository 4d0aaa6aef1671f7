# SPDX-License-Identifier: LGPL-2.1-or-later
"""Building releases on one another, and what of a parent is found again in an image."""
import json
import os
import random
import shutil

import sqfs
import stable
import tap
import tool
import trees

BLOCK = 16384
_WORDS = [random.Random(1).randbytes(k % 7 + 2) for k in range(400)]


def text(seed, size):
    """Bytes that compress to a half or so, other ones for each seed."""
    rng = random.Random(str(seed))
    return b"".join(rng.choices(_WORDS, k=size // 4 + 1))[:size]


def noise(seed, size):
    """Bytes that do not compress."""
    return random.Random(str(seed)).randbytes(size)


def base():
    """A tree that has files with blocks, small ones, and what else there is."""
    tree = {b"": trees.directory(), b"d": trees.directory(mode=0o700), b"s": trees.directory(),
            b"big": trees.file(text("big", 12 * BLOCK + 777)),
            b"d/one": trees.file(text("one", BLOCK)),
            b"d/noise": trees.file(noise("noise", 3 * BLOCK + 5), mode=0o755),
            b"d/sparse": trees.file(text("s1", BLOCK) + bytes(3 * BLOCK) + text("s2", BLOCK + 99)),
            b"d/zeros": trees.file(bytes(2 * BLOCK)),
            b"e": trees.file(), b"link": trees.symlink("d/one"), b"p": trees.Entry(sqfs.FIFO)}
    for at in range(40):
        tree[b"s/%02d" % at] = trees.file(text(("small", at), 50 + at * 97), mtime=trees.TIME + at)
    tree[b"d/copy"] = trees.file(tree[b"s/07"].data)
    tree[b"d/big-copy"] = trees.file(tree[b"d/noise"].data)
    tree[b"s/hard"] = tree[b"s/03"]
    tree[b"d/hard"] = tree[b"big"]
    if os.geteuid() == 0:
        tree[b"s/04"].owner = (1000, 7)
        tree[b"s/05"].xattrs = {"trusted.a": b"value", "user.b": b"\0"}
    return tree


def changed(tree):
    """The next release: a few of each kind of change."""
    tree = dict(tree)
    old = tree[b"big"]
    data = bytearray(old.data)
    data[5 * BLOCK + 10:5 * BLOCK + 20] = b"0123456789"
    tree[b"big"] = tree[b"d/hard"] = old.copy(data=bytes(data), mtime=trees.TIME + 5)
    for at in (2, 9, 30):
        tree[b"s/%02d" % at] = trees.file(text(("fresh", at), 60 + at * 90))
    for path in (b"s/11", b"s/20", b"d/copy"):
        del tree[path]
    tree[b"s/99-new"] = trees.file(text("new", 3000))
    tree[b"new-big"] = trees.file(text("new-big", 2 * BLOCK + 100))
    tree[b"d/moved"] = tree.pop(b"d/one")
    tree[b"s/moved"] = tree.pop(b"s/33")
    return tree


class Built:
    """An image, and what the program said of it."""

    def __init__(self, path, report, done):
        self.path, self.report, self.stderr = path, report, done.stderr
        self.reuse = report["reuse"]
        self.bytes = tool.read(path)
        self.padded = "-nopad" not in done.args

    def image(self):
        return stable.read(self.path, self.padded)


class Room:
    """Trees and images in a scratch directory."""

    def __init__(self, where):
        self.where, self.count = where, 0

    def path(self, name):
        return f"{self.where}/{name}"

    def source(self, tree):
        """A directory with the tree; a new one for each."""
        self.count += 1
        where = self.path(f"source{self.count}")
        trees.make(tree, where)
        return where

    def build(self, source, *options, parent=None, name=None):
        """Build an image; parent: a Built, or a path."""
        self.count += 1
        path = name or self.path(f"{self.count}.sqfs")
        report = self.path("report.json")
        if parent:
            options = ["--prev", getattr(parent, "path", parent), *options]
        if isinstance(source, dict):
            source = self.source(source)
        done = tool.build("-b", str(BLOCK), *options, "--json", report, source, path)
        with open(report, encoding="utf-8") as file:
            return Built(path, json.load(file), done)


def case(name):
    """A test with a Room."""
    def mark(function):
        def run():
            with tool.scratch("sqst-reuse-") as where:
                function(Room(where))
        tap.add(name, run)
    return mark


def ranges(image):
    """Where data blocks and fragment blocks are: a set of (start, end)."""
    return {(start, end) for start, end, what in image.covered if what in ("data", "fragment")}


def data_size(image):
    return image.super.inode_table - image.data_start


def in_place(image, parent):
    """Blocks that stand where the parent has them, with the same bytes."""
    return {(start, end) for start, end in ranges(image) & ranges(parent)
            if image.data[start:end] == parent.data[start:end]}


def stored(image):
    """Bytes of data and fragment blocks, those that files share once."""
    total, at = 0, 0
    for start, end in sorted(ranges(image)):
        total += max(0, end - max(start, at))
        at = max(at, end)
    return total


def assert_equal_content(one, other, extract=True):
    """Two images say the same, to our own reader and to unsquashfs."""
    first, second = one.image(), other.image()
    trees.assert_same(trees.describe_image(first), trees.describe_image(second), "our reader")
    assert first.numbers == second.numbers and first.record.id == second.record.id
    assert first.super.flags == second.super.flags and first.options == second.options
    if not extract or not shutil.which("unsquashfs"):
        return
    found = []
    for built in (one, other):
        where = built.path + ".out"
        tool.call("unsquashfs", "-n", "-d", where, built.path)
        found.append(trees.describe(where))
        shutil.rmtree(where)
    trees.assert_same(*found, "unsquashfs")
