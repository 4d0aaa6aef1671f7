#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SELinux labels from a file_contexts file."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

# pylint: disable=wrong-import-position
import stable
import tap
import tool
import trees

CONTEXTS = """\
/.*                system_u:object_r:default_t:s0
/etc(/.*)?         system_u:object_r:etc_t:s0
/etc/shadow   --   system_u:object_r:shadow_t:s0
/etc/link     -l   system_u:object_r:link_t:s0
/skip(/.*)?        <<none>>
"""


def build(room, *options):
    trees.make({b"": trees.directory(), b"etc": trees.directory(),
                b"etc/shadow": trees.file("secret\n"), b"etc/other": trees.file("x\n"),
                b"etc/link": trees.symlink("other"), b"skip": trees.directory(),
                b"skip/f": trees.file("y\n")}, room + "/source")
    tool.write(room + "/contexts", CONTEXTS)
    done = tool.run("-selinux", room + "/contexts", *options, room + "/source", room + "/image")
    if "built without SELinux labels" in done.stderr:
        tap.skip("needs a build with libselinux")
    assert done.returncode == 0, done.stderr
    return stable.read(room + "/image")


@tap.test("every path has the label of the last line that fits, by type")
def labels():
    with tool.scratch("sqst-selinux-") as room:
        image = build(room, "-xattrs-add", "user.a=b")

        def label(path):
            return image.xattrs_of(image.paths[path]).get(b"security.selinux")
        assert label(b"") == b"system_u:object_r:default_t:s0\0"
        assert label(b"etc") == b"system_u:object_r:etc_t:s0\0"
        assert label(b"etc/other") == b"system_u:object_r:etc_t:s0\0"
        assert label(b"etc/shadow") == b"system_u:object_r:shadow_t:s0\0"
        assert label(b"etc/link") == b"system_u:object_r:link_t:s0\0"
        assert label(b"skip") is None and label(b"skip/f") is None
        assert image.xattrs_of(image.paths[b"etc/shadow"])[b"user.a"] == b"b"


@tap.test("a file_contexts file that is not there: exit status 4")
def missing():
    with tool.scratch("sqst-selinux-") as room:
        build(room)
        tool.refused(tool.SOURCE, "-selinux", room + "/none", room + "/source", room + "/other",
                     words=["none", "file_contexts"])
        assert not os.path.exists(room + "/other")


tap.main()
