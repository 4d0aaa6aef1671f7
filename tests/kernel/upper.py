# SPDX-License-Identifier: LGPL-2.1-or-later
"""A device: images in slots, an overlay over them, what its user does, and overlay_model.py's word on
what must be seen."""
import contextlib
import os
import shutil
import stat

import mounts
import overlay_model
import sqfs
import stable
import tool
import trees

OPTION_SETS = ("", "xino=on", "index=on", "metacopy=on", "redirect_dir=on",
               "index=on,nfs_export=on",
               # All that go together: metacopy and nfs_export exclude each other.
               "index=on,metacopy=on,redirect_dir=on,xino=on",
               "index=on,nfs_export=on,redirect_dir=on,xino=on")


def decodes_origin(options):
    """Whether this kernel decodes the origin of a copied-up file (of a lower without a UUID)."""
    version = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if options.index or options.metacopy or options.xino:
        return True
    return options.redirect and version >= (5, 15)


class User:
    """Does what the story says, in the merged directory and in the model."""

    def __init__(self, merged, model):
        self.merged, self.model = merged, model

    def at(self, path):
        return os.path.join(os.fsencode(self.merged), path)

    def write(self, path, data):
        with open(self.at(path), "wb") as file:
            file.write(data)
        self.model.write(path, data)

    def append(self, path, data):
        with open(self.at(path), "ab") as file:
            file.write(data)
        self.model.append(path, data)

    def chmod(self, path, mode):
        os.chmod(self.at(path), mode)
        self.model.chmod(path, mode)

    def mkdir(self, path):
        os.mkdir(self.at(path))
        self.model.mkdir(path)

    def delete(self, path):
        there = self.at(path)
        if os.path.isdir(there):
            shutil.rmtree(there)
        else:
            os.unlink(there)
        self.model.delete(path)

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))
        self.model.rename(old, new)

    def link(self, old, new):
        os.link(self.at(old), self.at(new), follow_symlinks=False)
        self.model.link(old, new)

    def rename_directory(self, old, new):
        """rename(2) where redirect_dir allows it, else what mv does: copy and delete."""
        if self.model.options.redirect:
            self.rename(old, new)
            return
        with contextlib.suppress(OSError):
            os.rename(self.at(old), self.at(new))
            raise AssertionError("a lower directory was renamed without redirect_dir")
        below = sorted(p for p in self.model.view() if p == old or p.startswith(old + b"/"))
        for path in below:
            to = new + path[len(old):]
            if os.path.isdir(self.at(path)):
                self.mkdir(to)
            else:
                self.write(to, tool.read(self.at(path)))
        self.delete(old)


class Checker:
    """Compares a merged directory with the model, and remembers st_ino."""

    def __init__(self, model):
        self.model = model
        self.inodes = {}            # number -> st_ino, of xino=on
        self.problems = []

    def problem(self, where, path, text):
        self.problems.append(f"{where}: {path!r}: {text}")

    def check(self, where, merged):
        expected = self.model.view()
        merged = os.fsencode(merged)
        for path, seen in expected.items():
            try:
                self._check_path(where, path, seen, os.path.join(merged, path))
            except OSError as error:
                self.problem(where, path, os.strerror(error.errno))
        self._check_listing(where, merged, expected)

    def _check_listing(self, where, merged, expected):
        def failed(error):
            self.problem(where, error.filename, os.strerror(error.errno))
        for directory, names, files in os.walk(merged, onerror=failed):
            base = os.path.relpath(directory, merged)
            for name in names + files:
                path = name if base == b"." else base + b"/" + name
                if path not in expected:
                    self.problem(where, path, "should not be there")

    def _check_path(self, where, path, seen, there):
        info = os.lstat(there)
        kind = trees.TYPE_OF_MODE[stat.S_IFMT(info.st_mode)]
        if kind != seen.kind:
            self.problem(where, path, f"type {kind}, not {seen.kind}")
            return
        if kind != sqfs.SYMLINK and stat.S_IMODE(info.st_mode) != seen.mode:
            self.problem(where, path, f"mode {info.st_mode:o}, not {seen.mode:o}")
        data = b""
        if kind == sqfs.FILE:
            data = tool.read(there)
        elif kind == sqfs.SYMLINK:
            data = os.readlink(there)
        elif kind == sqfs.CHAR:
            data = (os.major(info.st_rdev), os.minor(info.st_rdev))
        if data != seen.data:
            self.problem(where, path, f"content {data[:60]!r}, not {seen.data[:60]!r}")
        self._check_number(where, path, seen, info)

    def _check_number(self, where, path, seen, info):
        options = self.model.options
        if seen.number is None or not decodes_origin(options):
            return
        if seen.kind == sqfs.DIR and (not options.xino or path == b""):
            return                      # overlayfs promises nothing for these
        if info.st_ino & 0xFFFFFFFF != seen.number:
            self.problem(where, path, f"st_ino {info.st_ino:#x}, not number {seen.number:#x}")
        if options.xino and self.inodes.setdefault(seen.number, info.st_ino) != info.st_ino:
            self.problem(where, path, f"st_ino {info.st_ino:#x} has changed")


def harmless(line):
    """A file that had one link at copy-up has several in the lower that it is over now, by its
    number or (metacopy) by its path: overlayfs looks for the link count that it keeps of such
    files, warns that there is none, and takes the upper's own. Nothing else comes of it."""
    return "failed to get index nlink (" in line and "err=-61)" in line


def index_left_behind(line):
    """A name of a link group was deleted, and the release has the group under a new number: overlayfs
    throws the index of the old one away, and says so."""
    return "failed to verify index (" in line and "err=-116)" in line


def tell(room, images, releases, options, sessions, slots):
    """What a user does in sessions {step: what} while slots of images and their releases are booted
    one after the other; returns what went wrong, and what the kernel said. `options`: an option
    string, or a function from step to one."""
    options_at = options if callable(options) else lambda step: options
    model = overlay_model.Model(overlay_model.Options(options_at(0)))
    checker = Checker(model)
    upper = mounts.upper_room(room)
    with mounts.KernelLog() as log:
        try:
            for step, slot in enumerate(slots):
                where = f"step {step}, release {slot + 1}"
                text = options_at(step)
                model.options = overlay_model.Options(text)
                model.lower(releases[slot], stable.numbers(sqfs.Image(images[slot])))
                with mounts.image_mounted(images[slot], room + "/lower"), \
                        mounts.overlay_mounted(room + "/lower", upper + "/up", upper + "/work",
                                               room + "/merged", text):
                    checker.check(where, room + "/merged")
                    if step in sessions:
                        sessions[step](User(room + "/merged", model))
                        checker.check(where + " changed", room + "/merged")
        except (mounts.MountFailed, OSError) as error:
            checker.problems.append(f"{where}: {error}")
        return checker.problems, log.lines("overlayfs", "SQUASHFS error")


def build_chain(room, sources, *options):
    """One image a source, each with the one before as its parent; and what was printed."""
    images, said, before = [], [], []
    for at, source in enumerate(sources):
        images.append(f"{room}/{at}.sqfs")
        said.append(tool.build("--quiet", *options, *before, source, images[-1]).stderr)
        before = ["--prev", images[-1]]
    return images, said


def make_sources(room, releases):
    sources = []
    for at, tree in enumerate(releases):
        sources.append(f"{room}/source{at}")
        trees.make(tree, sources[-1])
    return sources
