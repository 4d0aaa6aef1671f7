# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where hard links in the lower are the limit, each with the user's action that shows it.

R5 lets a link group keep its number while its names change, and overlayfs' index and origins know
only the number. So each of these breaks, and the program warns of it; with --fresh-links none does.
"""
import os
from collections import namedtuple

import trees

# releases: trees; users: what is done on each; expected: {path: content} on the last release.
Limit = namedtuple("Limit", "name options releases users expected")


def tree(*groups):
    """Every group of names is one file with the first name as its content."""
    found = {b"": trees.directory()}
    for group in groups:
        names = group.split()
        entry = trees.file(names[0] + " of a release")
        for name in names:
            found[name.encode()] = entry
    return found


def write(name):
    def act(merged):
        with open(f"{merged}/{name}", "w", encoding="ascii") as file:
            file.write("the user's")
    return act


def append(name):
    def act(merged):
        with open(f"{merged}/{name}", "a", encoding="ascii") as file:
            file.write(" and more")
    return act


def delete(name):
    return lambda merged: os.unlink(f"{merged}/{name}")


def chmod(name):
    return lambda merged: os.chmod(f"{merged}/{name}", 0o600)


def nothing(_merged):
    return None


LIMITS = [
    Limit(f"a name joins a file, the old name goes, both are the user's ({options})", options,
          [tree("old", "z"), tree("old new", "z"), tree("new", "z")],
          [write("old"), nothing, write("new"), nothing],
          {"old": b"the user's", "new": b"the user's", "z": b"z of a release"})
    for options in ("xino=on", "redirect_dir=on", "metacopy=on", "index=on")
] + [
    Limit("the same, and the new name shows the old one's data", "index=on,nfs_export=on",
          [tree("old", "z"), tree("old new", "z"), tree("new", "z")],
          [write("old"), nothing, append("new"), nothing],
          {"old": b"the user's", "new": b"new of a release and more"}),
    Limit("a linked file's mode is changed, the group splits and the other name keeps the number",
          "index=on,metacopy=on", [tree("one two", "z"), tree("one", "two", "z")],
          [chmod("two"), nothing],
          {"one": b"one of a release", "two": b"two of a release"}),
    Limit("a file is deleted, a release gives it a second name", "index=on,nfs_export=on",
          [tree("gone", "z"), tree("gone more", "z")], [delete("gone"), nothing],
          {"more": b"gone of a release"}),
    Limit("a file is deleted, a release joins it with another", "index=on,nfs_export=on",
          [tree("gone", "other"), tree("gone other")], [delete("gone"), nothing],
          {"other": b"gone of a release"}),
    Limit("one name of a link group is deleted, the group splits", "index=on,nfs_export=on",
          [tree("one two", "z"), tree("one", "two", "z")], [delete("two"), nothing],
          {"one": b"one of a release"}),
    Limit("one name of a link group is deleted, the release drops another",
          "index=on,nfs_export=on", [tree("one two", "z"), tree("two", "z")],
          [delete("one"), nothing], {"two": b"two of a release"}),
]
