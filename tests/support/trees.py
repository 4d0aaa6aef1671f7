# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trees as data, and making them in a directory.

A tree is {path as bytes: Entry}, b"" the root. Entries that are one object are hard links.
"""
import os
import stat

import sqfs

MAKE_MODE = {sqfs.FIFO: stat.S_IFIFO, sqfs.SOCKET: stat.S_IFSOCK,
             sqfs.BLOCK: stat.S_IFBLK, sqfs.CHAR: stat.S_IFCHR}
TYPE_OF_MODE = {stat.S_IFDIR: sqfs.DIR, stat.S_IFREG: sqfs.FILE, stat.S_IFLNK: sqfs.SYMLINK,
                stat.S_IFBLK: sqfs.BLOCK, stat.S_IFCHR: sqfs.CHAR, stat.S_IFIFO: sqfs.FIFO,
                stat.S_IFSOCK: sqfs.SOCKET}
TIME = 1700000000


class Entry:
    """What names stand for. data: content, symlink target or (major, minor)."""

    def __init__(self, kind, data=b"", mode=None, mtime=TIME, owner=None, xattrs=None):
        self.kind, self.data, self.mtime = kind, data, mtime
        self.mode = mode if mode is not None else 0o755 if kind == sqfs.DIR else 0o644
        self.owner, self.xattrs = owner, xattrs or {}

    def copy(self, **changes):
        other = Entry(self.kind, self.data, self.mode, self.mtime, self.owner, dict(self.xattrs))
        for name, value in changes.items():
            setattr(other, name, value)
        return other


def directory(**fields):
    return Entry(sqfs.DIR, **fields)


def file(data=b"", **fields):
    return Entry(sqfs.FILE, data.encode() if isinstance(data, str) else data, **fields)


def symlink(target, **fields):
    return Entry(sqfs.SYMLINK, target.encode() if isinstance(target, str) else target, **fields)


def make(tree, where):
    """Make a tree in a directory that is not there yet. Times, owners and modes come last."""
    where = os.fsencode(where)
    first = {}
    order = sorted(tree)
    for path in order:
        entry = tree[path]
        there = os.path.join(where, path) if path else where
        if entry.kind == sqfs.DIR:
            os.mkdir(there)
        elif id(entry) in first:
            os.link(first[id(entry)], there, follow_symlinks=False)
            continue
        elif entry.kind == sqfs.FILE:
            with open(there, "wb") as out:
                out.write(entry.data)
        elif entry.kind == sqfs.SYMLINK:
            os.symlink(entry.data, there)
        else:
            device = os.makedev(*entry.data) if entry.data else 0
            os.mknod(there, MAKE_MODE[entry.kind] | 0o600, device)
        first[id(entry)] = there
    for path in reversed(order):
        entry = tree[path]
        there = os.path.join(where, path) if path else where
        if entry.owner:
            os.chown(there, *entry.owner, follow_symlinks=False)
        for name, value in entry.xattrs.items():
            os.setxattr(there, name, value, follow_symlinks=False)
        if entry.kind != sqfs.SYMLINK:
            os.chmod(there, entry.mode)
        os.utime(there, (entry.mtime, entry.mtime), follow_symlinks=False)


def groups(tree):
    """The tree as model.py wants it: {path: (type, group)}."""
    return {path: (entry.kind, id(entry)) for path, entry in tree.items()}


def describe(path, content=True, xattrs=True):
    """What lstat and the content say of everything below a directory, the directory itself too.

    {path: dict}; hard links are told apart by "links": the sorted names of the inode.
    """
    base = os.fsencode(path)
    found, same = {}, {}

    def look(there, name):
        info = os.lstat(there)
        kind = TYPE_OF_MODE[stat.S_IFMT(info.st_mode)]
        one = found[name] = {"type": kind, "mode": stat.S_IMODE(info.st_mode),
                             "uid": info.st_uid, "gid": info.st_gid,
                             "mtime": int(info.st_mtime_ns // 10**9)}
        if kind == sqfs.FILE:
            one["size"] = info.st_size
            if content:
                with open(there, "rb") as source:
                    one["content"] = source.read()
        elif kind == sqfs.SYMLINK:
            one["target"] = os.readlink(there)
        elif kind in (sqfs.BLOCK, sqfs.CHAR):
            one["device"] = (os.major(info.st_rdev), os.minor(info.st_rdev))
        if kind != sqfs.DIR:
            one["links"] = same.setdefault((info.st_dev, info.st_ino), [])
            one["links"].append(name)
            one["nlink"] = info.st_nlink
        if xattrs:
            one["xattrs"] = {
                key: os.getxattr(there, key, follow_symlinks=False)
                for key in os.listxattr(there, follow_symlinks=False)
                if key.partition(".")[0] in ("user", "trusted", "security")}
        if kind == sqfs.DIR:
            for child in sorted(os.listdir(there)):
                look(os.path.join(there, child), os.path.join(name, child) if name else child)
    look(base, b"")
    return found


def describe_image(image):
    """An Image of sqfs.py in the form of describe()."""
    found = {}
    for path, inode in image.paths.items():
        one = found[path] = {"type": inode.type, "mode": inode.mode, "uid": inode.uid,
                             "gid": inode.gid, "mtime": inode.mtime}
        if inode.type == sqfs.FILE:
            one["size"] = inode.size
            one["content"] = image.read(inode)
        elif inode.type == sqfs.SYMLINK:
            one["target"] = inode.target
        elif inode.type in (sqfs.BLOCK, sqfs.CHAR):
            one["device"] = ((inode.device >> 8) & 0xFFF,
                             (inode.device & 0xFF) | (inode.device >> 12) & 0xFFF00)
        if inode.type != sqfs.DIR:
            one["links"] = sorted(inode.names, key=lambda name: name.split(b"/"))
            one["nlink"] = inode.nlink
        one["xattrs"] = {name.decode("utf-8", "surrogateescape"): value
                         for name, value in image.xattrs_of(inode).items()}
    return found


def differences(expected, found, limit=10):
    """Lines that say what differs between two descriptions."""
    lines = []
    for path in sorted(expected.keys() | found.keys()):
        if path not in found or path not in expected:
            lines.append(f"{path!r} is only in " + ("the first" if path in expected else "the second"))
            continue
        one, other = expected[path], found[path]
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                lines.append(f"{path!r:.80}: {key}: {one.get(key)!r:.60} against {other.get(key)!r:.60}")
    return lines[:limit]


def assert_same(expected, found, what=""):
    lines = differences(expected, found)
    assert not lines, what + "\n" + "\n".join(lines)
