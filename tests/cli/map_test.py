#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sqfs-stable-map diff and merge. SQST_SEED=N repeats the random part.

git_merge_test.py has the merge driver, lock_test.py the builds that share a map.
"""
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import changes
import maps
import model
import sqfs
import stable
import tap
import tool
import trees

NAME = "sqfs-stable-map"
TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
D, F, L = sqfs.DIR, sqfs.FILE, sqfs.SYMLINK


def case(name):
    def mark(function):
        def run():
            with tool.scratch("sqst-map-") as room:
                function(room)
        tap.add(name, run)
    return mark


def releases(room):
    """Two releases, as images and maps: r1.sqfs, r1.map, r2.sqfs, r2.map."""
    first = {b"": trees.directory(), b"a": trees.file("a"), b"b": trees.file("b"),
             b"d": trees.directory(), b"d/x": trees.file("x"), b"t": trees.file("t")}
    second = {path: entry for path, entry in first.items() if path != b"b"}
    second |= {b"0": trees.file("0"), b"t": trees.symlink("a"), b"d/x2": second[b"d/x"]}
    trees.make(first, room + "/s1")
    trees.make(second, room + "/s2")
    tool.build("--quiet", "--map-out", room + "/r1.map", room + "/s1", room + "/r1.sqfs")
    tool.build("--quiet", "--prev", room + "/r1.sqfs", "--map-out", room + "/r2.map",
               room + "/s2", room + "/r2.sqfs")


@case("diff: what became of each path, with its numbers")
def diff(room):
    releases(room)
    old, new = stable.Map(room + "/r1.map"), stable.Map(room + "/r2.map")
    done = maps.expect(maps.DIFFERS, "diff", room + "/r1.map", room + "/r2.map")
    lines = done.stdout.splitlines()
    uuid = open(room + "/r1.map", encoding="utf-8").read().split("uuid=")[1][:36]
    assert lines == [
        f"old lineage {uuid}, generation 0, 6 paths, top 7",
        f"new lineage {uuid}, generation 1, 7 paths, top 11",
        "new        ./0 type=file inode=8",
        "gone       ./b type=file inode=3",
        "renumbered ./d/x type=file inode=5 -> type=file inode=9",
        "new        ./d/x2 type=file inode=9",
        "retyped    ./t type=file inode=6 -> type=link inode=10",
        "3 kept, 2 new, 1 gone, 1 retyped, 1 renumbered; numbers: 3 given, 3 retired",
    ], done.stdout
    assert (old.top, new.top) == (7, 11)
    done = maps.expect(maps.DIFFERS, "diff", "--all", room + "/r1.map", room + "/r2.map")
    assert "kept       . type=dir inode=1\n" in done.stdout and len(done.stdout.splitlines()) == 11
    done = maps.expect(maps.DIFFERS, "diff", "--quiet", room + "/r1.map", room + "/r2.map")
    assert done.stdout == "" and done.stderr == ""


@case("diff: maps and images are taken for one another; 0 if no number differs")
def diff_same(room):
    releases(room)
    for one in ("r1.sqfs", "r1.map"):
        for other in ("r1.sqfs", "r1.map"):
            done = maps.expect(maps.SAME, "diff", f"{room}/{one}", f"{room}/{other}")
            assert done.stdout.endswith("6 kept, 0 new, 0 gone, 0 retyped, 0 renumbered; "
                                        "numbers: 0 given, 0 retired\n")
        maps.expect(maps.DIFFERS, "diff", f"{room}/{one}", room + "/r2.sqfs")
    # The next generation of the same tree has the same numbers.
    tool.build("--quiet", "--prev", room + "/r2.sqfs", room + "/s2", room + "/r3.sqfs")
    done = maps.expect(maps.SAME, "diff", room + "/r2.sqfs", room + "/r3.sqfs")
    assert "generation 1," in done.stdout and "generation 2," in done.stdout
    # A pipe is a map.
    with open(room + "/r1.map", "rb") as file:
        piped = subprocess.run([maps.MAP, "diff", "/dev/stdin", room + "/r1.map"], check=False,
                               input=file.read(), capture_output=True)
    assert piped.returncode == maps.SAME, piped.stderr


@case("diff: a plain image of another tool, built anew, renumbers")
def diff_foreign(room):
    mksquashfs = tap.need_program("mksquashfs")
    releases(room)
    for name in ("s1", "s2"):
        tool.call(mksquashfs, f"{room}/{name}", f"{room}/{name}.sqfs", "-quiet", "-no-progress")
    done = maps.expect(maps.DIFFERS, "diff", room + "/s1.sqfs", room + "/s2.sqfs")
    assert "old lineage none, 6 paths" in done.stdout
    assert "renumbered ./a type=file inode=1 -> type=file inode=2\n" in done.stdout


@case("diff: names with control bytes do not reach a terminal")
def diff_masked(room):
    one = {b"": (D, 1), b"\x1b[2Jx\n": (F, 2)}
    maps.write(room + "/1", one, 3)
    maps.write(room + "/2", one | {b"\x07": (F, 4)}, 5)
    done = maps.expect(maps.DIFFERS, "diff", "--all", room + "/1", room + "/2")
    assert "./\\033[2Jx\\012 type" in done.stdout and "./\\007 type" in done.stdout
    assert not any(ord(c) < 0x20 and c != "\n" for c in done.stdout)


@case("mistakes and bad files: status 2, one line, nothing written")
def trouble(room):
    releases(room)
    r1, r2 = room + "/r1.map", room + "/r2.map"
    before = tool.snapshot(room)
    maps.refused(words=["a command is missing"])
    maps.refused("frobnicate", words=["frobnicate: not a command"])
    maps.refused("diff", r1, words=["diff takes OLD NEW"])
    maps.refused("merge", r1, r1, r2, r2, words=["merge takes BASE OURS THEIRS"])
    maps.refused("diff", "--nothing", r1, r2, words=["--nothing: unknown option"])
    maps.refused("diff", "-o", room + "/o", r1, r2, words=["-o does not go with diff"])
    maps.refused("diff", "--fresh-links", r1, r2, words=["does not go with diff"])
    maps.refused("diff", "--keep-links", r1, r2, words=["-keep-links does not go with diff"])
    maps.refused("merge", "--all", r1, r1, r2, words=["does not go with merge"])
    maps.refused("merge", "--prefer", "mine", r1, r1, r2, words=["ours or theirs"])
    maps.refused("merge", "--uuid", "12", r1, r1, r2, words=["not a UUID"])
    maps.refused("diff", room + "/nowhere", r2, words=[room + "/nowhere", "cannot open the file"])
    maps.refused("diff", r1, room + "/s1", words=[room + "/s1", "directory"])
    maps.refused("merge", r1, room + "/nowhere", r2, words=[room + "/nowhere"])
    tool.write(room + "/empty")
    maps.refused("merge", r1, r1, room + "/empty", words=["/empty: line 1: not a map"])
    os.unlink(room + "/empty")
    maps.refused("merge", r1, room + "/r1.sqfs", r2, words=["is a squashfs image, which"])
    maps.refused("merge", r1, r1, r2, "-o", room + "/no/o", words=[room + "/no/o"])
    assert tool.snapshot(room) == before
    tool.write(room + "/bad.map", tool.read(r1).replace(b"inode=3", b"inode=1"))
    maps.refused("diff", r1, room + "/bad.map", words=["bad.map", "line 5", "of another type"])
    tool.write(room + "/cut.sqfs", tool.read(room + "/r1.sqfs")[:300])
    maps.refused("merge", room + "/cut.sqfs", r1, r2, words=["cut.sqfs"])
    with open(tool.device(room + "/full", tool.FULL), "w", encoding="utf-8") as full:
        maps.expect(maps.TROUBLE, "diff", r1, r2, stdout=full)


@case("the manual page has the merge driver that git_merge_test.py tries; completions know the commands")
def words(_):
    page = tool.read(f"{TOP}/man/{NAME}.1").decode().replace("\\-", "-").replace("\\(aq", "'")
    assert "*.map merge=sqfs-stable-map\n" in page
    assert "merge.sqfs-stable-map.driver 'sqfs-stable-map merge %O %A %B -o %A'\n" in page
    script = f"source {TOP}/completions/{NAME}; COMP_WORDS=(x m); COMP_CWORD=1; _sqfs_stable_map; " \
        "echo \"${COMPREPLY[@]}\"; COMP_WORDS=(x merge --prefer o); COMP_CWORD=3; " \
        "_sqfs_stable_map; echo \"${COMPREPLY[@]}\""
    assert tool.call("bash", "-c", script) == b"merge\nours\n"


# ---- merge

@case("merge: OURS is replaced, or FILE is written; the summary; --quiet")
def merge(room):
    base = {b"": (D, 1), b"a": (F, 2)}
    maps.write(room + "/base", base, 3)
    maps.write(room + "/ours", base | {b"o": (F, 4)}, 5, generation=4)
    maps.write(room + "/theirs", base | {b"t": (F, 4), b"u": (F, 6)}, 7, generation=2)
    listing = [room + "/base", room + "/ours", room + "/theirs"]
    before = tool.read(room + "/ours")
    done = maps.expect(maps.SAME, "merge", *listing, "-o", room + "/joined")
    assert done.stdout == "" and done.stderr == \
        "sqfs-stable-map: merged: 5 paths, 3 kept, 2 renumbered; top 10\n", done.stderr
    assert tool.read(room + "/ours") == before
    joined = stable.Map(room + "/joined")
    assert joined.numbers == base | {b"o": (F, 8), b"t": (F, 9), b"u": (F, 6)}
    assert (joined.generation, joined.top, joined.uuid) == (5, 10, bytes(range(16)))
    # An existing file is replaced, and so is OURS.
    maps.expect(maps.SAME, "merge", "--quiet", *listing, "--o", room + "/joined")
    done = maps.expect(maps.SAME, "merge", "--quiet", *listing)
    assert done.stderr == "" and tool.read(room + "/ours") == tool.read(room + "/joined")
    # No base at all: an empty file, as git gives it.
    tool.write(room + "/empty")
    maps.expect(maps.SAME, "merge", room + "/empty", room + "/joined", room + "/theirs")
    assert stable.Map(room + "/joined").numbers[b"o"] == (F, 8)


@case("merge: images take the place of maps")
def merge_images(room):
    releases(room)
    tool.build("--quiet", "--prev", room + "/r1.sqfs", "--map-out", room + "/o.map", room + "/s1",
               room + "/o.sqfs", "-p", "/new f 644 0 0 echo")
    for name, kinds in (("1", ("map", "map", "map")), ("2", ("sqfs", "sqfs", "sqfs")),
                        ("3", ("map", "sqfs", "map"))):
        files = [f"{room}/{one}.{kind}" for one, kind in zip(("r1", "o", "r2"), kinds)]
        maps.expect(maps.SAME, "merge", *files, "-o", f"{room}/{name}")
    assert tool.read(room + "/1") == tool.read(room + "/2") == tool.read(room + "/3")


@case("merge: two types are a conflict: status 1, each path told, nothing written")
def conflict(room):
    base = {b"": (D, 1), b"p": (F, 2), b"\x1bq": (F, 3)}
    maps.write(room + "/base", base, 4)
    maps.write(room + "/ours", base | {b"p": (D, 5), b"\x1bq": (L, 6)}, 7)
    maps.write(room + "/theirs", base | {b"p": (L, 5), b"\x1bq": (D, 6)}, 7)
    listing = [room + "/base", room + "/ours", room + "/theirs"]
    before = tool.snapshot(room)
    done = maps.expect(maps.CONFLICT, "merge", *listing)
    assert done.stderr.splitlines() == [
        "sqfs-stable-map: conflict: ./\\033q: link in OURS, dir in THEIRS",
        "sqfs-stable-map: conflict: ./p: dir in OURS, link in THEIRS",
        "sqfs-stable-map: 2 paths have two types, nothing was written; --prefer=ours or "
        "--prefer=theirs decides"], done.stderr
    assert tool.snapshot(room) == before
    maps.expect(maps.SAME, "merge", *listing, "-o", room + "/o", "--prefer=ours")
    assert stable.Map(room + "/o").numbers == {b"": (D, 1), b"\x1bq": (L, 8), b"p": (D, 9)}
    maps.expect(maps.SAME, "merge", *listing, "-o", room + "/o", "--prefer", "theirs")
    assert stable.Map(room + "/o").numbers == {b"": (D, 1), b"\x1bq": (D, 8), b"p": (L, 9)}


@case("merge: two lineages are refused, or --uuid says which goes on")
def lineages(room):
    base = {b"": (D, 1), b"a": (F, 2)}
    other = bytes(range(16, 32))
    maps.write(room + "/base", base, 3)
    maps.write(room + "/ours", base, 3)
    maps.write(room + "/theirs", base, 3, uuid=other)
    listing = [room + "/base", room + "/ours", room + "/theirs"]
    before = tool.snapshot(room)
    maps.refused("merge", *listing, words=[room + "/theirs", "another lineage", "--uuid"])
    maps.refused("merge", *listing, "--uuid", "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
                 words=["neither"])
    assert tool.snapshot(room) == before
    maps.expect(maps.SAME, "merge", *listing, "--uuid", "10111213-1415-1617-1819-1a1b1c1d1e1f")
    assert stable.Map(room + "/ours").uuid == other


@case("merge: hard link groups that changed are renumbered, --keep-links warns of them")
def links(room):
    base = {b"": (D, 1), b"a": (F, 2)}
    maps.write(room + "/base", base, 3)
    maps.write(room + "/ours", base | {b"b": (F, 2)}, 3)
    maps.write(room + "/theirs", base | {b"t": (F, 4)}, 5)
    listing = [room + "/base", room + "/ours", room + "/theirs", "-o", room + "/o"]
    done = maps.expect(maps.SAME, "merge", "--quiet", "--keep-links", *listing)
    assert done.stderr.startswith("sqfs-stable-map: warning: 1 hard link groups"), done.stderr
    assert stable.Map(room + "/o").numbers[b"b"] == (F, 2)
    for option in ((), ("--fresh-links",), ("--keep-links", "--fresh-links")):
        done = maps.expect(maps.SAME, "merge", "--quiet", *option, *listing)
        assert done.stderr == ""
        assert stable.Map(room + "/o").numbers == {b"": (D, 1), b"a": (F, 6), b"b": (F, 6),
                                                   b"t": (F, 4)}


def build_map(room, tree, parents, name):
    """A release of a tree: its map, checked against the rules."""
    source = f"{room}/source"
    tool.call("rm", "-rf", source)
    trees.make(tree, source)
    options = [word for one in parents for word in ("--map", one)]
    tool.build("--quiet", "--force", *options, "--map-out", name, source, room + "/image")
    read = [maps.parent(stable.Map(one)) for one in parents]
    made = stable.Map(name)
    wanted = model.assign(trees.groups(tree), read)
    wrong = {path: (wanted[0].get(path), made.numbers.get(path))
             for path in wanted[0].keys() | made.numbers.keys()
             if wanted[0].get(path) != made.numbers.get(path)}
    assert not wrong, f"wanted and found: {wrong}"
    assert made.top == wanted[1]
    model.check_safe(made.numbers, made.top, read)
    return made


def random_join(room, seed):
    """Branches with random changes: the merge is the map that a build with both parents writes, it
    obeys R8, and so does what is built from it."""
    rng = random.Random(seed)
    change = changes.Changes(rng)
    tree = change.first(rng.choice((3, 15, 40)))
    base, ours, theirs, joined = (f"{room}/{n}" for n in ("base", "ours", "theirs", "joined"))
    old = build_map(room, tree, [], base)
    for name in (ours, theirs):
        build_map(room, change.next(tree, rng.choice((0, 2, 8))), [base], name)
        if rng.random() < 0.3:
            build_map(room, change.next(tree, 5), [name], name)
    maps.expect(maps.SAME, "merge", "--quiet", "--prefer", rng.choice(("ours", "theirs")), base,
                ours, theirs, "-o", joined)
    sides = [stable.Map(theirs), stable.Map(ours)]
    merged = stable.Map(joined)
    branches = [maps.parent(one) for one in sides]
    model.check_safe(merged.numbers, merged.top, branches)
    model.check_ancestor(merged.numbers, old.numbers, old.top)
    # Each path comes from a branch, and what both have, or only one and not the base, is there.
    for path, (kind, _) in merged.numbers.items():
        assert kind in {one.numbers.get(path, (0,))[0] for one in sides}, path
    for path in sides[0].numbers.keys() & sides[1].numbers.keys():
        above = path.rpartition(b"/")[0]
        assert path in merged.numbers or merged.numbers.get(above, (0,))[0] != D, path
    build_map(room, maps.tree_of(merged), [theirs, ours], room + "/built")
    assert tool.read(room + "/built") == tool.read(joined), "a build gives another map"
    after = build_map(room, change.next(maps.tree_of(merged), 5), [joined], room + "/after")
    for one in sides + [old]:
        model.check_ancestor(after.numbers, one.numbers, one.top)


@case("merge: random branches, against a build with both parents and the rules")
def random_joins(room):
    rng = random.Random(tool.seed())
    for _ in range(int(os.environ.get("SQST_HISTORIES") or 25)):
        seed = rng.randrange(1 << 32)
        try:
            random_join(room, seed)
        except Exception:
            tap.diag(f"history {seed}")
            raise


tap.main()
