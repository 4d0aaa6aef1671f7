# SPDX-License-Identifier: LGPL-2.1-or-later
"""What overlayfs must show: an upper that a user changed, over a lower that is replaced.

A model of Documentation/filesystems/overlayfs.rst (whiteouts, opaque and redirected directories,
metadata-only copies, the inodes index), small enough to be read beside it. The lower is a tree of
trees.py and its numbers; the upper lives on when lower() puts another release below.
"""
import sqfs

WHITEOUT = 0


class Options:
    """The features that an option string switches on, with what the kernel implies."""

    def __init__(self, text):
        words = text.split(",")
        self.text = text
        self.index, self.nfs = "index=on" in words, "nfs_export=on" in words
        self.metacopy, self.xino = "metacopy=on" in words, "xino=on" in words
        self.redirect = "redirect_dir=on" in words or self.metacopy


class Up:
    """One inode of the upper."""

    def __init__(self, kind, data=b"", mode=0, origin=None):
        self.kind, self.data, self.mode, self.origin = kind, data, mode, origin
        self.metacopy = False       # the data is the lower's
        self.data_from = None       # ... at this path of the lower; None: where it is looked up
        self.opaque = False
        self.redirect = None
        self.indexed = False


class Seen:
    """What a path must show."""

    def __init__(self, kind, data, mode, number=None):
        self.kind, self.data, self.mode = kind, data, mode
        self.number = number        # the number that st_ino must carry, None: not promised


def above(path):
    return path.rpartition(b"/")[0]


def join(path, name):
    return path + b"/" + name if path else name


class Model:
    def __init__(self, options):
        self.options = options
        self.upper = {}
        self.index = {}
        self.tree = self.numbers = None
        self.links = {}

    def lower(self, tree, numbers):
        """Put a release below."""
        self.tree, self.numbers = tree, numbers
        self.links = {}
        for entry in tree.values():
            self.links[id(entry)] = self.links.get(id(entry), 0) + 1
        if b"" not in self.upper:
            self.upper[b""] = Up(sqfs.DIR, mode=tree[b""].mode, origin=self.number(b""))

    def number(self, path):
        return self.numbers[path][1]

    # ---- lookup

    def _below(self, up, path):
        """The lower directory that an upper directory is merged with, or None."""
        if up.opaque:
            return None
        path = up.redirect if up.redirect is not None else path
        if path is None or path not in self.tree or self.tree[path].kind != sqfs.DIR:
            return None
        if self.options.nfs and up.origin is not None and up.origin != self.number(path):
            return None
        return path

    def child(self, path, lpath, name):
        """(upper inode, lower path) of a name in a directory; (None, None) if it is not there."""
        up = self.upper.get(join(path, name))
        if up is not None and up.kind == WHITEOUT:
            return None, None
        low = join(lpath, name) if lpath is not None else None
        if low not in self.tree:
            low = None
        if up is None and low is not None and self.tree[low].kind != sqfs.DIR:
            up = self.index.get(self.number(low))
        if up is not None and up.kind == sqfs.DIR:
            low = self._below(up, low)
        return up, low

    def find(self, path):
        up, low = self.upper[b""], b""
        at = b""
        for name in path.split(b"/") if path else ():
            up, low = self.child(at, low, name)
            at = join(at, name)
        return up, low

    # ---- what the user does

    def _copy_up(self, path, data=False):
        """Copy a path up, with its data or (if the option is on) without."""
        if above(path) != path:
            self._copy_up(above(path))
        up, low = self.find(path)
        if up is None:
            entry = self.tree[low]
            up = Up(entry.kind, entry.data, entry.mode)
            linked = entry.kind != sqfs.DIR and self.links[id(entry)] > 1
            if not linked or self.options.index:
                up.origin = self.number(low)
            if self.options.index and (linked or self.options.nfs) and entry.kind != sqfs.DIR:
                up.indexed = True
                self.index[up.origin] = up
            up.metacopy = self.options.metacopy and not data and entry.kind == sqfs.FILE
        if data and up.metacopy:
            up.data, up.metacopy = self.tree[up.data_from or low].data, False
        self.upper[path] = up
        return up

    def write(self, path, data):
        if self.find(path) == (None, None):
            self._create(path, Up(sqfs.FILE, data, 0o644))
        else:
            self._copy_up(path, True).data = data

    def append(self, path, data):
        self._copy_up(path, True).data += data

    def chmod(self, path, mode):
        self._copy_up(path).mode = mode

    def _create(self, path, up):
        self._copy_up(above(path))
        up.opaque = up.kind == sqfs.DIR and path in self.upper
        self.upper[path] = up

    def mkdir(self, path):
        self._create(path, Up(sqfs.DIR, mode=0o755))

    def _remove(self, path):
        for other in [p for p in self.upper if p == path or p.startswith(path + b"/")]:
            del self.upper[other]
        _, low = self.find(above(path))
        if low is not None and join(low, path.rpartition(b"/")[2]) in self.tree:
            self.upper[path] = Up(WHITEOUT)

    def delete(self, path):
        """A file, or a directory with all below it."""
        self._copy_up(above(path))
        up, low = self.find(path)
        if up is None and self.options.index and self.tree[low].kind != sqfs.DIR \
                and self.links[id(self.tree[low])] > 1:
            up = self._copy_up(path)        # the index keeps count of the names that are left
        self._remove(path)
        if up is not None and up.indexed and not self._has_names(up):
            self.index.pop(up.origin, None)

    def _has_names(self, up):
        """Whether a name is left that leads to this inode, in the upper or by the index."""
        return any(self.find(path)[0] is up for path in {*self.upper, *self.tree}
                   if above(path) == b"" or self.find(above(path)) != (None, None))

    def rename(self, old, new):
        up = self._copy_up(old)
        _, low = self.find(old)
        self._copy_up(above(new))
        moved = {p: u for p, u in self.upper.items() if p == old or p.startswith(old + b"/")}
        if up.kind == sqfs.DIR:
            up.redirect = low if up.redirect is None else up.redirect
        elif up.metacopy:
            up.data_from = up.data_from or low
        self._remove(old)
        for path, other in moved.items():
            self.upper[new + path[len(old):]] = other

    def link(self, old, new):
        up = self._copy_up(old)
        _, low = self.find(old)
        if up.metacopy:
            up.data_from = up.data_from or low
        self._copy_up(above(new))
        self.upper[new] = up

    # ---- what is seen

    def view(self):
        """{path: Seen} of everything."""
        found = {}
        self._view(b"", self.upper[b""], b"", found)
        return found

    def _view(self, path, up, low, found):
        found[path] = self._seen(up, low)
        if found[path].kind != sqfs.DIR:
            return
        names = {p.rpartition(b"/")[2] for p in self.upper if p and above(p) == path}
        if low is not None:
            names |= {p.rpartition(b"/")[2] for p in self.tree if p and above(p) == low}
        for name in sorted(names):
            up, below = self.child(path, low, name)
            if up is not None or below is not None:
                self._view(join(path, name), up, below, found)

    def _seen(self, up, low):
        if up is None:
            entry = self.tree[low]
            return Seen(entry.kind, entry.data, entry.mode, self.number(low))
        if up.kind == sqfs.DIR:
            return Seen(up.kind, b"", up.mode, self.number(low) if low is not None else None)
        data = self.tree[up.data_from or low].data if up.metacopy else up.data
        return Seen(up.kind, data, up.mode, self._promised(up))

    def _promised(self, up):
        """A copied-up file shows the number of its origin while that number is alive, and its own
        or indexed (ovl_getattr)."""
        names = [p for p, (_, number) in self.numbers.items() if number == up.origin]
        if len(names) == 1 and not self.options.nfs or names and up.indexed:
            return up.origin
        return None
