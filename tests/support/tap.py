# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests as plain functions, results in the Test Anything Protocol on standard output.

    @tap.test("the name that is printed")
    def what_ever():
        assert ...
        tap.need_root()         # skips by name; a failure when CI=true

    tap.main()

Arguments of the script choose the tests whose names contain one of them.
"""
import os
import shutil
import signal
import sys
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; its text says what is missing."""


_tests = []


def add(name, function, *arguments):
    """Add a test by hand, with arguments for its function."""
    _tests.append((name, function, arguments))


def test(name):
    """Decorator: a function without arguments is a test."""
    def mark(function):
        add(name, function)
        return function
    return mark


def skip(why):
    raise Skip(why)


def need_root():
    if os.geteuid() != 0:
        skip("needs root")


def need_program(*names):
    """The path of the first of the programs that is there; skips when none is."""
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path:
            return path
    return skip("needs " + " or ".join(names))


def diag(text):
    for line in str(text).splitlines() or [""]:
        print("# " + line.encode("utf-8", "backslashreplace").decode())
    sys.stdout.flush()


def _ended(number, _frame):
    # Leaves through every `finally`, so that mounts and temporary files go.
    raise SystemExit(128 + number)


def _run_one(number, name, function, arguments):
    label = f"{number} - " + name.replace("#", "\\#")
    try:
        function(*arguments)
    except Skip as missing:
        if os.environ.get("CI") == "true":
            print(f"not ok {label}")
            diag(f"{missing}, and nothing may be skipped with CI=true")
            return False
        print(f"ok {label} # SKIP {missing}")
    except Exception:  # a test may fail in any way; the next one still runs
        print(f"not ok {label}")
        diag(traceback.format_exc(limit=-2))
        return False
    else:
        print(f"ok {label}")
    return True


def main():
    """Run all tests, or those that the arguments choose, and leave the process."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
    wanted = [t for t in _tests
              if len(sys.argv) < 2 or any(word in t[0] for word in sys.argv[1:])]
    print(f"1..{len(wanted)}")
    sys.stdout.flush()
    good = True
    for number, (name, function, arguments) in enumerate(wanted, 1):
        good = _run_one(number, name, function, arguments) and good
        sys.stdout.flush()
    sys.exit(0 if good else 1)
