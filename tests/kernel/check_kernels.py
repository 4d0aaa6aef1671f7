#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The matrix of overlays over updates (matrix.py) on kernels of Debian, in QEMU, and on the one that runs;
writes the tables to a Markdown file.

    check_kernels.py [--sets N] [--kernels NAME,...] [--work DIRECTORY] [OUTPUT]

`make check-kernels` writes doc/kernels.md. Needs Debian, root, and the kernel_packages of
scripts/setup.sh; packages of kernels are fetched by apt into the work directory, and stay there.
"""
import argparse
import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import matrix
import tool
import vm

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
# name -> suites, pattern of the package: the newest is taken
KERNELS = {
    "bookworm": (("bookworm", "bookworm-security"), r"^linux-image-6\.1\.0-[0-9]+-cloud-amd64$"),
    "bookworm-6.12": (("bookworm-security",), r"^linux-image-6\.12\.[0-9+deb~.]+-cloud-amd64$"),
    "trixie-backports": (("trixie", "trixie-backports"), r"^linux-image-[0-9][0-9+deb~.-]+-cloud-amd64$"),
}
PROGRAMS = ("mount", "umount", "losetup", "setpriv")
TITLES = {
    "story": ("The whole story", "Three releases, slots A/B in the order 1 2 3 2 1 3, and a user who writes, deletes, "
              "renames and links in between (`tests/kernel/story.py`)."),
    "slots": ("Slots with other options", "The same, where the first slot mounts without options and the others with "
              "`metacopy=on`: copies that were made without origins being looked at are looked at."),
    "uppers": ("Two uppers on one origin", "A number that names another file in the next release, and both files were "
               "written to."),
    "links": ("Hard link groups that change", "Groups that split, join, or lose names (`tests/kernel/limits.py`), each with "
              "the user's action for which it matters."),
}


def job(room, images, command):
    """The second disk of a machine: the tests, the images, and what is run."""
    os.makedirs(room + "/srv")
    shutil.copytree(TOP + "/tests", room + "/srv/tests", ignore=shutil.ignore_patterns("fuzz", "torture", "__pycache__"))
    shutil.copytree(images, room + "/images")
    tool.write(room + "/run", "export PATH=/bin:/usr/bin:/sbin:/usr/sbin HOME=/tmp "
               f"LD_LIBRARY_PATH={vm.BUILD} SQFS_STABLE_BUILD={vm.BUILD}/sqfs-stable-build\n{command}\n")


def in_machine(archive, package, images, sets, work):
    """The matrix's lines, of a kernel in QEMU."""
    kernel = vm.Kernel(archive, package)
    with tool.scratch("sqst-machine-") as room:
        os.mkdir(room + "/root")
        vm.make_root(room + "/root", PROGRAMS, os.path.dirname(os.path.dirname(tool.REAL)))
        job(room + "/job", images, f"python3 /job/srv/tests/kernel/matrix.py run /job/images {sets or ''}")
        for name in ("root", "job"):
            tool.build("-quiet", "-comp", "lz4", f"{room}/{name}", f"{room}/{name}.sqfs")
        status, out = vm.boot(kernel, room + "/root.sqfs", room + "/job.sqfs", room)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if status or not lines:
        raise vm.Failed(f"{package}: {out[-2000:]}")
    return kernel.version, [json.loads(line) for line in lines]


def here(images, sets):
    done = subprocess.run([sys.executable, TOP + "/tests/kernel/matrix.py", "run", images] + ([str(sets)] if sets else []),
                          check=True, capture_output=True, text=True)
    return platform.release(), [json.loads(line) for line in done.stdout.splitlines()]


def cell(rows):
    wrong = sum(row["problems"] for row in rows)
    return "works" if not wrong else f"**{wrong} wrong**"


def short(version):
    """Of a kernel's release: what a person calls it."""
    return ".".join(version.split("-")[0].split("+")[0].split(".")[:2])


def table(group, found):
    """A row an option set, a column a kernel: mksquashfs, ours."""
    title, text = TITLES[group]
    lines = [f"## {title}", "", text, ""]
    lines.append("| options | " + " | ".join(f"Linux {short(version)}" for version, _ in found) + " |")
    lines.append("|---|" + "---|" * len(found))
    names = dict.fromkeys(row["row"] for _, rows in found for row in rows if row["group"] == group)
    for name in names:
        cells = []
        for _, rows in found:
            chosen = [row for row in rows if (row["group"], row["row"]) == (group, name)]
            cells.append(", ".join(cell([row for row in chosen if row["builder"] == builder])
                                   for builder in matrix.BUILDERS))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines + [""]


def firsts(found):
    """How each option set breaks first, by kernel."""
    lines = ["## How it breaks", "", "The first thing that is wrong with images of mksquashfs in the whole story:", ""]
    for version, rows in found:
        for row in rows:
            if row["group"] == "story" and row["builder"] == "mksquashfs" and row["problems"]:
                first = row["first"].splitlines()[0]
                where, _, what = first.partition(": ")
                if "mount: " in what:
                    what = "the overlay does not mount" + what[what.rindex(": "):].rstrip(".")
                lines.append(f"- Linux {short(version)}, {row['row']}: {where}, {what}")
    return lines + [""]


def write_page(path, found):
    lines = ["# Kernels", "",
             "Which overlay bears that the squashfs below it is replaced, by the kernel, the options of the overlay, and the builder "
             "of the images. \"Works\": every path shows what `tests/support/overlay_model.py` says, after each boot, and the "
             "kernel's log has no complaint. Else: how many paths, mounts and lines of the log are wrong. Each cell has mksquashfs "
             "first, then sqfs-stable-build.", "",
             "`make check-kernels` makes this page: kernels of Debian in QEMU, and the one of the machine that it ran on. This time: "
             + ", ".join(version.split("-")[0].split("+")[0] for version, _ in found) + ".", ""]
    for group in TITLES:
        lines += table(group, found)
    lines += firsts(found)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip("\n") + "\n")


def main(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=0)
    parser.add_argument("--kernels", default=",".join(KERNELS))
    parser.add_argument("--work", default=TOP + "/build/kernels")
    parser.add_argument("output", nargs="?")
    arguments = parser.parse_args(words)
    with tool.scratch("sqst-kernels-") as room:
        matrix.prepare(room + "/images")
        found = []
        for name in arguments.kernels.split(","):
            suites, pattern = KERNELS[name]
            began = time.monotonic()
            archive = vm.Archive(f"{arguments.work}/{name}", *suites)
            found.append(in_machine(archive, archive.newest(pattern), room + "/images", arguments.sets, room))
            print(f"{found[-1][0]}: {len(found[-1][1])} cases in {time.monotonic() - began:.0f} s", flush=True)
        found.append(here(room + "/images", arguments.sets))
    found.sort(key=lambda pair: [int(part) for part in pair[0].split("-")[0].split("+")[0].split(".")])
    if arguments.output:
        write_page(arguments.output, found)
    return verdict(found)


def verdict(found):
    """0 if all of ours works, and something breaks with mksquashfs on each kernel."""
    wrong = [(version, row) for version, rows in found for row in rows if row["builder"] == "ours" and row["problems"]]
    for version, row in wrong:
        print(f"{version}: {row['group']}, {row['row']}: {row['problems']} wrong: {row['first']}", file=sys.stderr)
    blind = [version for version, rows in found
             if not any(row["problems"] for row in rows if row["builder"] == "mksquashfs")]
    for version in blind:
        print(f"{version}: nothing breaks with mksquashfs: the matrix sees nothing", file=sys.stderr)
    return 1 if wrong or blind else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        try:
            sys.exit(main())
        except vm.Failed as failure:
            sys.exit(f"check-kernels: {failure}")
