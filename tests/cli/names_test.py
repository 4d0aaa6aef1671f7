#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources that keep their leading directories: -no-strip, -tarstyle, -cpiostyle."""
import os
import resource
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import dropin
import mounts
import sqfs
import stable
import tap
import tool


def case(name):
    """A test in a scratch directory with real/dir/file, and link to real."""
    def mark(function):
        def run():
            with tool.scratch("sqst-names-") as room:
                os.makedirs(room + "/real/dir")
                os.chmod(room + "/real", 0o700)
                tool.write(room + "/real/dir/file", "text")
                os.symlink("real", room + "/link")
                os.symlink("nowhere", room + "/dangling")
                function(room)
        tap.add(name, run)
    return mark


def cpiostyle(room, *names, **options):
    """-cpiostyle reads names from standard input."""
    return dropin.drop_in(room, "- o -cpiostyle -quiet -noappend",
                          input="".join(name + "\n" for name in names), **options)


@case("a component on the way that is a symbolic link is the directory that it leads to")
def through_link(room):
    for way in ("-no-strip", "-tarstyle", "-cpiostyle"):
        if way == "-cpiostyle":
            done = cpiostyle(room, "link/dir/file")
            assert done.returncode == 0 and not done.stderr, done.stderr
        else:
            tool.build("--force", "--quiet", way, "link/dir/file", "o", cwd=room)
        image = stable.read(room + "/o")
        assert sorted(image.paths) == [b"", b"link", b"link/dir", b"link/dir/file"], way
        assert image.paths[b"link"].type == sqfs.DIR and image.paths[b"link"].mode == 0o700
        assert image.read(image.paths[b"link/dir/file"]) == b"text"
    # The same file under both names is one inode.
    tool.build("--force", "--quiet", "-no-strip", "link/dir", "real/dir", "o", cwd=room)
    image = stable.read(room + "/o")
    assert image.paths[b"link/dir/file"] is image.paths[b"real/dir/file"]
    assert image.paths[b"real/dir/file"].nlink == 2
    # The last component is stored as what it is.
    tool.build("--force", "--quiet", "-no-strip", "link", "real/dir", "o", cwd=room)
    assert stable.read(room + "/o").paths[b"link"].type == sqfs.SYMLINK


@case("a link that leads nowhere, or that is stored as a link as well, is refused")
def refusals(room):
    for sources, words in ((("dangling/x", "real"), ("dangling/x", "No such file")),
                           (("real/dir/file/x", "real/dir/file"), ("file/x", "ot a directory")),
                           (("link", "link/dir"), ("link", "symbolic link", "omit")),
                           (("link/dir", "link"), ("link", "symbolic link", "omit"))):
        tool.refused(tool.SOURCE, "-no-strip", *sources, "o", cwd=room, words=words)
        done = cpiostyle(room, *sources)
        assert done.returncode == tool.SOURCE and all(word in done.stderr for word in words), \
            done.stderr


@case("a directory that comes after names in it has all of them")
def whole_directory(room):
    for number in range(50):
        tool.write(f"{room}/real/dir/{number}")
    names = [f"real/dir/{number}" for number in range(0, 50, 3)]
    for sources in (names + ["real"], ["real"] + names, names + ["real/dir", "real"]):
        tool.build("--force", "--quiet", "-no-strip", *sources, "o", cwd=room)
        image = stable.read(room + "/o")
        assert len(image.paths) == 54 and b"real/dir/49" in image.paths, len(image.paths)


@case("100,000 names of one directory take no time that grows with their square")
def many(room):
    tap.need_root()
    os.mkdir(room + "/many")
    mounts.mount("-t", "tmpfs", "many", room + "/many")
    names = [f"many/{number}" for number in range(100000)]
    for name in names:
        os.close(os.open(f"{room}/{name}", os.O_CREAT | os.O_WRONLY, 0o600))

    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (12, 12))
    done = cpiostyle(room, *names, preexec_fn=limit)
    assert done.returncode == 0, (done.returncode, done.stderr)


tap.main()
