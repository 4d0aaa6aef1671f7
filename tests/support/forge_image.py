# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small images whose tables say more than there is. Nothing in them is compressed, so that fields can be set."""
import struct

NONE32 = 0xFFFFFFFF
NONE64 = 0xFFFFFFFFFFFFFFFF
META = 8192
DIR, FILE, EXT_FILE = 1, 2, 9


def meta(content):
    """A table as metadata blocks, and the place of each."""
    blocks, places = b"", []
    for at in range(0, len(content), META):
        part = content[at:at + META]
        places.append(len(blocks))
        blocks += struct.pack("<H", 0x8000 | len(part)) + part
    return blocks, places


def reference(offset):
    return (offset // META * (META + 2)) << 16 | offset % META


class Forge:
    """An image in the making. The tables are bytes, to be changed before it is written:

    files      (size, start, fragment, offset, blocks, xattr set) of each file "00000", "00001", …
    fragments  (start, field), or bytes; ids, numbers; exports: references, or None for no table
    sets       (reference, count, size); pairs: the attributes, as bytes
    """

    def __init__(self, block_log=12):
        self.block_log = block_log
        self.data = b""
        self.files = []
        self.fragments = []
        self.ids = [0]
        self.exported = False
        self.sets = []
        self.pairs = b""
        self._repeat = {}

    def _inodes(self):
        table, refs = b"", []
        for number, (size, start, fragment, offset, blocks, xattr) in enumerate(self.files, 1):
            refs.append(len(table))
            table += struct.pack("<HHHHII", EXT_FILE, 0o644, 0, 0, 0, number)
            table += struct.pack("<QQQIIII", start, size, 0, 1, fragment, offset, xattr)
            table += struct.pack(f"<{len(blocks)}I", *blocks)
        return table, refs

    def _listing(self, refs):
        """Runs of entries, each with inodes of one metadata block."""
        table, at = b"", 0
        while at < len(refs):
            block = refs[at] // META
            end = at
            while end < len(refs) and end < at + 256 and refs[end] // META == block:
                end += 1
            table += struct.pack("<III", end - at - 1, block * (META + 2), at + 1)
            for i in range(at, end):
                table += struct.pack("<HhHH", refs[i] % META, i - at, FILE, 4) + b"%05d" % i
            at = end
        return table

    def _table(self, image, name, content, header=b""):
        """Blocks and index; returns the position of the index."""
        blocks, places = meta(content)
        first = len(image)
        image += blocks
        at = len(image)
        image += header
        image += struct.pack(f"<{len(places)}Q", *(first + place for place in places))
        image += image[-8:] * (self._repeat.get(name, 1) - 1)
        return at

    def _count(self, name, count):
        """What is said of a table whose entries fill one block, if that is repeated."""
        return count * self._repeat.get(name, 1)

    def write(self, path, repeat=None):
        """`repeat`: how often the index of a table ("fragments", "ids", "exports", "sets") has its last block. Returns the
        size of the file."""
        self._repeat = repeat or {}
        inodes, refs = self._inodes()
        listing = self._listing(refs)
        root = reference(len(inodes))
        inodes += struct.pack("<HHHHII", 8, 0o755, 0, 0, 0, len(refs) + 1)
        inodes += struct.pack("<IIIIHHI", 2, len(listing) + 3, 0, len(refs) + 2, 0, 0, NONE32)
        image = bytearray(96) + self.data
        inode_table = len(image)
        image += meta(inodes)[0]
        directory_table = len(image)
        image += meta(listing)[0]
        fragment_table = export_table = xattr_table = NONE64
        fragments = self.fragments
        if not isinstance(fragments, bytes):
            fragments = b"".join(struct.pack("<QII", start, field, 0) for start, field in fragments)
        if fragments:
            fragment_table = self._table(image, "fragments", fragments)
        if self.exported:
            places = [reference(at) for at in refs] + [root]
            export_table = self._table(image, "exports", struct.pack(f"<{len(places)}Q", *places))
        id_table = self._table(image, "ids", struct.pack(f"<{len(self.ids)}I", *self.ids))
        if self.sets:
            pairs = len(image)
            image += meta(self.pairs)[0]
            sets = b"".join(struct.pack("<QII", *one) for one in self.sets)
            xattr_table = self._table(image, "sets", sets, struct.pack("<QII", pairs, self._count("sets", len(self.sets)), 0))
        struct.pack_into("<IIIIIHHHHHHQQQQQQQQ", image, 0, 0x73717368, self._count("exports", len(refs) + 1), 0,
                         1 << self.block_log, self._count("fragments", len(fragments) // 16), 1, self.block_log,
                         0x4B | 0x80 * self.exported, self._count("ids", len(self.ids)), 4, 0, root, len(image), id_table,
                         xattr_table, inode_table, directory_table, fragment_table, export_table)
        with open(path, "wb") as file:
            file.write(image)
        return len(image)


def pair(name, value, elsewhere=None):
    """An attribute of the user namespace; `elsewhere`: where its value is, instead."""
    if elsewhere is not None:
        return struct.pack("<HH", 0x100, len(name)) + name + struct.pack("<IQ", 8, elsewhere)
    return struct.pack("<HH", 0, len(name)) + name + struct.pack("<I", len(value)) + value
