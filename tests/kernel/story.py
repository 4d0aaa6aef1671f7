# SPDX-License-Identifier: LGPL-2.1-or-later
"""The story of overlay_test.py: three releases of a system, and what its user does to it."""
import sqfs
import trees

MANY = 60


def _first():
    tree = {b"": trees.directory()}
    for path in (b"dev", b"etc", b"etc/init", b"many", b"opt", b"opt/dead", b"opt/flip", b"opt/old",
                 b"opt/old/deep", b"srv", b"srv/d1", b"usr", b"usr/bin", b"usr/share",
                 b"usr/share/docs", b"usr/share/docs/sub"):
        tree[path] = trees.directory()
    for path in (b"etc/passwd", b"etc/hosts", b"etc/mode", b"etc/mode2", b"etc/gone", b"etc/name",
                 b"etc/linked", b"etc/becomes-dir", b"etc/retype", b"etc/j1", b"etc/j2", b"etc/g1",
                 b"etc/g2", b"etc/p1", b"etc/p2", b"etc/p3", b"etc/q1", b"etc/init/a",
                 b"etc/init/b", b"opt/dead/x", b"opt/dead/y", b"opt/flip/x",
                 b"opt/old/x", b"opt/old/deep/y", b"srv/back", b"srv/back2", b"srv/gone",
                 b"srv/d1/f", b"usr/bin/app", b"usr/bin/tool", b"usr/share/docs/a",
                 b"usr/share/docs/b", b"usr/share/docs/c", b"usr/share/docs/sub/d"):
        tree[path] = trees.file()
    for at in range(MANY):
        tree[b"many/f%03d" % at] = trees.file()
    for first, *others in ((b"etc/l1", b"etc/l2"), (b"etc/h1", b"etc/h2", b"etc/h3"),
                           (b"etc/s1", b"etc/s2"), (b"etc/t1", b"usr/t2", b"usr/t3")):
        tree[first] = trees.file()
        for other in others:
            tree[other] = tree[first]
    tree[b"etc/sym"] = trees.symlink("passwd")
    tree[b"dev/null"] = trees.Entry(sqfs.CHAR, (1, 3), mode=0o666)
    tree[b"dev/pipe"] = trees.Entry(sqfs.FIFO)
    tree[b"dev/socket"] = trees.Entry(sqfs.SOCKET)
    return tree


def _second(one):
    tree = dict(one)
    tree[b"aaa"] = trees.directory()        # sorts before all others
    for path in (b"aaa/new", b"aab", b"etc/aaa", b"many/a000", b"usr/bin/aardvark", b"usr/share/docs/aa"):
        tree[path] = trees.file()
    for path in (b"srv/back", b"srv/back2", b"srv/gone", b"opt/dead/x", b"opt/dead/y", b"opt/dead",
                 b"opt/flip/x", b"opt/flip", b"srv/d1/f", b"srv/d1", b"many/f007", b"many/f008",
                 b"usr/share/docs/c", b"opt/old/x"):
        del tree[path]
    tree[b"opt/flip"] = trees.file()                    # directory to file
    tree[b"etc/becomes-dir"] = trees.directory()        # file to directory
    tree[b"etc/becomes-dir/f"] = trees.file()
    tree[b"etc/retype"] = trees.symlink("hosts")
    tree[b"opt/old/newer"] = trees.file()
    for path in (b"etc/l2", b"etc/s2", b"usr/t3"):      # split
        tree[path] = trees.file()
    tree[b"etc/j2"] = tree[b"etc/j1"]                   # joined
    tree[b"etc/g2"] = tree[b"etc/g1"]
    tree[b"etc/q2"] = tree[b"etc/q1"]                   # a new name of an old file
    tree[b"etc/sym"] = trees.symlink("hosts")
    return tree


def _third(two):
    tree = dict(two)
    tree[b"aaa/early"] = trees.file()
    tree[b"a0"] = trees.symlink("aaa")
    tree[b"srv/d1"] = trees.directory()                 # these come back
    for path in (b"srv/back", b"srv/back2", b"srv/d1/f", b"many/f007", b"many/b001"):
        tree[path] = trees.file()
    for path in (b"aab", b"etc/q2", b"many/f010", b"usr/bin/tool", b"opt/old/newer"):
        del tree[path]
    tree[b"etc/retype"] = trees.directory()
    tree[b"etc/retype/f"] = trees.file()
    tree[b"etc/l2"] = tree[b"etc/l1"]                   # joined again
    tree[b"etc/j2"] = trees.file()                      # split again
    tree[b"etc/p2"] = tree[b"etc/p3"]
    return tree


def releases():
    """The trees; every regular file's content names the release and its first path."""
    one = _first()
    two = _second(one)
    three = _third(two)
    out = []
    for number, tree in enumerate((one, two, three), 1):
        fresh, made = {}, {}
        for path in sorted(tree):
            entry = tree[path]
            if id(entry) not in made:
                made[id(entry)] = entry.copy()
                if entry.kind == sqfs.FILE:
                    made[id(entry)].data = b"%s of release %d\n" % (path, number) * (1 + len(path))
            fresh[path] = made[id(entry)]
        out.append(fresh)
    return out


def first_session(user):
    """On release 1. A directory or file that the kernel itself cannot carry over (a metadata-only
    copy whose data goes away, say) is not among them."""
    user.write(b"etc/passwd", b"the user's\n")
    user.append(b"etc/hosts", b"one more\n")
    user.write(b"etc/becomes-dir", b"the user's, a file\n")
    user.chmod(b"etc/mode", 0o600)
    user.chmod(b"etc/mode2", 0o755)
    user.chmod(b"usr/bin/app", 0o700)
    user.chmod(b"dev/null", 0o600)
    user.chmod(b"dev/pipe", 0o600)
    user.delete(b"etc/gone")
    user.delete(b"srv/gone")
    user.rename(b"etc/name", b"etc/another")
    user.link(b"etc/linked", b"usr/linked-too")
    user.write(b"etc/l1", b"the user's l1\n")           # split in release 2
    user.chmod(b"etc/s1", 0o640)
    user.delete(b"etc/h1")                              # two names are left
    user.append(b"usr/t2", b"of the user\n")
    user.append(b"etc/j1", b"of the user\n")            # joined in release 2
    user.append(b"etc/p2", b"of the user\n")            # joined in release 3
    user.chmod(b"etc/g1", 0o600)
    user.chmod(b"etc/g2", 0o640)
    user.write(b"etc/q1", b"the user's q1\n")
    user.write(b"opt/dead/x", b"the user's, its directory goes\n")
    user.write(b"opt/flip/x", b"the user's, its directory becomes a file\n")
    user.write(b"srv/back2", b"the user's, comes back\n")
    user.delete(b"opt/old")
    user.mkdir(b"opt/old")
    user.write(b"opt/old/mine", b"nothing old shows here\n")
    user.mkdir(b"home")
    user.write(b"home/note", b"new\n")
    user.write(b"usr/share/docs/a", b"the user's\n")
    user.rename_directory(b"usr/share/docs", b"usr/share/papers")
    user.delete(b"usr/share/papers/b")
    for at in range(0, MANY, 2):
        user.append(b"many/f%03d" % at, b"of the user\n")
    for at in range(11, MANY, 6):
        user.chmod(b"many/f%03d" % at, 0o600)


def second_session(user):
    """On release 2."""
    user.append(b"aaa/new", b"of the user\n")
    user.append(b"usr/bin/aardvark", b"of the user\n")
    user.write(b"many/f001", b"later\n")
    user.rename(b"usr/bin/aardvark", b"usr/bin/aaaa")
    user.delete(b"many/f003")
    user.append(b"etc/l1", b"again\n")
    user.append(b"etc/init/a", b"later\n")
