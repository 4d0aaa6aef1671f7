# SPDX-License-Identifier: LGPL-2.1-or-later
"""An image as text: all that it says, without what a compressor's version decides.

    dump.py IMAGE       prints it
"""
import hashlib
import sys

import sqfs
import stable

FLAGS = ((sqfs.FLAG_RAW_INODES, "raw-inodes"), (sqfs.FLAG_RAW_DATA, "raw-data"),
         (sqfs.FLAG_RAW_FRAGMENTS, "raw-fragments"), (sqfs.FLAG_NO_FRAGMENTS, "no-fragments"),
         (sqfs.FLAG_ALWAYS_FRAGMENTS, "always-fragments"), (sqfs.FLAG_DUPLICATES, "duplicates"),
         (sqfs.FLAG_EXPORT, "export"), (sqfs.FLAG_RAW_XATTRS, "raw-xattrs"),
         (sqfs.FLAG_NO_XATTRS, "no-xattrs"), (sqfs.FLAG_OPTIONS, "options"),
         (sqfs.FLAG_RAW_IDS, "raw-ids"), (sqfs.FLAG_EXTRA, "extra-information"))


def _superblock(image):
    s = image.super
    flags = [name for bit, name in FLAGS if s.flags & bit]
    known = sum(bit for bit, _ in FLAGS)
    assert s.flags & ~known == 0
    yield f"compressor {s.compressor} block {s.block_size} time {s.mtime}"
    yield f"inodes {s.inode_count} fragments {s.fragment_count} ids {s.id_count}"
    yield "flags " + " ".join(flags)
    yield "options " + (image.options.hex() if image.options is not None else "none")
    yield "extra " + (image.extra.hex() if image.extra is not None else "none")
    yield "id table " + " ".join(map(str, image.ids))


def _file(image, inode):
    kinds = "".join("." if size == 0 else "u" if size & 0x1000000 else "c" for size in inode.blocks)
    tail = "none" if inode.fragment == sqfs.NONE32 else f"{inode.fragment}+{inode.offset}"
    digest = hashlib.sha256(image.read(inode)).hexdigest()[:16]
    return f"size {inode.size} sparse {inode.sparse} blocks [{kinds}] tail {tail} content {digest}"


def _inode(image, inode):
    kind = sqfs.TYPE_NAMES[inode.type] + ("+" if inode.extended else "")
    line = f"{inode.number} {kind} {inode.mode:04o} {inode.uid}:{inode.gid} {inode.mtime} " \
        f"links {inode.nlink}"
    if inode.type == sqfs.FILE:
        line += " " + _file(image, inode)
    elif inode.type == sqfs.SYMLINK:
        line += " to " + stable.escape(inode.target).decode()
    elif inode.type in (sqfs.BLOCK, sqfs.CHAR):
        line += f" device {inode.device:#x}"
    elif inode.type == sqfs.DIR:
        line += f" parent {inode.parent} size {inode.dir_size} index {len(inode.index)}"
    for name, value in image.xattrs_of(inode).items():
        line += f" {stable.escape(name).decode()}={value.hex()}"
    return line


def lines(image):
    yield from _superblock(image)
    yield "inode table, in order"
    for inode in image.inodes.values():
        yield "  " + _inode(image, inode)
    yield "paths"
    for path, inode in image.paths.items():
        yield f"  {stable.escape(stable.map_path(path)).decode()} {inode.number}"
    yield "export table"
    for number, ref in enumerate(image.export, 1):
        found = "empty" if ref == sqfs.NONE64 else str(image.inodes[ref].number)
        yield f"  {number} {found}"


if __name__ == "__main__":
    print("\n".join(lines(sqfs.Image(sys.argv[1]))))
