#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exit status says what happened: whatever is printed and does not arrive is a failure."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import tap
import tool
import trees

# Each program, and its status where the system refuses.
SYSTEMS = {"build": 1, "check": 5, "info": 1, "map": 2}


def small(room):
    trees.make({b"": trees.directory(), b"f": trees.file("content\n")}, room + "/source")
    return room + "/source", room + "/image"


def run(command, stdout):
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=60)


@tap.test("--help and --version to a full device: one line, and the status of the system")
def full():
    with tool.scratch() as room:
        with open(tool.device(room + "/full", tool.FULL), "wb") as device:
            for name, status in SYSTEMS.items():
                for option in ("--help", "--version"):
                    done = run([tool.program("sqfs-stable-" + name), option], device)
                    assert done.returncode == status, (name, option, done)
                    assert done.stderr == (f"sqfs-stable-{name}: standard output cannot be "
                                           "written: No space left on device\n"), done.stderr
        for name in ("mksquashfs", "sqfstar"):
            os.symlink(tool.REAL, f"{room}/{name}")
            with open(room + "/full", "wb") as device:
                assert run([f"{room}/{name}", "-help"], device).returncode == tool.SYSTEM


@tap.test("names and percentages to a full device: the image is there, and the status is 1")
def full_names():
    with tool.scratch() as room:
        source, out = small(room)
        with open(tool.device(room + "/full", tool.FULL), "wb") as device:
            for option in ("-info", "-percentage"):
                done = run(tool.command("--quiet", "--force", option, source, out), device)
                assert done.returncode == tool.SYSTEM, done
                assert done.stderr == (f"sqfs-stable-build: {out}: the image is complete, but "
                                       "standard output cannot be written\n"), done.stderr
                tool.build("--force", source, room + "/other")
                assert tool.read(out) == tool.read(room + "/other")


@tap.test("standard output that is closed does not matter to a program that prints nothing there")
def closed():
    with tool.scratch() as room:
        source, out = small(room)
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *tool.command(source, out)],
                              stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        assert done.returncode == tool.OK, done


tap.main()
