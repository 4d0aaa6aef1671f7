#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds that share a map: one after the other, no number twice, whatever ends one of them."""
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import maps
import sqfs
import stable
import tap
import tool
import trees

WAITS = "rootfs.map: waiting for another build that uses this map"


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-lock-") as room:
                trees.make({b"": trees.directory(), b"a": trees.file("a")}, room + "/source")
                tool.build("--quiet", "--map-out", room + "/rootfs.map", room + "/source",
                           room + "/first.sqfs")
                function(room)
        tap.add(name, run)
    return mark


def start(room, name, *options, listing=None, output=None):
    """A build with one new file."""
    listing = listing or room + "/rootfs.map"
    words = tool.command("--map", listing, "--map-out", output or listing, "--quiet", "-p",
                         f"/{name} f 644 0 0 echo {name}", *options, room + "/source",
                         f"{room}/{name}.sqfs")
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)


def end(process, status=0):
    try:
        _, told = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == status, f"status {process.returncode}\n{told}"
    return told


@contextlib.contextmanager
def held(path):
    with open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def until(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(what)


def first_line(process):
    """What it says while it waits."""
    return process.stderr.readline()


def check_numbers(room, images):
    """A new file a build: each has a number of its own, in all images together."""
    seen = {}
    for name in images:
        image = stable.read(f"{room}/{name}.sqfs")
        for path, (_, number) in image.numbers.items():
            assert seen.setdefault(number, path) == path, f"number {number} twice"
        assert image.numbers[b"a"] == (sqfs.FILE, 2)
    return seen


@case("ten builds at once: every number is given once")
def ten(room):
    names = [f"new-{i}" for i in range(10)]
    builds = [start(room, name) for name in names]
    told = [end(build) for build in builds]
    seen = check_numbers(room, names)
    assert len(seen) == 2 + 10, seen
    # One line from each that waited, and nothing else.
    for text in told:
        lines = text.splitlines()
        assert len(lines) <= 1 and all(WAITS in line for line in lines), text
    # The map has the last one's; its generation counts them all.
    last = stable.Map(room + "/rootfs.map")
    assert last.generation == 10 and len(last.numbers) == 3
    assert not [name for name in os.listdir(room) if "lock" in name or name.startswith(".")]


@case("a build waits, says so once, and goes on with the map that is there then")
def waits(room):
    with held(room + "/rootfs.map"):
        build = start(room, "late")
        assert first_line(build) == f"sqfs-stable-build: warning: {room}/{WAITS}\n"
        # Replaced by a rename, as another build does.
        base = stable.Map(room + "/rootfs.map")
        maps.write(room + "/next", base.numbers | {b"other": (sqfs.FILE, 8)}, 9, base.uuid, 4)
        os.rename(room + "/next", room + "/rootfs.map")
    assert end(build) == ""
    image = stable.read(room + "/late.sqfs")
    assert image.numbers[b"late"] == (sqfs.FILE, 10) and image.record.generation == 5


@case("by another name, through a symbolic link, it is the same map")
def other_name(room):
    os.symlink("rootfs.map", room + "/link.map")
    with held(room + "/rootfs.map"):
        build = start(room, "new", listing=room + "/link.map", output=room + "/./rootfs.map")
        assert "waiting for another build" in first_line(build)
    end(build)
    assert os.path.islink(room + "/link.map")


@case("a map that is only read, or only written, is not locked")
def not_locked(room):
    with held(room + "/rootfs.map"):
        assert end(start(room, "branch", output=room + "/branch.map")) == ""
        tool.build("--quiet", "--prev", room + "/first.sqfs", "--map-out", room + "/rootfs.map",
                   room + "/source", room + "/out.sqfs")


@case("a signal ends a build that waits for a map; nothing has changed")
def signals(room):
    for number in (signal.SIGTERM, signal.SIGINT):
        with held(room + "/rootfs.map"):
            build = start(room, "new")
            assert "waiting" in first_line(build)
            before = tool.snapshot(room)
            os.kill(build.pid, number)
            assert "nothing was changed" in end(build, -number)
        assert tool.snapshot(room) == before


@case("the lock of a build that is killed is gone")
def killed(room):
    before = tool.read(room + "/rootfs.map")
    first = start(room, "one", "-p", f"/hang f 644 0 0 echo $$ > {room}/pid; mv {room}/pid {room}/hangs; exec sleep 600")
    try:
        until(lambda: os.path.exists(room + "/hangs"), "the build does not begin")
        second = start(room, "two")
        assert "waiting" in first_line(second)
        os.kill(first.pid, signal.SIGKILL)
        end(second)
    finally:
        # The command has a process group of its own, and outlives a build that cannot end it.
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(tool.read(room + "/hangs")), signal.SIGKILL)
        first.communicate()
    assert stable.read(room + "/two.sqfs").numbers[b"two"] == (sqfs.FILE, 4)
    assert tool.read(room + "/rootfs.map") != before


@case("a map that something else writes during the build is left alone: status 5")
def written(room):
    listing = room + "/rootfs.map"
    other = tool.read(listing).replace(b"generation=0", b"generation=9")
    for how in (f"cp {room}/other {listing}", f"cp {room}/other {room}/x; mv {room}/x {listing}",
                f"rm {listing}"):
        tool.write(room + "/other", other)
        told = end(start(room, "new", "-p", f"/x f 644 0 0 {how}"), tool.CHANGED)
        assert f"{listing}: the map was changed by something else" in told, told
        assert not os.path.exists(room + "/new.sqfs")
        assert not os.path.exists(listing) or tool.read(listing) == other
        tool.write(listing, other)
    assert end(start(room, "new")) == ""


@case("sqfs-stable-map merge in place waits for a build")
def merge(room):
    maps.write(room + "/theirs", stable.Map(room + "/rootfs.map").numbers
               | {b"t": (sqfs.FILE, 4)}, 5, stable.Map(room + "/rootfs.map").uuid)
    with held(room + "/rootfs.map"):
        words = [maps.MAP, "merge", room + "/first.sqfs", room + "/rootfs.map", room + "/theirs"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
            assert "waiting for another build" in first_line(process)
            tool.write(room + "/next", tool.read(room + "/rootfs.map").replace(b"top=3", b"top=9"))
            os.rename(room + "/next", room + "/rootfs.map")
            end(process)
    assert stable.Map(room + "/rootfs.map").numbers[b"t"][1] >= 9


tap.main()
