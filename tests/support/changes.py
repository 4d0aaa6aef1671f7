# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random changes from one release of a tree to the next."""
import os

import sqfs
import trees

ODD = (b"-", b" ", b"#", b"=", b"\\", b"\n", b"\xff", b"\x01", b"a b", b"a=b", b"\\040", b"\xc3\xa9",
       b"a!", b"a.", b"a0", b"A", b"...", b"x" * 255, b"\x7f\x80", b"*", b"a\tb", b"~")
LEAVES = (sqfs.FILE, sqfs.FILE, sqfs.FILE, sqfs.FILE, sqfs.SYMLINK, sqfs.FIFO, sqfs.SOCKET)
DEVICES = (sqfs.BLOCK, sqfs.CHAR)


class Changes:
    """Makes a first tree, and from a tree the next one, all from one random generator."""

    def __init__(self, rng):
        self.rng = rng
        self.kinds = LEAVES + (DEVICES if os.geteuid() == 0 else ())
        self.gone = {}

    def first(self, size):
        tree = {b"": self._entry(sqfs.DIR)}
        for _ in range(size):
            self.add(tree)
        return tree

    def next(self, tree, count):
        """A changed copy."""
        tree = dict(tree)
        for _ in range(count):
            self.rng.choice((self.add, self.add, self.add, self.remove, self.come_back,
                             self.retype, self.link, self.link, self.split, self.join,
                             self.rename, self.modify))(tree)
        return tree

    def merge(self, one, other):
        """A tree out of two: each path from one of them, where that is possible."""
        tree = {b"": one[b""]}
        for path in sorted(one.keys() | other.keys()):
            entry = self.rng.choice((one, other)).get(path)
            above = path.rpartition(b"/")[0]
            if path and entry and above in tree and tree[above].kind == sqfs.DIR:
                # A directory that one line has renamed may be there twice now.
                tree[path] = entry.copy() if entry.kind == sqfs.DIR else entry
        return tree

    # ---- pieces

    def _entry(self, kind):
        rng = self.rng
        data = b""
        if kind == sqfs.FILE:
            data = rng.randbytes(rng.choice((0, 1, 20, 300))) * rng.choice((1, 1, 40))
        elif kind == sqfs.SYMLINK:
            data = b"to-" + rng.randbytes(3).hex().encode()
        elif kind in DEVICES:
            data = (rng.randrange(1, 200), rng.randrange(0, 300))
        mode = rng.choice((0o755, 0o700)) if kind == sqfs.DIR else rng.choice((0o644, 0o600))
        if kind == sqfs.SYMLINK:
            mode = 0o777
        return trees.Entry(kind, data, mode=mode, mtime=rng.randrange(1, 2**32 - 1))

    def _name(self):
        rng = self.rng
        if rng.random() < 0.3:
            return rng.choice(ODD)
        if rng.random() < 0.1:
            return bytes(c for c in rng.randbytes(rng.randrange(1, 20)) if c not in b"/\0") or b"z"
        return b"%c%d" % (rng.choice(b"abmz"), rng.randrange(30))

    def _directories(self, tree):
        return [path for path, entry in tree.items() if entry.kind == sqfs.DIR]

    def _leaves(self, tree):
        return [path for path, entry in tree.items() if entry.kind != sqfs.DIR]

    def _free(self, tree):
        """A path that is free, in a directory that is there; None without luck."""
        above = self.rng.choice(self._directories(tree))
        name = self._name()
        path = above + b"/" + name if above else name
        fits = path not in tree and name not in (b".", b"..") and path.count(b"/") < 6 \
            and len(path) < 1500
        return path if fits else None

    def _below(self, tree, path):
        return [other for other in tree if other == path or other.startswith(path + b"/")]

    # ---- changes

    def add(self, tree):
        path = self._free(tree)
        if path:
            kind = sqfs.DIR if self.rng.random() < 0.2 else self.rng.choice(self.kinds)
            tree[path] = self._entry(kind)

    def remove(self, tree):
        if len(tree) < 5:
            return
        path = self.rng.choice([path for path in tree if path])
        for other in self._below(tree, path):
            self.gone[other] = tree.pop(other)

    def come_back(self, tree):
        for path in self.rng.sample(sorted(self.gone), min(4, len(self.gone))):
            above = path.rpartition(b"/")[0]
            if path not in tree and above in tree and tree[above].kind == sqfs.DIR:
                tree[path] = self.gone.pop(path).copy()

    def retype(self, tree):
        leaves = [path for path in tree if path]
        if leaves:
            path = self.rng.choice(leaves)
            for other in self._below(tree, path):
                del tree[other]
            tree[path] = self._entry(self.rng.choice(self.kinds + (sqfs.DIR,)))

    def link(self, tree):
        path, leaves = self._free(tree), self._leaves(tree)
        if path and leaves:
            tree[path] = tree[self.rng.choice(leaves)]

    def split(self, tree):
        linked = [path for path in self._leaves(tree)
                  if sum(tree[path] is entry for entry in tree.values()) > 1]
        if linked:
            group = tree[self.rng.choice(linked)]
            other = group.copy()
            for path in linked:
                if tree[path] is group and self.rng.random() < 0.5:
                    tree[path] = other

    def join(self, tree):
        leaves = self._leaves(tree)
        if leaves:
            entry = tree[self.rng.choice(leaves)]
            for path in leaves:
                if tree[path].kind == entry.kind and self.rng.random() < 0.15:
                    tree[path] = entry

    def rename(self, tree):
        path, to = self.rng.choice([path for path in tree]), self._free(tree)
        if path and to and to not in self._below(tree, path) and not to.startswith(path + b"/"):
            for other in self._below(tree, path):
                tree[to + other[len(path):]] = tree.pop(other)

    def modify(self, tree):
        path = self.rng.choice(list(tree))
        old = tree[path]
        fresh = self._entry(old.kind)
        for other in [p for p, entry in tree.items() if entry is old]:
            tree[other] = fresh
