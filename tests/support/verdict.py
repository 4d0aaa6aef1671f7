# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a new image safe after an old one: said a second time, by what sqfs.py reads.

judge(old, new) is a Judgement of two images that stable.numbers() has seen.
"""
import collections
import json
import subprocess

import sqfs
import tool

VALID, UNSAFE, USAGE, REFUSED, INPUT, SYSTEM = range(6)
WORD = {VALID: "valid", UNSAFE: "unsafe", REFUSED: "refused"}
CHECK = tool.program("sqfs-stable-check")


def identities(numbers):
    """{number: {(path, type)}}"""
    found = collections.defaultdict(set)
    for path, (kind, number) in numbers.items():
        found[number].add((path, kind))
    return found


class Judgement:
    """What must be said of two releases, each {path: (type, number)} with its top."""

    def __init__(self, old, old_top, new, new_top, exports=(True, True)):
        before, after = identities(old), identities(new)
        both = before.keys() & after.keys()
        self.kept = {n for n in both if before[n] & after[n]}
        self.conflicts = {n: (sorted(p for p, _ in before[n]), sorted(p for p, _ in after[n]))
                          for n in both - self.kept}
        self.regrouped = {n for n in self.kept if before[n] != after[n]}
        gone = before.keys() - after.keys()
        self.beyond = {n for n in gone if n > new_top}
        self.retired = gone - self.beyond
        fresh = after.keys() - before.keys()
        self.new = {n for n in fresh if n > old_top}
        self.again = fresh - self.new
        self.paths = {"kept": 0, "renumbered": 0, "changed_type": 0,
                      "new": len(new.keys() - old.keys()),
                      "removed": len(old.keys() - new.keys())}
        for path in old.keys() & new.keys():
            same_type = old[path][0] == new[path][0]
            word = "changed_type" if not same_type else \
                "kept" if old[path] == new[path] else "renumbered"
            self.paths[word] += 1
        self.status = self._status(old[b""][1] != new[b""][1], *exports)

    def _status(self, root_moved, old_exports, new_exports):
        if not new_exports:
            return REFUSED
        if self.conflicts:
            return UNSAFE if old_exports else REFUSED
        if not self.kept:
            return REFUSED
        return UNSAFE if (root_moved or self.regrouped) and old_exports else VALID

    def agrees_with(self, said):
        """With what the program's JSON has for the old image."""
        assert said["verdict"] == WORD[self.status], (said["verdict"], WORD[self.status])
        assert said["path_counts"] == self.paths, (said["path_counts"], self.paths)
        assert said["numbers"] == {
            "kept": len(self.kept), "new": len(self.new), "retired": len(self.retired),
            "above_top": len(self.beyond), "used_again": len(self.again),
            "conflicts": len(self.conflicts), "regrouped_links": len(self.regrouped)}, said
        found = {one["number"]: (paths(one["old"]), paths(one["new"])) for one in said["conflicts"]}
        assert found == self.conflicts
        assert {one["number"] for one in said["regrouped_links"]} == self.regrouped
        assert {one["number"] for one in said["used_again"]} == self.again


def judge(old, new):
    return Judgement(old.numbers, old.super.inode_count, new.numbers, new.super.inode_count,
                     (old.export is not None, new.export is not None))


def unescape(text):
    """A path of the JSON as bytes, without its slash in front."""
    raw, out, at = text.encode(), bytearray(), 0
    assert raw.startswith(b"/")
    while at < len(raw):
        if raw[at] == 0x5C:
            out.append(int(raw[at + 1:at + 4], 8))
            at += 4
        else:
            out.append(raw[at])
            at += 1
    return bytes(out[1:])


def paths(texts):
    return sorted(unescape(text) for text in texts)


def run(*arguments, **options):
    options.setdefault("timeout", 300)
    return subprocess.run([CHECK, *arguments], capture_output=True, check=False, **options)


def says(status, *arguments):
    """Its JSON, and that it ends so."""
    done = run("--json", "-", *arguments)
    assert done.returncode == status, (done.args, done.returncode, done.stdout[-600:], done.stderr)
    assert done.stderr == b"", done.stderr
    return json.loads(done.stdout)


def mksquashfs(tree, image, *options):
    """An image of another builder, read without asking for our record."""
    tool.call("mksquashfs", tree, image, "-noappend", "-no-progress", "-quiet", *options)
    return image


def read(path):
    """An image of any builder."""
    image = sqfs.Image(path)
    image.numbers = {name: (inode.type, inode.number) for name, inode in image.paths.items()}
    return image
