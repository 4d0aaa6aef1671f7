# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of stable numbering, checked on what sqfs.py read.

read(path) is an Image with its record and its numbers; everything that holds for a single image
(R4, R5's one number a group, R7, the bytes of the record, the map, the ids) is asserted there.
model.py says what the numbers must be, given the parents.
"""
import hashlib
import os
import struct

import sqfs

TAG_LABEL, TAG_UUID, TAG_STABLE = 1, 2, 0x53
NULL_UUID = bytes(16)


def uuid5(namespace, data):
    """Version-5 UUID of bytes, as RFC 9562 says."""
    digest = bytearray(hashlib.sha1(namespace + data).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


def escape(path):
    """A path as an mtree file has it."""
    return b"".join(bytes([c]) if 0x20 < c < 0x7F and c not in b"#=\\" else b"\\%03o" % c
                    for c in path)


def unescape(text):
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] == 0x5C:
            out.append(int(text[at + 1:at + 4], 8))
            at += 4
        else:
            out.append(text[at])
            at += 1
    return bytes(out)


def map_path(path):
    return b"./" + path if path else b"."


def canonical_map(numbers):
    """{path: (type, number)} as the map's entry lines, sorted by path as bytes."""
    lines = sorted((map_path(path), kind, number) for path, (kind, number) in numbers.items())
    return b"".join(b"%s type=%s inode=%d\n"
                    % (escape(path), sqfs.TYPE_NAMES[kind].encode(), number)
                    for path, kind, number in lines)


class Record:
    """The extra-information block of an image."""

    def __init__(self, block):
        self.label = self.uuid = None
        self.stable = False
        found = {}
        at = 0
        while block[at]:
            tag, length = block[at], block[at + 1]
            value = block[at + 2:at + 2 + length]
            assert len(value) == length, "extra information: a record past its block"
            assert tag not in found, "extra information: a tag twice"
            found[tag] = value
            at += 2 + length
        assert at + 1 == len(block), "extra information: bytes behind the end"
        assert set(found) <= {TAG_LABEL, TAG_UUID, TAG_STABLE}
        if TAG_LABEL in found:
            self.label = found[TAG_LABEL].decode()
            assert self.label
        if TAG_UUID in found:
            self.uuid = found[TAG_UUID]
            assert len(self.uuid) == 16 and self.uuid != NULL_UUID
        if TAG_STABLE in found:
            self._stable(found[TAG_STABLE])

    def _stable(self, value):
        self.stable = True
        version, self.flags, zero, self.generation, self.root, self.top = \
            struct.unpack_from("<BBHIII", value)
        assert version == 1 and zero == 0 and self.flags & ~1 == 0
        self.id = value[16:32]
        rest = value[32:]
        assert len(rest) % 16 == 0 and len(rest) <= 8 * 16
        self.parents = [rest[i:i + 16] for i in range(0, len(rest), 16)]


def read(path, pad=True):
    """An image of ours, with everything checked that one image shows."""
    image = sqfs.Image(path)
    numbers(image)
    assert image.extra is not None, "no extra-information block"
    image.record = Record(image.extra)
    assert image.record.stable and image.record.uuid, "no stable-numbering record or no UUID"
    _check_numbers(image)
    _check_double(image)
    _check_names(image)
    _check_links(image)
    # GRUB and 7-Zip want a place inside the image even when there is no fragment.
    assert image.super.fragment_table < image.super.bytes_used, "fragment table outside the image"
    if pad:
        assert os.path.getsize(path) == -(-image.super.bytes_used // 4096) * 4096, "padding"
    else:
        assert os.path.getsize(path) == image.super.bytes_used, "padded without being asked"
    return image


def numbers(image):
    """Set image.numbers: {path: (type, number)}."""
    image.numbers = {path: (inode.type, inode.number) for path, inode in image.paths.items()}
    return image.numbers


def _check_numbers(image):
    """R3, R4: who has which number, and the export table."""
    top = image.super.inode_count
    by_number = {}
    for inode in image.inodes.values():
        assert 1 <= inode.number <= min(top, 2**31 - 1), f"number {inode.number} of {inode}"
        assert inode.number not in by_number, f"number {inode.number} twice"
        by_number[inode.number] = inode
    assert image.export is not None and len(image.export) == top
    image.live = {inode.number: inode for inode in image.inodes.values() if inode.names}
    for number, ref in enumerate(image.export, 1):
        if number in image.live:
            assert ref == image.live[number].ref, f"export entry {number}"
        else:
            assert ref == sqfs.NONE64, f"export entry {number} of nothing is {ref:#x}"


def _check_double(image):
    """R7: what U-Boot takes for the root is the root."""
    top = image.super.inode_count
    root = image.root
    nameless = [inode for inode in image.inodes.values() if not inode.names]
    found = [inode for inode in image.inodes.values() if inode.number == top]
    assert len(found) == 1, f"{len(found)} inodes numbered {top}"
    double = found[0]
    if root.number == top:
        assert not nameless, f"nameless inodes {nameless}"
        assert not image.record.flags & 1
        return
    assert nameless == [double], f"nameless inodes {nameless}, double {double}"
    assert image.record.flags & 1
    assert double.type == sqfs.DIR
    for field in ("mode", "uid", "gid", "mtime", "nlink", "parent", "dir_size"):
        assert getattr(double, field) == getattr(root, field), f"the root's double: {field}"
    assert not double.extended or double.dir_size > 65535, "the root's double is extended"
    assert image.entries(double) == image.entries(root)


def _check_names(image):
    """Section 4 and 5: the record agrees with the image, the ids with the map."""
    record, top = image.record, image.super.inode_count
    assert record.top == top and record.root == image.root.number
    assert 1 <= record.generation + 1 < 2**32
    image.canonical = canonical_map(image.numbers)
    assert record.id == uuid5(record.uuid, image.canonical), "the image's own id"


def _check_links(image):
    """Every inode has as many links as names; a directory two and one a subdirectory."""
    for inode in image.live.values():
        if inode.type == sqfs.DIR:
            below = sum(kid.type == sqfs.DIR for _, kid in image.children[inode.ref])
            assert inode.nlink == 2 + below, f"{inode}: {inode.nlink} links"
        else:
            assert inode.nlink == len(inode.names), f"{inode}: {inode.nlink} links"
    # Not the kernel's business, but nothing may take the root's parent for a path.
    assert image.root.parent not in image.live or image.root.parent == image.root.number


class Map:
    """A map file, read and checked."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.text = file.read()
        lines = self.text.split(b"\n")
        assert lines.pop() == b"", "map: no newline at its end"
        assert lines[0] == b"#mtree"
        head = dict(field.split(b"=") for field in lines[1].split(b":", 1)[1].split())
        assert lines[1].startswith(b"# sqfs-stable: ")
        assert head[b"version"] == b"1"
        self.uuid = bytes.fromhex(head[b"uuid"].decode().replace("-", ""))
        self.generation, self.top = int(head[b"generation"]), int(head[b"top"])
        self.canonical = b"".join(line + b"\n" for line in lines if not line.startswith(b"#"))
        kinds = {name.encode(): kind for kind, name in sqfs.TYPE_NAMES.items()}
        self.numbers = {}
        for line in self.canonical.splitlines():
            name, kind, number = line.split(b" ")
            path = unescape(name)
            assert path == b"." or path.startswith(b"./")
            self.numbers[path[2:]] = (kinds[kind.removeprefix(b"type=")],
                                      int(number.removeprefix(b"inode=")))
        assert self.canonical == canonical_map(self.numbers), "map: not canonical"

    def agrees_with(self, image):
        assert self.numbers == image.numbers, "map and image: numbers"
        assert self.uuid == image.record.uuid and self.top == image.super.inode_count
        assert self.generation == image.record.generation
