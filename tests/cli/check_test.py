#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sqfs-stable-check: its verdicts against verdict.py's, its reports, and what it refuses."""
import os
import random
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import changes
import forge
import sqfs
import tap
import tool
import trees
import verdict
from verdict import INPUT, REFUSED, SYSTEM, UNSAFE, USAGE, VALID

NAME = "sqfs-stable-check"
HOSTILE = [b"<script>alert(1)", b"\x1b[31mred", b"line\nbreak", b"\xff\xfe", b"a\\b",
           b"&amp;\"'>", b"\xe2\x80\xaegpj.exe", b"\xc2\x9bcsi", b"%s%n", b"<table><td>",
           b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"x" * 255]


def small():
    return {b"": trees.directory(), b"a": trees.file("a\n"), b"d": trees.directory(),
            b"d/b": trees.file("b\n" * 3000), b"d/c": trees.symlink("b")}


def build(room, name, tree, *options, make=None):
    """Make a tree and its image; the image's path."""
    trees.make(tree, f"{room}/{name}")
    if make:
        make(f"{room}/{name}", f"{room}/{name}.sqfs", *options)
    else:
        tool.build("-quiet", *options, f"{room}/{name}", f"{room}/{name}.sqfs")
    return f"{room}/{name}.sqfs"


def forged(room, name, numbers, top=None, export=None):
    """An image with these numbers: {path: number}, all of them files but the root."""
    same = {}
    tree = {path: same.setdefault(number, trees.file(path)) if path else trees.directory()
            for path, number in numbers.items()}
    return forge.Forged(tree, numbers, top=top, export=export).write(f"{room}/{name}.sqfs")


def agrees(status, *images):
    """The program says what verdict.py says of each old image, and ends so; its JSON."""
    said = verdict.says(status, *images)
    new = verdict.read(images[-1])
    for path, one in zip(images, said["old"], strict=False):
        verdict.judge(verdict.read(path), new).agrees_with(one)
    assert said["verdict"] == verdict.WORD[status]
    return said


@tap.test("valid: paths kept, new, removed, of another type")
def valid():
    with tool.scratch() as room:
        tree = small()
        one = build(room, "1", tree)
        del tree[b"a"]
        tree |= {b"0": trees.file("first"), b"d/c": trees.file("no link")}
        two = build(room, "2", tree, "--prev", one)
        said = agrees(VALID, one, two)
        old = said["old"][0]
        assert old["path_counts"] == {"kept": 3, "renumbered": 0, "changed_type": 1, "new": 1,
                                      "removed": 1}
        assert old["changed_type"] == [{"path": "/d/c", "old_type": "symbolic link",
                                        "new_type": "file"}]
        assert old["parent_of_new"] and old["same_lineage"] and not old["warnings"]
        assert said["new"]["generation"] == 1 and said["new"]["export_table"]
        done = verdict.run(one, two)
        assert done.returncode == VALID and done.stderr == b""
        assert done.stdout.splitlines()[0].endswith(b"2.sqfs: valid"), done.stdout
        agrees(VALID, one, one)


@tap.test("an update of mksquashfs with a file that sorts first is unsafe, and it says which")
def plain_update():
    tap.need_program("mksquashfs")
    with tool.scratch() as room:
        tree = small()
        one = build(room, "1", tree, make=verdict.mksquashfs)
        tree[b"0"] = trees.file("first")
        two = build(room, "2", tree, make=verdict.mksquashfs)
        said = agrees(UNSAFE, one, two)
        old = said["old"][0]
        assert old["conflicts"][0] == {"number": 1, "old": ["/a"], "new": ["/0"],
                                       "old_type": "file", "new_type": "file"}, old["conflicts"]
        assert old["root_moved"] and any("index=on" in reason for reason in old["reasons"])
        done = verdict.run(one, two)
        assert done.returncode == UNSAFE
        assert b"\n  conflict 1: /a -> /0\n" in done.stdout, done.stdout
        assert b"(symbolic link -> file)" in done.stdout or b"(file -> symbolic link)" in done.stdout
        # The same images through us are safe after the other builder's, too.
        agrees(VALID, one, build(room, "3", tree, "--prev", one))


@tap.test("refused: a new lineage, and images without an export table")
def refused():
    with tool.scratch() as room:
        one = build(room, "1", small())
        new = build(room, "2", small(), "--new-lineage", "--prev", one)
        old = agrees(REFUSED, one, new)["old"][0]
        assert not old["same_lineage"] and old["numbers"]["kept"] == 0
        assert any("index=on does not mount" in text for text in old["warnings"]), old
        blind = build(room, "3", small(), "-no-exports", "--force", "--prev", one)
        old = agrees(REFUSED, one, blind)["old"][0]
        assert any("no kernel decodes" in text for text in old["reasons"]), old
        old = agrees(VALID, blind, one)["old"][0]
        assert any("no kernel stored" in text for text in old["reasons"]), old
        if tool.shutil.which("gensquashfs"):
            theirs = build(room, "4", small(), make=lambda tree, image: tool.call(
                "gensquashfs", "-q", "-D", tree, image))
            said = agrees(REFUSED, one, theirs)
            assert not said["new"]["export_table"]
            assert said["old"][0]["conflicts"] and said["old"][0]["warnings"]


@tap.test("with several old images the worst verdict counts")
def several():
    with tool.scratch() as room:
        tree = small()
        one = build(room, "1", tree)
        hotfix = build(room, "2", tree | {b"fix": trees.file("fix")}, "--prev", one)
        branch = build(room, "3", tree | {b"next": trees.file("next")}, "--prev", one)
        joined = build(room, "4", tree, "--prev", hotfix, "--prev", branch)
        fresh = build(room, "5", tree, "--new-lineage", "--prev", joined)
        said = agrees(UNSAFE, one, hotfix, branch)
        assert [old["verdict"] for old in said["old"]] == ["valid", "unsafe"]
        agrees(UNSAFE, hotfix, one, branch)
        agrees(VALID, one, hotfix, branch, joined)
        said = agrees(REFUSED, one, hotfix, branch, joined, fresh)
        assert len(said["old"]) == 4


@tap.test("going back is valid, with a warning of numbers above the count")
def going_back():
    with tool.scratch() as room:
        one = build(room, "1", small())
        two = build(room, "2", small() | {b"z": trees.file("z"), b"zz": trees.file("z")}, "--prev",
                    one)
        old = agrees(VALID, two, one)["old"][0]
        assert any("Linux before 5.11" in text for text in old["warnings"]), old
        assert any("going back" in text for text in old["remarks"]), old


@tap.test("hard links: unsafe where names change under a number, a conflict where none is left")
def hard_links():
    with tool.scratch() as room:
        data = trees.file("one inode")
        first, both, last = ({b"": trees.directory()} | {name: data for name in names}
                             for names in ((b"a",), (b"a", b"b"), (b"b",)))
        one = build(room, "1", first)
        two = build(room, "2", both, "--keep-links", "--prev", one)
        three = build(room, "3", last, "--keep-links", "--prev", two)
        for older, newer in ((one, two), (two, three)):
            old = agrees(UNSAFE, older, newer)["old"][0]
            assert any("--keep-links" in text for text in old["reasons"]), old
            assert len(old["regrouped_links"]) == 1
        old = agrees(UNSAFE, one, two, three)["old"][0]
        assert [(c["old"], c["new"]) for c in old["conflicts"]] == [(["/a"], ["/b"])]
        clean = [one]
        for at, tree in enumerate((both, last)):
            clean.append(build(room, f"f{at}", tree, "--prev", clean[-1]))
            assert not agrees(VALID, *clean)["old"][-1]["warnings"]


@tap.test("numbers that another tool gave: the root alone, used again, an inode without a name")
def forgeries():
    with tool.scratch() as room:
        base = forged(room, "0", {b"": 3, b"a": 1, b"b": 2}, top=6)
        agrees(UNSAFE, base, forged(room, "1", {b"": 4, b"a": 1, b"b": 2}))
        old = agrees(VALID, base, forged(room, "2", {b"": 3, b"a": 1, b"c": 5, b"d": 7}))["old"][0]
        assert old["used_again"][0]["new"] == ["/c"] and len(old["used_again"]) == 1
        assert any("in use again" in text for text in old["warnings"])
        agrees(UNSAFE, base, forged(room, "3", {b"": 3, b"a": 2, b"b": 1}))
        stray = forged(room, "4", {b"": 3, b"a": 1}, top=6, export={2: 0})
        said = verdict.says(UNSAFE, base, stray)
        assert said["new"]["export_entries_without_name"] == 1
        assert said["old"][0]["conflicts"] == [{"number": 2, "old": ["/b"], "new": [],
                                                "old_type": "file", "new_type": None}]
        assert b"2: /b -> an inode without a name" in verdict.run(base, stray).stdout
        assert not said["new"]["u_boot_finds_root"]


@tap.test("maps stand for images")
def maps():
    with tool.scratch() as room:
        one = build(room, "1", small(), "--map-out", f"{room}/1.map")
        two = build(room, "2", small() | {b"0": trees.file("x")}, "--prev", one, "--map-out",
                    f"{room}/2.map")
        said = verdict.says(VALID, f"{room}/1.map", two)
        assert said["old"][0]["path_counts"] == verdict.says(VALID, one, two)["old"][0]["path_counts"]
        assert "blocks" not in said["old"][0] and "bytes" not in said["old"][0]
        said = verdict.says(VALID, one, f"{room}/2.map")
        assert "blocks" not in said["old"][0] and said["new"]["generation"] == 1
        done = verdict.run("--html", f"{room}/p.html", f"{room}/1.map", f"{room}/2.map")
        assert done.returncode == VALID and os.path.getsize(f"{room}/p.html") > 2000


@tap.test("hostile names: nothing reaches a terminal or a page, and JSON gives all bytes back")
def hostile():
    with tool.scratch() as room:
        tree = {b"": trees.directory()} | {name: trees.file(name) for name in HOSTILE}
        one = build(room, "1", tree)
        numbers = {path: number for path, (_, number) in verdict.read(one).numbers.items()}
        names = sorted(HOSTILE)
        turned = dict(zip(names, [numbers[name] for name in names[1:] + names[:1]]))
        two = forged(room, "2", {b"": numbers[b""]} | turned, top=len(names) + 2)
        odd = os.path.join(os.fsencode(room), b"<b>\x1b[1m&.sqfs")
        os.rename(os.fsencode(one), odd)
        page = room + "/page.html"
        done = verdict.run(b"--html", page.encode(), odd, two.encode())
        assert done.returncode == UNSAFE, done
        clean = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]")
        assert not clean.search(done.stdout), done.stdout
        html = tool.read(page)
        html.decode()
        assert not clean.search(html.replace(b"\n", b"")), clean.search(html)
        assert b"<script" not in html and b"<b>\\" not in html and b"&amp;amp;" in html
        assert html.count(b"</table>") == html.count(b"<table>")
        agrees(UNSAFE, odd, two)
        json_text = verdict.run(b"--json", b"-", odd, two.encode()).stdout
        json_text.decode()


@tap.test("damaged images and maps are refused in one line, and nothing is written")
def damaged():
    with tool.scratch() as room:
        good = build(room, "1", small())
        data = tool.read(good)
        tool.write(f"{room}/cut", data[:verdict.read(good).super.bytes_used - 9])
        tool.write(f"{room}/none", b"")
        tool.write(f"{room}/text", b"no image\n" * 100)
        tool.write(f"{room}/bad.map", b"#mtree\n# sqfs-stable: version=1 top=3\n. type=dir inode=9\n")
        table = verdict.read(good).super.inode_table
        tool.write(f"{room}/flipped", data[:table + 4] + bytes(b ^ 255 for b in data[table + 4:table + 40])
                   + data[table + 40:])
        os.mkfifo(f"{room}/pipe")
        before = tool.snapshot(room)
        for bad in ("cut", "none", "text", "bad.map", "flipped", "pipe", "missing", "1"):
            for images in ((good, f"{room}/{bad}"), (f"{room}/{bad}", good),
                           (good, f"{room}/{bad}", good)):
                done = verdict.run("--json", f"{room}/j", "--html", f"{room}/h", *images, timeout=60)
                assert done.returncode == INPUT, (bad, done)
                lines = done.stderr.decode().splitlines()
                assert len(lines) == 1 and lines[0].startswith(f"{NAME}: {room}/{bad}: "), lines
                assert "parent" not in lines[0], lines
                assert done.stdout == b""
        assert tool.snapshot(room) == before


@tap.test("any byte of an image may be wrong: a verdict or a refusal, never a crash")
def any_byte():
    rng = random.Random(tool.seed())
    with tool.scratch() as room:
        good = build(room, "1", small(), "-comp", "gzip", "-noI", "-noD", "-noF")
        data, used = tool.read(good), verdict.read(good).super.bytes_used
        for _ in range(60):
            other = bytearray(data)
            for _ in range(rng.choice((1, 1, 3))):
                other[rng.randrange(used)] = rng.randrange(256)
            tool.write(f"{room}/x.sqfs", bytes(other))
            done = verdict.run("--json", f"{room}/j", "--html", f"{room}/h", good, f"{room}/x.sqfs")
            assert done.returncode in (VALID, UNSAFE, REFUSED, INPUT), done
            assert (done.returncode == INPUT) == bool(done.stderr), done


@tap.test("mistakes in the command line of sqfs-stable-check")
def usage():
    with tool.scratch() as room:
        good = build(room, "1", small())
        before = tool.read(good)
        for arguments, word in (((), "OLD"), ((good,), "NEW"), (("--what", good, good), "unknown"),
                                (("--json", good, good, good), "does not replace"),
                                (("--html", good, good, good), "does not replace"),
                                (("--json", f"{room}/x", "--html", f"{room}/x", good, good), "one file"),
                                (("--json", "-", "--html", "-", good, good), "standard output"),
                                ((good, good, "--json"), "FILE")):
            done = verdict.run(*arguments)
            assert done.returncode == USAGE and done.stderr.count(b"\n") == 1, done
            assert word.encode() in done.stderr and done.stdout == b"", done
        assert tool.read(good) == before


@tap.test("reports: replaced whole, refused where they cannot be, and quiet is quiet")
def reports():
    with tool.scratch() as room:
        good = build(room, "1", small())
        tool.write(f"{room}/j", b"what is no report")
        done = verdict.run("-q", "--json", f"{room}/j", good, good)
        assert done.returncode == USAGE and b"is not a report" in done.stderr, done
        tool.write(f"{room}/j", b"")
        verdict.run("-q", "--json", f"{room}/j", good, good)
        done = verdict.run("-q", "--json", f"{room}/j", "--html", f"{room}/h", good, good)
        assert (done.returncode, done.stdout, done.stderr) == (VALID, b"", b"")
        assert tool.read(f"{room}/j").startswith(b"{")
        assert sorted(os.listdir(room)) == ["1", "1.sqfs", "h", "j"]
        again = tool.read(f"{room}/h")
        verdict.run("-q", "--html=" + f"{room}/h", good, good)
        assert tool.read(f"{room}/h") == again, "the page is not the same the second time"
        for option in ("--json", "--html"):
            done = verdict.run(option, f"{room}/no/where", good, good)
            assert done.returncode == SYSTEM and done.stderr.count(b"\n") == 1, done
        with open(tool.device(room + "/full", tool.FULL), "wb") as full:
            done = tool.subprocess.run([verdict.CHECK, good, good], stdout=full, check=False,
                                       stderr=tool.subprocess.PIPE)
        assert done.returncode == SYSTEM and done.stderr.count(b"\n") == 1, done


def stored_bytes(image):
    """What data and fragment blocks take in an image."""
    spans = set()
    for inode in image.inodes.values():
        place = getattr(inode, "start", 0) if inode.type == sqfs.FILE else 0
        for size in inode.blocks if inode.type == sqfs.FILE else ():
            if size & 0xFFFFFF:
                spans.add((place, size & 0xFFFFFF))
                place += size & 0xFFFFFF
    return sum(size for _, size in spans) + sum(size & 0xFFFFFF for _, size in image.fragments)


@tap.test("blocks and stored bytes are those of the images")
def contents():
    rng = random.Random(tool.seed())
    with tool.scratch() as room:
        tree = {b"": trees.directory(), b"usr": trees.directory(), b"usr/lib": trees.directory(),
                b"usr/lib/deep": trees.directory(), b"big": trees.file(rng.randbytes(300000))}
        for at in range(40):
            tree[b"usr/lib/deep/%d" % at] = trees.file(rng.randbytes(rng.randrange(20000)))
            tree[b"usr/%d" % at] = trees.file(b"text %d\n" % at * 400)
        tree[b"usr/twin"] = trees.file(tree[b"big"].data)
        one = build(room, "1", tree)
        tree[b"usr/lib/deep/3"] = trees.file(rng.randbytes(50000))
        tree[b"0"] = trees.file(rng.randbytes(9000))
        del tree[b"usr/lib/deep/7"]
        for name, options in (("2", ("--prev", one)), ("3", ("--no-reuse", "--prev", one))):
            two = build(room, name, tree, *options)
            old = agrees(VALID, one, two)["old"][0]
            images = verdict.read(one), verdict.read(two)
            blocks = [[image.data[at:min(at + 4096, image.super.bytes_used)].ljust(4096, b"\0")
                       for at in range(0, image.super.bytes_used, 4096)] for image in images]
            known = set(blocks[0])
            in_place = sum(a == b for a, b in zip(*blocks))
            new = sum(block not in known for block in blocks[1])
            assert old["blocks"] == {"size": 4096, "in_place": in_place, "new": new,
                                     "moved": len(blocks[1]) - in_place - new}, old["blocks"]
            for word, image in zip(("old", "new"), images):
                total = sum(row[word] for row in old["stored_bytes"])
                # Shares of fragments are rounded down.
                assert 0 <= stored_bytes(image) - total <= len(image.paths), (total, stored_bytes(image))
            assert {row["path"] for row in old["stored_bytes"]} == {"/", "/usr", "/usr/lib"}


@tap.test("random releases of ours and of mksquashfs: what verdict.py says")
def random_releases():
    rng = random.Random(tool.seed())
    have = tool.shutil.which("mksquashfs")
    seen = set()
    for _ in range(4):
        with tool.scratch() as room:
            maker = changes.Changes(rng)
            tree = maker.first(25)
            images = [build(room, "0", tree)]
            for at in range(1, 4):
                tree = maker.next(tree, rng.randrange(1, 9))
                choice = rng.randrange(4)
                prev = rng.choice(images)
                if choice == 0 and have:
                    images.append(build(room, str(at), tree, make=verdict.mksquashfs))
                else:
                    options = ("--new-lineage",) if choice == 1 else ()
                    images.append(build(room, str(at), tree, *options, "--prev", prev))
            for new in range(1, len(images)):
                status = max((verdict.judge(verdict.read(old), verdict.read(images[new])).status
                              for old in images[:new]), key=(VALID, REFUSED, UNSAFE).index)
                agrees(status, *images[:new + 1])
                seen.add(status)
    tap.diag(f"verdicts seen: {sorted(seen)}")


tap.main()
