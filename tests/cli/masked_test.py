#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a terminal would obey, and what makes one name look like another, reaches no terminal, no log
and no page: every program, with names and labels that have it."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import maps
import tap
import tool
import verdict

INFO = tool.program("sqfs-stable-info")
CODES = [*range(1, 0x20), *range(0x7f, 0xa0), 0x61c, 0x200e, 0x200f, *range(0x202a, 0x202f),
         *range(0x2066, 0x206a)]
FORBIDDEN = {chr(code) for code in CODES} - {"\n"}
NAMES = [b"%d" % code + chr(code).encode() + b"x" for code in CODES] + \
    [b"raw%d" % byte + bytes([byte]) + b"x" for byte in (0x1b, 0x80, 0x9b, 0x9f, 0xc2)]


def clean(said, layout=""):
    """Nothing of it in the bytes that a program printed, as UTF-8 or as they are."""
    assert said
    text = said.decode("utf-8", "surrogateescape")
    found = {char for char in text if char in FORBIDDEN - set(layout) or "\udc80" <= char <= "\udcff"}
    assert not found, (sorted(map(ord, found)), text[:300])


def run(*words, status=0):
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == status, (done.returncode, done.stderr)
    return done.stdout + done.stderr


def make(where, before=b""):
    os.mkdir(where)
    for name in NAMES:
        tool.write(os.fsencode(where) + b"/" + before + name, name)


@tap.test("sqfs-stable-build: -info, warnings and errors")
def build():
    with tool.scratch() as room:
        make(room + "/s")
        said = run(*tool.command("-info", "-quiet", room + "/s", room + "/o"))
        assert said.count(b"file ") >= len(NAMES)
        assert b"\\302\\233x" in said and b"raw155\\233x" in said and b"\\342\\200\\256x" in said
        clean(said)
        for name in NAMES:
            if b"\n" in name:
                continue
            clean(run(*tool.command("-quiet", "-force", room + "/s", room + "/o", "-e", b"no" + name)))
            clean(run(*tool.command("-quiet", room + "/s", os.fsencode(room) + b"/none/" + name),
                      status=tool.SYSTEM))
            clean(run(*tool.command(b"-" + name), status=tool.USAGE))


@tap.test("sqfs-stable-map, sqfs-stable-check and its page, sqfs-stable-info")
def others():
    with tool.scratch() as room:
        make(room + "/s")
        make(room + "/t", b"a")
        one, two = os.fsencode(room) + b"/1" + NAMES[-3], os.fsencode(room) + b"/2\xc2\x9b"
        tool.build("-quiet", "--label", "a\u009b31m\u202eb", "--map-out", one + b".map", room + "/s", one)
        tool.build("-quiet", "--map-out", two + b".map", room + "/t", two)
        clean(run(maps.MAP, "diff", "--all", one + b".map", two + b".map", status=maps.DIFFERS))
        clean(run(maps.MAP, "diff", one + b"none", two, status=maps.TROUBLE))
        clean(run(INFO, one))
        clean(run(INFO, one + b"none", status=3))
        clean(run(verdict.CHECK, "--html", room + "/page", one, two, status=verdict.UNSAFE))
        clean(tool.read(room + "/page"), layout="\t")
        assert re.search(rb"\\302\\233", tool.read(room + "/page"))


tap.main()
