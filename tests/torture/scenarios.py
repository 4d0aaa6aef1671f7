# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is run: programs with small inputs, made once, and outputs, made anew for each run.

Everything is relative to the directory of a process that runs programs: `in` is a link to the
inputs, which all share; `out` has the outputs.
"""
import contextlib
import os
import random
import shutil
import tarfile

import tool

BLOCK = "4096"


class Scenario:
    """A command line, what stands in `out` before it, and the status of a good run.

    `again`: a command that must work after the program was killed; None: the same one."""

    def __init__(self, name, program, *arguments, **more):
        self.name, self.program, self.arguments = name, program, arguments
        # Names in `out`, and the file of `in` that stands there before; None: none.
        self.outputs = more.pop("outputs", {})
        self.stdin = more.pop("stdin", "/dev/null")
        self.status = more.pop("status", 0)
        # Only these kinds of calls; None: all.
        self.calls = more.pop("calls", None)
        # Files of `in` by what a program calls them.
        self.sources = more.pop("sources", ())
        self.parents = more.pop("parents", ())
        assert not more, more

    def command(self):
        return [tool.program(self.program), *self.arguments]

    def reset(self):
        """Outputs as they are before a run, and nothing else beside them."""
        for place in ("out", "tmp"):
            shutil.rmtree(place, ignore_errors=True)
            os.mkdir(place)
        for name, origin in self.outputs.items():
            if origin:
                shutil.copy("in/" + origin, "out/" + name)


ALLOCATORS = ("malloc", "calloc", "realloc")


def build(name, *arguments, **more):
    return Scenario(name, "sqfs-stable-build", "-b", BLOCK, "-no-progress", *arguments, **more)


def all_of_them():
    first = {"image": None}
    both = {"image": "r1", "map": "r1.map", "json": None}
    yield build("first", "in/tree1", "out/image", outputs=first, sources=("in/tree1",))
    yield build("report", "--map-out", "out/map", "--json", "out/json", "in/tree1", "out/image",
                outputs={"image": None, "map": None, "json": None}, sources=("in/tree1",))
    yield build("update", "--force", "--prev", "out/image", "--map-out", "out/map", "--json",
                "out/json", "in/tree2", "out/image", outputs=both, sources=("in/tree2",),
                parents=("out/image",))
    yield build("update-map", "--force", "--quiet", "--map", "out/map", "--map-out", "out/map",
                "in/tree2", "out/image", outputs={"image": "r1", "map": "r1.map"},
                sources=("in/tree2",), parents=("out/map",))
    yield build("keep-times", "--quiet", "--prev", "in/r1", "--prev-mtime=keep", "in/tree2",
                "out/image", outputs=first, sources=("in/tree2",), parents=("in/r1",))
    yield build("damaged", "--quiet", "--prev", "in/bad", "--prev-mtime=keep",
                "--prev-damaged=rebuild", "in/tree2", "out/image", outputs=first,
                sources=("in/tree2",), parents=("in/bad",))
    yield build("relayout", "--quiet", "--prev", "in/r1", "--relayout", "-comp", "gzip", "in/tree2",
                "out/image", outputs=first, sources=("in/tree2",), parents=("in/r1",))
    yield build("tar", "--quiet", "in/tree1.tar", "out/image", outputs=first,
                sources=("in/tree1.tar",))
    yield build("tar-gzip", "--quiet", "in/tree1.tar.gz", "out/image", outputs=first,
                sources=("in/tree1.tar.gz",))
    yield build("tar-stdin", "--quiet", "-", "out/image", stdin="in/tree1.tar", outputs=first,
                sources=("in/tree1.tar",))
    yield build("image", "--quiet", "in/r1", "out/image", outputs=first, sources=("in/r1",))
    yield build("mtree", "--quiet", "in/mtree", "out/image", outputs=first,
                sources=("in/mtree", "in/tree1"))
    yield build("merge", "--quiet", "--merge", "in/tree1", "in/upper", "out/image", outputs=first,
                sources=("in/tree1", "in/upper"))
    yield build("edit", "-info", "-pf", "in/pseudo", "-sort", "in/sort", "-ef", "in/exclude",
                "-wildcards", "-xattrs-add", "user.b=c", "-uid-gid-offset", "7", "in/tree1",
                "out/image", outputs=first, sources=("in/tree1", "in/pseudo", "in/sort",
                                                     "in/exclude"))
    for name in ("xz", "zstd", "lz4", "lzo", "lzma"):
        if tool.has_compressor(name):
            yield build(name, "--quiet", "-comp", name, "in/tree1", "out/image", outputs=first,
                        sources=("in/tree1",), calls=ALLOCATORS)
            # Its data is unpacked, which may want memory.
            yield build("update-" + name, "--quiet", "-comp", name, "--prev", "in/r1." + name,
                        "in/tree2", "out/image", outputs=first, sources=("in/tree2",),
                        parents=("in/r1." + name,), calls=ALLOCATORS)
    inputs = ("in/r1", "in/r2")
    yield Scenario("check", "sqfs-stable-check", "--json", "out/json", "--html", "out/html",
                   "in/r1", "in/r2", outputs={"json": None, "html": None}, parents=inputs)
    yield Scenario("info", "sqfs-stable-info", "in/r2", parents=inputs)
    yield Scenario("info-json", "sqfs-stable-info", "--json", "in/r2", parents=inputs)
    yield Scenario("map-diff", "sqfs-stable-map", "diff", "in/r1.map", "in/r2.map", status=1,
                   parents=("in/r1.map", "in/r2.map"))
    yield Scenario("map-merge", "sqfs-stable-map", "merge", "-o", "out/map", "in/r1.map",
                   "in/r2.map", "in/r2.map", outputs={"map": None},
                   parents=("in/r1.map", "in/r2.map"))
    for name in ("build", "check", "info", "map"):
        yield Scenario("help-" + name, "sqfs-stable-" + name, "--help")


# ---- inputs

def _noise(seed, size):
    return random.Random(seed).randbytes(size)


def _file(path, content, time=1_000_000_000):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tool.write(path, content)
    os.chmod(path, 0o644)
    os.utime(path, (time, time))


def _tree(path, second):
    """A tree with all that has code of its own; `second`: as the next release has it."""
    time = 1_000_000_500 if second else 1_000_000_000
    _file(path + "/etc/small", "small\n" * 20, time)
    _file(path + "/etc/other", "changed\n" if second else "other\n", time)
    _file(path + "/etc/same", "small\n" * 20, time)
    _file(path + "/bin/blocks", _noise(1, 9000) + b"x" * 9000, time)
    _file(path + "/bin/tails", _noise(2 if second else 3, 6000), time)
    if second:
        _file(path + "/bin/new", _noise(4, 5000))
    else:
        _file(path + "/bin/gone", _noise(5, 5000))
    _file(path + "/var/hole", b"")
    os.truncate(path + "/var/hole", 300_000)
    os.utime(path + "/var/hole", (time, time))
    os.link(path + "/etc/small", path + "/etc/link")
    os.symlink("../etc/small", path + "/var/symlink")
    os.mkfifo(path + "/var/fifo")
    with contextlib.suppress(OSError):
        os.setxattr(path + "/etc/other", "user.a", b"value")
        os.setxattr(path + "/etc", "user.a", b"value")
    for where, names, _ in os.walk(path):
        for name in names + ["."]:
            os.utime(os.path.join(where, name), (1_000_000_000, 1_000_000_000))
    for name in ("symlink", "fifo"):
        os.utime(path + "/var/" + name, (time, time), follow_symlinks=False)


def _tar(tree, path):
    with tarfile.open(path, "w:gz" if path.endswith("gz") else "w",
                      format=tarfile.PAX_FORMAT) as archive:
        archive.add(tree, arcname=".")


def _mtree(tree, path):
    lines = ["#mtree", ". type=dir mode=0755 uid=0 gid=0 time=5.0"]
    for name in ("etc", "etc/small", "etc/other", "bin", "bin/blocks"):
        kind = "dir" if "/" not in name else "file"
        content = "" if kind == "dir" else f" contents={os.path.abspath(tree)}/{name}"
        lines.append(f"./{name} type={kind} mode=0755 uid=0 gid=0 time=5.0{content}")
    tool.write(path, "\n".join(lines) + "\n")


def _spoil(path, bad):
    """A copy of an image with damage in the first of its data, which is compressed."""
    data = bytearray(tool.read(path))
    at = data.index(_noise(1, 4096)) + 9000
    for place in range(at, at + 60):
        data[place] ^= 0xFF
    tool.write(bad, data)


def make_inputs(room):
    """In `room`/in."""
    os.mkdir(room + "/in")
    there = room + "/in/"
    _tree(there + "tree1", False)
    _tree(there + "tree2", True)
    _file(there + "upper/etc/other", "over\n")
    _file(there + "upper/bin/more", _noise(6, 5000))
    _file(there + "upper/bin/.wh.gone", "")
    _tar(there + "tree1", there + "tree1.tar")
    _tar(there + "tree1", there + "tree1.tar.gz")
    _mtree(there + "tree1", there + "mtree")
    tool.write(there + "pseudo", "dev d 755 0 0\ndev/null c 666 0 0 1 3\netc/other m 600 1 1\n")
    tool.write(there + "sort", "etc/other 5\nbin -3\n")
    tool.write(there + "exclude", "... *gone\n")
    options = ("-b", BLOCK, "--quiet")
    tool.build(*options, "--map-out", there + "r1.map", there + "tree1", there + "r1")
    tool.build(*options, "--prev", there + "r1", "--map-out", there + "r2.map", there + "tree2",
               there + "r2")
    for name in ("xz", "zstd", "lz4", "lzo", "lzma"):
        if tool.has_compressor(name):
            tool.build(*options, "-comp", name, there + "tree1", there + "r1." + name)
    _spoil(there + "r1", there + "bad")
