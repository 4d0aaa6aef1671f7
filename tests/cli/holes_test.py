#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holes cost nothing, wherever a sparse file comes from.

The bound is no measure of speed: to read the zeros would take a hundred times as long.
"""
import os
import resource
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import tap
import tool

SIZE = 2 << 40
SECONDS = 20
OPTIONS = ("--quiet", "--force", "-b", "1M")


def case(name):
    """A test in a scratch directory."""
    def mark(function):
        def run():
            with tool.scratch("sqst-holes-") as room:
                function(room)
        tap.add(name, run)
    return mark


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def build(*arguments, **options):
    return tool.build(*OPTIONS, *arguments, preexec_fn=limit, **options)


def sparse(path, start=b"", end=b""):
    with open(path, "wb") as file:
        file.write(start)
        file.truncate(SIZE)
        file.seek(SIZE - 5000)
        file.write(end)


def make(room):
    """Two that are equal, one that differs in its last byte, one that is a hole."""
    os.mkdir(room + "/d")
    for name, end in (("one", b"end"), ("same", b"end"), ("other", b"enf"), ("none", b"")):
        sparse(f"{room}/d/{name}", b"begin", end)


@case("a directory: first build, update, sources' times kept")
def directory(room):
    make(room)
    build(room + "/d", room + "/1.sqfs")
    os.utime(room + "/d/one", (1, 1))
    build("--prev", room + "/1.sqfs", room + "/d", room + "/2.sqfs")
    build("-no-fragments", "-no-duplicates", room + "/d", room + "/3.sqfs")
    assert os.path.getsize(room + "/1.sqfs") < 1 << 20
    if os.geteuid() == 0:
        mounts.need_kernel("squashfs")
        for image in ("1", "2", "3"):
            with mounts.image_mounted(f"{room}/{image}.sqfs", room + "/mnt") as point:
                check(point)


def check(point):
    for name, end in (("one", b"end"), ("same", b"end"), ("other", b"enf"), ("none", b"\0")):
        with open(f"{point}/{name}", "rb") as file:
            assert file.read(6) == b"begin\0"
            file.seek(SIZE - 5000)
            assert file.read() == end.ljust(5000, b"\0"), name
            file.seek(SIZE // 2)
            assert not any(file.read(5000))


@case("a tar gives the directory's image")
def archive(room):
    tap.need_program("tar")
    make(room)
    build(room + "/d", room + "/d.sqfs")
    for name in ("gnu", "pax"):
        tool.write(room + "/d.tar", tool.call("tar", "-S", "-c", "--format=" + name, "-C",
                                              room + "/d", "."))
        assert os.path.getsize(room + "/d.tar") < 100000
        build(room + "/d.tar", room + "/t.sqfs")
        assert tool.read(room + "/t.sqfs") == tool.read(room + "/d.sqfs"), name


@case("all zeros, sizes around a block")
def edges(room):
    os.mkdir(room + "/d")
    for more in (-1, 0, 1, 4095, 4096):
        with open(f"{room}/d/{more}", "wb") as file:
            file.truncate((1 << 20) + more)
        with open(f"{room}/d/written{more}", "wb") as file:
            file.write(bytes((1 << 20) + more))
    for options in ((), ("-no-fragments",), ("-always-use-fragments",), ("-no-sparse",)):
        tool.build("--quiet", "--force", "-b", "4K", *options, room + "/d", room + "/1.sqfs")
        tool.build("--quiet", "--force", "-b", "4K", *options, "-no-duplicates", room + "/d",
                   room + "/2.sqfs")
        if os.geteuid() == 0:
            mounts.need_kernel("squashfs")
            for image in ("1", "2"):
                with mounts.image_mounted(f"{room}/{image}.sqfs", room + "/mnt") as point:
                    for name in os.listdir(room + "/d"):
                        assert tool.read(f"{point}/{name}") == tool.read(f"{room}/d/{name}")


tap.main()
