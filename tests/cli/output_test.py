#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing is ever lost: whatever goes wrong, the target and its directory are as they were."""
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import stable
import tap
import tool
import trees


def case(name):
    """A test in a scratch directory with a small source and an empty directory for the output."""
    def mark(function):
        def run():
            with tool.scratch("sqst-output-") as room:
                os.mkdir(room + "/out")
                trees.make({b"": trees.directory(), b"f": trees.file("content\n"),
                            b"d": trees.directory(), b"d/g": trees.file("more\n")}, room + "/source")
                function(room, room + "/source", room + "/out/image")
        tap.add(name, run)
    return mark


class Unchanged:
    """With it: a directory is after the block as it was before."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.before = tool.snapshot(self.path)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            after = tool.snapshot(self.path)
            assert after == self.before, f"{self.before}\nbecame\n{after}"


@case("an existing output is refused, with exit status 7")
def existing(room, source, out):
    for content in (b"precious", b""):
        tool.write(out, content)
        with Unchanged(room + "/out"):
            tool.refused(tool.EXISTS, source, out, words=[out])
            tool.refused(tool.EXISTS, "--map-out", room + "/out/map", source, out)


@case("--force and -noappend replace it")
def force(_room, source, out):
    tool.build(source, out)
    first = tool.read(out)
    for option in ("--force", "-noappend", "--noappend"):
        tool.write(out, b"old")
        before = os.stat(out).st_ino
        tool.build(option, source, out)
        assert tool.read(out) == first and os.stat(out).st_ino != before


@case("an old image that is open keeps its bytes")
def replaced_by_rename(_room, source, out):
    tool.write(out, b"old")
    with open(out, "rb") as file:
        tool.build("--force", source, out)
        assert file.read() == b"old"


@case("the output may be the parent")
def same_as_parent(room, source, out):
    tool.build(source, out)
    before = stable.read(out)
    tool.write(source + "/a", "new")
    with Unchanged(room + "/out"):
        tool.refused(tool.EXISTS, "--prev", out, source, out)
    tool.build("--prev", out, "--force", source, out)
    after = stable.read(out)
    assert all(after.numbers[path] == number for path, number in before.numbers.items())
    assert after.record.parents == [before.record.id]
    tool.build("--map-out", room + "/map", "--prev", out, "--force", source, out)
    tool.build("--map", room + "/map", "--map-out", room + "/map", "--force", source, out)
    assert stable.read(out).record.generation == 3
    stable.Map(room + "/map").agrees_with(stable.read(out))


@case("a symbolic link as output: its target is written, the link stays")
def through_link(room, source, out):
    os.mkdir(room + "/else")
    tool.write(room + "/else/real", b"old")
    os.symlink("../else/real", out)
    with Unchanged(room + "/out"), Unchanged(room + "/else"):
        tool.refused(tool.EXISTS, source, out)
    tool.build("--force", source, out)
    assert os.path.islink(out) and not os.path.islink(room + "/else/real")
    stable.read(room + "/else/real")
    assert os.listdir(room + "/else") == ["real"] and os.listdir(room + "/out") == ["image"]


@case("an output that cannot be made: exit status 1")
def no_place(room, source, out):
    with Unchanged(room):
        tool.refused(tool.SYSTEM, source, room + "/nowhere/image", words=["nowhere"])
        tool.refused(tool.SYSTEM, source, source + "/f/image")
        tool.refused(tool.SYSTEM, "--map-out", room + "/nowhere/map", source, out)
        tool.refused(tool.SYSTEM, "--json", room + "/nowhere/json", source, out)
        assert tool.run("--force", source, room + "/out").returncode in (tool.SYSTEM, tool.EXISTS)


@case("a directory that cannot be written: exit status 1")
def read_only(room, source, out):
    prefix = []
    if os.geteuid() == 0:
        prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        tap.need_program("setpriv")
    os.chmod(room + "/out", 0o555)
    with Unchanged(room + "/out"):
        done = subprocess.run(prefix + [tool.public(room), source, out], capture_output=True,
                              check=False)
        assert done.returncode == tool.SYSTEM, done
        assert done.stderr.startswith(b"sqfs-stable-build: "), done.stderr


@case("a full disk: exit status 1, nothing left")
def full_disk(room, source, _out):
    mounts.need_kernel("tmpfs")
    tool.write(source + "/big", os.urandom(6 << 20))
    with mounts.mounted(room + "/small", "-t", "tmpfs", "-o", "size=2m", "small"):
        tool.write(room + "/small/other", b"kept")
        tool.write(room + "/small/image", b"old")
        with Unchanged(room + "/small"):
            for processors in ("1", "4"):
                tool.refused(tool.SYSTEM, "-processors", processors, "--force", source,
                             room + "/small/image", words=["No space left"])
            tool.refused(tool.SYSTEM, source, room + "/small/new", "--map-out",
                         room + "/small/map")


@case("a disk that is full when the map is written: no image either")
def full_for_map(room, source, out):
    mounts.need_kernel("tmpfs")
    with mounts.mounted(room + "/small", "-t", "tmpfs", "-o", "size=8k,nr_inodes=20", "small"):
        with open(room + "/small/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        with Unchanged(room + "/small"), Unchanged(room + "/out"):
            tool.refused(tool.SYSTEM, "--map-out", room + "/small/map", source, out,
                         words=["No space left"])


def start_big(source, out, *options):
    """Start a build that takes a while; returns when it has begun to write the image."""
    def writing():
        for entry in os.scandir(os.path.dirname(out)):
            with contextlib.suppress(FileNotFoundError):
                if entry.name.startswith(".") and entry.stat().st_size > 0:
                    return True
        return False

    def default_signals():
        # A shell starts background jobs with SIGINT ignored, and what is ignored stays so.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    process = subprocess.Popen(tool.command("-comp", "xz", "-processors", "1", *options, source, out),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=default_signals)
    while process.poll() is None and not writing():
        time.sleep(0.01)
    return process


@case("signals: a message, no files left, and the process dies of that signal")
def signals(room, source, out):
    for at in range(40):
        tool.write(f"{source}/noise{at}", os.urandom(1 << 20))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        for options in ((), ("--force",)):
            if options:
                tool.write(out, b"old")
            with Unchanged(room + "/out"):
                process = start_big(source, out, *options)
                process.send_signal(number)
                _, text = process.communicate(timeout=60)
                assert process.returncode == -number, (process.returncode, text)
                lines = text.splitlines()
                assert len(lines) == 1 and lines[0].startswith("sqfs-stable-build: "), text
            if options:
                os.unlink(out)


@case("a reader that goes away does not lose the image")
def closed_stderr(room, source, out):
    process = subprocess.Popen(tool.command(source, out), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    process.stderr.close()
    process.wait(timeout=60)
    assert process.returncode in (0, -signal.SIGPIPE), process.returncode
    left = os.listdir(room + "/out")
    assert left in ([], ["image"]), left
    if left:
        stable.read(out)


class Restless:
    """Changes a file all the time, in a thread."""

    def __init__(self, change):
        self.change, self.stop = change, threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        count = 0
        while not self.stop.is_set():
            self.change(count)
            count += 1
            self.stop.wait(0.001)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


def changing(room, source, out, change):
    for at in range(6):
        tool.write(f"{source}/noise{at}", os.urandom(1 << 20))
    with Unchanged(room + "/out"), Restless(change):
        # On a busy machine a build may come through between two changes; then it is tried again.
        for _ in range(100):
            done = tool.run("-comp", "xz", source, out)
            if done.returncode != tool.OK:
                break
            os.unlink(out)
    assert done.returncode == tool.CHANGED and "noise" in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@case("a file that grows while it is read: exit status 5")
def grows(room, source, out):
    def change(_count):
        for at in range(6):
            with open(f"{source}/noise{at}", "ab") as file:
                file.write(b"more")
    changing(room, source, out, change)


@case("a file that shrinks while it is read: exit status 5")
def shrinks(room, source, out):
    def change(_count):
        for at in range(6):
            there = f"{source}/noise{at}"
            os.truncate(there, max(0, os.path.getsize(there) - 4096))
    changing(room, source, out, change)


@case("a file that is rewritten while it is read: exit status 5")
def rewritten(room, source, out):
    def change(count):
        for at in range(6):
            with open(f"{source}/noise{at}", "r+b") as file:
                file.write(b"%8d" % count)
    changing(room, source, out, change)


@case("a file that is replaced while it is read: exit status 5")
def replaced(room, source, out):
    content = os.urandom(1 << 20)

    def change(_count):
        for at in range(6):
            tool.write(room + "/fresh", content)
            os.utime(room + "/fresh", (5, 5))
            os.rename(room + "/fresh", f"{source}/noise{at}")
    changing(room, source, out, change)


tap.main()
