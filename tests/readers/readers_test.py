#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every reader of squashfs that there is, on images with holes: three releases for each compressor
and with uncompressed tables. What they read is compared with the source directory.
"""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import sqfs
import stable
import tap
import tool
import trees
import unpack

RAW = ("-noI", "-noD", "-noF", "-noX", "-noId")
KINDS = {"gzip": ("-comp", "gzip"), "xz": ("-comp", "xz"), "lz4": ("-comp", "lz4"),
         "zstd": ("-comp", "zstd"), "lzo": ("-comp", "lzo"),
         "gzip-options": ("-comp", "gzip", "-Xcompression-level", "1"),
         "xz-options": ("-comp", "xz", "-Xbcj", "x86,arm", "-Xdict-size", "16K"),
         "lz4-hc": ("-comp", "lz4", "-Xhc"),
         "raw": RAW, "raw-tables": ("-noI", "-noX", "-noId", "-comp", "xz"),
         "no-fragments": ("-no-fragments", "-b", "4K"), "big-blocks": ("-b", "1M")}
ROOT = os.geteuid() == 0
# What the readers know: GRUB 2.06 has zlib, lzo and xz; 7-Zip has no lz4.
GRUB = ("gzip", "xz", "lzo", "gzip-options", "raw", "no-fragments", "big-blocks")
SLOW = ("gzip", "xz", "lz4", "zstd", "lzo", "raw", "no-fragments")
SEVEN = ("gzip", "xz", "gzip-options", "raw", "no-fragments", "big-blocks")


def text(at, lines):
    return "".join(f"line {i} of file {at}, a thing to compress {i * at}\n" for i in range(lines))


def first():
    """A tree with everything that the format has."""
    tree = {b"": trees.directory(mode=0o751), b"etc": trees.directory(mode=0o700),
            b"empty": trees.directory(), b"bin": trees.directory(), b"many": trees.directory()}
    tree[b"etc/empty"] = trees.file()
    tree[b"etc/setuid"] = trees.file("#!/bin/sh\n", mode=0o4755)
    tree[b"etc/big"] = trees.file(text(1, 20000))
    tree[b"etc/exact"] = trees.file(b"0123456789abcdef" * (131072 // 16))
    tree[b"etc/sparse"] = trees.file(b"start" + bytes(700000) + b"end")
    tree[b"etc/zeros"] = trees.file(bytes(262144))
    tree[b"etc/noise"] = trees.file(b"".join(os.urandom(1) for _ in range(3)) * 50000)
    tree[b"etc/long"] = trees.symlink("x" * 300)
    tree[b"bin/a"] = trees.file(text(2, 3000), mode=0o755)
    tree[b"bin/b"] = trees.file(text(2, 3000), mode=0o755)      # a duplicate
    tree[b"bin/c"] = tree[b"bin/a"]
    tree[b"etc/c-too"] = tree[b"bin/a"]
    tree[b"bin/sh"] = trees.symlink("a")
    tree[b"bin/pipe"] = trees.Entry(sqfs.FIFO, mode=0o600)
    tree[b"bin/socket"] = trees.Entry(sqfs.SOCKET, mode=0o600)
    for at in range(150):
        tree[b"many/name-of-a-file-%04d" % at] = trees.file(text(at, at % 7))
    tree[b"etc/attr"] = trees.file("x", xattrs={b"user.one": b"1", b"user.two": bytes(range(256))})
    tree[b"etc/attr2"] = trees.file("y", xattrs={b"user.one": b"1", b"user.two": bytes(range(256))})
    tree[b"bin"].xattrs[b"user.dir"] = b"of a directory"
    if ROOT:
        tree[b"bin/zero"] = trees.Entry(sqfs.CHAR, (1, 5), mode=0o666)
        tree[b"bin/disk"] = trees.Entry(sqfs.BLOCK, (259, 70000), mode=0o660)
        tree[b"etc/owned"] = trees.file("o", owner=(1234, 4000000000))
        tree[b"etc/attr"].xattrs[b"security.test"] = b"s"
        tree[b"bin/sh"].xattrs[b"trusted.link"] = b"t" * 300
    return tree


def releases():
    one = first()
    two = dict(one)
    two[b"aaa"] = trees.file("sorts first")
    for at in range(0, 150, 3):
        del two[b"many/name-of-a-file-%04d" % at]
    del two[b"etc/zeros"]
    two[b"bin/b"] = trees.directory()
    two[b"bin/b/c"] = trees.file("new")
    three = dict(two)
    for at in range(0, 150, 2):
        three[b"many/other-%04d" % at] = trees.file(text(at, 2))
    three[b"etc/zeros"] = trees.file(bytes(5000))
    del three[b"bin/c"]
    return [one, two, three]


class Built:
    """Three releases, made once for each kind."""

    def __init__(self):
        self.room = None
        self.images = {}

    def sources(self):
        if self.room is None:
            self.scratch = tool.scratch("sqst-readers-")
            self.room = self.scratch.__enter__()
            for at, tree in enumerate(releases()):
                trees.make(tree, f"{self.room}/source{at}")
            self.found = [trees.describe(f"{self.room}/source{at}") for at in range(3)]
        return self.room

    def kind(self, name):
        """The images of a kind; skips when the program cannot make them."""
        room = self.sources()
        if name not in self.images:
            self.images[name] = []
            if not tool.has_compressor(name.split("-")[0]) and name.split("-")[0] in unpack.NAMES.values():
                return tap.skip(f"needs a build with {name}")
            before = []
            for at in range(3):
                image = f"{room}/{name}{at}.sqfs"
                tool.build(*KINDS[name], *before, f"{room}/source{at}", image)
                before = ["--prev", image]
                self.images[name].append(image)
        if not self.images[name]:
            tap.skip(f"needs a build with {name}")
        return self.images[name]

    def close(self):
        if self.room is not None:
            self.scratch.__exit__(None, None, None)


BUILT = Built()


def without(found, *keys):
    return {path: {k: v for k, v in one.items() if k not in keys} for path, one in found.items()}


def own_reader(name):
    for at, path in enumerate(BUILT.kind(name)):
        try:
            image = stable.read(path)
            trees.assert_same(BUILT.found[at], trees.describe_image(image), path)
        except unpack.Unsupported as missing:
            tap.skip(f"needs {missing}")


def kernel(name):
    mounts.need_kernel("squashfs")
    for at, path in enumerate(BUILT.kind(name)):
        with mounts.KernelLog() as log:
            with mounts.image_mounted(path, BUILT.room + "/mounted") as point:
                trees.assert_same(BUILT.found[at], trees.describe(point), path)
            said = log.lines("SQUASHFS error", "squashfs:")
            assert not said, said


def unsquashfs(name):
    program = tap.need_program("unsquashfs")
    for at, path in enumerate(BUILT.kind(name)):
        out = f"{BUILT.room}/unpacked"
        shutil.rmtree(out, ignore_errors=True)
        tool.call(program, "-n", "-q", "-d", out, path)
        wanted, found = without(BUILT.found[at]), trees.describe(out)
        if not ROOT:                    # it makes set-id files for root only
            for one in wanted.values():
                one["mode"] &= 0o1777
        trees.assert_same(wanted, found, path)
        assert b"no squashfs" not in tool.call(program, "-s", path).lower()


def rdsquashfs(name):
    program = tap.need_program("rdsquashfs")
    for at, path in enumerate(BUILT.kind(name)):
        out = f"{BUILT.room}/unpacked"
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        options = ["-D", "-S", "-C", "-O"] if not ROOT else ["-C", "-O", "-X"]
        tool.call(program, "-q", *options, "-T", "-u", "/", "-p", out, path)
        found = trees.describe(out)
        wanted = BUILT.found[at]
        # It unpacks each name on its own, sets nothing on the root, and makes no sockets.
        drop = ("links", "nlink", "mtime") + (() if ROOT else ("xattrs",))
        wanted, found = without(wanted, *drop), without(found, *drop)
        for tree in (wanted, found):
            tree.pop(b"")
            for there in [p for p, one in tree.items() if one["type"] == sqfs.SOCKET]:
                del tree[there]
        trees.assert_same(wanted, found, path)


def squashfuse(name):
    program = tap.need_program("squashfuse")
    tap.need_root()
    if not os.path.exists("/dev/fuse"):
        tap.skip("needs /dev/fuse")
    for at, path in enumerate(BUILT.kind(name)):
        point = BUILT.room + "/fuse"
        os.makedirs(point, exist_ok=True)
        try:
            tool.call(program, path, point)
            found = trees.describe(point)
        finally:
            subprocess.run(["umount", point], check=False, capture_output=True)
        # It hands no inode numbers on, so names of one inode cannot be told, and it takes trusted
        # xattrs for security ones and the other way round.
        wanted, found = without(BUILT.found[at], "links"), without(found, "links")
        for one in [*wanted.values(), *found.values()]:
            one["xattrs"] = {key: value for key, value in one["xattrs"].items()
                             if key.startswith("user.")}
        trees.assert_same(wanted, found, path)


def grub(name):
    program = tap.need_program("grub-fstest")
    for at, path in enumerate(BUILT.kind(name)):
        wanted = BUILT.found[at]
        listing = tool.call(program, path, "ls", "(loop0)/many").decode().split()
        names = sorted(p[5:].decode() for p in wanted if p.startswith(b"many/"))
        assert sorted(listing) == names, f"{path}: ls"
        files = [p for p, one in wanted.items() if one["type"] == sqfs.FILE]
        big = [p for p in files if wanted[p]["size"] > 20000]
        for there in big + files[::101]:
            there = there.decode()
            tool.call(program, path, "cmp", f"(loop0)/{there}", f"{BUILT.room}/source{at}/{there}")
        assert tool.call(program, path, "cat", "(loop0)/bin/sh") == wanted[b"bin/a"]["content"]


def seven_zip(name):
    program = tap.need_program("7zz", "7z")
    path = BUILT.kind(name)[0]                  # a first release has no holes
    out = f"{BUILT.room}/seven"
    shutil.rmtree(out, ignore_errors=True)
    tool.call(program, "x", "-snld", "-y", f"-o{out}", path)
    found = trees.describe(out, xattrs=False)
    keep = ("type", "size", "content", "target")
    for there, one in BUILT.found[0].items():
        if one["type"] in (sqfs.DIR, sqfs.FILE):
            for key in keep:
                assert found[there].get(key) == one.get(key), f"{there!r}: {key}"


def loop(reader, names):
    """One test for each kind of image."""
    for name in names:
        tap.add(f"{reader.__name__}: {name}", reader, name)


for one_reader in (own_reader, kernel, unsquashfs):
    loop(one_reader, KINDS)
for one_reader in (rdsquashfs, squashfuse):
    loop(one_reader, SLOW)
loop(grub, GRUB)
loop(seven_zip, SEVEN)
mounts.alone()
try:
    tap.main()
finally:
    BUILT.close()
