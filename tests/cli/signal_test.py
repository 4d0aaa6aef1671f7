#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first signal ends a build, whatever it waits for: all is as it was, and no process or file is left. And a source that
cannot be read ends an update with a message, not with a crash."""
import contextlib
import os
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import tap
import tool

# Far more than a build takes to end; only a build that does not end is caught by it.
PATIENCE = 60


def case(name, function, *arguments):
    def run():
        with tool.scratch("sqst-signal-") as room:
            os.mkdir(room + "/s")
            os.mkdir(room + "/o")
            for at in range(8):
                tool.write(f"{room}/s/{at}", os.urandom(60000))
            function(room, *arguments)
    tap.add(name, run)


def default_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*arguments, **options):
    return subprocess.Popen(tool.command(*arguments), stderr=subprocess.PIPE, text=True, preexec_fn=default_signals, **options)


def ended(room, process, number):
    """One signal; then nothing may be left but what was there."""
    before = tool.snapshot(room + "/o")
    process.send_signal(number)
    _, text = process.communicate(timeout=PATIENCE)
    assert process.returncode == -number, (process.returncode, text)
    lines = text.splitlines()
    assert len(lines) == 1 and "nothing was changed" in lines[0], text
    assert tool.snapshot(room + "/o") == before


def until(what):
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it does not begin"
        time.sleep(0.01)


def sleeps(process):
    """Whether the main thread waits in the kernel."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "S"


def asleep(process):
    """It has slept for some looks in a row."""
    count = 0
    while count < 10:
        assert process.poll() is None, process.communicate()
        count = count + 1 if sleeps(process) else 0
        time.sleep(0.01)


def standard_input(room, number):
    """An archive that does not come."""
    read, write = os.pipe()
    try:
        process = start("--sources=archive", "-", room + "/o/image", stdin=read)
        asleep(process)
        ended(room, process, number)
    finally:
        os.close(read)
        os.close(write)


def fifo(room, number):
    os.mkfifo(room + "/fifo")
    process = start("-sort", room + "/fifo", room + "/s", room + "/o/image")
    asleep(process)
    ended(room, process, number)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def command(room, number, script):
    """A pseudo command that gives nothing, and what it has started."""
    pids = room + "/pids"
    process = start("-p", f"x f 644 0 0 {script.format(pids=pids)}", room + "/s", room + "/o/image")
    until(lambda: os.path.exists(pids) and tool.read(pids).endswith(b"ready\n"))
    ended(room, process, number)
    for pid in tool.read(pids).split()[:-1]:
        until(lambda pid=int(pid): is_gone(pid))


for _number in (signal.SIGTERM, signal.SIGINT):
    _name = signal.Signals(_number).name
    case(f"{_name} while standard input gives nothing", standard_input, _number)
    case(f"{_name} while a FIFO gives nothing", fifo, _number)
    case(f"{_name} while a command gives nothing", command, _number,
         "echo $$ > {pids}; echo ready >> {pids}; exec sleep 1000")
    case(f"{_name} while a command that ignores SIGTERM, and its child, give nothing", command, _number,
         "trap '' TERM INT; sleep 1000 & echo $$ $! > {pids}; echo ready >> {pids}; wait; sleep 1000")


def copying(room, number):
    """A large parent is copied."""
    with open(room + "/s/large", "wb") as file:
        for _ in range(24):
            file.write(os.urandom(1 << 20))
    tool.build("-quiet", "-noD", room + "/s", room + "/p")
    for at in range(12):
        process = start("-noD", "-no-progress", "--prev", room + "/p", room + "/s", room + "/o/image")
        select.select([], [], [], 0.003 * at)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        _, text = process.communicate(timeout=PATIENCE)
        assert process.returncode in (0, -number), (process.returncode, text)
        left = os.listdir(room + "/o")
        assert left == (["image"] if process.returncode == 0 else []), (left, text)
        for name in left:
            os.unlink(f"{room}/o/{name}")


case("SIGTERM while a parent's data is copied", copying, signal.SIGTERM)


def unreadable(room, processors):
    """Eight files, one of which may not be read, built by nobody on a parent."""
    tap.need_root()
    tap.need_program("setpriv")
    tool.build("-quiet", room + "/s", room + "/p")
    os.chmod(room + "/o", 0o777)
    program = tool.public(room)
    for at in range(8):
        os.chmod(f"{room}/s/{at}", 0o000)
        done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program, "-processors", processors,
                               "--prev", room + "/p", room + "/s", room + "/o/image"], capture_output=True, text=True, check=False)
        os.chmod(f"{room}/s/{at}", 0o644)
        assert done.returncode == tool.SOURCE, done
        assert len(done.stderr.splitlines()) == 1 and f"/s/{at}: " in done.stderr, done.stderr
        assert os.listdir(room + "/o") == []


for _processors in ("1", "4"):
    case(f"a source that cannot be read ends an update with a message, {_processors} processors", unreadable, _processors)

tap.main()
