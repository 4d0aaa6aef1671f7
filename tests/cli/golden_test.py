#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden images from text, one a compressor: see golden/README.md."""
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
# pylint: disable=wrong-import-position
import dump
import sqfs
import stable
import tap
import tool
import trees
import unpack

GOLDEN = os.path.join(HERE, "golden")
UPDATE = "--update" in sys.argv
KINDS = {"gzip": ["-comp", "gzip", "-Xcompression-level", "6"],
         "xz": ["-comp", "xz", "-Xbcj", "x86"], "lz4": ["-comp", "lz4"],
         "zstd": ["-comp", "zstd", "-Xcompression-level", "19"],
         "lzo": ["-comp", "lzo"], "raw": ["-no-compression"]}
KIND_OF = {name: kind for kind, name in sqfs.TYPE_NAMES.items()}


def content(text):
    """"a*3+b" is aaab; pieces are escaped as in mtree."""
    out = b""
    for piece in text.split("+") if text else ():
        word, _, times = piece.partition("*")
        out += stable.unescape(word.encode()) * int(times or 1)
    return out


def read_tree(name):
    tree = {}
    with open(os.path.join(GOLDEN, name), encoding="ascii") as file:
        rows = [line.split() for line in file if not line.startswith("#")]
    links = {}
    for path, *words in rows:
        key = stable.unescape(path.encode())[2:]
        fields = dict(word.split("=", 1) for word in words)
        if "hardlink" in fields:
            links[key] = stable.unescape(fields["hardlink"].encode())[2:]
            continue
        tree[key] = trees.Entry(
            KIND_OF[fields["type"]], content(fields.get("content", "")),
            mode=int(fields["mode"], 8), mtime=int(fields["time"]),
            xattrs={word[6:]: stable.unescape(value.encode())
                    for word, value in fields.items() if word.startswith("xattr.")})
        if "link" in fields:
            tree[key].data = fields["link"].encode()
    for key, other in links.items():
        tree[key] = tree[other]
    return tree


def expect(name, text):
    """Compare with a golden file, or write it."""
    path = os.path.join(GOLDEN, name)
    if UPDATE:
        tool.write(path, text)
        return
    wanted = tool.read(path).decode().splitlines()
    found = text.splitlines()
    for number, (one, other) in enumerate(zip(wanted, found), 1):
        assert one == other, f"{name}:{number}:\n{one}\nis now\n{other}"
    assert len(wanted) == len(found), f"{name}: {len(wanted)} lines, now {len(found)}"


def hex_dump(data):
    """16 bytes a line with their place; a run of equal lines is one line."""
    out, last, count = [], None, 0
    for at in range(0, len(data), 16):
        line = data[at:at + 16].hex(" ", 4)
        if line == last:
            count += 1
            continue
        if count:
            out.append(f"         {count} more")
        out.append(f"{at:08x} {line}")
        last, count = line, 0
    return "\n".join(out + ([f"         {count} more"] if count else [])) + "\n"


def golden(name):
    if name in unpack.NAMES.values() and not tool.has_compressor(name):
        tap.skip(f"needs a build with {name}")
    with tool.scratch("sqst-golden-") as room:
        trees.make(read_tree("first.tree"), room + "/first")
        trees.make(read_tree("second.tree"), room + "/second")
        common = ["-b", "4K", "-all-root", "--quiet", "--mkfs-time", "1700000000",
                  "--label", "golden", *KINDS[name]]
        tool.build(*common, room + "/first", room + "/1")
        tool.build(*common, "--prev", room + "/1", room + "/second", room + "/2")
        text = ""
        for number in "12":
            text += f"==== release {number}\n"
            try:
                text += "\n".join(dump.lines(stable.read(f"{room}/{number}"))) + "\n"
            except unpack.Unsupported as missing:
                tap.skip(f"needs {missing}")
        expect(name + ".dump", text)
        if name == "raw":
            expect("raw.hex", hex_dump(tool.read(room + "/2")))


for one_kind in KINDS:
    tap.add(f"golden image: {one_kind}", golden, one_kind)
if UPDATE:
    sys.argv.remove("--update")
tap.main()
