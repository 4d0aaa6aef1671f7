#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random chains of releases, each built on the image before: content, numbers, size, and the same
bytes for any number of threads.

SQST_HISTORIES=N runs N chains (the normal run: one of fifty releases and a few short ones);
SQST_SEED=N repeats a run, `reuse_test.py "chain 7"` one chain of it.
"""
import os
import random
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import changes
import model
import reuse
import sqfs
import tap
import tool
import trees

CHAINS = int(os.environ.get("SQST_HISTORIES") or 5)
LONG, SHORT = 50, 7
LARGEST = 90

OPTIONS = ("-tailends", "-no-fragments", "-no-duplicates", "-no-sparse", "-noD", "-noF", "-noI",
           "-no-hardlinks")


class DataChanges(changes.Changes):
    """Changes that are mostly of contents, of files with blocks too."""

    def __init__(self, rng, block):
        super().__init__(rng)
        self.block = block

    def _entry(self, kind):
        entry = super()._entry(kind)
        if kind == sqfs.FILE:
            entry.data = self.content()
        return entry

    def content(self):
        rng, block = self.rng, self.block
        size = rng.choice((0, 1, 40, 500, 1500, block - 1, block, block + 1, 2 * block,
                           rng.randrange(5 * block), rng.randrange(block), rng.randrange(block)))
        kind = rng.random()
        if kind < 0.2:
            return rng.randbytes(size)
        if kind < 0.25:
            return bytes(size)
        return reuse.text(rng.random(), size)

    def next(self, tree, count):
        tree = dict(tree)
        for _ in range(count):
            if len(tree) > LARGEST:
                self.remove(tree)
            self.rng.choice((self.add, self.add, self.remove, self.come_back, self.retype, self.link,
                             self.split, self.join, self.rename, self.rename, self.modify,
                             self.edit, self.edit, self.edit, self.resize, self.copy, self.swap,
                             self.touch))(tree)
        return tree

    def _replace(self, tree, path, **fields):
        """All names of an inode."""
        old = tree[path]
        fresh = old.copy(**fields)
        for other in [p for p, entry in tree.items() if entry is old]:
            tree[other] = fresh

    def _file(self, tree):
        files = [path for path, entry in tree.items() if entry.kind == sqfs.FILE]
        return self.rng.choice(files) if files else None

    def edit(self, tree):
        """Some bytes in the middle."""
        path = self._file(tree)
        if path and tree[path].data:
            data = bytearray(tree[path].data)
            for _ in range(self.rng.choice((1, 1, 3))):
                at = self.rng.randrange(len(data))
                data[at:at + 9] = self.rng.randbytes(len(data[at:at + 9]))
            self._replace(tree, path, data=bytes(data))

    def resize(self, tree):
        path = self._file(tree)
        if path:
            data = tree[path].data
            if self.rng.random() < 0.5:
                data += self.content()[:2 * self.block]
            else:
                data = data[:self.rng.randrange(len(data) + 1)]
            self._replace(tree, path, data=data[:8 * self.block])

    def copy(self, tree):
        path, to = self._file(tree), self._free(tree)
        if path and to:
            tree[to] = tree[path].copy()

    def swap(self, tree):
        one, other = self._file(tree), self._file(tree)
        if one and tree[one] is not tree[other]:
            data = tree[one].data
            self._replace(tree, one, data=tree[other].data)
            self._replace(tree, other, data=data)

    def touch(self, tree):
        path = self.rng.choice(list(tree))
        self._replace(tree, path, mtime=self.rng.randrange(1, 2**32 - 1))


class Chain:
    """A chain of releases in a directory of its own."""

    def __init__(self, room, seed):
        self.rng = rng = random.Random(seed)
        self.room = reuse.Room(room)
        block, compressor = rng.choice(((4096, "lz4"), (4096, "gzip"), (16384, "gzip")))
        self.align = rng.choice((0, 0, 0, 512, 4096))
        self.slack = rng.choice((0, 1, 5, 5, 20, 100))
        self.changes = DataChanges(rng, block)
        self.options = ["-b", str(block), "-comp", compressor, "--max-slack", str(self.slack)]
        if self.align:
            self.options += ["-align", str(self.align)]
        if rng.random() < 0.5:
            self.options += rng.sample(OPTIONS, 2)
        tap.diag(" ".join(self.options))
        self.last = self.numbers = None
        self.waste = -1
        self.count = 0

    def release(self, tree):
        source = self.room.source(tree)
        options = self.options + (["--relayout"] if self.last and self.rng.random() < 0.03 else [])
        purge = self.rng.random() < 0.2
        options += ["--purge"] * purge
        built = self.room.build(source, *options, "-processors", "1", parent=self.last)
        image = built.image()
        self.check_removed(image, built, purge)
        self.check_content(image, tree)
        self.check_numbers(image, tree)
        if self.last:
            again = self.room.build(source, *options, "-processors", "3", parent=self.last)
            assert again.bytes == built.bytes, "another number of threads, other bytes"
            self.count += 1
            if self.count % 3 == 0:
                self.check_size(source, built, image)
            os.unlink(again.path)
            os.unlink(self.last.path)
        shutil.rmtree(source)
        self.last = built

    @staticmethod
    def check_content(image, tree):
        assert image.paths.keys() == tree.keys()
        for path, inode in image.paths.items():
            entry = tree[path]
            assert (inode.type, inode.mode, inode.mtime) == (entry.kind, entry.mode, entry.mtime), path
            if inode.type == sqfs.FILE:
                assert image.read(inode) == entry.data, f"{path!r}: content"
            elif inode.type == sqfs.SYMLINK:
                assert inode.target == entry.data, f"{path!r}: target"

    @staticmethod
    def check_removed(image, built, purge):
        dead = image.dead_tails()
        assert built.reuse["removed"] == dead, f"{built.reuse['removed']} bytes of removed files told, {dead} there"
        assert not purge or dead == 0

    def check_numbers(self, image, tree):
        groups = trees.groups(tree)
        if "-no-hardlinks" in self.options:
            groups = {path: (kind, path) for path, (kind, _) in groups.items()}
        wanted, top, _ = model.assign(groups, [self.numbers] if self.numbers else [])
        assert image.numbers == wanted and image.super.inode_count == top
        self.numbers = wanted, top

    def check_size(self, source, built, image):
        """Within the slack of a build without reuse. Fragment blocks that are not full compress
        less well, and each is aligned: that is the allowance, with the room behind a head."""
        anew = self.room.build(source, *self.options, "--no-reuse", parent=self.last)
        size, fresh = reuse.data_size(image), reuse.data_size(anew.image())
        os.unlink(anew.path)
        limit = fresh * (100 + self.slack) // 100
        allowance = limit // 50 + 1024 + 12 * self.align
        self.waste = max(self.waste, (size - limit) / (limit + 1))
        assert size <= limit + allowance, \
            f"{size} bytes, {fresh} anew, slack {self.slack}: {built.reuse}"
        said = built.reuse
        assert said["in_place"] + said["moved"] + said["new"] + said["gaps"] <= size or \
            not said["in_place"]

    def run(self, releases):
        tree = self.changes.first(self.rng.choice((0, 10, 60)))
        self.release(tree)
        for _ in range(releases - 1):
            tree = self.changes.next(tree, self.rng.choice((0, 1, 2, 2, 5, 12)))
            self.release(tree)
        tap.diag(f"the largest image was {100 * self.waste:+.1f} % against its slack")


def chain(seed, releases):
    with tool.scratch("sqst-chain-") as room:
        Chain(room, seed).run(releases)


SEED = tool.seed()
for number in range(CHAINS):
    length = SHORT if number % 5 else LONG
    tap.add(f"chain {number}: {length} releases", chain, f"{SEED}/{number}", length)
tap.main()
