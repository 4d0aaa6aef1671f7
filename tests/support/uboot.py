# SPDX-License-Identifier: LGPL-2.1-or-later
"""What U-Boot sees of an image, worked out step by step as its reader goes (fs/squashfs/sqfs.c and
sqfs_inode.c, the same from 2020.10 to 2026.10 in what is done here). Shares nothing with the library.

U-Boot unpacks both tables, looks for inodes by number from the first on, and takes the inode with
the superblock's count for the root. On the way through a path it reads a listing's size from bytes
24 and 25 of the directory's inode. In an extended inode those are the low half of start_block.
"""
import struct

import sqfs

HEADER, EMPTY, SECTOR = 12, 3, 512
# On the way dirs->size is a size_t: a size below a header's wraps.
WRAP = 1 << 64


class Stale(Exception):
    """U-Boot would read an entry that it has freed."""


def _readdir(table, at, size):
    """The names that sqfs_readdir() gives, from the header at `at`, with `size` in the inode."""
    count = struct.unpack_from("<I", table, at)[0] + 1
    size = (size - HEADER) % WRAP
    at += HEADER
    entry = None
    while size:
        if not count:
            if size <= HEADER:
                return
            size -= HEADER
            if size > EMPTY:
                if at + HEADER + 8 > len(table):
                    raise Stale("runs past the directory table")
                count = struct.unpack_from("<I", table, at)[0] + 1
                at += HEADER
                entry = at
            else:
                entry = None
        else:
            entry = at
        if entry is None:
            raise Stale("an entry that is freed")
        if entry + 8 > len(table):
            raise Stale("runs past the directory table")
        kind, length = struct.unpack_from("<HH", table, entry + 4)
        if not 1 <= kind <= 14:
            return
        yield table[entry + 8:entry + 9 + length], kind
        used = 9 + length
        count -= 1
        size = size - used if size > used else 0
        at += used


def on_the_way(image, inode):
    """Names that U-Boot finds in a directory that it walks through: [(name, type)]."""
    if inode.dir_size & 0xFFFF == EMPTY:
        return                                  # sqfs_is_empty_dir()
    size = inode.dir_block & 0xFFFF if inode.extended else inode.dir_size
    at = image.listing_at[inode.dir_block] + inode.dir_offset
    # The buffer is a whole number of blocks, and what the last one leaves of it is not written.
    table = image.listing + bytes(-len(image.listing) % sqfs.METADATA)
    yield from _readdir(table, at, size)


def root_of(image):
    """The inode that U-Boot takes for the root, or None."""
    for ref in sorted(image.inodes):
        inode = image.inodes[ref]
        if inode.number == image.super.inode_count:
            return inode if inode.type == sqfs.DIR else None
    return None


def hidden(image, kinds=(sqfs.DIR, sqfs.SYMLINK)):
    """Directories and symbolic links that are not found on the way to what is behind them."""
    root = root_of(image)
    lost = []
    for path, inode in image.paths.items():
        if inode.type != sqfs.DIR:
            continue
        wanted = [name for name, child in image.children[inode.ref]
                  if child.type in kinds]
        if not wanted:
            continue
        walked = root if path == b"" else inode
        seen, left = set(), len(wanted)
        try:
            for name, _ in on_the_way(image, walked) if walked else ():
                seen.add(name)
                left -= name == wanted[-1]
                if not left or name == wanted[-1]:
                    break
        except Stale:
            pass
        lost += [path + b"/" + name if path else name for name in wanted if name not in seen]
    return lost


def misled(image):
    """Directories, walked through, where U-Boot on the way to a name that is not there finds names
    of others, or reads what it has freed. Only those that have something to walk to."""
    wrong = []
    for path, inode in image.paths.items():
        if inode.type != sqfs.DIR or not image.children[inode.ref]:
            continue
        names = {name for name, _ in image.children[inode.ref]}
        try:
            if any(name not in names for name, _ in on_the_way(image, inode)):
                wrong.append(path)
        except Stale:
            if any(child.type in (sqfs.DIR, sqfs.SYMLINK)
                   for _, child in image.children[inode.ref]):
                wrong.append(path)
    return wrong


def _headers(image, start, end):
    """Headers of the metadata blocks from start on until a block reaches `end`."""
    found, at = [], start
    while True:
        header = struct.unpack_from("<H", image.data, at)[0]
        found.append(header)
        at += 2 + (header & 0x7FFF)
        if at >= end:
            return found


def _sectors(start, end):
    return -(-(end - start + start % SECTOR) // SECTOR) * SECTOR


def stored_inodes(image):
    """For each block of the inode table, whether it is stored as it is."""
    return [bool(header & 0x8000) for header in
            _headers(image, image.super.inode_table, image.super.directory_table)]


def misplaced(image):
    """Whether U-Boot unpacks a block of the inode table to a wrong place: it does not count blocks
    that are stored as they are."""
    stored = stored_inodes(image)
    return any(stored[i] and not all(stored[i:]) for i in range(len(stored)))


def heap(image):
    """(inode table, directory table, the most at one time) in bytes, as U-Boot allocates them."""
    s = image.super
    inodes = len(_headers(image, s.inode_table, s.directory_table)) * sqfs.METADATA
    # It counts on to the fragment table's index, over that table's blocks.
    blocks = len(_headers(image, s.directory_table, s.fragment_table))
    listings = blocks * sqfs.METADATA
    return (inodes, listings,
            inodes + max(_sectors(s.inode_table, s.directory_table),
                         _sectors(s.directory_table, s.fragment_table) + listings + 4 * blocks))
