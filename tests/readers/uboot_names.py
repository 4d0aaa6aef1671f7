#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What U-Boot sees of a chain of real releases: with all compressors and block sizes, with and
without attributes, as first images and as updates, no name may be hidden.

    uboot_names.py RELEASE...       directories, oldest first; only their names and sizes are taken

Takes some minutes, so it is no part of ./check. tests/support/uboot.py goes as U-Boot goes. With
SQST_MKSQUASHFS=1 in the environment, the images of mksquashfs are counted as well, to compare.
"""
import itertools
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import tool
import uboot

COMPRESSIONS = (("gzip",), ("gzip", "-Xcompression-level", "1"), ("lzo",),
                ("lzo", "-Xalgorithm", "lzo1x_1"), ("xz",), ("xz", "-Xbcj", "x86"),
                ("lz4",), ("lz4", "-Xhc"), ("zstd",), ("zstd", "-Xcompression-level", "3"))
BLOCKS = ("4K", "128K", "1M")
ATTRIBUTES = {"none": (), "all": ("-xattrs-add", "user.label=of everything")}


def shadow(source, target):
    """The same names, types and sizes, but no data."""
    for directory, below, names in os.walk(source):
        there = os.path.join(target, os.path.relpath(directory, source))
        os.makedirs(there, exist_ok=True)
        for name in below + names:
            path, made = os.path.join(directory, name), os.path.join(there, name)
            if os.path.islink(path):
                os.symlink(os.readlink(path), made)
            elif os.path.isfile(path):
                with open(made, "wb") as file:
                    file.truncate(os.path.getsize(path))


def count(path):
    image = sqfs.Image(path)
    return (uboot.hidden(image, (sqfs.DIR,)), uboot.hidden(image, (sqfs.SYMLINK,)),
            uboot.misled(image), uboot.misplaced(image))


def chains(room, sources):
    """(what it is, image) of each image that is to be looked at."""
    for comp, block, (name, attributes) in itertools.product(
            COMPRESSIONS, BLOCKS, ATTRIBUTES.items()):
        parent = ()
        for at, source in enumerate(sources):
            image = f"{room}/{at}"
            tool.build("--force", "-comp", *comp, "-b", block, *attributes, *parent, source, image)
            parent = ("--prev", image)
            yield f"{' '.join(comp)}, block {block}, attributes {name}, release {at + 1}", image
    for name, attributes in ATTRIBUTES.items():
        for at, source in enumerate(sources):
            tool.build("--force", "-noI", *attributes, source, f"{room}/{at}")
            yield f"-noI, attributes {name}, release {at + 1}", f"{room}/{at}"


def foreign(room, sources):
    for comp, block in itertools.product(COMPRESSIONS, BLOCKS):
        for at, source in enumerate(sources):
            subprocess.run(["mksquashfs", source, f"{room}/m", "-noappend", "-quiet",
                            "-no-progress", "-comp", *comp, "-b", block], check=True)
            yield f"mksquashfs {' '.join(comp)}, block {block}, release {at + 1}", f"{room}/m"


def look(images, wanted):
    seen = bad = directories = links = 0
    for what, path in images:
        lost, lost_links, wrong, misplaced = count(path)
        seen += 1
        bad += bool(lost or lost_links or wrong)
        directories += len(lost)
        links += len(lost_links)
        if lost or lost_links or wrong or misplaced:
            print(f"{what}: hidden {len(lost)} directories {lost[:2]} and {len(lost_links)} "
                  f"symbolic links, U-Boot runs on in {len(wrong)} directories"
                  f"{', inode table misplaced' if misplaced else ''}")
    print(f"{wanted}: {seen} images, {directories} directories and {links} symbolic links hidden, "
          f"{bad} images with faults")
    return bad


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        sys.exit(2)
    with tool.scratch("sqst-names-") as room:
        sources = []
        for at, release in enumerate(sys.argv[1:]):
            sources.append(f"{room}/release{at}")
            shadow(release, sources[-1])
        bad = look(chains(room, sources), "images")
        if os.environ.get("SQST_MKSQUASHFS"):
            look(foreign(room, sources), "mksquashfs' images")
    sys.exit(1 if bad else 0)


main()
