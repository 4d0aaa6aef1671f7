#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard links that change between releases (limits.py): nothing is lost with any overlay option, in
slots booted forth and back; with --keep-links something is, and was warned of."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import limits
import mounts
import tap
import tool
import upper


def tell(limit, options, *flags):
    """What goes wrong when the releases are booted in order, back to the first, and again; and what
    the builds printed."""
    last = len(limit.releases) - 1
    slots = [*range(last + 1), *range(last - 1, -1, -1), *range(1, last + 1)]
    problems = []

    def look(user):
        limit.sessions.get(last, lambda user: None)(user)
        for path, data in limit.expected.items():
            if tool.read(user.at(path)) != data:
                problems.append(f"{path!r} is not {data!r}")

    with tool.scratch("sqst-links-") as room:
        images, said = upper.build_chain(room, upper.make_sources(room, limit.releases), *flags)
        found, kernel = upper.tell(room, images, limit.releases, options,
                                   limit.sessions | {last: look}, slots)
    kernel = [line for line in kernel
              if not upper.harmless(line) and not upper.index_left_behind(line)]
    return problems + found, kernel, said


def bears(limit):
    mounts.need_kernel("squashfs", "overlay")
    for options in upper.OPTION_SETS:
        problems, kernel, said = tell(limit, options)
        problems += kernel
        assert not problems, f"{options or 'no options'}: " + "\n".join(problems[:20])
        assert not any(said), said


def breaks(limit):
    mounts.need_kernel("squashfs", "overlay")
    for options in limit.breaks:
        problems, _, said = tell(limit, options, "--keep-links")
        assert problems, f"{options}: nothing breaks any more: no limit"
        assert any("--keep-links" in text for text in said), "no warning"


for one_limit in limits.LIMITS:
    tap.add(one_limit.name, bears, one_limit)
    tap.add("breaks with --keep-links, and is warned of: " + one_limit.name, breaks, one_limit)
mounts.alone()
tap.main()
