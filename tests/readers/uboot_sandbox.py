#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""U-Boot itself, built to run as a program (its "sandbox" board), reads chains of releases: every
file has its content, every directory can be walked through, and what is not there is not found.

    uboot_sandbox.py        U_BOOT in the environment: the program. `make check-u-boot` builds it

SQST_CHAIN="DIRECTORY DIRECTORY..." in the environment adds a chain of real releases.
"""
import os
import random
import re
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool
import trees
import uboot

U_BOOT = os.environ.get("U_BOOT", "")
ADDRESS = "1000000"
BATCH = 200
# Of these names its shell makes no more than they are.
PLAIN = re.compile(rb"[A-Za-z0-9_.+@:/-]+\Z")

KINDS = {
    "gzip": ("-comp", "gzip"), "lzo": ("-comp", "lzo"), "zstd": ("-comp", "zstd"),
    "lz4": ("-comp", "lz4"), "4 KiB blocks": ("-b", "4K"), "1 MiB blocks": ("-b", "1M"),
    "nothing compressed": ("-noI", "-noD", "-noF", "-noX", "-noId"),
    "raw tables": ("-noI",), "no fragments": ("-no-fragments",), "tail ends": ("-tailends",)}


def text(at, lines):
    return "".join(f"line {i} of file {at}, a thing to compress {i * at}\n" for i in range(lines))


def first():
    """Files of all sizes, listings of all lengths, deep paths, links."""
    tree = {b"": trees.directory(), b"boot": trees.directory(), b"etc": trees.directory()}
    noise = random.Random(1)
    tree[b"boot/image"] = trees.file(noise.randbytes(3000000))
    tree[b"boot/text"] = trees.file(text(1, 40000))
    tree[b"boot/exact"] = trees.file(b"0123456789abcdef" * (131072 // 16))
    tree[b"boot/sparse"] = trees.file(b"start" + bytes(3000000) + b"end")
    tree[b"boot/one"] = trees.file("1")
    tree[b"etc/attributes"] = trees.file("x" * 5000, xattrs={b"user.one": b"1"})
    tree[b"etc/linked"] = tree[b"boot/linked"] = trees.file(text(2, 300))
    tree[b"link"] = trees.symlink("boot")
    deep = b""
    for at in range(12):
        deep += b"/level-%d" % at if deep else b"level-0"
        tree[deep] = trees.directory()
        tree[deep + b"/file"] = trees.file(text(at, at + 1))
    for name, count in ((b"a", 60), (b"f", 730), (b"h", 3700), (b"i", 900), (b"q", 200)):
        tree[name] = trees.directory()
        for at in range(count):
            tree[name + b"/file-%06d" % at] = trees.file(text(at, at % 5) if at % 50 == 0 else "")
        tree[name + b"/zz"] = trees.directory()
        tree[name + b"/zz/file"] = trees.file(text(count, 9))
        tree[name + b"/zz-link"] = trees.symlink("zz")
    return tree


def releases():
    """The second and the third: numbers that are retired, and new ones between old ones."""
    one = first()
    two = dict(one)
    for at in range(0, 3700, 7):
        del two[b"h/file-%06d" % at]
    two[b"aaa"] = trees.file("sorts first")
    two[b"boot/text"] = trees.file(text(3, 30000))
    two[b"q/new"] = trees.directory()
    two[b"q/new/file"] = trees.file("new")
    three = dict(two)
    for at in range(0, 200, 3):
        three[b"q/even-newer-%04d" % at] = trees.directory()
        three[b"q/even-newer-%04d/file" % at] = trees.file(text(at, 3))
    del three[b"boot/exact"], three[b"a/zz/file"]
    return [one, two, three]


def run(image, commands):
    """The outputs of U-Boot's commands, one each."""
    outputs = []
    for at in range(0, len(commands), BATCH):
        part = commands[at:at + BATCH]
        script = f"host bind 0 {image};" + ";".join(f"echo ==@;{one}" for one in part) + ";echo ==@"
        done = subprocess.run([U_BOOT, "-c", script], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, timeout=600)
        said = done.stdout.decode("utf-8", "replace").replace("\r", "")
        pieces = re.split(r"^==@\n", said, flags=re.MULTILINE)
        assert len(pieces) == len(part) + 2, \
            f"{image}: U-Boot ended with {done.returncode} after {len(pieces) - 1} of " \
            f"{len(part)}: {said[-300:]} {done.stderr.decode('utf-8', 'replace')[-300:]}"
        outputs += pieces[1:-1]
    return outputs


def load(path):
    return f"sqfsload host 0 {ADDRESS} /{path.decode()} && crc32 {ADDRESS} $filesize"


def assert_loaded(image, contents):
    """{path: content} is what U-Boot loads."""
    for (path, content), said in zip(contents.items(), run(image, [load(p) for p in contents])):
        found = re.search(r"==> ([0-9a-f]{8})", said)
        assert found and int(found[1], 16) == zlib.crc32(content), \
            f"{image}: /{path.decode()}: {said or 'nothing said'}"


def assert_missing(image, paths):
    for path, said in zip(paths, run(image, [load(path) for path in paths])):
        assert "==>" not in said and ("Cannot find" in said or "not found" in said
                                      or "Empty directory" in said), \
            f"{image}: /{path.decode()}: {said}"


def wanted(read):
    """What is loaded of an image, and what must not be found."""
    contents = {path: read.read(inode) for path, inode in read.paths.items()
                if inode.type == sqfs.FILE and inode.size and PLAIN.match(path)}
    missing = [path + b"/missing/file" if path else b"missing/file"
               for path, inode in read.paths.items() if inode.type == sqfs.DIR]
    for path, inode in read.paths.items():
        if inode.type == sqfs.SYMLINK and path.endswith(b"zz-link") and not inode.extended:
            there = path[:-5] + b"/file"
            if there in contents:
                contents[path + b"/file"] = contents[there]
    return contents, missing


def look(path):
    image = stable.read(path)
    assert not uboot.misplaced(image), f"{path}: its inode table is misplaced"
    assert not uboot.hidden(image) and not uboot.misled(image), path
    contents, missing = wanted(image)
    assert_loaded(path, contents)
    assert_missing(path, missing)


def need_u_boot():
    if not os.access(U_BOOT, os.X_OK):
        tap.skip("needs U-Boot's sandbox: make check-u-boot")


def knows(room, options):
    """Whether this U-Boot has the compressor."""
    os.mkdir(room + "/probe")
    tool.write(room + "/probe/file", "probe\n" * 1000)
    tool.build(*options, room + "/probe", room + "/probe.sqfs")
    return "==>" in run(room + "/probe.sqfs", [load(b"file")])[0]


def chain(options, attributes):
    need_u_boot()
    with tool.scratch("sqst-u-boot-") as room:
        if not knows(room, options):
            tap.skip("needs a U-Boot with this compressor")
        before = ()
        for at, tree in enumerate(releases()):
            # Until 2024.10 U-Boot loses its place in the inode table behind a symbolic link with
            # attributes, so these have none.
            for entry in tree.values() if attributes else ():
                if entry.kind == sqfs.DIR:
                    entry.xattrs[b"user.label"] = b"of a directory"
            trees.make(tree, f"{room}/source{at}")
            image = f"{room}/{at}.sqfs"
            tool.build(*options, *before, f"{room}/source{at}", image)
            before = ("--prev", image)
            look(image)


@tap.test("its way through an extended directory is as tests/support/uboot.py has it")
def as_computed():
    need_u_boot()
    program = tap.need_program("mksquashfs")
    with tool.scratch("sqst-u-boot-") as room:
        tree = {b"": trees.directory()}
        for name in (b"f", b"q"):
            tree[name] = trees.directory()
            for at in range(1500):
                tree[name + b"/file-%06d" % at] = trees.file()
            for at in range(0, 1500, 10):
                tree[name + b"/file-%06d-d" % at] = trees.directory()
                tree[name + b"/file-%06d-d/file" % at] = trees.file("x")
        trees.make(tree, room + "/source")
        tool.call(program, room + "/source", room + "/image", "-quiet", "-no-progress")
        image = sqfs.Image(room + "/image")
        hidden = set(uboot.hidden(image))
        directories = [p for p, one in image.paths.items() if one.type == sqfs.DIR and b"-d" in p]
        assert 0 < len(hidden) < len(directories)
        for path, said in zip(directories, run(room + "/image",
                                               [load(p + b"/file") for p in directories])):
            assert ("==>" in said) == (path not in hidden), f"{path}: {said}"


@tap.test("a block of the inode table that does not compress")
def stored_inodes():
    need_u_boot()
    with tool.scratch("sqst-u-boot-") as room:
        if not knows(room, ("-comp", "lz4")):
            tap.skip("needs a U-Boot with lz4")
        chance = random.Random(1)
        noise = chance.randbytes(65536)
        sizes = [chance.randrange(1, 65000) for _ in range(4200)]
        tree = {b"": trees.directory(), b"z": trees.directory(), b"z/file": trees.file("x" * 99),
                b"big": trees.file(b"".join(noise[:n] + bytes(65536 - n) for n in sizes))}
        trees.make(tree, room + "/source")
        tool.build("-comp", "lz4", "-b", "64K", room + "/source", room + "/image")
        assert any(uboot.stored_inodes(sqfs.Image(room + "/image")))
        assert_loaded(room + "/image", {b"z/file": b"x" * 99})


def real():
    need_u_boot()
    sources = os.environ.get("SQST_CHAIN", "").split()
    if not sources:
        tap.skip("needs SQST_CHAIN")
    with tool.scratch("sqst-u-boot-") as room:
        before = ()
        for at, source in enumerate(sources):
            image = f"{room}/{at}.sqfs"
            tool.build(*before, source, image)
            before = ("--prev", image)
            read = stable.read(image)
            contents, missing = wanted(read)
            assert not uboot.misplaced(read) and not uboot.hidden(read)
            random.seed(at)
            some = random.sample(sorted(contents), min(600, len(contents)))
            assert_loaded(image, {path: contents[path] for path in some})
            assert_missing(image, random.sample(missing, min(200, len(missing))))


for kind, its_options in KINDS.items():
    tap.add(kind, chain, its_options, False)
    tap.add(f"{kind}, every directory with attributes", chain, its_options, True)
tap.add("a chain of real releases", real)
tap.main()
