# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the program by the name mksquashfs, and holding its image against the real one's."""
import difflib
import os
import re
import shlex
import shutil
import stat
import subprocess

import tap
import tool

ROOT = os.geteuid() == 0
EPOCH = "1700000000"
# What each program counts in its own way, or takes from the clock.
OWN_LINES = ("Found a valid", "Filesystem size", "Number of inodes", "Number of fragments",
             "Creation or last append", "Number of xattr ids", "Number of ids")


def real_program():
    """The program itself: libtool's wrapper script would hide the name that it is called by."""
    path = shutil.which(tool.BUILD)
    for name in ("lt-sqfs-stable-build", "sqfs-stable-build"):
        there = os.path.join(os.path.dirname(path), ".libs", name)
        if os.path.exists(there):
            return there, dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(there))
    return path, dict(os.environ)


def drop_in(room, line, name="mksquashfs", epoch=None, **options):
    """Run a command line by that name, in the room; returns the CompletedProcess."""
    program, env = real_program()
    link = f"{room}/bin/{name}"
    if not os.path.lexists(link):
        os.makedirs(room + "/bin", exist_ok=True)
        os.symlink(program, link)
    if epoch is not None:
        env["SOURCE_DATE_EPOCH"] = epoch
    words = line if isinstance(line, list) else shlex.split(line)
    return subprocess.run([link] + words, cwd=room, env=env, capture_output=True, timeout=300,
                          check=False, errors="backslashreplace", **options)


def make(room, line, **options):
    done = drop_in(room, line, **options)
    assert done.returncode == 0, f"{line}\nstatus {done.returncode}\n{done.stderr}"
    return done


def no(room, line, *words, status=tool.USAGE, **options):
    """A command line that is refused, and what the one line of error must say."""
    done = drop_in(room, line, **options)
    assert done.returncode == status, f"{line}\nstatus {done.returncode}\n{done.stderr}"
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("sqfs-stable-build: "), \
        done.stderr
    for word in words:
        assert word in done.stderr, f"{word!r} is not in: {done.stderr}"


def small(source):
    """A tree with something of everything."""
    os.makedirs(source + "/etc/empty")
    os.makedirs(source + "/usr/share/doc/x")
    os.makedirs(source + "/boot")
    with open("/bin/sh", "rb") as file:
        tool.write(source + "/usr/sh", file.read(), 0o4755)
    tool.write(source + "/etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644)
    tool.write(source + "/etc/shadow", "secret\n", 0o000)
    tool.write(source + "/etc/none", b"", 0o600)
    tool.write(source + "/boot/vmlinuz", bytes(range(256)) * 3000, 0o644)
    tool.write(source + "/boot/same", bytes(range(256)) * 3000, 0o644)
    tool.write(source + "/sparse", bytes(300000) + b"end", 0o640)
    tool.write(source + "/usr/share/doc/x/README", "text\n" * 900)
    tool.write(source + "/usr/share/doc/x/a.gz", os.urandom(5000))
    tool.write(source + "/usr/share/odd na*me\\", "odd")
    os.symlink("../etc/passwd", source + "/usr/link")
    os.link(source + "/etc/passwd", source + "/usr/hard")
    os.mkfifo(source + "/usr/fifo", 0o600)
    if ROOT:
        os.mknod(source + "/etc/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(source + "/etc/sda", 0o660 | stat.S_IFBLK, os.makedev(8, 0))
        os.chown(source + "/etc/none", 1000, 100)
        os.chown(source + "/usr/link", 7, 8, follow_symlinks=False)
        os.setxattr(source + "/usr/sh", "security.capability",
                    bytes.fromhex("0100000200040000000000000000000000000000"))
    os.setxattr(source + "/etc/passwd", "user.note", b"hello")
    for at, (where, names, files) in enumerate(sorted(os.walk(source, topdown=False))):
        for name in names + files:
            os.utime(os.path.join(where, name), (0, 1600000000 + at), follow_symlinks=False)
    os.utime(source, (0, 1600000999))


def listing(image):
    """Lines of unsquashfs -lln, without the size of directories and the number of links."""
    lines = []
    for line in tool.call("unsquashfs", "-lln", image, env=dict(os.environ, TZ="UTC")) \
            .decode("utf-8", "backslashreplace").splitlines():
        if line.startswith("d"):
            line = re.sub(r"^(\S+ \S+) +\d+ ", r"\1 - ", line)
        lines.append(line)
    return lines


def contents(image, room):
    """What unsquashfs unpacks: bytes, targets, attributes, hard links."""
    there = room + "/unpacked"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", there, image], check=False,
                   capture_output=True)
    found, groups = {}, {}
    for where, names, files in os.walk(there):
        for name in names + files:
            path = os.path.join(where, name)
            info = os.lstat(path)
            entry = [stat.S_IFMT(info.st_mode)]
            if stat.S_ISREG(info.st_mode):
                entry.append(tool.sha256(path) if ROOT or info.st_mode & 0o400 else None)
            elif stat.S_ISLNK(info.st_mode):
                entry.append(os.readlink(path))
            entry.append({key: os.getxattr(path, key, follow_symlinks=False)
                          for key in sorted(os.listxattr(path, follow_symlinks=False))})
            short = os.path.relpath(path, there)
            if not stat.S_ISDIR(info.st_mode):
                groups.setdefault(info.st_ino, set()).add(short)
            found[short] = entry
    links = sorted(sorted(g) for g in groups.values() if len(g) > 1)
    # pylint: disable-next=protected-access
    tool._make_removable(there)
    shutil.rmtree(there)
    return found, links


def superblock(image):
    text = tool.call("unsquashfs", "-s", image).decode()
    return [line for line in text.splitlines() if not line.startswith(OWN_LINES)]


def equal(ours, theirs):
    assert ours == theirs, "\n".join(difflib.unified_diff(theirs, ours, "mksquashfs", "ours", n=0,
                                                          lineterm=""))


def same(room, ours, theirs, times=True, root=True):
    lists = [listing(ours), listing(theirs)]
    if not times:
        lists = [[re.sub(r" \d{4}-\d\d-\d\d \d\d:\d\d ", " ", line) for line in a] for a in lists]
    if not root:
        lists = [[line for line in a if not line.endswith(" squashfs-root")] for a in lists]
    equal(lists[0], lists[1])
    equal(superblock(ours), superblock(theirs))
    one, other = contents(ours, room), contents(theirs, room)
    for path in sorted(set(one[0]) | set(other[0])):
        assert one[0].get(path) == other[0].get(path), \
            f"{path}: {one[0].get(path)}, theirs {other[0].get(path)}"
    assert one[1] == other[1]


def debian(room, line, epoch=None, **options):
    """The same by the machine's mksquashfs, in the words that its version knows."""
    tap.need_program("unsquashfs")
    program = options.pop("program", "mksquashfs")
    env = dict(os.environ)
    if epoch is not None:
        env["SOURCE_DATE_EPOCH"] = epoch
    words = line if isinstance(line, list) else shlex.split(line)
    done = subprocess.run([tap.need_program(program)] + words, cwd=room, env=env, check=False,
                          capture_output=True, **options)
    assert done.returncode == 0, f"{line}\n{done.stdout.decode()}{done.stderr.decode()}"


def case(name):
    """A test in a scratch directory whose `source` is the tree of small()."""
    def mark(function):
        def run():
            with tool.scratch("sqst-dropin-") as room:
                small(room + "/source")
                function(room)
        run.__name__ = function.__name__
        tap.add(name, run)
    return mark
