#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--merge: layers of every kind, in any mix. The measure is the overlay that the kernel mounts."""
import io
import itertools
import os
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import stable
import tap
import tool
import trees


def case(name):
    """A test in a scratch directory."""
    def mark(function):
        def run():
            with tool.scratch("sqst-layers-") as room:
                function(room)
        tap.add(name, run)
    return mark


def image_of(room, *sources, options=()):
    tool.build("--quiet", "--force", *options, *sources, room + "/o.sqfs")
    return tool.read(room + "/o.sqfs")


def change(room, lower, upper, script):
    """Run a script in an overlay, so that the kernel makes the upper layer."""
    with mounts.overlay_mounted(lower, upper, room + "/work", room + "/mnt",
                                "redirect_dir=off,metacopy=off") as point:
        subprocess.run(["sh", "-ec", script], cwd=point, check=True)


def make(room):
    """Three layers and the directory that they are together."""
    os.mkdir(room + "/1")
    subprocess.run(["sh", "-ec", """
        mkdir -p etc/conf usr/lib/deep var/cache gone tofile
        echo 1 >etc/passwd; echo a >etc/conf/a; echo b >etc/conf/b
        echo lib >usr/lib/x; ln usr/lib/x usr/lib/y; echo c >var/cache/c
        echo g >gone/g; echo t >tofile/t; echo f >todir; ln -s etc/passwd link; mknod null c 1 3
        setfattr -n user.low -v 1 etc; setfattr -n security.capability \\
            -v 0x0100000200200000000000000000000000000000 usr/lib/x
        touch -d @1000 . etc etc/conf usr usr/lib usr/lib/deep var var/cache gone
        """], cwd=room + "/1", check=True)
    change(room, room + "/1", room + "/2", """
        rm -r gone tofile todir etc/conf var/cache; mkdir todir etc/conf; echo new >etc/conf/new
        echo file >tofile; echo in >todir/in; rm usr/lib/y; chmod 0700 usr; mkfifo var/pipe
        setfattr -n user.low -v 2 etc; touch -d @2000 etc/conf todir""")
    change(room, f"{room}/2:{room}/1", room + "/3", """
        rm etc/conf/new; echo back >etc/conf/a; mkdir gone; rm -r usr/lib/deep null
        rm etc/passwd; echo 3 >etc/passwd; ln etc/passwd etc/shadow""")
    os.mkdir(room + "/all")
    with mounts.mounted(room + "/mnt", "-t", "overlay", "-o",
                        f"lowerdir={room}/3:{room}/2:{room}/1", "overlay") as point:
        tool.call("cp", "-a", point + "/.", room + "/all")
    for layer in "123":
        tool.write(f"{room}/{layer}.tar", tool.call(
            "tar", "--xattrs", "--xattrs-include=*", "-c", "--format=pax", "-C",
            f"{room}/{layer}", "."))
        tool.build("--quiet", f"{room}/{layer}", f"{room}/{layer}.sqfs")


@case("directories, archives and images in any mix are what overlayfs makes of them")
def mixes(room):
    mounts.need_kernel("overlay")
    tap.need_program("setfattr")
    make(room)
    should = image_of(room, *(f"{room}/{number}" for number in "123"), options=("--merge",))
    trees.assert_same(trees.describe(room + "/all"),
                      trees.describe_image(stable.read(room + "/o.sqfs")))
    for kinds in itertools.product(("", ".tar", ".sqfs"), repeat=3):
        layers = [f"{room}/{number}{kind}" for number, kind in enumerate(kinds, 1)]
        assert image_of(room, *layers, options=("--merge",)) == should, layers
    tool.write(room + "/3.tar.gz", tool.call("gzip", "-c", room + "/3.tar"))
    with open(room + "/2.tar", "rb") as file:
        layers = room + "/1.sqfs", "-", room + "/3.tar.gz"
        tool.build("--quiet", "--force", "--merge", *layers, room + "/o.sqfs", stdin=file)
    assert tool.read(room + "/o.sqfs") == should
    without = image_of(room, room + "/all", options=("-no-xattrs",))
    for kind in ("", ".tar", ".sqfs"):
        layers = [f"{room}/{number}{kind}" for number in "123"]
        assert image_of(room, *layers, options=("--merge", "-no-xattrs")) == without, kind


@case("whiteouts by attribute (xwhiteouts of overlayfs)")
def attribute_whiteouts(room):
    tap.need_root()
    tap.need_program("setfattr")
    for path in ("1/d", "2/d"):
        os.makedirs(f"{room}/{path}")
    for path in ("1/d/gone", "1/d/kept", "2/d/gone", "2/d/empty"):
        tool.write(f"{room}/{path}")
    os.setxattr(room + "/2/d/gone", "trusted.overlay.whiteout", b"y")
    os.setxattr(room + "/2/d", "trusted.overlay.opaque", b"x")
    tool.build("--quiet", "--merge", room + "/1", room + "/2", room + "/o")
    assert sorted(stable.read(room + "/o").paths) == [b"", b"d", b"d/empty", b"d/kept"]


def tar(room, name, *entries):
    """A tar of (name, type or content, mode)."""
    path = f"{room}/{name}.tar"
    with tarfile.open(path, "w") as out:
        for name, what, mode in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1000
            if isinstance(what, bytes) and len(what) > 1:
                info.size = len(what)
                out.addfile(info, io.BytesIO(what))
            else:
                info.type = what
                out.addfile(info)
    return path


DIR, REG = tarfile.DIRTYPE, tarfile.REGTYPE


@case("layers of a container image: .wh.NAME, .wh..wh..opq, directories that are only implied")
def container(room):
    low = tar(room, "low", ("etc", DIR, 0o700), ("etc/a", b"low a", 0o600),
              ("etc/b", b"low b", 0o600), ("opt", DIR, 0o711), ("opt/old", b"old", 0o644),
              ("tmp/x", b"xx", 0o644), (".wh.nothing", REG, 0))
    up = tar(room, "up", ("etc/.wh.a", REG, 0), ("etc/c", b"up c", 0o640),
             ("opt/.wh..wh..opq", REG, 0), ("opt/new", b"new", 0o644), (".wh.tmp", REG, 0))
    tool.build("--quiet", "--merge", low, up, room + "/o")
    image = stable.read(room + "/o")
    assert sorted(image.paths) == [b"", b"etc", b"etc/b", b"etc/c", b"opt", b"opt/new"]
    assert image.paths[b"etc"].mode == 0o700 and image.paths[b"opt"].mode == 0o711
    assert image.root.mode == 0o755 and image.root.mtime == 1000
    # A single layer has marks, too.
    tool.build("--quiet", "--force", "--merge", up, room + "/o")
    assert sorted(stable.read(room + "/o").paths) == [b"", b"etc", b"etc/c", b"opt", b"opt/new"]


@case("what is no layer is refused, and the image that was there stays")
def refusals(room):
    os.mkdir(room + "/d")
    tool.write(room + "/plain", "not a valid archive")
    tool.write(room + "/o", "as it was")
    for sources, words in ((("d", "plain"), ("plain", "archive")), (("plain", "d"), ("plain",)),
                           (("d", "missing"), ("missing",))):
        tool.refused(tool.SOURCE, "--force", "--merge", *sources, "o", cwd=room, words=words)
    tool.refused(tool.USAGE, "--force", "--merge", "-no-strip", "d", "o", cwd=room,
                 words=("--merge", "-no-strip"))
    if os.geteuid() == 0:
        os.mkdir(room + "/moved")
        os.mkdir(room + "/moved/d")
        os.setxattr(room + "/moved/d", "trusted.overlay.redirect", b"/was")
        tool.refused(tool.SOURCE, "--force", "--merge", "d", "moved", "o", cwd=room,
                     words=("/d", "overlay.redirect"))
    assert tool.read(room + "/o") == b"as it was"


tap.main()
