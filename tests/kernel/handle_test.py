#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's view of the export table: open_by_handle_at(2) for every number of three releases."""
import contextlib
import errno
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import sqfs
import stable
import tap
import tool
import trees


def releases():
    """Three releases: names come and go, change type, are linked and unlinked."""
    one = {b"": trees.directory(), b"etc": trees.directory(), b"etc/passwd": trees.file("root\n"),
           b"etc/link": trees.symlink("passwd"), b"etc/pipe": trees.Entry(sqfs.FIFO),
           b"dev": trees.directory(), b"dev/null": trees.Entry(sqfs.CHAR, (1, 3)),
           b"dev/sda": trees.Entry(sqfs.BLOCK, (8, 0)), b"dev/log": trees.Entry(sqfs.SOCKET)}
    for at in range(300):
        one[b"lib%03d" % at] = trees.directory()
        one[b"lib%03d/a" % at] = trees.file(f"a {at}")
        one[b"lib%03d/b" % at] = trees.file(f"b {at}") if at % 3 else one[b"lib%03d/a" % at]
    two = dict(one)
    for at in range(0, 300, 7):
        del two[b"lib%03d/a" % at]
        two[b"aaa%03d" % at] = trees.file(f"new {at}")
    two[b"etc/pipe"] = trees.file("a file now")
    two[b"etc/link"] = trees.directory()
    three = dict(two)
    for at in range(0, 300, 11):
        for path in [path for path in three if path.startswith(b"lib%03d" % at)]:
            del three[path]
    for at in range(1, 300, 7):
        path = b"lib%03d/a" % at
        if path in three:
            three[path] = trees.file(f"split {at}")
    three[b"etc/pipe"] = one[b"etc/pipe"]
    three[b"zzz"] = three[b"etc/passwd"]
    return [one, two, three]


class Mounted:
    """A mounted image and its reader."""

    def __init__(self, path, point):
        self.image, self.point = stable.read(path), point
        self.fd = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
        self.names = self.image.names_by_number()
        self.top = self.image.super.inode_count
        self.held = []

    def hold_all(self):
        """Look every path up, so that the kernel has a connected dentry for it."""
        for path in self.image.paths:
            self.held.append(os.open(os.path.join(os.fsencode(self.point), path),
                                     os.O_PATH | os.O_NOFOLLOW))

    def path_of(self, fd):
        text = os.readlink(b"/proc/self/fd/%d" % fd)
        return os.path.relpath(text, os.fsencode(self.point)).removeprefix(b".")

    def check(self, number, only_directories=False):
        fd, code = mounts.open_handle(self.fd, number)
        if number not in self.names:
            assert fd < 0, f"number {number} opens {self.path_of(fd)!r}"
            assert code == errno.ESTALE, f"number {number}: {os.strerror(code)}"
            return
        assert fd >= 0, f"number {number}, {self.names[number]}: {os.strerror(code)}"
        try:
            assert os.fstat(fd).st_ino == number
            inode = self.image.live[number]
            assert trees.TYPE_OF_MODE[os.fstat(fd).st_mode & 0o170000] == inode.type
            if self.held or inode.type == sqfs.DIR:
                assert self.path_of(fd) in self.names[number], \
                    f"number {number} opens {self.path_of(fd)!r}, not {self.names[number]}"
            if inode.type == sqfs.FILE and not only_directories:
                with open(f"/proc/self/fd/{fd}", "rb") as file:
                    assert file.read() == self.image.read(inode), f"number {number}: content"
        finally:
            os.close(fd)

    def close(self):
        for fd in self.held + [self.fd]:
            os.close(fd)


@contextlib.contextmanager
def mounted(room, image):
    with mounts.image_mounted(image, room + "/m"):
        view = Mounted(image, room + "/m")
        try:
            yield view
        finally:
            view.close()


@contextlib.contextmanager
def built():
    mounts.need_kernel("squashfs")
    with tool.scratch("sqst-handle-") as room:
        images, before = [], []
        for at, tree in enumerate(releases()):
            trees.make(tree, f"{room}/r{at}")
            images.append(f"{room}/{at}.sqfs")
            tool.build(*before, f"{room}/r{at}", images[-1])
            before = ["--prev", images[-1]]
        yield room, images


@tap.test("every number from 0 to top + 1 opens its path or nothing")
def every_number():
    with built() as (room, images), mounts.KernelLog() as log:
        for image in images:
            with mounted(room, image) as view:
                # First with nothing cached: a directory is reconnected through its parents.
                for number in range(view.top + 2):
                    view.check(number)
                view.hold_all()
                for number in range(view.top + 2):
                    view.check(number)
                for number in (2**31 - 1, 2**31, 2**32 - 1):
                    view.check(number)
        said = log.lines("SQUASHFS error", "squashfs:")
        assert not said, said


@tap.test("handles of release 1 on release 3 open the same path or nothing")
def old_handles():
    with built() as (room, images):
        first = stable.read(images[0])
        before = first.names_by_number()
        with mounted(room, images[2]) as view:
            view.hold_all()
            kept = gone = 0
            for number in range(first.super.inode_count + 1):
                view.check(number)
                fd, _ = mounts.open_handle(view.fd, number)
                if fd < 0:
                    gone += 1
                    continue
                path = view.path_of(fd)
                os.close(fd)
                assert number in before, f"number {number} was nothing, now {path!r}"
                assert set(before[number]) & set(view.names[number]), \
                    f"number {number} was {before[number]}, now {path!r}"
                assert first.live[number].type == view.image.live[number].type
                kept += 1
            assert kept > 500 and gone > 50, (kept, gone)


mounts.alone()
tap.main()
