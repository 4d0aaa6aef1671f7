#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Archives that are larger than the place for temporary files: what is kept of them, and where."""
import io
import os
import random
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import tap
import tool

MIB = 1 << 20


def case(name):
    """A test with a tar of eight equal files of random bytes, a place `out` and a place `tmp`."""
    def mark(function):
        def run():
            tap.need_root()
            with tool.scratch("sqst-room-") as room:
                make(room)
                function(room)
        tap.add(name, run)
    return mark


def make(room):
    data = random.Random(11).randbytes(MIB)
    with tarfile.open(room + "/a.tar", "w", format=tarfile.PAX_FORMAT) as out:
        for number in range(8):
            info = tarfile.TarInfo(f"f{number}")
            info.size, info.mtime = len(data), 5
            out.addfile(info, io.BytesIO(data))
    tool.write(room + "/a.tar.gz", tool.call("gzip", "-1c", room + "/a.tar"))
    os.mkdir(room + "/out")
    os.mkdir(room + "/tmp")
    tool.build("--quiet", "-no-xattrs", room + "/a.tar", room + "/should.sqfs")


def small(path, kib):
    mounts.mount("-t", "tmpfs", "-o", f"size={kib}k", "small", path)


def build(room, source, *options, **more):
    tool.build("--quiet", "--force", "-no-xattrs", *options, source, room + "/out/o.sqfs",
               env=dict(os.environ, TMPDIR=room + "/tmp"), **more)
    assert tool.read(room + "/out/o.sqfs") == tool.read(room + "/should.sqfs")
    os.unlink(room + "/out/o.sqfs")
    assert not os.listdir(room + "/out") and not os.listdir(room + "/tmp")


@case("a plain archive that is a file takes no room at all, on standard input neither")
def in_place(room):
    small(room + "/out", 2048)
    small(room + "/tmp", 64)
    build(room, room + "/a.tar")
    with open(room + "/a.tar", "rb") as file:
        build(room, "-", stdin=file)


@case("a compressed archive, or a pipe, is kept beside the output, when TMPDIR is small")
def beside(room):
    small(room + "/tmp", 64)
    build(room, room + "/a.tar.gz")
    with subprocess.Popen(["cat", room + "/a.tar"], stdout=subprocess.PIPE) as cat:
        build(room, "-", stdin=cat.stdout)


@case("what has no room beside the output moves to TMPDIR, and leaves the image its room")
def moved(room):
    small(room + "/out", 4096)
    build(room, room + "/a.tar.gz")
    small(room + "/tmp", 4096)
    tool.refused(tool.SYSTEM, "-no-xattrs", room + "/a.tar.gz", room + "/out/o.sqfs",
                 env=dict(os.environ, TMPDIR=room + "/tmp"), words=("temporary", "TMPDIR"))
    assert not os.listdir(room + "/out") and not os.listdir(room + "/tmp")


@case("what is kept is compressed")
def compressed(room):
    with tarfile.open(room + "/z.tar", "w", format=tarfile.PAX_FORMAT) as out:
        info = tarfile.TarInfo("zeros and more")
        info.size = 40 * MIB
        out.addfile(info, io.BytesIO((b"text " * 4096)[:16384] * (info.size // 16384)))
    small(room + "/out", 1024)
    with subprocess.Popen(["cat", room + "/z.tar"], stdout=subprocess.PIPE) as cat:
        tool.build("--quiet", "-no-xattrs", "-", room + "/out/o.sqfs", stdin=cat.stdout,
                   env=dict(os.environ, TMPDIR=room + "/nowhere"))


@case("an archive that changes while the image is made: exit status 5, nothing is left")
def changes(room):
    definition = f"x f 644 0 0 printf x >>{room}/a.tar; echo"
    tool.refused(tool.CHANGED, "-no-xattrs", "-p", definition, room + "/a.tar",
                 room + "/out/o.sqfs", words=("a.tar", "changed"))
    assert not os.listdir(room + "/out")


tap.main()
