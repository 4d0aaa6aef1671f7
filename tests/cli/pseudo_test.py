#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pseudo-file definitions through the program, held against what mksquashfs makes of the same."""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool
import trees

QUIET = ("-noappend", "-quiet", "-no-progress")

# All that mksquashfs 4.5 knows. What has no time of its own is stamped with the time of the build
# there and with the image's here, so times are compared of those only that have one.
EVERY_LETTER = r"""
# a comment
/ d 711 5 6
d d 700 1 2
d/a f 644 0 0 echo a source has this
  zz d 755 nobody root
zz/chr c 600 0 0 5 1
zz/blk b 660 1 6 4095 1048575
zz/f f 4755 1 2 printf 'abc' ; \
  head -c 300000 /dev/zero; echo "  x  "
zz/F F 86400 644 0 0 cat /etc/passwd
zz/s s 0 0 0 a "b"\ c
zz/S S 1 0 0 0 /x
zz/so i 777 0 0 s
zz/fi I 5 640 3 4294967294 f
zz/D D "1 jan 1980 UTC" 755 0 0
zz/D/x B 10 1 1 1 1 2
zz/C C 11 1 1 1 1 2
hard m 711 9 9
l2 M 77 777 8 8
zz/l l source/d/a
zz/l2 l outside
zz/l3 L zz/l2
zz/L L zz/f
zz/sym l source/l
"zz/q u" d 1777 0 0
zz/e\\\"\ x d 755 0 0
none m 600 0 0
"""


def case(name):
    """A test in a scratch directory with a small source, and a file beside it."""
    def mark(function):
        def run():
            with tool.scratch("sqst-pseudo-") as room:
                os.makedirs(room + "/source/d")
                tool.write(room + "/source/d/a", b"hello\n", 0o644)
                tool.write(room + "/outside", b"outside", 0o640)
                os.link(room + "/source/d/a", room + "/source/hard")
                os.symlink("tar get", room + "/source/l")
                os.symlink("x", room + "/source/l2")
                function(room)
        tap.add(name, run)
    return mark


def ours(room, *arguments, name="ours", **options):
    done = tool.build(*QUIET, *arguments, room + "/" + name, cwd=room, **options)
    return stable.read(room + "/" + name), done.stderr


def theirs(room, *arguments):
    """mksquashfs takes its options last."""
    program = tap.need_program("mksquashfs")
    source, *options = arguments
    tool.call(program, source, room + "/theirs", *QUIET, *options, cwd=room)
    return sqfs.Image(room + "/theirs")


def drop_in(room, *arguments, **options):
    """Run it by the name mksquashfs, where "-" is no source; libtool's wrapper would hide that."""
    program = shutil.which(tool.BUILD)
    env = dict(os.environ)
    for name in ("lt-sqfs-stable-build", "sqfs-stable-build"):
        there = os.path.join(os.path.dirname(program), ".libs", name)
        if os.path.exists(there):
            program, env["LD_LIBRARY_PATH"] = there, os.path.dirname(there)
            break
    if not os.path.lexists(room + "/mksquashfs"):
        os.symlink(program, room + "/mksquashfs")
    return subprocess.run([room + "/mksquashfs", *arguments], cwd=room, env=env, timeout=300,
                          capture_output=True, text=True, errors="backslashreplace", check=False,
                          **options)


def sourceless(room, *arguments, name="ours", **options):
    done = drop_in(room, "-", name, *QUIET, *arguments, **options)
    assert done.returncode == 0, f"{done.args}\nstatus {done.returncode}\n{done.stderr}"
    return stable.read(room + "/" + name)


def described(image, timed=None):
    found = trees.describe_image(image)
    for path, one in found.items():
        if timed is not None and path not in timed:
            del one["mtime"]
    return found


def timed_paths(text):
    paths = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) > 2 and words[1] in "DMBCFSIR" and words[0] not in ("/", "#"):
            paths.add(words[0].encode())
    return paths


@case("every letter gives what mksquashfs makes of it")
def every_letter(room):
    tool.write(room + "/list", EVERY_LETTER.encode())
    timed = timed_paths(EVERY_LETTER)
    assert len(timed) == 7, timed
    image, said = ours(room, "-pf", "list", "source")
    for name in ('"d"', '"d/a"', '"none"', "(the root)"):
        assert name in said, f"no word of {name}:\n{said}"
    assert len(said.splitlines()) == 4, said
    trees.assert_same(described(theirs(room, "source", "-pf", "list"), timed),
                      described(image, timed))


@case("definitions on the command line, one option each")
def command_line(room):
    words = []
    for line in ("dev d 755 0 0", "dev/console c 600 0 0 5 1", 'a\\ b s 777 1 2 "c d"'):
        words += ["-p", line]
    image, said = ours(room, *words, "source")
    assert said == "", said
    trees.assert_same(described(theirs(room, "source", *words), ()), described(image, ()))


@case("what unsquashfs -pf writes reads back, from a file and from a pipe")
def read_back(room):
    program = tap.need_program("unsquashfs")
    first = theirs(room, "source", "-p", "n c 600 1 2 3 4", "-p", "i i 600 1 2 s",
                   "-p", "z f 644 0 0 head -c 300000 /dev/zero; echo end")
    tool.call(program, "-q", "-n", "-pf", room + "/dump", room + "/theirs")
    second = sourceless(room, "-pf", "dump")
    trees.assert_same(described(first), described(second))
    with subprocess.Popen(["cat", room + "/dump"], stdout=subprocess.PIPE) as cat:
        sourceless(room, "-pf", "-", name="piped", stdin=cat.stdout)
    assert tool.read(room + "/piped") == tool.read(room + "/ours")


@case("no source: the root is a definition's, or as -pd says")
def no_source(room):
    image = sourceless(room, "-p", "/ D 7 711 5 6", "-p", "f F 8 600 1 2 echo x")
    trees.assert_same({b"": {"mode": 0o711, "uid": 5, "gid": 6, "mtime": 7},
                       b"f": {"mode": 0o600, "uid": 1, "gid": 2, "mtime": 8, "content": b"x\n"}},
                      {path: {name: one[name] for name in ("mode", "uid", "gid", "mtime", "content")
                              if name in one}
                       for path, one in described(image).items()})
    image = sourceless(room, "-pd", "D 9 750 3 4", "-p", "a/b/c c 600 0 0 1 1", name="default")
    for path in (b"", b"a", b"a/b"):
        one = image.paths[path]
        assert (one.mode, one.uid, one.gid, one.mtime) == (0o750, 3, 4, 9), path


@case("attributes")
def attributes(room):
    image, _ = ours(room, "-p", "d x user.a=one two", "-p", "d x security.b=0x00ff",
                    "-p", "d/a x user.c=0sAAE=", "-p", "d x user.a=0tx\\000", "source")
    found = described(image)
    assert found[b"d"]["xattrs"] == {"user.a": b"x\0", "security.b": b"\0\xff"}, found[b"d"]
    assert found[b"hard"]["xattrs"] == {"user.c": b"\0\1"}, found[b"hard"]
    image, _ = ours(room, "-no-xattrs", "-p", "d x user.a=one", "source", name="none")
    assert described(image)[b"d"]["xattrs"] == {}


@case("-all-root wins over definitions, and they over it with -pseudo-override")
def override(room):
    words = ("-all-root", "-p", "n c 600 1 2 3 4", "-p", "d m 700 5 6")
    image, _ = ours(room, *words, "source")
    assert {(one.uid, one.gid) for one in image.paths.values()} == {(0, 0)}
    image, _ = ours(room, *words, "-pseudo-override", "source", name="override")
    assert (image.paths[b"n"].uid, image.paths[b"n"].gid) == (1, 2)
    assert (image.paths[b"d"].uid, image.paths[b"d"].gid) == (5, 6)
    assert (image.paths[b"d/a"].uid, image.paths[b"d/a"].gid) == (0, 0)


@case("numbers are kept, and a release only adds")
def numbers(room):
    first, _ = ours(room, "-p", "dev d 755 0 0", "-p", "dev/m c 600 0 0 5 1", "source")
    second, _ = ours(room, "--prev", "ours", "-p", "dev/a F 1 600 0 0 echo a",
                     "-p", "dev d 755 0 0", "-p", "dev/m c 600 0 0 5 1", "source", name="second")
    for path, one in first.paths.items():
        assert second.paths[path].number == one.number, path
    assert second.paths[b"dev/a"].number > first.super.inode_count


@case("one, two and four threads give the same bytes")
def threads(room):
    for count in "124":
        ours(room, "-processors", count, "-p", "f f 644 0 0 seq 1 200000", "-p", "g L f",
             "-p", "h f 644 0 0 seq 1 300000", "source", name="image" + count)
    assert tool.read(room + "/image1") == tool.read(room + "/image2") == tool.read(room + "/image4")


@case("an error leaves no image and says where")
def errors(room):
    tool.write(room + "/list", b"/ d 755 0 0\nb q\n")
    for words, said in ((("-p", "a/b c 600 0 0 1 1", "source"), ("a/b", "-pd")),
                        (("-p", "f f 600 0 0 echo x; exit 3", "source"), ('"f"', "status 3")),
                        (("-p", "a c 600 7 8", "source"), ("major", "a c 600 7 8")),
                        (("-p", "a d 755 no-such-user 0", "source"), ("no-such-user",)),
                        (("-p", "a l nothing", "source"), ('"a"', "No such file")),
                        (("-p", "a l source/d", "source"), ('"a"', "directory")),
                        (("-pf", "list", "source"), ("list", "line 2", '"q"')),
                        (("-pf", "missing", "source"), ("missing", "No such file"))):
        done = tool.run(*QUIET, *words, room + "/out", cwd=room, stdin=subprocess.DEVNULL)
        assert done.returncode != 0, f"{words} was taken"
        for part in said:
            assert part in done.stderr, f"{words}: {part!r} is not in {done.stderr}"
        assert not os.path.exists(room + "/out"), words
    done = drop_in(room, "-", "out", *QUIET, "-p", "a d 755 0 0", stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and "definition of the root" in done.stderr, done.stderr
    assert not os.path.exists(room + "/out")


tap.main()
