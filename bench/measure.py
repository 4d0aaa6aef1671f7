# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the programs: what each is called with, and what is measured of a run."""
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import time

OURS, MK, GEN = "sqfs-stable-build", "mksquashfs", "gensquashfs"
KIB, MIB = 1024, 1024 * 1024


class Failed(Exception):
    """What could not be run, and what it said."""


def find_tool(peers):
    """Command and environment of our program; a libtool wrapper is looked through, because the
    shell in front would be measured too."""
    name = os.environ.get("SQFS_STABLE_BUILD")
    if not name:
        name = "./sqfs-stable-build" if os.access("sqfs-stable-build", os.X_OK) else OURS
    for peer in peers:
        if not shutil.which(peer):
            raise Failed("%s: not found (Debian: squashfs-tools, squashfs-tools-ng)" % peer)
    path = shutil.which(name)
    if not path:
        raise Failed("%s: not found; name the program in SQFS_STABLE_BUILD" % name)
    path = os.path.abspath(path)
    environment = dict(os.environ)
    environment.pop("SOURCE_DATE_EPOCH", None)
    with open(path, "rb") as file:
        start = file.read(1024)
    if start.startswith(b"#!") and b"libtool" in start:
        libraries = os.path.join(os.path.dirname(path), ".libs")
        path = os.path.join(libraries, os.path.basename(path))
        environment["LD_LIBRARY_PATH"] = ":".join(
            filter(None, [libraries, environment.get("LD_LIBRARY_PATH")]))
        if not os.access(path, os.X_OK):
            raise Failed("%s: not built" % path)
    return path, environment


def version(bench, command):
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, env=bench.environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace").split("\n", 1)[0]


def commands(bench, tree, comp, block):
    """What each program is called with for the same job: owners, times, xattrs, hard links and an
    export table, one level. xz and lz4 have the same default everywhere."""
    jobs = str(bench.jobs)
    block = str(block)
    ours = [bench.tool, tree, bench.output, "-quiet", "-no-progress", "-comp", comp, "-b", block,
            "-processors", jobs]
    mk = [MK, tree, bench.output, "-noappend", "-quiet", "-no-progress", "-comp", comp, "-b", block,
          "-processors", jobs]
    gen = [GEN, "-D", tree, "-k", "-e", "-q", "-f", "-c", comp, "-b", block, "-j", jobs]
    if bench.gen_xattrs:
        gen.append("-x")
    level = {"zstd": "15", "gzip": "9"}.get(comp)
    if level:
        ours += ["-Xcompression-level", level]
        mk += ["-Xcompression-level", level]
        gen += ["-X", "level=" + level]
    return {OURS: ours, MK: mk, GEN: gen + [bench.output]}


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


# The peak that the system reports for a child has the parent's memory in it, as the child starts as
# a copy of it. So a small process stands between: bare Python, 5 MiB.
LAUNCHER = """
import os, sys
from time import monotonic
start = monotonic()
child = os.fork()
if child == 0:
    try:
        os.execvp(sys.argv[1], sys.argv[1:])
    except OSError as error:
        os.write(2, str(error).encode())
        os._exit(127)
_, status, usage = os.wait4(child, 0)
print(monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, usage.ru_inblock,
      status)
"""


def measure(bench, command):
    """One run: seconds of the process, of its threads, and of an fsync of the image behind it;
    peak resident bytes, bytes read from the disk, bytes of the image."""
    remove(bench.output)
    os.sync()                     # what the run before left to be written is not this one's
    done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER] + command, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=bench.environment)
    words = done.stdout.split()[-5:]
    if len(words) < 5 or words[4] != b"0":
        raise Failed("%s: failed: %s" % (
            " ".join(command), done.stderr.decode(errors="replace").strip()))
    sample = {"seconds": float(words[0]), "cpu": float(words[1]), "peak": int(words[2]) * KIB,
              "read": int(words[3]) * 512}
    if os.path.exists(bench.output):
        fd = os.open(bench.output, os.O_RDONLY)
        start = time.monotonic()
        os.fsync(fd)
        sample["fsync"] = time.monotonic() - start
        os.close(fd)
        sample["size"] = os.stat(bench.output).st_size
    return sample


def warm_up(tree, prev=None):
    """Read the tree and the old image, so that no program pays for the disk. Before each run: some
    machines give cold pages back within seconds."""
    with subprocess.Popen(["tar", "-cf", "-", "-C", tree, "."], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as tar:
        while tar.stdout.read(MIB):
            pass
    if prev:
        with open(prev, "rb") as file:
            while file.read(MIB):
                pass


def measure_program(bench, tool, tree, comp, block, prev=None):
    """One run of a program. With prev: ours as an update of that image."""
    warm_up(tree, prev)
    extra = []
    if prev:
        extra = ["-prev", prev]
        if bench.max_slack is not None:
            extra += ["-max-slack", "%g" % bench.max_slack]
    try:
        return measure(bench, commands(bench, tree, comp, block)[tool] + extra)
    except Failed as failure:
        # It ends at an attribute that squashfs cannot hold, where the others leave that out.
        if tool != GEN or not bench.gen_xattrs or "xattr" not in str(failure):
            raise
        bench.gen_xattrs = False
        return measure_program(bench, tool, tree, comp, block)


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


NOVELTY_BLOCK = 4 * KIB


def block_digests(path):
    """Digests of the aligned 4 KiB blocks of a file, the last filled up with zeros; and their
    number."""
    digests = set()
    count = 0
    with open(path, "rb") as file:
        while block := file.read(NOVELTY_BLOCK):
            digests.add(hashlib.blake2b(block.ljust(NOVELTY_BLOCK, b"\0"),
                                        digest_size=16).digest())
            count += 1
    return digests, count


def novelty(old, new):
    """Distinct blocks of the new image that the old one holds nowhere, as a share of the new one's
    blocks: what a chunk store or a block-wise transfer has to take in."""
    digests, count = block_digests(new)
    return len(digests - block_digests(old)[0]) / count
