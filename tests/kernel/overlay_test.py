#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kept overlay upper over releases that are replaced: real loop mounts, real overlays.

With images of sqfs-stable-build everything must be as overlay_model.py says, with every option set.
With images of mksquashfs the same story must break: that proves that the test can see.
No other overlay may be used meanwhile: the kernel's log is read too.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import story
import tap
import tool
import upper

# Release 1 with the first session, 2 with the second, then back and forth between the slots.
SLOTS = (0, 1, 2, 1, 0, 2)


def build_theirs(room, sources):
    mksquashfs = tap.need_program("mksquashfs")
    images = []
    for at, source in enumerate(sources):
        images.append(f"{room}/{at}.sqfs")
        tool.call(mksquashfs, source, images[-1], "-noappend", "-quiet", "-no-progress")
    return images


def run(text, builder):
    mounts.need_kernel("squashfs", "overlay")
    releases = story.releases()
    sessions = {0: story.first_session, 1: story.second_session}
    with tool.scratch("sqst-overlay-") as room:
        images = builder(room, upper.make_sources(room, releases))
        return upper.tell(room, images, releases, text, sessions, SLOTS)


def ours(text):
    problems, said = run(text, lambda room, sources: upper.build_chain(room, sources)[0])
    if "metacopy=on" in text:
        said = [line for line in said if not upper.harmless(line)]
    problems += ["kernel: " + line for line in said]
    assert not problems, "\n".join(problems[:20] + [f"{len(problems)} problems"])


def theirs(text):
    problems, said = run(text, build_theirs)
    if text:
        assert problems, "renumbered lowers broke nothing: the test sees nothing"
        tap.diag(f"mksquashfs with {text}: {len(problems)} problems, the first: {problems[0]:.150}")
    else:
        assert not problems + said, "\n".join(problems[:20] + said)


for option_set in upper.OPTION_SETS:
    tap.add(f"upper kept over stable releases, options {option_set or 'none'}", ours, option_set)
for option_set in upper.OPTION_SETS:
    tap.add("mksquashfs releases " + ("break it, options " + option_set if option_set else
                                      "work without options"), theirs, option_set)
mounts.alone()
tap.main()
