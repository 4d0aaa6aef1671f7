# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a run may end with after its n-th call failed.

A system call or an allocation that fails has one of two ends: the status that the man page names
with one line that says why, and every file as it was; or nothing at all is different.
"""
import errno
import os
import re
import signal

# ---- the table of statuses

SYSTEM, SOURCE, PARENT, USAGE = "system", "source", "parent", "usage"
_STATUSES = {
    "sqfs-stable-build": {SYSTEM: 1, USAGE: 2, PARENT: 3, SOURCE: 4},
    # What is no build has inputs only.
    "sqfs-stable-check": {SYSTEM: 5, PARENT: 4},
    "sqfs-stable-info": {SYSTEM: 1, PARENT: 3},
    "sqfs-stable-map": {SYSTEM: 2, PARENT: 2},
}
# Errors that say nothing of the file: memory, descriptors or threads are short.
_SHORT = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOSPC)


def _kinds_of_file(scenario, path):
    """What a path is: a source's, a parent's, or neither; an output may be a parent, too."""
    path = os.path.realpath(path)
    for kind, names in ((SOURCE, scenario.sources), (PARENT, scenario.parents)):
        for name in names:
            there = os.path.realpath(name)
            # Directories above it are looked at on the way to it.
            if path == there or path.startswith(there + "/") or there.startswith(path + "/"):
                yield kind
                if not name.startswith("out/") and path.startswith(there):
                    return
    yield SYSTEM


def wanted_statuses(scenario, run, error):
    kinds = [SYSTEM] if error in _SHORT else _kinds_of_file(scenario, run.path)
    return sorted({_STATUSES[scenario.program][kind] for kind in kinds})


# ---- outputs

def _normal(content):
    """What may differ between two runs: how long they took."""
    if content is None:
        return None
    content = re.sub(rb'"seconds": ?[-+.e0-9]+', b'"seconds":0', content)
    return re.sub(rb" in [0-9.]+ s\n", b" in 0 s\n", content)


def state(names):
    """The outputs as they are now: name, and content or None."""
    found = dict.fromkeys(names)
    for name in names:
        try:
            with open("out/" + name, "rb") as file:
                found[name] = _normal(file.read())
        except FileNotFoundError:
            pass
    return found


class Good:
    """What a run without faults has and leaves."""

    def __init__(self, before, run):
        self.before, self.after = before, state(before)
        self.stdout, self.stderr = _normal(run.stdout), _normal(run.stderr)


def left_behind(scenario):
    # A map that is a parent and an output is locked by a file beside it, which stays.
    return sorted((set(os.listdir("out")) - set(scenario.outputs) - {"map.lock", ".map.lock"})
                  | set(os.listdir("tmp")))


# ---- violations: each is a word for the table, and what was seen

def _errors(good, run):
    """Lines on standard error but warnings, and what a good run says there, too."""
    as_ever = good.stderr.splitlines()
    lines = [line.decode(errors="replace") for line in _normal(run.stderr).splitlines()
             if line not in as_ever]
    return [line for line in lines if ": warning: " not in line]


def _message(scenario, good, run, error):
    errors = _errors(good, run)
    if run.path.endswith("/stderr"):
        return
    if len(errors) != 1 or not errors[0].startswith(scenario.program + ": "):
        yield "message", f"{len(errors)} lines of error"
    elif run.path.endswith("/stdout"):
        # As a file it is called what it was given as.
        if not re.search("standard output cannot be written|: -: cannot ", errors[0]):
            yield "message", "does not name standard output"
    elif error in (errno.ENOMEM, errno.EAGAIN):
        if not re.search("memory|resource|temporarily|thread", errors[0]):
            yield "message", "does not say what is short"
    elif isinstance(error, int) and os.strerror(error) not in errors[0]:
        yield "message", "does not say the cause"


def _same(good, run):
    if _normal(run.stdout) != good.stdout and not run.path.endswith("/stdout"):
        yield "stdout", "status as ever, other words on standard output"
    if _normal(run.stderr) != good.stderr and not run.path.endswith("/stderr"):
        yield "stderr", "status as ever, other words on standard error"


def _crash(run):
    if run.status is None:
        yield "hangs", "did not end"
    elif b"Sanitizer" in run.stderr or b"runtime error" in run.stderr:
        yield "sanitizer", "a sanitizer's report"
    elif run.status < 0:
        yield "crash", f"died of signal {-run.status}"


def after_fault(scenario, good, run, error):
    """`error`: an errno value, or "short"."""
    now, left = state(scenario.outputs), left_behind(scenario)
    crashed = list(_crash(run))
    yield from crashed
    if left:
        yield "left", f"left behind: {' '.join(left)}"
    if run.status == scenario.status and now == good.after:
        # Diff says 1 for a difference, and so is its own rule.
        yield from _same(good, run)
        return
    if run.status == scenario.status:
        yield "lost", "status as ever, other outputs"
        return
    if now != good.before:
        told = now == good.after and re.search(b"(is|are) complete", run.stderr)
        if not told:
            mixed = [name for name in now if now[name] != good.before[name]]
            yield "changed", f"status {run.status}, and changed: {' '.join(mixed)}"
    if crashed:
        return
    if error == "short":
        yield "status", f"status {run.status} after a call that did a part"
    elif run.status not in wanted_statuses(scenario, run, error):
        yield "status", f"status {run.status}, not {wanted_statuses(scenario, run, error)}"
    yield from _message(scenario, good, run, error)


def after_signal(scenario, good, run, number):
    now, left = state(scenario.outputs), left_behind(scenario)
    if run.status not in (-number, scenario.status):
        yield "status", f"status {run.status} after signal {number}"
    if number == signal.SIGKILL:
        mixed = [name for name in now if now[name] not in (good.before[name], good.after[name])]
        if mixed:
            yield "damaged", f"neither old nor new: {' '.join(mixed)}"
        # Two files cannot change at once. A map that is ahead leaves numbers unused; one that lags
        # behind would let them be given twice.
        if now.get("image") != good.before.get("image") and now.get("map") == good.before.get("map") \
                and "map" in now:
            yield "pair", "the map lags behind its image"
        return
    if left:
        yield "left", f"left behind: {' '.join(left)}"
    # What does not catch signals may die of one that waited until all was done.
    if run.status == -number and now != good.before and (
            now != good.after or b"nothing was changed" in run.stderr):
        mixed = [name for name in now if now[name] != good.before[name]]
        yield "changed", f"ended by the signal, and changed: {' '.join(mixed)}"
    elif run.status == scenario.status and now != good.after:
        yield "lost", "status as ever, other outputs"
    if len(_errors(good, run)) > 1 and run.status == -number:
        yield "message", f"{len(_errors(good, run))} lines of error"
