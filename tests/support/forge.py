# SPDX-License-Identifier: LGPL-2.1-or-later
"""Squashfs images made by hand, whatever their numbers: hostile parents for the tests.

forge(tree, numbers) lays a tree (trees.py) out without compression. `numbers` gives each path its
inode number and may say anything. The places of all parts are kept, so that a test can damage one.
"""
import struct

import sqfs
import trees

NO_XATTR_FLAGS = sqfs.FLAG_RAW_INODES | sqfs.FLAG_RAW_DATA | sqfs.FLAG_RAW_FRAGMENTS | \
    sqfs.FLAG_NO_FRAGMENTS | sqfs.FLAG_EXPORT | sqfs.FLAG_RAW_XATTRS | sqfs.FLAG_NO_XATTRS | \
    sqfs.FLAG_RAW_IDS
BLOCK = 131072


def metadata(content):
    """Uncompressed metadata blocks."""
    out = bytearray()
    for at in range(0, len(content), sqfs.METADATA):
        piece = content[at:at + sqfs.METADATA]
        out += struct.pack("<H", len(piece) | 0x8000) + piece
    return bytes(out)


def place(position):
    """Where a position of a table's content is: (block, offset)."""
    return position // sqfs.METADATA * (sqfs.METADATA + 2), position % sqfs.METADATA


class Forged:
    """An image in the making.

    data      its bytes, a bytearray
    inode_at  path -> offset of its inode record; only right in the first metadata block
    entry_at  path -> offset of its directory entry, likewise
    tables    name -> offset: inode, directory, export, export index, id, id index
    """

    def __init__(self, tree, numbers, top=None, extra=None, double=None, export=None):
        self.tree, self.numbers = tree, numbers
        self.top = max([*numbers.values(), double or 0]) if top is None else top
        self.inodes, self.listing, self.blocks = bytearray(), bytearray(), bytearray()
        self.ref, self.inode_at, self.entry_at = {}, {}, {}
        self.first = {}
        self.children = {}
        for path in sorted(tree):
            self.first.setdefault(id(tree[path]), path)
            if path:
                self.children.setdefault(path.rpartition(b"/")[0], []).append(path)
        head = b"" if extra is None else struct.pack("<H", len(extra) | 0x8000) + extra
        self.data_start = 96 + len(head)
        self._dir(b"", double)
        self._lay_out(head, extra is not None, export or {})

    def _links(self, path):
        return sum(entry is self.tree[path] for entry in self.tree.values())

    def _inode(self, path, kind, body, number=None):
        position = len(self.inodes)
        entry = self.tree[path]
        block, offset = place(position)
        number = self.numbers[path] if number is None else number
        self.inodes += struct.pack("<HHHHII", kind, entry.mode, 0, 0, entry.mtime, number) + body
        self.ref[path] = block << 16 | offset
        self.inode_at[path] = position

    def _leaf(self, path):
        entry = self.tree[path]
        first = self.first[id(entry)]
        if path != first and self.numbers[path] == self.numbers[first] and first in self.ref:
            self.ref[path] = self.ref[first]
            return
        links = self._links(path)
        if entry.kind == sqfs.FILE:
            start = self.data_start + len(self.blocks)
            self.blocks += entry.data
            sizes = b"".join(struct.pack("<I", len(entry.data[at:at + BLOCK]) | 0x1000000)
                             for at in range(0, len(entry.data), BLOCK))
            self._inode(path, 9, struct.pack("<QQQIIII", start, len(entry.data), 0, links,
                                             sqfs.NONE32, 0, sqfs.NONE32) + sizes)
        elif entry.kind == sqfs.SYMLINK:
            self._inode(path, 3, struct.pack("<II", links, len(entry.data)) + entry.data)
        elif entry.kind in (sqfs.BLOCK, sqfs.CHAR):
            major, minor = entry.data
            device = minor & 0xFF | major << 8 | (minor & 0xFFF00) << 12
            self._inode(path, entry.kind, struct.pack("<II", links, device))
        else:
            self._inode(path, entry.kind, struct.pack("<I", links))

    def _dir(self, path, double=None):
        below = self.children.get(path, [])
        for child in below:
            if self.tree[child].kind == sqfs.DIR:
                self._dir(child)
            else:
                self._leaf(child)
        start = len(self.listing)
        run = []
        for child in below:
            if run and (len(run) == 256 or self.ref[child] >> 16 != self.ref[run[0]] >> 16
                        or abs(self.numbers[child] - self.numbers[run[0]]) > 32767):
                self._header(run)
                run = []
            run.append(child)
        self._header(run)
        size = len(self.listing) - start + 3
        block, offset = place(start)
        links = 2 + sum(self.tree[child].kind == sqfs.DIR for child in below)
        parent = self.numbers[path.rpartition(b"/")[0]] if path else self.top + 1
        body = struct.pack("<IIIIHHI", links, size, block, parent, 0, offset, sqfs.NONE32)
        if double:
            self._inode(path, 1, struct.pack("<IIHHI", block, links, size, offset, parent), double)
        self._inode(path, 8, body)

    def _header(self, run):
        if not run:
            return
        base = self.numbers[run[0]]
        self.listing += struct.pack("<III", len(run) - 1, self.ref[run[0]] >> 16, base)
        for child in run:
            name = child.rpartition(b"/")[2]
            self.entry_at[child] = len(self.listing)
            self.listing += struct.pack("<HhHH", self.ref[child] & 0xFFFF,
                                        self.numbers[child] - base, self.tree[child].kind,
                                        len(name) - 1) + name

    def _lay_out(self, head, has_extra, export):
        out = bytearray(96) + head + self.blocks
        self.tables = {"inode": len(out)}
        out += metadata(self.inodes)
        self.tables["directory"] = len(out)
        out += metadata(self.listing)
        entries = [sqfs.NONE64] * self.top
        for path, number in self.numbers.items():
            if 1 <= number <= self.top:
                entries[number - 1] = self.ref[path]
        for number, ref in export.items():
            entries[number - 1] = ref
        for name, content in (("export", struct.pack(f"<{self.top}Q", *entries)),
                              ("id", struct.pack("<I", 0))):
            self.tables[name] = start = len(out)
            out += metadata(content)
            self.tables[name + " index"] = len(out)
            for at in range(0, len(content), sqfs.METADATA):
                out += struct.pack("<Q", start + at // sqfs.METADATA * (sqfs.METADATA + 2))
        flags = NO_XATTR_FLAGS | (sqfs.FLAG_EXTRA if has_extra else 0)
        out[:96] = sqfs.SUPER.pack(
            0x73717368, self.top, trees.TIME, BLOCK, 0, 1, 17, flags, 1, 4, 0, self.ref[b""],
            len(out), self.tables["id index"], sqfs.NONE64, self.tables["inode"],
            self.tables["directory"], self.tables["export"], self.tables["export index"])
        out += bytes(-len(out) % 4096)
        for path in self.inode_at:
            self.inode_at[path] += self.tables["inode"] + 2
        for path in self.entry_at:
            self.entry_at[path] += self.tables["directory"] + 2
        self.data = out

    def patch(self, offset, layout, *values):
        """Overwrite; returns self."""
        struct.pack_into(layout, self.data, offset, *values)
        return self

    def write(self, path):
        with open(path, "wb") as file:
            file.write(self.data)
        return path


def record(uuid, own_id, generation, root, top, double, parents=()):
    """The content of an extra-information block."""
    value = struct.pack("<BBHIII", 1, bool(double), 0, generation, root, top) + own_id + \
        b"".join(parents)
    return bytes([2, 16]) + uuid + bytes([0x53, len(value)]) + value + b"\0"
