#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random histories of releases, every rule checked on every image by support/sqfs.py and model.py.

SQST_HISTORIES=N runs N histories (the normal run: enough for some hundred releases);
SQST_SEED=N repeats a run, `history_test.py "history 7"` one history of it.
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
import sqfs
import stable
import tap
import tool
import trees

HISTORIES = int(os.environ.get("SQST_HISTORIES") or 20)
RELEASES = 30


class Release:
    """One image with what the checks of its children need."""

    def __init__(self, tree, image_path, map_path, parents):
        self.tree, self.path, self.map, self.parents = tree, image_path, map_path, parents
        self.image = stable.read(image_path)
        self.numbers, self.top = self.image.numbers, self.image.super.inode_count
        self.record = self.image.record
        self.id = self.record.id

    def lineage(self):
        """All ancestors."""
        found, todo = [], list(self.parents)
        while todo:
            one = todo.pop()
            if one not in found:
                found.append(one)
                todo += one.parents
        return found


class Foreign:
    """An image of another tool as a parent."""

    def __init__(self, tree, path):
        self.tree, self.path, self.map, self.parents = tree, path, None, []
        image = sqfs.Image(path)
        self.numbers, self.top = stable.numbers(image), image.super.inode_count
        self.record, self.id = None, stable.NULL_UUID


class History:
    """A lineage with branches in a directory of its own."""

    def __init__(self, room, seed):
        self.room, self.rng = room, random.Random(seed)
        self.changes = changes.Changes(self.rng)
        self.keep_links = self.rng.random() < 0.3
        self.count = 0

    def source(self, tree):
        where = self.room + "/source"
        shutil.rmtree(where, ignore_errors=True)
        trees.make(tree, where)
        return where

    def parent_options(self, parents, use_map):
        out = []
        for parent, as_map in zip(parents, use_map):
            as_map = as_map and parent.map
            out += ["--map", parent.map] if as_map else ["--prev", parent.path]
        return out

    def release(self, tree, parents, *options, new_lineage=False):
        """Build one release in two ways, and check it."""
        rng = self.rng
        source = self.source(tree)
        self.count += 1
        path, listing = f"{self.room}/{self.count}.sqfs", f"{self.room}/{self.count}.map"
        use_map = [rng.random() < 0.5 for _ in parents]
        options = [*options, "-comp", rng.choice(("gzip", "gzip", "xz")), "--quiet"]
        if rng.random() < 0.3:
            options += rng.sample(("-noI", "-noD", "-noF", "-noX", "-noId", "-no-fragments",
                                   "-no-duplicates", "-no-sparse"), 3)
        if rng.random() < 0.5:
            options += ["-b", rng.choice(("4K", "64K", "1M"))]
        if new_lineage:
            options.append("--new-lineage")
        if self.keep_links:
            options.append("--keep-links")
        elif rng.random() < 0.2:
            options.append("--fresh-links")     # what it is without
        tool.build(*options, *self.parent_options(parents, use_map), "-processors",
                   rng.choice((1, 2, 5)).__str__(), "--map-out", listing, source, path)
        if rng.random() < 0.4:
            # Map for image and image for map, another number of threads: but for the place of data
            # the same bytes.
            images = []
            for maps in use_map, [not one for one in use_map]:
                tool.build(*options, *self.parent_options(parents, maps), "--no-reuse",
                           "-processors", rng.choice((1, 2, 5)).__str__(), "--force",
                           "--map-out", self.room + "/again.map", source,
                           self.room + "/again.sqfs")
                images.append(tool.read(self.room + "/again.sqfs"))
                assert tool.read(self.room + "/again.map") == tool.read(listing), path
            assert images[0] == images[1], f"{path}: maps and images differ"
        release = Release(tree, path, listing, parents)
        self.check(release, new_lineage)
        return release

    def check(self, release, new_lineage):
        parents = [(parent.numbers, parent.top) for parent in release.parents]
        model.check_safe(release.numbers, release.top, parents, new_lineage)
        if not new_lineage:
            for one in release.lineage():
                model.check_ancestor(release.numbers, one.numbers, one.top)
                # A number stands for the same paths for ever (R5).
                assert self.keep_links or \
                    not model.regrouped(release.numbers, [(one.numbers, one.top)])
        groups = {}
        for path, (_, number) in release.numbers.items():
            entry = release.tree[path]
            assert groups.setdefault(number, entry) is entry, f"number {number} on two inodes"
        wanted = model.assign(trees.groups(release.tree), parents, new_lineage,
                              self.keep_links)
        wrong = {path: (wanted[0].get(path), release.numbers.get(path))
                 for path in wanted[0].keys() | release.numbers.keys()
                 if wanted[0].get(path) != release.numbers.get(path)}
        assert not wrong, f"{release.path}: wanted and found: {wrong}"
        assert (release.top, bool(release.record.flags & 1)) == wanted[1:], "top or double"
        stable.Map(release.map).agrees_with(release.image)
        self.check_names(release, new_lineage)
        self.check_contents(release)

    @staticmethod
    def check_names(release, new_lineage):
        record = release.record
        known = [parent.record for parent in release.parents if parent.record]
        if known and not new_lineage:
            assert record.uuid == known[-1].uuid, "the UUID changed"
            assert record.generation == 1 + max(one.generation for one in known)
            assert record.parents == [parent.id for parent in release.parents], "parents' ids"
        elif known:
            assert record.uuid not in [one.uuid for one in known], "new lineage, old UUID"
        if not release.parents:
            assert record.generation == 0 and record.parents == []

    @staticmethod
    def check_contents(release):
        for path, inode in release.image.paths.items():
            entry = release.tree[path]
            assert (inode.mode, inode.mtime) == (entry.mode, entry.mtime), f"{path!r}"
            if inode.type == sqfs.FILE:
                assert release.image.read(inode) == entry.data, f"{path!r}: content"
            elif inode.type == sqfs.SYMLINK:
                assert inode.target == entry.data, f"{path!r}: target"

    def unchanged(self, release):
        """Fixpoint: building again from itself, and no change."""
        again = self.release(release.tree, [release])
        assert again.numbers == release.numbers and again.top == release.top
        assert again.record.uuid == release.record.uuid
        assert again.id == release.id
        return again

    def foreign(self, tree):
        """A first image by another tool, if there is one."""
        name = self.rng.choice(("mksquashfs", "gensquashfs"))
        path = f"{self.room}/foreign.sqfs"
        if not shutil.which(name):
            return None
        source = self.source(tree)
        if name == "mksquashfs":
            tool.call(name, source, path, "-noappend", "-quiet", "-no-progress")
        else:
            tool.call(name, "-q", "-f", "-e", "-k", "-D", source, path)
        return Foreign(tree, path)

    def run(self, releases):
        rng = self.rng
        tree = self.changes.first(rng.choice((0, 3, 20, 60)))
        first = self.foreign(tree) if rng.random() < 0.3 else None
        heads = [self.release(tree, [first] if first else [])]
        while self.count < releases:
            at = rng.randrange(len(heads))
            head = heads[at]
            tree = self.changes.next(head.tree, rng.choice((0, 1, 1, 3, 10)))
            what = rng.random()
            if what < 0.15 and len(heads) < 4:
                heads.append(self.release(tree, [head]))        # a branch; the head stays
            elif what < 0.35 and len(heads) > 1:
                other = heads.pop((at + 1) % len(heads))
                heads[heads.index(head)] = self.release(
                    self.changes.merge(tree, other.tree), [other, head])
            elif what < 0.40:
                # An older release is still out there: faith with it as well.
                old = rng.choice([head] + head.lineage())
                parents = [old, head] if old is not head and old.record else [head]
                heads[at] = self.release(tree, parents)
            elif what < 0.50:
                heads[at] = self.unchanged(head)
            elif what < 0.53:
                heads = [self.release(tree, [head], new_lineage=True)]
                heads[0].parents = []
            else:
                heads[at] = self.release(tree, [head])


def history(seed):
    with tool.scratch("sqst-history-") as room:
        History(room, seed).run(RELEASES)


SEED = tool.seed()
for number in range(HISTORIES):
    tap.add(f"history {number}: {RELEASES} releases", history, f"{SEED}/{number}")
tap.main()
