#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which overlay bears an update, by option set and by builder of the images: on the kernel that runs.

    matrix.py prepare DIRECTORY     build the images of all cases, with mksquashfs and with ours
    matrix.py run DIRECTORY [SETS]  boot them; a JSON object a line. SETS: only so many option sets

check-kernels runs the second inside of virtual machines, where nothing need be built.
"""
import json
import os
import sys
from collections import namedtuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import limits
import mounts
import story
import tap
import tool
import trees
import upper

# group: the table that the row is of. options: a string, or a function from step to one.
Case = namedtuple("Case", "group row options releases sessions slots expected")
BUILDERS = ("mksquashfs", "ours")


def shown(options):
    return options or "none"


def uppers():
    """A number that names another file in release 2, and both files are the user's: two uppers of
    one origin."""
    one = {b"": trees.directory(), b"a": trees.file("a"), b"b": trees.file("b")}
    two = {b"": trees.directory(), b"0": trees.file("0"), b"a": trees.file("a"), b"b": trees.file("b")}

    def change(name):
        return lambda user: user.append(name, b" and the user's")
    return (one, two), {0: change(b"a"), 1: change(b"0")}, (0, 1, 0, 1)


def cases(sets=None):
    """All of them, in the order of the tables."""
    option_sets = upper.OPTION_SETS[:sets]
    releases = story.releases()
    sessions = {0: story.first_session, 1: story.second_session}
    for options in option_sets:
        yield Case("story", shown(options), options, releases, sessions, (0, 1, 2, 1, 0, 2), {})
    yield Case("slots", "metacopy=on after a first boot without options", lambda step: "metacopy=on" if step else "",
               releases, sessions, (0, 1, 2, 1, 0, 2), {})
    two, two_sessions, slots = uppers()
    for options in option_sets:
        yield Case("uppers", shown(options), options, two, two_sessions, slots, {})
    for limit in limits.LIMITS:
        last = len(limit.releases) - 1
        slots = [*range(last + 1), *range(last - 1, -1, -1), *range(1, last + 1)]
        for options in option_sets:
            yield Case("links", shown(options), options, limit.releases, limit.sessions, slots, limit.expected)


def places(directory, sets=None):
    """(case, where its images are); cases of the same releases share them."""
    known = []
    for case in cases(sets):
        for at, releases in enumerate(known):
            if releases is case.releases:
                break
        else:
            at = len(known)
            known.append(case.releases)
        yield case, f"{directory}/{at}"


def prepare(directory):
    mksquashfs = tap.need_program("mksquashfs")
    for case, place in places(directory):
        if os.path.exists(place):
            continue
        for builder in BUILDERS:
            os.makedirs(f"{place}/{builder}")
        with tool.scratch("sqst-matrix-") as room:
            sources = upper.make_sources(room, case.releases)
            upper.build_chain(place + "/ours", sources)
            for at, source in enumerate(sources):
                tool.call(mksquashfs, source, f"{place}/mksquashfs/{at}.sqfs", "-noappend", "-quiet", "-no-progress")


def boot(case, images):
    """What went wrong, a line each."""
    problems = []

    def look(user):
        case.sessions.get(last, lambda user: None)(user)
        for path, data in case.expected.items():
            if tool.read(user.at(path)) != data:
                problems.append(f"{path!r} is not {data!r}")
    last = len(case.releases) - 1
    sessions = {**case.sessions, last: look} if case.expected else case.sessions
    with tool.scratch("sqst-matrix-") as room:
        found, kernel = upper.tell(room, images, case.releases, case.options, sessions, case.slots)
    kernel = [line for line in kernel if not upper.harmless(line) and not upper.index_left_behind(line)]
    return found + problems + kernel


def run(directory, sets):
    for case, place in places(directory, sets):
        for builder in BUILDERS:
            images = [f"{place}/{builder}/{at}.sqfs" for at in range(len(case.releases))]
            problems = boot(case, images)
            print(json.dumps({"group": case.group, "row": case.row, "builder": builder, "problems": len(problems),
                              "first": problems[0] if problems else None}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
    else:
        mounts.alone()
        run(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
