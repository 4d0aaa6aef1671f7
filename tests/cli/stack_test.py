#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small stacks: 64 KiB, as some init systems and small machines give, with the deepest tree and the longest names."""
import os
import resource
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import tap
import tool

SIZE = 64 * 1024
# Strings of the environment stand on the stack too.
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}


def limited(room, *words, statuses=(0,)):
    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (SIZE, SIZE))
    done = subprocess.run([os.fspath(word) for word in words], cwd=room, preexec_fn=limit, env=ENVIRONMENT,
                          capture_output=True, check=False, timeout=120)
    assert done.returncode in statuses, f"{done.args}\nstatus {done.returncode}\n{done.stderr}"
    return done


def build(room, *words):
    return limited(room, tool.REAL, "-quiet", "--force", *words)


def make(where):
    """As deep as a path can be, as many long names as a header of a listing can have; hard links, a block and a tail."""
    os.mkdir(where)
    here = os.open(where, os.O_RDONLY)
    for at in range(300):
        name = b"%03d" % at + b"n" * 252
        with open(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here), "wb") as file:
            file.write(b"%d" % at * (50000 if at < 3 else 5))
    os.link(b"003" + b"n" * 252, b"zz", src_dir_fd=here, dst_dir_fd=here)
    os.symlink("t" * 4000, b"zzz", dir_fd=here)
    for _ in range(2000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(os.open("file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here), "wb") as file:
        file.write(b"deep")
    os.close(here)


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-stack-") as room:
                try:
                    make(room + "/s")
                    function(room)
                finally:
                    # Deeper than Python's own removal takes.
                    subprocess.run(["rm", "-rf", room + "/s"], check=False)
        tap.add(name, run)
    return mark


@case("a first build and updates, in all compressors")
def builds(room):
    for codec in tool.COMPRESSORS:
        if tool.has_compressor(codec):
            build(room, "-comp", codec, "s", codec, "--map-out", codec + ".map", "--json", codec + ".json")
            build(room, "-comp", codec, "s", codec, "--prev", codec, "--map", codec + ".map", "--map-out", codec + ".map")
    for options in (("-processors", "1"), ("-b", "4096"), ("-noI", "-noD", "-noF"), ("--prev-mtime=keep",), ("--relayout",),
                    ("-no-fragments",), ("-no-hardlinks",), ("-e", "zz"), ("-wildcards", "-e", "... n*"), ("-regex", "-e", "^d$/^d$"),
                    ("-p", "new f 644 0 0 echo new"), ("-xattrs-add", "user.a=b"), ("-max-depth", "1000"), ("--purge",)):
        build(room, "s", "o", "--prev", "gzip", *options)


@case("images and archives as sources, layers")
def sources(room):
    build(room, "s", "a")
    build(room, "a", "b")
    tool.call("tar", "-C", room + "/s", "-cf", room + "/t", ".")
    build(room, "t", "c")
    build(room, "--merge", "s", "s", "m")
    build(room, "-no-strip", "s", "n")
    for words in (("--root-becomes", "d/d", "a", "r"), ("--root-becomes", "d/d", "t", "r")):
        build(room, *words)


@case("check with its page, info and map")
def others(room):
    build(room, "s", "a", "--map-out", "a.map")
    tool.write(room + "/s/new", "new")
    build(room, "s", "b", "--prev", "a", "--map-out", "b.map")
    limited(room, tool.program("sqfs-stable-check"), "a", "b", "--html", "page", "--json", "j")
    limited(room, tool.program("sqfs-stable-info"), "b")
    limited(room, tool.program("sqfs-stable-info"), "--json", "b")
    limited(room, tool.program("sqfs-stable-map"), "diff", "a.map", "b", statuses=(0, 1))
    limited(room, tool.program("sqfs-stable-map"), "merge", "-o", "merged", "a.map", "b.map", "b.map")


tap.main()
