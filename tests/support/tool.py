# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the program under test, and a place for files that is always cleaned up."""
import contextlib
import hashlib
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

import tap

BUILD = os.environ.get("SQFS_STABLE_BUILD", "sqfs-stable-build")
OK, SYSTEM, USAGE, PARENT, SOURCE, CHANGED, LIMIT, EXISTS = range(8)

# A shell that starts a test in the background lets it, and so what it runs, ignore this one.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What the caller's environment may not decide in a test.
for _name in ("SOURCE_DATE_EPOCH", "LC_ALL"):
    os.environ.pop(_name, None)


if not shutil.which(BUILD):
    print(f"Bail out! {BUILD} is not there: set SQFS_STABLE_BUILD")
    sys.exit(1)


def _real(path):
    """The program itself: libtool's wrapper script takes five times as long to start."""
    there = os.path.join(os.path.dirname(path), ".libs", os.path.basename(path))
    return there if os.path.exists(there) else path


def program(name):
    """The path of another program of the project, which stands beside the one under test."""
    return _real(os.path.join(os.path.dirname(shutil.which(BUILD)), name))


REAL = _real(shutil.which(BUILD))
if os.path.basename(os.path.dirname(REAL)) == ".libs":
    os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, (
        os.path.dirname(REAL), os.environ.get("LD_LIBRARY_PATH"))))


def command(*arguments):
    return [REAL] + [os.fspath(a) for a in arguments]


def public(room):
    """The program's path for another user: the build may stand where only root can go, so it is
    copied, and what a libtool wrapper would set is set by a script."""
    path = shutil.which(BUILD)
    libraries = os.path.join(os.path.dirname(path), ".libs")
    real = os.path.join(libraries, os.path.basename(path))
    if not os.path.exists(real):
        return path
    place = os.path.join(room, "program")
    if not os.path.exists(place):
        os.mkdir(place)
        os.chmod(place, 0o755)
        for name in os.listdir(libraries):
            if name == os.path.basename(path) or ".so" in name:
                shutil.copy(os.path.join(libraries, name), os.path.join(place, name + ".real"
                            if name == os.path.basename(path) else name))
        wrapper = os.path.join(place, os.path.basename(path))
        with open(wrapper, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\nLD_LIBRARY_PATH='{place}'${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\nexport LD_LIBRARY_PATH\n"
                       f"exec '{wrapper}.real' \"$@\"\n")
        for name in os.listdir(place):
            os.chmod(os.path.join(place, name), 0o755)
    return os.path.join(place, os.path.basename(path))


def run(*arguments, **options):
    """Run the program and wait; returns a CompletedProcess with stdout and stderr as text."""
    options.setdefault("timeout", 300)
    return subprocess.run(command(*arguments), capture_output=True, text=True,
                          errors="backslashreplace", check=False, **options)


def build(*arguments, **options):
    """Run it and expect success."""
    done = run(*arguments, **options)
    assert done.returncode == 0, f"{done.args}\nstatus {done.returncode}\n{done.stderr}"
    return done


def refused(status, *arguments, **options):
    """Run it and expect a failure with this status and one line that says why."""
    words = options.pop("words", ())
    done = run(*arguments, **options)
    assert done.returncode == status, \
        f"{done.args}\nstatus {done.returncode}, not {status}\n{done.stderr}"
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("sqfs-stable-build: "), \
        f"{done.args}\nnot one line of error:\n{done.stderr}"
    for word in words:
        assert word in lines[0], f"{word!r} is not in: {lines[0]}"
    assert done.stdout == ""
    return lines[0]


def call(*arguments, **options):
    """Run another program and expect success; returns its standard output as bytes."""
    done = subprocess.run([os.fspath(a) for a in arguments], capture_output=True, check=False,
                          timeout=300, **options)
    assert done.returncode == 0, \
        f"{done.args}\nstatus {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


# What images are made with, as far as the program was built with it.
COMPRESSORS = ("gzip", "xz", "zstd", "lz4", "lzo")


def has_compressor(name):
    """Whether the program was built with it."""
    with scratch() as room:
        os.mkdir(room + "/s")
        return run("-comp", name, room + "/s", room + "/o").returncode == 0


def seed():
    """A random seed, printed, or SQST_SEED."""
    value = int(os.environ.get("SQST_SEED") or random.SystemRandom().randrange(1 << 32))
    tap.diag(f"SQST_SEED={value}")
    return value


# ---- files

def mounts_below(path):
    """Mount points at or below a path, the last mounted first."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            point = line.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
            if point == path or point.startswith(path + "/"):
                found.append(point)
    return found[::-1]


def _make_removable(path):
    for where, names, _ in os.walk(path):
        for name in names:
            there = os.path.join(where, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(there):
                    os.chmod(there, 0o700)


@contextlib.contextmanager
def scratch(prefix="sqst-"):
    """A directory for one test; what is mounted in it is unmounted, all is removed."""
    base = os.environ.get("TMPDIR") or "/var/tmp"
    room = os.path.realpath(tempfile.mkdtemp(prefix=prefix, dir=base))
    os.chmod(room, 0o755)
    try:
        yield room
    finally:
        for point in mounts_below(room):
            if subprocess.run(["umount", point], check=False, capture_output=True).returncode:
                subprocess.run(["umount", "-l", point], check=False)
        if not mounts_below(room):
            _make_removable(room)
            shutil.rmtree(room, ignore_errors=True)
        else:
            print(f"# left {room}: still mounted", file=sys.stderr)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content=b"", mode=None):
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    if mode is not None:
        os.chmod(path, mode)


def device(path, minor):
    """A character device of the test's own, with one of the memory devices' minor numbers (NULL, FULL).
    Skips where it cannot be made or used."""
    tap.need_root()
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, minor))
    try:
        with open(path, "rb"):
            return path
    except PermissionError:
        return tap.skip("needs a file system that allows devices")


NULL, FULL = 3, 7


def snapshot(path):
    """All that can be seen of a directory: names, what they are, their bytes, their inodes.

    Not the times of directories: a temporary file that came and went changes them.
    """
    found = {}
    for where, names, files in os.walk(path):
        for name in names + files:
            there = os.path.join(where, name)
            info = os.lstat(there)
            content = None
            if stat.S_ISREG(info.st_mode):
                content = sha256(there) if os.access(there, os.R_OK) else "unreadable"
            elif stat.S_ISLNK(info.st_mode):
                content = os.readlink(there)
            state = (info.st_mode, info.st_ino, content)
            if not stat.S_ISDIR(info.st_mode):
                state += (info.st_size, info.st_mtime_ns)
            found[os.path.relpath(there, path)] = state
    return found
