#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each call that fails, and each signal that comes, has a documented end.

As a test: a sample, chosen by a seed. `make torture` (SQST_TORTURE=all) runs all there are.

    SQST_TORTURE=all torture_test.py update                  one scenario
    SQST_TORTURE=all torture_test.py update:malloc           one kind of call in it
    torture_test.py update:malloc:137:ENOMEM                 one run, with what it printed
"""
import collections
import errno
from concurrent import futures
import multiprocessing
import os
import random
import signal
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
# pylint: disable=wrong-import-position
import fault
import rules
import scenarios
import stable
import tap
import tool

# How each kind of call may fail; EINTR where a signal handler without SA_RESTART can make it so.
ERRORS = {
    "read": ("EIO", "EINTR", "short"), "pread": ("EIO", "EINTR", "short"),
    "write": ("EIO", "ENOSPC", "EINTR", "short"), "pwrite": ("EIO", "ENOSPC", "EINTR", "short"),
    "open": ("EIO", "EMFILE", "ENOMEM"), "stat": ("EIO", "ENOMEM"), "lseek": ("EIO",),
    "rename": ("EIO", "ENOSPC"), "fsync": ("EIO", "ENOSPC"), "ftruncate": ("EIO", "EINTR"),
    "copy": ("EIO", "ENOSPC", "EXDEV", "EINTR", "short"), "mmap": ("ENOMEM",),
    "readdir": ("EIO", "ENOMEM"), "readlink": ("EIO", "ENOMEM"), "xattr": ("EIO", "ENOMEM"),
    "close": ("EIO", "EINTR"), "change": ("EIO", "ENOMEM"), "thread": ("EAGAIN",),
    "malloc": ("ENOMEM",), "calloc": ("ENOMEM",), "realloc": ("ENOMEM",),
    "any": ("SIGTERM", "SIGINT", "SIGKILL"),
}

# What is known to fail until it is mended: (scenario, call, how, violation), "*" for any. A run that
# fails so is counted apart.
KNOWN = ()

# Of how many runs the sample is one.
SAMPLE = 20


def is_known(*seen):
    return any(all(word in ("*", there) for word, there in zip(row, seen)) for row in KNOWN)


Job = collections.namedtuple("Job", "scenario call n how")
Found = collections.namedtuple("Found", "job violation what status path stderr")


def value_of(how):
    if how == "short":
        return "short"
    return int(getattr(signal, how)) if how.startswith("SIG") else getattr(errno, how)


def wish_of(job):
    value = value_of(job.how)
    return f"{job.call}:{job.n}:{-value if job.how.startswith('SIG') else value}"


class BadRun(Exception):
    """A run without faults that fails."""


class Worker:
    """A process with a directory of its own, which runs jobs."""

    def __init__(self, room, number):
        place = f"{room}/{number}"
        os.mkdir(place)
        os.chdir(place)
        os.symlink("../in", "in")
        self.bench = fault.Bench()
        self.scenario = {one.name: one for one in scenarios.all_of_them()}
        self.good = {}
        # Whose outputs are there.
        self.current = None

    def good_of(self, scenario):
        if scenario.name not in self.good:
            scenario.reset()
            before = rules.state(scenario.outputs)
            run = self.bench.run(scenario.command(), None, scenario.stdin)
            if run.status != scenario.status:
                raise BadRun(f"{scenario.name}: status {run.status} without a fault: {run.stderr}")
            self.good[scenario.name] = rules.Good(before, run)
            scenario.reset()
        return self.good[scenario.name]

    def count(self, name):
        """How often each kind of call is made, or what is wrong with a run without faults."""
        scenario = self.scenario[name]
        try:
            self.good_of(scenario)
        except BadRun as bad:
            return name, str(bad)
        run = self.bench.run(scenario.command(), None, scenario.stdin)
        scenario.reset()
        # Allocators are not met where sanitizers have their own.
        if not run.count["any"]:
            return name, f"{name}: no call was counted"
        if scenario.calls:
            return name, {call: count for call, count in run.count.items() if call in scenario.calls}
        return name, run.count

    def run(self, job):
        """What the run violates: a list of Found."""
        scenario = self.scenario[job.scenario]
        good = self.good_of(scenario)
        if self.current != job.scenario:
            self.current = job.scenario
            scenario.reset()
        run = self.bench.run(scenario.command(), wish_of(job), scenario.stdin)
        if job.how.startswith("SIG"):
            violations = list(rules.after_signal(scenario, good, run, value_of(job.how)))
            if job.how == "SIGKILL":
                violations += self.go_on(scenario)
        else:
            violations = list(rules.after_fault(scenario, good, run, value_of(job.how)))
        if rules.state(scenario.outputs) != good.before or rules.left_behind(scenario):
            scenario.reset()
        return [Found(job, *violation, run.status, run.path,
                      run.stderr.decode(errors="backslashreplace")) for violation in violations]

    def go_on(self, scenario):
        """After a program was killed, the same command works, and leaves an image and its map."""
        run = self.bench.run(scenario.command(), None, scenario.stdin)
        # Without --force a finished output is refused.
        if run.status not in (scenario.status, tool.EXISTS):
            yield "stuck", f"the next run ends with status {run.status}: {run.stderr}"
        elif run.status == scenario.status and {"map", "image"} <= set(scenario.outputs):
            try:
                stable.Map("out/map").agrees_with(stable.read("out/image"))
            except AssertionError as error:
                yield "pair", f"after the next run, map and image differ: {error}"


_worker = None


def _begin(room, numbers):
    global _worker  # one a process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = Worker(room, numbers.get())


def _count(name):
    return _worker.count(name)


def _run(job):
    return job, _worker.run(job)


def plan(counts, words, rng):
    """All jobs, or each SAMPLE-th from a random one on."""
    jobs = []
    for name, count in counts:
        for call, hows in ERRORS.items():
            for how in hows:
                # Of threads, a run may have a few calls more or less than another.
                for n in range(1, count.get(call, 0) + 1):
                    jobs.append(Job(name, call, n, how))
    wanted = [word.split(":") for word in words]
    if wanted:
        jobs = [job for job in jobs
                if any(all(str(there) == word for there, word in zip(job, row)) for row in wanted)]
    return jobs if rng is None else jobs[rng.randrange(SAMPLE)::SAMPLE]


class Table:
    """Runs and violations, by scenario and call."""

    def __init__(self):
        self.runs = collections.Counter()
        self.found, self.known = collections.Counter(), collections.Counter()
        self.shown = collections.Counter()

    def add(self, job, found):
        self.runs[job.scenario, job.call] += 1
        for one in found:
            known = is_known(job.scenario, job.call, job.how, one.violation)
            (self.known if known else self.found)[job.scenario, job.call, one.violation] += 1
            if not known:
                self.show(one)

    def show(self, one):
        key = one.job.scenario, one.job.call, one.violation
        self.shown[key] += 1
        if self.shown[key] <= 5 or os.environ.get("SQST_TORTURE_SHOW") == "all":
            tap.diag(f"{':'.join(map(str, one.job))} {one.violation}: {one.what} "
                     f"[status {one.status}, file {one.path!r}]")
            for line in one.stderr.splitlines()[:4]:
                tap.diag("    " + line)

    def rows(self):
        """The table as text, all scenarios."""
        kinds = sorted({violation for *_, violation in [*self.found, *self.known]})
        yield f"{'scenario':12} {'call':10} {'runs':>7}" + "".join(f" {kind:>9}" for kind in kinds)
        for scenario, call in self.runs:
            cells = ""
            for kind in kinds:
                known = self.known[scenario, call, kind]
                cell = str(self.found[scenario, call, kind]) + (f"+{known}k" if known else "")
                cells += f" {cell:>9}"
            yield f"{scenario:12} {call:10} {self.runs[scenario, call]:7}{cells}"
        yield (f"{sum(self.runs.values())} runs, {sum(self.found.values())} violations"
               + (f", {sum(self.known.values())} known" if self.known else ""))


def run_all(words, rng):
    table = Table()
    context = multiprocessing.get_context("fork")
    with tool.scratch("sqst-torture-") as room:
        scenarios.make_inputs(room)
        numbers = context.SimpleQueue()
        workers = int(os.environ.get("SQST_TORTURE_JOBS") or 2)
        for number in range(workers):
            numbers.put(number)
        with futures.ProcessPoolExecutor(workers, context, _begin, (room, numbers)) as pool:
            names = [one.name for one in scenarios.all_of_them()]
            only = {word.split(":")[0] for word in words} or set(names)
            counts = list(pool.map(_count, [name for name in names if name in only]))
            for name, bad in counts:
                if isinstance(bad, str):
                    tap.diag(bad)
                    table.found[name, "-", "good"] += 1
                    table.runs[name, "-"] += 1
            counts = [row for row in counts if not isinstance(row[1], str)]
            for job, found in pool.map(_run, plan(counts, words, rng), chunksize=50):
                table.add(job, found)
    return table


def main():
    everything = os.environ.get("SQST_TORTURE") == "all"
    words = sys.argv[1:]
    rng = None if everything or words else random.Random(tool.seed())
    print("1..1")
    sys.stdout.flush()
    if not fault.library():
        print("ok 1 - torture # SKIP needs Linux on x86-64 or aarch64 with the GNU C library")
        return 0
    table = run_all(words, rng)
    for line in table.rows():
        tap.diag(line)
    good = not table.found
    print(f"{'ok' if good else 'not ok'} 1 - each call that fails has a documented end")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
