# SPDX-License-Identifier: LGPL-2.1-or-later
"""A squashfs 4.0 reader that shares nothing with the code under test, and believes nothing.

Image(path) reads all tables and the whole tree. Every rule of the format that it meets is
asserted: what it accepts is a well-formed image, byte for byte accounted for.
stable.py adds the rules of stable numbering.
"""
import struct
from collections import defaultdict

import unpack

NONE32 = 0xFFFFFFFF
NONE64 = 0xFFFFFFFFFFFFFFFF
METADATA = 8192
SUPER = struct.Struct("<IIIIIHHHHHHQQQQQQQQ")

DIR, FILE, SYMLINK, BLOCK, CHAR, FIFO, SOCKET = range(1, 8)
TYPE_NAMES = {DIR: "dir", FILE: "file", SYMLINK: "link", BLOCK: "block", CHAR: "char",
              FIFO: "fifo", SOCKET: "socket"}

FLAG_RAW_INODES, FLAG_RAW_DATA, FLAG_CHECK, FLAG_RAW_FRAGMENTS = 0x1, 0x2, 0x4, 0x8
FLAG_NO_FRAGMENTS, FLAG_ALWAYS_FRAGMENTS, FLAG_DUPLICATES, FLAG_EXPORT = 0x10, 0x20, 0x40, 0x80
FLAG_RAW_XATTRS, FLAG_NO_XATTRS, FLAG_OPTIONS, FLAG_RAW_IDS = 0x100, 0x200, 0x400, 0x800
FLAG_EXTRA = 0x1000

XATTR_PREFIX = {0: b"user.", 1: b"trusted.", 2: b"security."}


class Inode:
    """One record of the inode table. The attributes that a type has not are left out."""

    def __init__(self, ref, raw_type):
        self.ref = ref
        self.raw_type = raw_type
        self.type = raw_type - 7 if raw_type > 7 else raw_type
        self.extended = raw_type > 7
        self.xattr = NONE32
        self.names = []

    def __repr__(self):
        return f"<{TYPE_NAMES[self.type]} {self.number} {self.names[:2]}>"


class Superblock:
    FIELDS = ("magic", "inode_count", "mtime", "block_size", "fragment_count", "compressor",
              "block_log", "flags", "id_count", "major", "minor", "root_ref", "bytes_used",
              "id_table", "xattr_table", "inode_table", "directory_table", "fragment_table",
              "export_table")

    def __init__(self, data):
        assert len(data) >= 96, "shorter than a superblock"
        for name, value in zip(self.FIELDS, SUPER.unpack_from(data)):
            setattr(self, name, value)
        assert self.magic == 0x73717368, "no squashfs"
        assert (self.major, self.minor) == (4, 0), "no squashfs 4.0"
        assert 12 <= self.block_log <= 20 and self.block_size == 1 << self.block_log
        assert self.compressor in unpack.NAMES
        assert self.bytes_used <= len(data), "the image is cut"


class Image:
    """The whole of an image, read and checked.

    super       the superblock
    inodes      every record of the inode table, in order, by its reference
    paths       path without leading slash as bytes (b"" the root) -> Inode, in tree order
    root        the root's Inode
    export      the export table, or None
    children    directory reference -> [(name, Inode)]
    gaps        bytes of zeros that are nothing's: behind the head, and where data was
    """

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.name = str(path)
        self.super = Superblock(self.data)
        self.codec = unpack.BY_ID[self.super.compressor]
        self.covered = [(0, 96, "superblock")]
        self.gaps = 0
        self._headers()
        self._ids()
        self._fragments()
        self._export()
        self._xattrs()
        self._inode_table()
        self._directory_table()
        self._walk()
        self._used_bytes()

    # ---- metadata blocks

    def _metadata_block(self, at, what):
        """One metadata block: its content and where it ends."""
        assert at + 2 <= self.super.bytes_used, f"{what}: header outside the image"
        header = struct.unpack_from("<H", self.data, at)[0]
        size = header & 0x7FFF
        assert 0 < size <= METADATA, f"{what}: block of {size} bytes"
        end = at + 2 + size
        assert end <= self.super.bytes_used, f"{what}: block outside the image"
        raw = self.data[at + 2:end]
        content = raw if header & 0x8000 else self.codec(raw, METADATA)
        assert 0 < len(content) <= METADATA, f"{what}: content of {len(content)} bytes"
        self.covered.append((at, end, what))
        return content, end

    def _metadata(self, start, end, what):
        """Consecutive blocks from start to end: content and {offset from start: position}."""
        content, position, at = [], {}, start
        size = 0
        while at < end:
            assert size % METADATA == 0, f"{what}: a block in the middle is not full"
            position[at - start] = size
            block, at = self._metadata_block(at, what)
            content.append(block)
            size += len(block)
        assert at == end, f"{what}: blocks end at {at}, not at {end}"
        return b"".join(content), position

    def _indexed_table(self, start, count, entry, what):
        """A table behind a list of pointers to its blocks: content, start of its first block."""
        blocks = -(-count * entry // METADATA)
        assert start + 8 * blocks <= self.super.bytes_used, f"{what}: outside the image"
        self.covered.append((start, start + 8 * blocks, what + " index"))
        pointers = struct.unpack_from(f"<{blocks}Q", self.data, start)
        content, at = b"", pointers[0]
        for pointer in pointers:
            assert pointer == at, f"{what}: blocks are not one behind the other"
            block, at = self._metadata_block(pointer, what)
            content += block
        assert at <= start, f"{what}: blocks run into their index"
        assert len(content) == count * entry, \
            f"{what}: {len(content)} bytes for {count} entries of {entry}"
        return content, pointers[0]

    # ---- tables

    def _headers(self):
        """What stands between the superblock and the data."""
        at = 96
        self.options = None
        self.extra = None
        if self.super.flags & FLAG_OPTIONS:
            self.options, at = self._metadata_block(at, "compressor options")
        if self.super.flags & FLAG_EXTRA:
            header = struct.unpack_from("<H", self.data, at)[0]
            assert header & 0x8000, "extra-information block: must be uncompressed"
            self.extra, at = self._metadata_block(at, "extra-information block")
        self.data_start = at

    def _ids(self):
        s = self.super
        assert s.id_count > 0
        content, self.id_blocks = self._indexed_table(s.id_table, s.id_count, 4, "id table")
        self.ids = struct.unpack(f"<{s.id_count}I", content)
        assert len(set(self.ids)) == len(self.ids), "id table: an id twice"

    def _fragments(self):
        s = self.super
        self.fragments = []
        self.fragment_blocks = None
        if s.fragment_count == 0:
            return
        content, self.fragment_blocks = self._indexed_table(
            s.fragment_table, s.fragment_count, 16, "fragment table")
        for start, size, unused in struct.iter_unpack("<QII", content):
            assert unused == 0
            self.fragments.append((start, size))
            end = start + (size & 0xFFFFFF)
            assert self.data_start <= start < end <= s.inode_table, "fragment outside the data"
            self.covered.append((start, end, "fragment"))

    def _export(self):
        s = self.super
        self.export = None
        self.export_blocks = None
        if s.export_table == NONE64:
            assert not s.flags & FLAG_EXPORT
            return
        assert s.flags & FLAG_EXPORT, "export table without its flag"
        content, self.export_blocks = self._indexed_table(
            s.export_table, s.inode_count, 8, "export table")
        self.export = struct.unpack(f"<{s.inode_count}Q", content)

    def _xattrs(self):
        s = self.super
        self.xattrs = []
        self.xattr_blocks = None
        if s.xattr_table == NONE64:
            return
        start, count, unused = struct.unpack_from("<QII", self.data, s.xattr_table)
        assert unused == 0
        self.covered.append((s.xattr_table, s.xattr_table + 16, "xattr header"))
        if count == 0:
            return
        table, ids_start = self._indexed_table(s.xattr_table + 16, count, 16, "xattr id table")
        pairs, position = self._metadata(start, ids_start, "xattr pairs")
        self.xattr_blocks = start

        def place(ref):
            return position[ref >> 16] + (ref & 0xFFFF)
        for ref, pair_count, _size in struct.iter_unpack("<QII", table):
            assert pair_count > 0, "xattr set without a pair"
            self.xattrs.append(self._xattr_set(pairs, place(ref), pair_count, place))

    @staticmethod
    def _xattr_set(pairs, at, count, place):
        found = {}
        for _ in range(count):
            kind, length = struct.unpack_from("<HH", pairs, at)
            name = XATTR_PREFIX[kind & 0xFF] + pairs[at + 4:at + 4 + length]
            at += 4 + length
            size = struct.unpack_from("<I", pairs, at)[0]
            if kind & 0x100:
                assert size == 8, "xattr: out-of-line reference of a wrong size"
                there = place(struct.unpack_from("<Q", pairs, at + 4)[0])
                real = struct.unpack_from("<I", pairs, there)[0]
                value = pairs[there + 4:there + 4 + real]
                assert len(value) == real
            else:
                value = pairs[at + 4:at + 4 + size]
                assert len(value) == size
            at += 4 + size
            assert name not in found, "xattr: a key twice"
            found[name] = value
        return found

    # ---- inodes

    def _inode_table(self):
        """Every inode from the first to the last byte of the table, as U-Boot walks it."""
        s = self.super
        table, position = self._metadata(s.inode_table, s.directory_table, "inode table")
        starts = sorted(position)
        self.inodes = {}
        at = 0
        while at < len(table):
            ref = starts[at // METADATA] << 16 | at % METADATA
            inode, at = self._inode(table, at, ref)
            self.inodes[ref] = inode
        assert at == len(table)

    def _inode(self, table, at, ref):
        raw, mode, uid, gid, mtime, number = struct.unpack_from("<HHHHII", table, at)
        assert 1 <= raw <= 14, f"inode type {raw}"
        assert mode & ~0o7777 == 0, f"mode {mode:o}"
        inode = Inode(ref, raw)
        inode.mode, inode.mtime, inode.number = mode, mtime, number
        inode.uid, inode.gid = self.ids[uid], self.ids[gid]
        read = {DIR: self._read_dir, FILE: self._read_file, SYMLINK: self._read_symlink,
                BLOCK: self._read_device, CHAR: self._read_device, FIFO: self._read_ipc,
                SOCKET: self._read_ipc}[inode.type]
        at = read(inode, table, at + 16)
        assert inode.xattr == NONE32 or inode.xattr < len(self.xattrs), "xattr set that is not there"
        return inode, at

    @staticmethod
    def _read_dir(inode, table, at):
        inode.index = []
        if not inode.extended:
            inode.dir_block, inode.nlink, inode.dir_size, inode.dir_offset, inode.parent = \
                struct.unpack_from("<IIHHI", table, at)
            return at + 16
        inode.nlink, inode.dir_size, inode.dir_block, inode.parent, count, inode.dir_offset, \
            inode.xattr = struct.unpack_from("<IIIIHHI", table, at)
        at += 24
        for _ in range(count):
            index, block, length = struct.unpack_from("<III", table, at)
            inode.index.append((index, block, table[at + 12:at + 13 + length]))
            at += 13 + length
        return at

    def _read_file(self, inode, table, at):
        if not inode.extended:
            inode.start, inode.fragment, inode.offset, inode.size = \
                struct.unpack_from("<IIII", table, at)
            inode.nlink, inode.sparse = 1, 0
            at += 16
        else:
            inode.start, inode.size, inode.sparse, inode.nlink, inode.fragment, inode.offset, \
                inode.xattr = struct.unpack_from("<QQQIIII", table, at)
            at += 40
        block = self.super.block_size
        count = inode.size // block if inode.fragment != NONE32 else -(-inode.size // block)
        inode.blocks = struct.unpack_from(f"<{count}I", table, at)
        if inode.fragment != NONE32:
            assert inode.fragment < len(self.fragments), "fragment that is not there"
            assert inode.size % block or inode.size == 0, "a fragment for an empty tail"
            assert inode.offset + inode.size % block <= block, "tail past its fragment block"
        place = inode.start
        for size in inode.blocks:
            assert size & ~0x1FFFFFF == 0 and size & 0xFFFFFF <= block, "size of a data block"
            if size:
                end = place + (size & 0xFFFFFF)
                assert self.data_start <= place and end <= self.super.inode_table, \
                    "data block outside the data"
                self.covered.append((place, end, "data"))
                place = end
        return at + 4 * count

    @staticmethod
    def _read_symlink(inode, table, at):
        inode.nlink, length = struct.unpack_from("<II", table, at)
        assert 0 < length <= 65535
        inode.target = table[at + 8:at + 8 + length]
        assert len(inode.target) == length and b"\0" not in inode.target
        at += 8 + length
        if inode.extended:
            inode.xattr = struct.unpack_from("<I", table, at)[0]
            at += 4
        return at

    @staticmethod
    def _read_device(inode, table, at):
        inode.nlink, inode.device = struct.unpack_from("<II", table, at)
        at += 8
        if inode.extended:
            inode.xattr = struct.unpack_from("<I", table, at)[0]
            at += 4
        return at

    @staticmethod
    def _read_ipc(inode, table, at):
        inode.nlink = struct.unpack_from("<I", table, at)[0]
        at += 4
        if inode.extended:
            inode.xattr = struct.unpack_from("<I", table, at)[0]
            at += 4
        return at

    # ---- directories

    def _directory_table(self):
        s = self.super
        nexts = [start for start in (self.fragment_blocks, self.export_blocks, self.id_blocks)
                 if start is not None]
        self.listing, self.listing_at = self._metadata(
            s.directory_table, min(nexts), "directory table")

    def entries(self, inode):
        """A directory's listing, checked: [(name, type, number, reference)]."""
        size = inode.dir_size - 3
        assert size >= 0, "directory size below 3"
        if size == 0:
            assert not inode.index
            return []
        assert inode.dir_block in self.listing_at, "listing starts outside a block"
        start = self.listing_at[inode.dir_block] + inode.dir_offset
        end = start + size
        assert end <= len(self.listing), "listing past the table"
        found, at, last, headers = [], start, b"", {}
        while at < end:
            count, block, base = struct.unpack_from("<III", self.listing, at)
            assert count + 1 <= 256, "more than 256 entries behind one header"
            header, at = at, at + 12
            for i in range(count + 1):
                offset, delta, kind, length = struct.unpack_from("<HhHH", self.listing, at)
                name = self.listing[at + 8:at + 9 + length]
                at += 9 + length
                assert at <= end, "entry past its listing"
                assert len(name) <= 255 and b"/" not in name and b"\0" not in name
                assert name not in (b".", b"..") and name > last, \
                    f"listing is not sorted at {name!r}"
                assert 1 <= kind <= 7, "entry type"
                if i == 0:
                    headers[header - start] = (header, name)
                found.append((name, kind, base + delta, block << 16 | offset))
                last = name
        assert at == end, "listing runs past its size"
        self._check_index(inode, headers)
        return found

    def _check_index(self, inode, headers):
        before = -1
        blocks = sorted(self.listing_at)
        for index, block, name in inode.index:
            assert index > before, "directory index is not sorted"
            assert index in headers, "directory index points into a header"
            header, first = headers[index]
            assert first == name, "directory index names another entry"
            assert blocks[header // METADATA] == block, "directory index: block"
            assert (index + inode.dir_offset) % METADATA == header % METADATA
            before = index

    def _walk(self):
        self.paths = {}
        self.children = {}
        assert self.super.root_ref in self.inodes, "root reference points to no inode"
        self.root = self.inodes[self.super.root_ref]
        assert self.root.type == DIR
        self._walk_dir(self.root, b"", set())

    def _walk_dir(self, inode, path, above):
        assert inode.ref not in above, "directory inside itself"
        assert not inode.names, "directory with two names"
        inode.names.append(path)
        self.paths[path] = inode
        kids = self.children[inode.ref] = []
        for name, kind, number, ref in self.entries(inode):
            assert ref in self.inodes, f"{path!r}/{name!r}: no inode there"
            child = self.inodes[ref]
            assert child.type == kind, f"{path!r}/{name!r}: type {child.type}, listed as {kind}"
            assert child.number == number, f"{path!r}/{name!r}: {child.number}, listed as {number}"
            kids.append((name, child))
            below = path + b"/" + name if path else name
            if kind == DIR:
                assert child.parent == inode.number, f"{below!r}: parent {child.parent}"
                self._walk_dir(child, below, above | {inode.ref})
            else:
                child.names.append(below)
                self.paths[below] = child

    # ---- contents

    def _block(self, start, size):
        raw = self.data[start:start + (size & 0xFFFFFF)]
        return raw if size & 0x1000000 else self.codec(raw, self.super.block_size)

    def read(self, inode):
        """The content of a regular file."""
        content, place, left = [], inode.start, inode.size
        for size in inode.blocks:
            want = min(left, self.super.block_size)
            piece = self._block(place, size) if size else bytes(want)
            assert len(piece) == want, f"{inode.names}: block of {len(piece)}, not {want} bytes"
            content.append(piece)
            place += size & 0xFFFFFF
            left -= want
        if inode.fragment != NONE32 and left:
            piece = self._block(*self.fragments[inode.fragment])[inode.offset:inode.offset + left]
            assert len(piece) == left, f"{inode.names}: tail past its fragment"
            content.append(piece)
        return b"".join(content)

    def dead_tails(self):
        """Bytes, unpacked, of the fragment blocks that no file has."""
        used = defaultdict(list)
        for inode in set(self.paths.values()):
            if inode.type == FILE and inode.fragment != NONE32:
                used[inode.fragment].append((inode.offset, inode.offset + inode.size % self.super.block_size))
        dead = 0
        for index, (start, size) in enumerate(self.fragments):
            content, at = len(self._block(start, size)), 0
            for begin, end in sorted(used[index]):
                dead += max(0, begin - at)
                at = max(at, end)
            dead += content - at
        return dead

    def xattrs_of(self, inode):
        return {} if inode.xattr == NONE32 else self.xattrs[inode.xattr]

    def names_by_number(self):
        """{number: sorted paths} of all that has a name."""
        found = defaultdict(list)
        for path, inode in self.paths.items():
            found[inode.number].append(path)
        return dict(found)

    # ---- every byte is somebody's, but for zeros around data

    def _used_bytes(self):
        at = 0
        for start, end, what in sorted(self.covered):
            if what in ("data", "fragment", "inode table"):
                assert not any(self.data[at:start]), \
                    f"bytes {at} to {start} belong to nothing (before {what})"
                self.gaps += max(0, start - at)
                at = max(at, start)
            assert start <= at, f"bytes {at} to {start} belong to nothing (before {what})"
            if what not in ("data", "fragment"):
                assert start == at, f"{what} at {start} overlaps what ends at {at}"
            at = max(at, end)
        assert at == self.super.bytes_used, \
            f"tables end at {at}, bytes_used is {self.super.bytes_used}"
        assert not any(self.data[at:]), "padding is not zero"
