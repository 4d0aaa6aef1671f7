# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much memory and processor time a program took."""
import collections
import os
import resource
import subprocess
import tempfile

Usage = collections.namedtuple("Usage", "status peak seconds stdout stderr")


def floor():
    """The peak of this process, which a child begins with: no smaller one of its own is seen."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(words, **options):
    """Run a program; `peak` is in bytes (see floor()), `seconds` is processor time."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = subprocess.Popen([*map(os.fspath, words)], stdout=out, stderr=errors, **options)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        text = []
        for file in (out, errors):
            file.seek(0)
            text.append(file.read().decode("utf-8", "backslashreplace"))
        return Usage(child.returncode, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, *text)
