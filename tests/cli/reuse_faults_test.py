#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A parent that is damaged, changes or is written over, builds that are killed, and what must not
be left in an image."""
import contextlib
import os
import random
import re
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import reuse
import sqfs
import stable
import tap
import tool
import trees
from reuse import BLOCK, case


# ---- damage

def spoil(built, start, end, path):
    """A copy of an image, with bytes in the middle of a block flipped."""
    data = bytearray(built.bytes)
    middle = (start + end) // 2
    for at in range(max(start, middle - 40), min(end, middle + 40)):
        data[at] ^= 0xFF
    tool.write(path, data)
    return path


def block_of(image, path, index):
    inode = image.paths[path]
    start = inode.start + sum(size & 0xFFFFFF for size in inode.blocks[:index])
    return start, start + (inode.blocks[index] & 0xFFFFFF)


def fragment_of(image, path):
    start, size = image.fragments[image.paths[path].fragment]
    return start, start + (size & 0xFFFFFF)


def refuses(room, source, parent, *words, options=()):
    out = room.path("out")
    tool.write(out, b"precious")
    before = tool.snapshot(room.where)
    line = tool.refused(tool.PARENT, "-b", str(BLOCK), "--force", *options, "--prev", parent, source,
                        out, "--map-out", out + ".map", words=(parent, *words))
    assert tool.snapshot(room.where) == before
    return line


def damaged(room, image, where, names, options=()):
    """Refused by default; with =rebuild a right image and a warning that names a file."""
    first = room.build(reuse.base(), *options)
    tree = reuse.changed(reuse.base())
    source = room.source(tree)
    bad = spoil(first, *where(first.image()), room.path(image))
    for more in ((), ("--prev-damaged=refuse",), ("-processors", "5"), ("--relayout",)):
        if "--relayout" in more and b"big" not in names:
            continue
        line = refuses(room, source, bad, options=(*options, *more))
        assert any(f"/{name.decode()} " in line for name in names), line
        assert "--prev-damaged=rebuild" in line, line
    built = room.build(source, *options, "--prev-damaged=rebuild", parent=bad)
    assert [line for line in built.stderr.splitlines() if bad in line and "warning" in line
            and any(f"/{name.decode()} " in line for name in names)], built.stderr
    good = room.build(source, *options, parent=first)
    reuse.assert_equal_content(built, good)
    assert built.reuse["new"] > good.reuse["new"] and built.reuse["blocks"] > 0
    assert room.build(source, *options, "--prev-damaged=rebuild", "-processors", "3",
                      parent=bad).bytes == built.bytes


@case("a damaged block of a file: status 3 and the file's path, or a rebuild of it")
def damaged_block(room):
    damaged(room, "bad", lambda image: block_of(image, b"big", 2), (b"big", b"d/hard"))


@case("a damaged fragment block: status 3 and a file's path, or a rebuild of its files")
def damaged_fragment(room):
    first = room.build(reuse.base()).image()
    mates = [path for path, inode in first.paths.items()
             if inode.type == sqfs.FILE and inode.fragment == first.paths[b"s/25"].fragment]
    assert len(mates) > 2
    damaged(room, "bad", lambda image: fragment_of(image, b"s/25"), mates)


@case("damage where times are kept: status 3 and the file's path, or the source's time and a rebuild")
def damaged_times(room):
    first = room.build(reuse.base())
    tree = reuse.changed(reuse.base())
    source = room.source(tree)
    for number, (what, names) in enumerate((
            (lambda image: block_of(image, b"big", 2), (b"big", b"d/hard")),
            (lambda image: fragment_of(image, b"s/25"), (b"s/",)))):
        # What has the parent's time is not compared.
        for path in list(tree):
            os.utime(os.path.join(os.fsencode(source), path), (7, 7), follow_symlinks=False)
        bad = spoil(first, *what(first.image()), room.path(f"bad{number}"))
        line = refuses(room, source, bad, options=("--prev-mtime=keep",))
        assert "damaged" in line and "--prev-damaged=rebuild" in line, line
        assert any(f"/{name.decode()}" in line for name in names), line
        built = room.build(source, "--prev-mtime=keep", "--prev-damaged=rebuild", parent=bad)
        warnings = [line for line in built.stderr.splitlines() if "keeps the source's time" in line]
        assert warnings and all(bad in line and "warning" in line for line in warnings), built.stderr
        # All that could be compared, and is the same, has the parent's time.
        image = built.image()
        assert all(image.read(inode) == tree[path].data for path, inode in image.paths.items()
                   if inode.type == sqfs.FILE)
        assert image.paths[b"d/noise"].mtime == first.image().paths[b"d/noise"].mtime != 7
        assert all(image.paths[name].mtime == 7 for name in names if name in image.paths)


@case("damage in stored blocks is a change of content")
def damaged_raw(room):
    tree = reuse.base()
    first = room.build(tree)
    source = room.source(tree)
    bad = spoil(first, *block_of(first.image(), b"d/noise", 1), room.path("bad"))
    built = room.build(source, parent=bad)
    assert BLOCK <= built.reuse["new"] < 2 * BLOCK
    reuse.assert_equal_content(built, room.build(source, parent=first))


@case("damage in what no file needs any more is no error")
def damaged_dead(room):
    tree = reuse.base()
    del tree[b"d/hard"]
    first = room.build(tree)
    image = first.image()
    gone = [path for path, inode in image.paths.items()
            if inode.type == sqfs.FILE and inode.fragment == image.paths[b"s/25"].fragment]
    for path in [b"big", *gone]:
        del tree[path]
    source = room.source(tree)
    bad = spoil(first, *block_of(image, b"big", 3), room.path("bad"))
    built = room.build(source, parent=bad)
    assert built.stderr.count("warning") == 0 and built.reuse["blocks"] > 0
    bad = spoil(first, *fragment_of(image, b"s/25"), room.path("bad2"))
    built = room.build(source, parent=bad)
    assert built.stderr.count("warning") == 0
    reuse.assert_equal_content(built, room.build(source, "--no-reuse", parent=first))
    # And with --no-reuse nobody looks.
    room.build(reuse.base(), "--no-reuse", parent=bad)


@case("random damage in the data: refused for the parent, or an image that is right")
def random_damage(room):
    tree = reuse.changed(reuse.base())
    first = room.build(reuse.base(), "-tailends")
    source = room.source(tree)
    rng = random.Random(tool.seed())
    wanted = trees.describe(source)
    image = first.image()
    seen = set()
    for _ in range(25):
        data = bytearray(first.bytes)
        for _ in range(rng.choice((1, 1, 5))):
            data[rng.randrange(image.data_start, image.super.inode_table)] ^= 1 << rng.randrange(8)
        bad = room.path("bad")
        tool.write(bad, data)
        done = tool.run("-b", str(BLOCK), "-tailends", "--force", "--prev", bad, source,
                        room.path("out"))
        seen.add(done.returncode)
        assert done.returncode in (tool.OK, tool.PARENT), (done.returncode, done.stderr)
        if done.returncode == tool.OK:
            trees.assert_same(wanted, trees.describe_image(stable.read(room.path("out"))))
            os.unlink(room.path("out"))
        else:
            assert bad in done.stderr and "damaged" in done.stderr, done.stderr
        done = tool.build("-b", str(BLOCK), "-tailends", "--prev-damaged=rebuild", "--prev", bad,
                          source, room.path("out"))
        trees.assert_same(wanted, trees.describe_image(stable.read(room.path("out"))))
        os.unlink(room.path("out"))
    assert tool.PARENT in seen


@case("a parent that is cut: status 3, wherever it is cut")
def truncated(room):
    source = room.source(reuse.base())
    first = room.build(source)
    image = first.image()
    for size in (0, 95, 150, image.data_start, image.super.inode_table // 2,
                 image.super.inode_table, image.super.bytes_used - 1):
        tool.write(room.path("cut"), first.bytes[:size])
        refuses(room, source, room.path("cut"))


@case("sizes and places of blocks that lie outside the data are damage, too")
def wild_fields(room):
    """The fields of an uncompressed inode table and fragment table are overwritten."""
    tree = reuse.base()
    options = ("-noI",)
    first = room.build(tree, *options)
    source = room.source(tree)
    image = first.image()
    inode = image.paths[b"big"]
    fields = struct.pack(f"<{len(inode.blocks)}I", *inode.blocks)
    at = first.bytes.index(fields, image.super.inode_table)
    for value in (0x1000000, 0x1000001, BLOCK + 1, 0xFFFFFF, 0x2000005, 0xFFFFFFFF, 1):
        data = bytearray(first.bytes)
        struct.pack_into("<I", data, at + 8, value)
        bad = room.path("bad")
        tool.write(bad, data)
        # What the check of the whole parent refuses needs no path.
        refuses(room, source, bad)
        again = tool.run("-b", str(BLOCK), *options, "--prev-damaged=rebuild", "--prev", bad, source,
                         room.path("new"))
        assert again.returncode in (tool.OK, tool.PARENT), again
        if again.returncode == tool.OK:
            trees.assert_same(trees.describe(source),
                              trees.describe_image(stable.read(room.path("new"))))
            os.unlink(room.path("new"))
    # A block of zeros where there is content is a change, no damage.
    data = bytearray(first.bytes)
    struct.pack_into("<I", data, at + 8, 0)
    tool.write(room.path("zeros"), data)
    built = tool.run("-b", str(BLOCK), *options, "--prev-damaged=rebuild", "--prev",
                     room.path("zeros"), source, room.path("new"))
    assert built.returncode == tool.OK, built
    trees.assert_same(trees.describe(source), trees.describe_image(stable.read(room.path("new"))))


@case("bytes behind the end of a block's stream are damage, or are not taken over")
def trailing_bytes(room):
    source = room.source(reuse.base())
    wrong = []
    for name in tool.COMPRESSORS:
        if not tool.has_compressor(name):
            continue
        options = ("-noI", "-comp", name)
        first = room.build(source, *options)
        inode = first.image().paths[b"d/one"]
        fields = struct.pack("<5I", inode.start, inode.fragment, inode.offset, inode.size,
                             inode.blocks[0])
        data = bytearray(first.bytes)
        struct.pack_into("<I", data, first.bytes.index(fields) + 16, inode.blocks[0] + 5)
        tool.write(room.path("bad"), data)
        done = tool.run("-b", str(BLOCK), *options, "--force", "--prev", room.path("bad"), source,
                        room.path("new"))
        # The kernel does not look behind the end, so such an image can be a parent; but readers
        # refuse it: sqfs.py does.
        if done.returncode == 0 and name in ("gzip", "xz"):
            image = sqfs.Image(room.path("new"))
            same = image.read(image.paths[b"d/one"]) == first.image().read(inode)
            wrong += [] if same else [name]
        elif done.returncode != tool.PARENT or "/d/one" not in done.stderr:
            wrong.append(name)
    assert not wrong, f"taken over: {wrong}"


# ---- changes

@case("a parent that changes, is replaced or vanishes during the build: status 5, nothing written")
def changes(room):
    source = room.source(reuse.changed(reuse.base()))
    for what in ("touch -d @5 {}", "printf x >>{}", "cp {} {}.new && mv {}.new {}", "rm {}",
                 "printf xx | dd of={} bs=1 seek=5000 conv=notrunc status=none"):
        parent = room.path("parent")
        out = room.path("out")
        tool.write(out, b"precious")
        pseudo = room.path("pseudo")
        # Runs when the source is read, which is after the parent was opened.
        tool.write(pseudo, f"made f 644 0 0 {what.replace('{}', parent)}; echo made\n")
        for options in ((), ("--relayout",)):
            room.build(reuse.base(), "--force", name=parent)
            line = tool.refused(tool.CHANGED, "-b", str(BLOCK), "--force", "--quiet", *options,
                                "-pf", pseudo, "--prev", parent, source, out,
                                words=(parent, "parent image"))
            assert "changed" in line or "disappeared" in line, line
            assert tool.read(out) == b"precious" and not left(room.where)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(parent)


def left(where):
    """Temporary files."""
    return [name for name in os.listdir(where) if name.startswith(".")]


# ---- what must not be left

@case("gaps are zeros: nothing of a deleted file remains")
def remains(room):
    secret, tail = reuse.noise("secret", 2 * BLOCK), reuse.noise("tail", 3000)
    for options in ((), ("--max-slack", "1000"), ("-align", "4096", "--max-slack", "1000"),
                    ("-nopad", "--max-slack", "1000"), ("-noF",)):
        tree = reuse.base()
        tree[b"d/m"] = trees.file(secret)
        # Alone in its fragment block: the others are too large to stand beside it.
        tree[b"d/n"] = trees.file(tail + reuse.noise("rest", BLOCK - 3100))
        first = room.build(tree, *options)
        del tree[b"d/m"], tree[b"d/n"]
        second = room.build(tree, *options, parent=first)
        for piece in (secret[:64], secret[BLOCK:BLOCK + 64], secret[-64:], tail[:64]):
            assert piece in first.bytes, "the test has lost its sense"
            assert piece not in second.bytes, options
        if "1000" in options:
            assert second.reuse["gaps"] >= 2 * BLOCK and second.reuse["moved"] == 0, second.reuse
        # The reader asserts that what is nobody's is zero.
        assert second.image().gaps >= second.reuse["gaps"]


@case("what became dead in a fragment block goes when its block is repacked")
def dead_tails(room):
    secret = reuse.noise("secret", 3000)
    tree = {b"": trees.directory(), b"a": trees.file(secret)}
    for at in range(12):
        tree[b"b%d" % at] = trees.file(reuse.noise(at, 1000))
    first = room.build(tree)
    del tree[b"a"]
    assert secret[:64] in first.bytes
    kept = room.build(tree, "--max-slack", "1000", parent=first)
    assert kept.reuse["dead"] >= 3000 and kept.reuse["fragment_blocks"] == 1
    gone = room.build(tree, "--max-slack", "5", parent=kept)
    assert gone.reuse["dead"] == 0 and secret[:64] not in gone.bytes


@case("--max-slack bounds what an update wastes")
def slack(room):
    tree = {b"": trees.directory()}
    for at in range(60):
        tree[b"f%02d" % at] = trees.file(reuse.noise(at, BLOCK + at * 200))
    first = room.build(tree, "-tailends")
    for at in range(3, 60, 4):
        del tree[b"f%02d" % at]
    tree[b"new"] = trees.file(reuse.noise("new", 3 * BLOCK))
    source = room.source(tree)
    size = reuse.data_size(room.build(source, "-tailends", "--no-reuse", parent=first).image())
    moved = []
    for percent in (0, 1, 5, 50, 1000):
        built = room.build(source, "-tailends", "--max-slack", str(percent), parent=first)
        image, said = built.image(), built.reuse
        assert reuse.data_size(image) <= size + size * percent // 100 + 512, (percent, said)
        moved.append(said["moved"])
        if percent == 0:
            assert said["gaps"] == said["dead"] == 0, said
    assert moved[0] > 0 and moved[-1] == 0, moved


# ---- devices

@contextlib.contextmanager
def loop(path, size, filler=b""):
    tap.need_root()
    tap.need_program("losetup")
    tool.write(path, (filler * (size // max(1, len(filler)) + 1))[:size] or bytes(size))
    done = subprocess.run(["losetup", "-f", "--show", path], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        tap.skip("needs a loop device")
    device = done.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=False)


@case("a block device as output: what it held does not show in gaps")
def device(room):
    tree = reuse.base()
    tree[b"d/m"] = trees.file(reuse.noise("secret", 2 * BLOCK))
    first = room.build(tree)
    del tree[b"d/m"]
    source = room.source(tree)
    wanted = room.build(source, "--max-slack", "1000", parent=first)
    assert wanted.reuse["gaps"] >= 2 * BLOCK
    with loop(room.path("disk"), 1 << 20, b"OLD BYTES!") as name:
        built = room.build(source, "--max-slack", "1000", "--force", parent=first, name=name)
        assert built.bytes[:len(wanted.bytes)] == wanted.bytes
        assert b"OLD BYTES" in built.bytes[len(wanted.bytes):]
    # Behind the head of a first image there are zeros as well.
    with loop(room.path("disk"), 1 << 20, b"OLD BYTES!") as name:
        built = room.build(source, "--force", name=name)
        plain = room.build(source)
        assert built.bytes[:len(plain.bytes)] == plain.bytes


@case("a device is a source of data, the one that is written too, since that is written when all is made")
def parent_device(room):
    first = room.build(reuse.base())
    source = room.source(reuse.changed(reuse.base()))
    anew = room.build(source, "--no-reuse", parent=first)
    with loop(room.path("disk"), 1 << 20) as name:
        room.build(reuse.base(), "--force", name=name)
        image = room.build(source, parent=name)
        assert image.reuse["blocks"] > 0
        reuse.assert_equal_content(image, anew)
        node = room.path("node")
        os.mknod(node, 0o600 | 0o060000, os.stat(name).st_rdev)
        for parent in (node, name):
            built = room.build(source, "--force", parent=parent, name=name)
            assert built.reuse["reason"] is None and built.reuse["blocks"] == image.reuse["blocks"]
            assert built.bytes[:len(image.bytes)] == image.bytes
            room.build(reuse.base(), "--force", name=name)
        # The file that a device stands on.
        done = tool.run("-b", str(BLOCK), "--force", "--prev", room.path("disk"), source, name)
        assert done.returncode in (tool.OK, tool.CHANGED), done
        if done.returncode == tool.OK:
            trees.assert_same(trees.describe(source), trees.describe_image(sqfs.Image(name)))


# ---- killed

def heavy(room):
    """A parent and a source that take a while: much is taken over, much is new."""
    tree = {b"": trees.directory()}
    for at in range(10):
        tree[b"a%d" % at] = trees.file(reuse.noise(at, 1 << 20))
    first = room.build(tree, "-comp", "xz", "-b", "64K")
    for at in range(0, 10, 2):
        tree[b"a%d" % at] = trees.file(reuse.noise(("new", at), 1 << 20))
    return first, room.source(tree)


def start(first, source, *options):
    def default_signals():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
    return subprocess.Popen(
        tool.command("-comp", "xz", "-b", "64K", "-processors", "1", "--force", *options, "--prev",
                     first.path, source, first.path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=default_signals)


@case("killed at any moment, the target, here the parent itself, is as it was or the new image")
def killed(room):
    first, source = heavy(room)
    os.mkdir(room.path("out"))
    began = time.monotonic()
    process = start(first, source)
    process.communicate(timeout=120)
    whole = time.monotonic() - began
    assert process.returncode == 0
    done = tool.read(first.path)
    moments = 16
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        for at in range(moments if number == signal.SIGKILL else 6):
            tool.write(first.path, first.bytes)
            before = os.stat(first.path)
            process = start(first, source)
            time.sleep(whole * at / (moments if number == signal.SIGKILL else 6))
            process.send_signal(number)
            _, text = process.communicate(timeout=60)
            now = tool.read(first.path)
            assert process.returncode in (0, -number), (process.returncode, text)
            if process.returncode == 0:
                assert now == done
            elif number != signal.SIGKILL:
                assert now == first.bytes and os.stat(first.path).st_ino == before.st_ino
                assert not left(room.where), (number, at, left(room.where))
            else:
                assert now in (first.bytes, done)
            for name in left(room.where):
                os.unlink(room.path(name))


@case("a full disk: status 1, the target is as it was")
def full_disk(room):
    mounts.need_kernel("tmpfs")
    first = room.build({b"": trees.directory(), b"a": trees.file(reuse.noise(1, 1 << 20))})
    source = room.source({b"": trees.directory(), b"a": trees.file(reuse.noise(1, 1 << 20)),
                          b"b": trees.file(reuse.noise(2, 1 << 20))})
    with mounts.mounted(room.path("small"), "-t", "tmpfs", "-o", "size=1500k", "small"):
        out = room.path("small/image")
        tool.write(out, b"old")
        tool.refused(tool.SYSTEM, "-b", str(BLOCK), "--force", "--prev", first.path, source, out,
                     words=["No space left"])
        assert os.listdir(room.path("small")) == ["image"] and tool.read(out) == b"old"
        # The file that gathers what is new, in $TMPDIR.
        tool.refused(tool.SYSTEM, "-b", str(BLOCK), "--prev", first.path, room.source(
            {b"": trees.directory(), b"a": trees.file(reuse.noise(1, 1 << 20)),
             b"b": trees.file(reuse.noise(3, 2 << 20))}), room.path("big"),
                     env={**os.environ, "TMPDIR": room.path("small")})
        assert os.listdir(room.path("small")) == ["image"]
        assert not os.path.exists(room.path("big")) and not left(room.where)


@case("mistakes in the options: status 2")
def mistakes(room):
    source = room.source({b"": trees.directory()})
    for options in (("--max-slack", "1001"), ("--max-slack", "-1"), ("--max-slack", "x"),
                    ("--max-slack=",), ("--prev-damaged=ignore",), ("--prev-damaged=",)):
        line = tool.refused(tool.USAGE, *options, source, room.path("out"))
        assert re.search("max-slack|prev-damaged", line), line
    for options in (("--max-slack", "0"), ("--max-slack", "1000"), ("--prev-damaged=refuse",),
                    ("--no-reuse",), ("--relayout",), ("--no-reuse", "--relayout")):
        tool.build(*options, "--force", source, room.path("out"))


tap.main()
