# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard links in the lower that change from release to release, each with the user's actions for which
the change matters: overlayfs' index and origins know only the number. By R5 the number goes, and all
of it works. With --keep-links it stays, and with the named options the user loses something.
"""
from collections import namedtuple

import trees

# releases: trees, booted one after the other; sessions: {step: what the user does in it};
# expected: {path: content} on the last release; breaks: options with which --keep-links fails.
Limit = namedtuple("Limit", "name breaks releases sessions expected")

ORIGINS = ("xino=on", "redirect_dir=on", "metacopy=on", "index=on")
NFS = ("index=on,nfs_export=on",)
METACOPY = ("index=on,metacopy=on,redirect_dir=on,xino=on",)


def tree(*groups):
    """Every group of names is one file with the first name as its content."""
    found = {b"": trees.directory()}
    for group in groups:
        names = group.split()
        entry = trees.file(names[0] + " of a release")
        for name in names:
            found[name.encode()] = entry
    return found


def write(path):
    return lambda user: user.write(path, b"the user's")


def append(path):
    return lambda user: user.append(path, b" and more")


def delete(path):
    return lambda user: user.delete(path)


def chmod(path):
    return lambda user: user.chmod(path, 0o600)


LIMITS = (
    Limit("a name joins a file, the old name goes, both are the user's", ORIGINS,
          (tree("old", "z"), tree("old new", "z"), tree("new", "z")),
          {0: write(b"old"), 2: write(b"new")},
          {b"old": b"the user's", b"new": b"the user's", b"z": b"z of a release"}),
    Limit("the same, and the new name shows the old one's data", NFS,
          (tree("old", "z"), tree("old new", "z"), tree("new", "z")),
          {0: write(b"old"), 2: append(b"new")},
          {b"old": b"the user's", b"new": b"new of a release and more"}),
    Limit("a linked file's mode is changed, the group splits and the other name keeps the number",
          METACOPY, (tree("one two", "z"), tree("one", "two", "z")), {0: chmod(b"two")},
          {b"one": b"one of a release"}),
    Limit("a file is deleted, a release gives it a second name", NFS,
          (tree("gone", "z"), tree("gone more", "z")), {0: delete(b"gone")},
          {b"more": b"gone of a release"}),
    Limit("a file is deleted, a release joins it with another", NFS,
          (tree("gone", "other"), tree("gone other")), {0: delete(b"gone")},
          {b"other": b"gone of a release"}),
    Limit("one name of a link group is deleted, the group splits", NFS,
          (tree("one two", "z"), tree("one", "two", "z")), {0: delete(b"two")},
          {b"one": b"one of a release"}),
    Limit("one name of a link group is deleted, the release drops another", NFS,
          (tree("one two", "z"), tree("two", "z")), {0: delete(b"one")},
          {b"two": b"two of a release"}),
)
