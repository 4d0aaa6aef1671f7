# SPDX-License-Identifier: LGPL-2.1-or-later
"""One run of a program whose n-th call fails: fault.c does it, this asks for it and reads its log."""
import mmap
import os
import signal
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("SQST_BUILDDIR", ".")

# As in fault.h.
CALLS = ("read", "pread", "write", "pwrite", "open", "stat", "lseek", "rename", "fsync",
         "ftruncate", "copy", "mmap", "readdir", "readlink", "xattr", "close", "change", "thread",
         "malloc", "calloc", "realloc", "any")
_LOG = struct.Struct(f"{len(CALLS)}IIi256s")
CANNOT = 99

# Longer than any run takes, on a machine that is busy with other things.
_SECONDS = 60


def library():
    """The library's path, None where it was not built."""
    for name in ("libfault.so", "fault.so"):
        for place in ("tests/torture/.libs", "tests/torture"):
            path = os.path.join(BUILD, place, name)
            if os.path.exists(path):
                return path
    return None


class Run:
    """What came of it: status (negative: the signal), stdout, stderr, the counts of calls, and, if
    the n-th call came, the file that it was about ("" if none)."""

    def __init__(self, status, stdout, stderr, log):
        fields = _LOG.unpack(log)
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.count = dict(zip(CALLS, fields))
        self.hit, self.number = fields[len(CALLS):len(CALLS) + 2]
        self.path = os.fsdecode(fields[-1].split(b"\0")[0])


class Bench:
    """A place to run in: the current directory, which has the log and what is printed. One at a
    time, so each process that runs programs has its own."""

    def __init__(self):
        with open("log", "wb") as file:
            file.write(bytes(_LOG.size))
        with open("log", "r+b") as file:
            self.log = mmap.mmap(file.fileno(), _LOG.size)
        os.makedirs("tmp", exist_ok=True)
        self.environment = {
            **os.environ, "LD_PRELOAD": library(), "SQST_FAULT_LOG": os.path.abspath("log"),
            "TMPDIR": os.path.abspath("tmp"),
            # Freed memory is overwritten, so that who uses it is seen.
            "GLIBC_TUNABLES": "glibc.malloc.perturb=165"}

    def run(self, command, wish=None, stdin="/dev/null"):
        """`wish`: see fault.c; None: calls are only counted."""
        self.log[:] = bytes(_LOG.size)
        environment = dict(self.environment)
        if wish:
            environment["SQST_FAULT"] = wish
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        child = os.posix_spawn(
            command[0], command, environment,
            file_actions=((os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
                          (os.POSIX_SPAWN_OPEN, 1, "stdout", flags, 0o600),
                          (os.POSIX_SPAWN_OPEN, 2, "stderr", flags, 0o600)),
            setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGPIPE))
        status = self._wait(child)
        with open("stdout", "rb") as out, open("stderr", "rb") as err:
            run = Run(status, out.read(), err.read(), self.log[:])
        if status == CANNOT:
            raise RuntimeError("the trap for system calls cannot be set here")
        return run

    @staticmethod
    def _wait(child):
        def late(_number, _frame):
            os.kill(child, signal.SIGKILL)
            raise TimeoutError

        signal.signal(signal.SIGALRM, late)
        signal.alarm(_SECONDS)
        try:
            _, status = os.waitpid(child, 0)
        except TimeoutError:
            os.waitpid(child, 0)
            return None
        finally:
            signal.alarm(0)
        return os.waitstatus_to_exitcode(status)
