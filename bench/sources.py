#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many names in one directory: --merge of two layers that have the same, and -cpiostyle.

    bench/sources.py [PROGRAM] [NAMES]

Builds with a quarter, a half and all of the names (a million) and prints the seconds; each should
take twice as long as the one before, or a little more. Needs room for the names in $TMPDIR.
"""
import os
import resource
import subprocess
import sys
import tempfile


def seconds(command, names=None):
    """User and system time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=names, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def layer(room, count):
    """An archive of so many FIFOs, which are names and nothing else."""
    path = f"{room}/{count}.tar"
    with open(path, "wb") as out:
        for number in range(count):
            header = bytearray(b"d/%d" % number).ljust(512, b"\0")
            header[100:157] = b"0000644\0" + b"0000000\0" * 2 + b"0" * 11 + b"\0" + b"0" * 11 \
                + b"\0" + b" " * 8 + b"6"
            header[257:265] = b"ustar\x0000"
            header[148:156] = b"%06o\0 " % sum(header)
            out.write(header)
        out.write(bytes(1024))
    return path


def main():
    program = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else "build/check/sqfs-stable-build")
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    with tempfile.TemporaryDirectory(prefix="sqst-bench-", dir=os.environ.get("TMPDIR")) as room:
        os.makedirs(room + "/many")
        for number in range(most):
            os.mknod(f"{room}/many/{number}", 0o010644)
        wrapper = room + "/mksquashfs"
        with open(wrapper, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/bash\nexec -a mksquashfs '{program}' \"$@\"\n")
        os.chmod(wrapper, 0o755)
        for count in (most // 4, most // 2, most):
            tar = layer(room, count)
            merge = seconds([program, "--quiet", "--force", "-no-xattrs", "--merge", tar, tar,
                             room + "/o"])
            names = "".join(f"{room}/many/{number}\n" for number in range(count)).encode()
            style = seconds([wrapper, "-", room + "/o", "-cpiostyle", "-quiet", "-noappend"], names)
            os.unlink(tar)
            os.unlink(room + "/o")
            print(f"{count:9} names: --merge {merge:6.2f} s, -cpiostyle {style:6.2f} s", flush=True)


main()
