#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sqfs-stable-check against the kernel: what open_by_handle_at(2) finds in the new image for each
number that the old one has, as mounted, and whether an overlay with index=on mounts over it."""
import json
import os
import random
import stat
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import changes
import mounts
import tap
import tool
import trees
import verdict

PAIRS = int(os.environ.get("SQST_HISTORIES") or 14)


def numbers_in(point):
    """{number: {(path, type)}} of a mounted image, by lstat."""
    found = {}

    def look(there, name):
        info = os.lstat(there)
        found.setdefault(info.st_ino, set()).add((name, stat.S_IFMT(info.st_mode)))
        if stat.S_ISDIR(info.st_mode):
            for child in os.listdir(there):
                look(os.path.join(there, child), os.path.join(name, child))
    look(os.fsencode(point), b"")
    return found


def names_of(fd, point, names):
    """Those of the names, each with its type, that are this inode in the mounted image."""
    inode = os.fstat(fd)
    found = set()
    for path, kind in names:
        try:
            info = os.lstat(os.path.join(os.fsencode(point), path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        if (info.st_ino, stat.S_IFMT(info.st_mode)) == (inode.st_ino, kind):
            found.add((path, kind))
    return found


def ask_kernel(before, point):
    """Numbers whose handles are valid, refused, and open another file."""
    kept, gone, conflicts = set(), set(), set()
    root = os.open(point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for number, names in before.items():
            fd, _ = mounts.open_handle(root, number)
            if fd < 0:
                gone.add(number)
                continue
            (kept if names_of(fd, point, names) else conflicts).add(number)
            os.close(fd)
    finally:
        os.close(root)
    return kept, gone, conflicts


def index_mounts(room, old, new):
    """Whether an overlay with index=on that was used over the old image mounts over the new one."""
    upper = room + "/rw/" + os.path.basename(old) + os.path.basename(new)
    os.mkdir(upper)
    for at, image in enumerate((old, new)):
        with mounts.image_mounted(image, room + "/lower"):
            try:
                with mounts.overlay_mounted(room + "/lower", upper + "/up", upper + "/work",
                                            room + "/merged", "index=on"):
                    tool.write(f"{room}/merged/used-{at}")
            except mounts.MountFailed:
                assert at == 1, "the overlay does not even mount over the old image"
                return False
    return True


def compare(room, old, new):
    """One pair: the program's word and the kernel's; its verdict."""
    done = verdict.run("--json", room + "/json", "-q", old, new)
    assert done.stderr == b"", done.stderr
    said = json.loads(tool.read(room + "/json"))["old"][0]
    with mounts.image_mounted(old, room + "/old"), mounts.image_mounted(new, room + "/new"):
        before = numbers_in(room + "/old")
        root_moved = os.stat(room + "/old").st_ino != os.stat(room + "/new").st_ino
        kept, gone, conflicts = ask_kernel(before, room + "/new")
    assert said["root_moved"] == root_moved
    regrouped = set()
    if verdict.read(new).export is None:
        assert not kept and not conflicts
    else:
        assert {one["number"] for one in said["conflicts"]} == conflicts
        regrouped = {one["number"] for one in said["regrouped_links"]}
        assert regrouped <= kept
        numbers = said["numbers"]
        assert (numbers["kept"], numbers["retired"] + numbers["above_top"]) == (len(kept), len(gone))
    works = index_mounts(room, old, new)
    wanted = verdict.UNSAFE if conflicts or regrouped or (kept and not works) else \
        verdict.VALID if kept else verdict.REFUSED
    assert done.returncode == wanted, (said["verdict"], wanted, len(kept), len(conflicts), works)
    assert works == (not root_moved or verdict.read(new).export is None)
    return wanted


@tap.test("random pairs of our images and of mksquashfs': the kernel agrees with the verdict")
def random_pairs():
    mounts.need_kernel("squashfs", "overlay")
    rng = random.Random(tool.seed())
    others = tool.shutil.which("mksquashfs")
    seen = []
    for _ in range(PAIRS):
        with tool.scratch("sqst-check-") as room:
            mounts.upper_room(room)
            maker = changes.Changes(rng)
            tree = maker.first(30)
            images = []
            for at in range(2):
                where, image = f"{room}/t{at}", f"{room}/{at}.sqfs"
                trees.make(tree, where)
                kind = rng.randrange(4)
                if kind == 0 and others:
                    verdict.mksquashfs(where, image, *rng.choice(((), (), ("-no-exports",)) if at else ((),)))
                elif kind == 1:
                    tool.build("-quiet", where, image)
                else:
                    options = ("--new-lineage",) if kind == 2 else ()
                    tool.build("-quiet", *options, *(("--prev", images[0]) if at else ()), where, image)
                images.append(image)
                tree = maker.next(tree, rng.randrange(1, 10))
            seen.append(compare(room, *images))
    tap.diag(f"verdicts seen: {sorted(seen)}")


@tap.test("an update of mksquashfs with one file added first: the kernel opens other files, as said")
def plain_update():
    mounts.need_kernel("squashfs", "overlay")
    tap.need_program("mksquashfs")
    with tool.scratch("sqst-check-") as room:
        mounts.upper_room(room)
        tree = {b"": trees.directory()} | {b"f%d" % at: trees.file(b"%d" % at) for at in range(30)}
        trees.make(tree, room + "/t0")
        trees.make(tree | {b"0": trees.file(b"first")}, room + "/t1")
        images = [verdict.mksquashfs(f"{room}/t{at}", f"{room}/{at}.sqfs") for at in range(2)]
        assert compare(room, *images) == verdict.UNSAFE


mounts.alone()
tap.main()
