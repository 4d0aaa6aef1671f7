# SPDX-License-Identifier: LGPL-2.1-or-later
"""Releases made at random: each changes a tree in place by a few per cent of its files.

The same for everybody from one seed: only random() is used, whose sequence Python promises to keep,
and files are taken in the order of their names. New contents are old ones in another order, so they
compress as the tree does without being in it.
"""
import os
import random
import stat

TIME = 1700000000
DAY = 86400
PIECE, SMALL_PIECE = 4096, 64
# Of a tree's files, at most; a release takes between nothing and this of each.
CHANGED, ADDED, DELETED, RENAMED = 0.06, 0.03, 0.02, 0.02


def list_tree(top):
    """Regular files and directories, by name."""
    files, directories = [], []
    for directory, below, names in os.walk(top):
        below.sort()
        directories.append(directory)
        for name in sorted(names):
            path = os.path.join(directory, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                files.append(path)
    return files, directories


class Release:
    """The changes of one release."""

    def __init__(self, top, number, seed):
        self.draw = random.Random(seed * 1000003 + number).random
        self.number = number
        self.time = TIME + number * DAY
        self.files, self.directories = list_tree(top)
        self.total = len(self.files)
        self.touched = set()

    def below(self, limit):
        return int(self.draw() * limit)

    def share(self, most):
        return min(len(self.files), int(self.total * most * self.draw()) + 1)

    def take(self):
        """A file that no other change of this release meets."""
        index = self.below(len(self.files))
        self.files[index], self.files[-1] = self.files[-1], self.files[index]
        return self.files.pop()

    def shuffled(self, data):
        size = PIECE if len(data) > 4 * PIECE else SMALL_PIECE
        pieces = [data[at:at + size] for at in range(0, len(data), size)]
        for i in range(len(pieces) - 1, 0, -1):
            j = self.below(i + 1)
            pieces[i], pieces[j] = pieces[j], pieces[i]
        return b"".join(pieces)

    def edited(self, data):
        """Rebuilt, grown, or patched in a few places."""
        kind = self.draw()
        if kind < 0.3 or not data:
            return self.shuffled(data) or b"release %d\n" % self.number
        if kind < 0.5:
            start = self.below(len(data))
            return data + self.shuffled(data[start:start + 4 * PIECE])
        data = bytearray(data)
        for _ in range(1 + self.below(4)):
            start = self.below(len(data))
            patch = self.shuffled(data[start:start + PIECE])
            data[start:start + len(patch)] = patch
        return bytes(data)

    def write(self, path, data, mode=None):
        with open(path, "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(path, mode)
        os.utime(path, (self.time, self.time))

    def new_name(self, directory, kind, count):
        self.touched.add(directory)
        return os.path.join(directory, "%s-%d-%d" % (kind, self.number, count))

    def change(self, _):
        path = self.take()
        with open(path, "rb") as file:
            data = file.read()
        self.write(path, self.edited(data))

    def add(self, count):
        donor = self.files[self.below(len(self.files))]
        with open(donor, "rb") as file:
            data = file.read()
        path = self.new_name(os.path.dirname(donor), "added", count)
        self.write(path, self.shuffled(data), stat.S_IMODE(os.stat(donor).st_mode))

    def delete(self, _):
        path = self.take()
        os.unlink(path)
        self.touched.add(os.path.dirname(path))

    def rename(self, count):
        """Within its directory, or to another one."""
        path = self.take()
        directory = os.path.dirname(path)
        self.touched.add(directory)
        if self.draw() < 0.5:
            directory = self.directories[self.below(len(self.directories))]
        os.rename(path, self.new_name(directory, "renamed", count))

    def make(self):
        done = {"files": self.total}
        for name, action, most in (("deleted", self.delete, DELETED),
                                   ("renamed", self.rename, RENAMED),
                                   ("changed", self.change, CHANGED), ("added", self.add, ADDED)):
            done[name] = 0
            for count in range(self.share(most)):
                if not self.files:
                    break
                action(count)
                done[name] += 1
        for directory in sorted(self.touched):
            os.utime(directory, (self.time, self.time))
        return done
