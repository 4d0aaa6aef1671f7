# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running sqfs-stable-map, and trees that a map describes."""
import os
import subprocess

import sqfs
import stable
import tool
import trees

MAP = tool.program("sqfs-stable-map")
SAME, DIFFERS, TROUBLE = range(3)
CONFLICT = DIFFERS


def run(*arguments, **options):
    options.setdefault("timeout", 120)
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([MAP] + [os.fspath(a) for a in arguments], stderr=subprocess.PIPE,
                          text=True, errors="backslashreplace", check=False, **options)


def expect(status, *arguments, **options):
    done = run(*arguments, **options)
    assert done.returncode == status, \
        f"{done.args}\nstatus {done.returncode}, not {status}\n{done.stderr}"
    return done


def refused(*arguments, words=(), **options):
    """Trouble: status 2, one line, nothing on standard output."""
    done = expect(TROUBLE, *arguments, **options)
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("sqfs-stable-map: "), \
        f"{done.args}\nnot one line of error:\n{done.stderr}"
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"
    assert not done.stdout
    return lines[0]


def tree_of(listing):
    """A tree with the paths and hard links of a map."""
    tree, first = {}, {}
    for path, (kind, number) in listing.numbers.items():
        if number in first:
            tree[path] = first[number]
            continue
        data = b"to" if kind == sqfs.SYMLINK else (1, 3) if kind in (sqfs.BLOCK, sqfs.CHAR) else b""
        tree[path] = first[number] = trees.Entry(kind, data)
    return tree


def write(path, numbers, top, uuid=bytes(range(16)), generation=0):
    """A map of {path: (type, number)}."""
    text = uuid.hex()
    text = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    tool.write(path, b"#mtree\n# sqfs-stable: version=1 uuid=%s generation=%d top=%d\n%s"
               % (text.encode(), generation, top, stable.canonical_map(numbers)))
    return path


def parent(listing):
    """As model.py wants it."""
    return listing.numbers, listing.top
