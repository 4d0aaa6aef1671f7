#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds that end early: by a signal while they wait for something, or by a source that cannot be
read. They end at the first signal, and nothing of them is left: no file, no process."""
import collections
import contextlib
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import tap
import tool
import trees

# Far more than it may take on an idle machine, which is a second.
PATIENCE = 20


def case(name):
    """A test in a scratch directory with a small source and an empty directory for the output."""
    def mark(function):
        def run():
            with tool.scratch("sqst-cancel-") as room:
                os.mkdir(room + "/out")
                trees.make({b"": trees.directory(), b"f": trees.file("content\n")}, room + "/source")
                function(room, room + "/source", room + "/out/image")
        tap.add(name, run)
    return mark


def default_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def wait_until(what, true):
    """Until true() is; it is not a matter of time whether it will be."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def catches(process, number):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        caught = next(line for line in file if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def sleeps(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"


def is_waiting(process):
    return catches(process, signal.SIGTERM) and sleeps(process)


def ends(room, *arguments, ready=None, number=signal.SIGTERM, stdin=subprocess.DEVNULL):
    """Start a build, let it wait, send one signal: it ends by it, and leaves its files alone."""
    with subprocess.Popen(tool.command(*arguments), stdin=stdin, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, preexec_fn=default_signals) as process:
        try:
            wait_until("the build", lambda: process.poll() is not None or
                       (ready() if ready else is_waiting(process)))
            assert process.poll() is None, process.stderr.read()
            process.send_signal(number)
            process.wait(PATIENCE)
        except BaseException:
            process.kill()
            raise
        text = process.stderr.read()
    assert process.returncode == -number, (process.returncode, text)
    lines = text.splitlines()
    assert len(lines) == 1 and f"ended by signal {number}; nothing was changed" in lines[0], text
    assert os.listdir(room + "/out") == [], os.listdir(room + "/out")


@contextlib.contextmanager
def silence():
    """A pipe that nobody writes to, and nobody closes."""
    ends_of_it = os.pipe()
    try:
        yield ends_of_it[0]
    finally:
        for end in ends_of_it:
            os.close(end)


# ---- waiting for input

@case("one signal ends a build whose standard input gives nothing")
def standard_input(room, _, out):
    for kind in ("archive", "mtree"):
        with silence() as quiet:
            ends(room, "--sources", kind, "-", out, stdin=quiet)


@case("or stops in the middle of an archive")
def half_an_archive(room, source, out):
    archive = tool.call("tar", "-C", source, "-cf", "-", "f")
    for size in (1, 512, 700):
        reading, writing = os.pipe()
        try:
            os.write(writing, archive[:size])
            ends(room, "--sources", "archive", "-", out, stdin=reading)
        finally:
            os.close(reading)
            os.close(writing)


@case("or whose FIFO has no writer, be it a source, a sort file or a map")
def fifo(room, source, out):
    path = room + "/fifo"
    os.mkfifo(path)
    ends(room, "--sources", "archive", path, out)
    ends(room, "--sources", "mtree", path, out)
    ends(room, "-sort", path, source, out)
    ends(room, "--map", path, source, out)


@case("what comes through a pipe late is read as ever")
def late(room, source, out):
    path = room + "/fifo"
    os.mkfifo(path)
    archive = tool.call("tar", "-C", source, "-cf", "-", ".")
    tool.write(room + "/a.tar", archive)
    tool.build("--sources", "archive", room + "/a.tar", out)
    with subprocess.Popen(tool.command("--sources", "archive", path, out + "2"),
                          stderr=subprocess.PIPE) as process:
        wait_until("the build", lambda: process.poll() is not None or is_waiting(process))
        with open(path, "wb") as file:
            for at in range(0, len(archive), 1000):
                file.write(archive[at:at + 1000])
                file.flush()
                time.sleep(0.01)
        assert process.wait(PATIENCE) == 0, process.stderr.read()
    assert tool.read(out) == tool.read(out + "2")


# ---- waiting for commands

def is_there(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@case("one signal ends commands of pseudo files and all that they started")
def commands(room, source, out):
    script, pids = room + "/command", room + "/pids"
    for text in ("sleep 1000", "trap '' TERM; sleep 1000; sleep 1000", "exec >&-; sleep 1000",
                 "trap '' TERM INT; exec >&-; sleep 1000; sleep 1000",
                 "trap '' TERM; while :; do echo more; done"):
        # The shell, and one that it leaves behind.
        tool.write(script, "#!/bin/sh\n"
                   f"(trap '' TERM; echo $$ >>{pids}; exec sleep 1000) &\n"
                   f"echo $$ >>{pids}; echo $! >>{pids}; : >{pids}.all\n{text}\n", mode=0o755)
        for number in (signal.SIGTERM, signal.SIGINT):
            ends(room, "-p", f"made f 644 0 0 {script}", source, out, number=number,
                 ready=lambda: os.path.exists(pids + ".all"))
            started = [int(pid) for pid in tool.read(pids).split()]
            try:
                # They have their signal; the kernel ends them when their turn comes.
                wait_until(f"the end of {text}", lambda: not any(map(is_there, started)))
            finally:
                for pid in filter(is_there, started):
                    os.kill(pid, signal.SIGKILL)
            os.unlink(pids)
            os.unlink(pids + ".all")


@case("a command that ends when it is asked to may tidy up before")
def tidy(room, source, out):
    mark, begun = room + "/mark", room + "/begun"
    ends(room, "-p", f"made f 644 0 0 exec 2>/dev/null; trap 'rm {mark}; exit' TERM; echo >{mark}; : >{begun}; "
         "while :; do sleep 0.01; done", source, out, ready=lambda: os.path.exists(begun))
    assert not os.path.exists(mark)


@case("a command that reads from the terminal fails and does not hang")
def terminal(room, source, out):
    tap.need_program("script")
    inner = " ".join(f"'{word}'" for word in tool.command(
        "--quiet", "-p", "made f 644 0 0 cat </dev/tty", source, out))
    done = subprocess.run(["script", "-qec", inner, "/dev/null"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == tool.SOURCE and "the command exited with status" in done.stdout, done
    assert os.listdir(room + "/out") == []


# ---- copying

@case("a signal while a large parent is copied")
def copying(room, _, out):
    trees.make({b"": trees.directory(), b"f": trees.file(random.Random(2).randbytes(24 << 20))}, room + "/s")
    tool.build("--quiet", "-noD", room + "/s", room + "/parent")
    for at in range(12):
        with subprocess.Popen(tool.command("-noD", "-no-progress", "--prev", room + "/parent", room + "/s", out),
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              preexec_fn=default_signals) as process:
            time.sleep(0.003 * at)
            process.send_signal(signal.SIGTERM)
            _, text = process.communicate(timeout=PATIENCE)
        assert process.returncode in (0, -signal.SIGTERM), (process.returncode, text)
        left = os.listdir(room + "/out")
        assert left == (["image"] if process.returncode == 0 else []), (left, text)
        for name in left:
            os.unlink(f"{room}/out/{name}")


# ---- sources that cannot be read

@case("one small source file that cannot be read: one line, status 4, nothing left, every time")
def unreadable(room, _, __):
    random_bytes = random.Random(1)
    source, where, parent = room + "/s", room + "/o", room + "/parent"
    tree = {b"": trees.directory()}
    for at in range(8):
        tree[b"f%d" % at] = trees.file(random_bytes.randbytes(60000))
    trees.make(tree, source)
    tool.build("--quiet", source, parent)
    prefix, command = [], tool.command()
    os.mkdir(where)
    if os.geteuid() == 0:
        tap.need_program("setpriv")
        prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        command = [tool.public(room)]
        for path in (room, source, where):
            os.chmod(path, 0o777)
    seen = collections.Counter()
    for name in ("f0", "f5"):
        os.chmod(f"{source}/{name}", 0)
        for options in ([], ["-processors", "1"], ["-processors", "7"]):
            for _ in range(12):
                done = subprocess.run([*prefix, *command, "--quiet", *options, "--prev", parent, source,
                                       where + "/image"], capture_output=True, text=True,
                                      timeout=60, check=False)
                seen[done.returncode, done.stderr] += 1
                assert os.listdir(where) == [], (done, os.listdir(where))
        assert list(seen) == [(tool.SOURCE, f"sqfs-stable-build: {source}/{name}: cannot read the "
                               "file: Permission denied\n")], seen
        seen.clear()
        os.chmod(f"{source}/{name}", 0o644)


tap.main()
