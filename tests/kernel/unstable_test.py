#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources whose inode numbers change while they are read: squashfuse numbers inodes as it meets them, and forgets them when
the kernel does. A remount drops all that the kernel does not hold."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import mounts
import stable
import tap
import tool
import trees

# Runs $SQST_HOOK before the first directory is read.
HOOK = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
DIR *opendir(const char *name)
{
	DIR *(*real)(const char *) = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
	const char *hook = getenv("SQST_HOOK");
	static int done;

	if (hook && !done) {
		done = 1;
		unsetenv("LD_PRELOAD");
		if (system(hook) != 0)
			abort();
	}
	return real(name);
}
"""


def case(name):
    def mark(function):
        def run():
            mounts.need_kernel("fuse")
            tap.need_program("squashfuse")
            with tool.scratch("sqst-unstable-") as room:
                tree = {b"": trees.directory(), b"d": trees.directory(), b"e": trees.directory()}
                for at in range(20):
                    tree[b"d/f%02d" % at] = trees.file(b"%d" % at * 5000)
                tree[b"e/secret"] = trees.file(b"a secret")
                trees.make(tree, room + "/s")
                tool.build("-quiet", room + "/s", room + "/1")
                os.mkdir(room + "/m")
                tool.call("squashfuse", room + "/1", room + "/m")
                try:
                    function(room, room + "/m")
                finally:
                    subprocess.run(["umount", room + "/m"], check=True)
        tap.add(name, run)
    return mark


def forget(point):
    """A command that lets the file system forget its inodes, and number them in another order."""
    return f"mount -i -o remount,ro {point} && stat -c %i {point}/e/secret {point}/d/f19 {point}/d/f03 {point}/e"


def numbers(point):
    return [os.stat(point + "/" + name).st_ino for name in ("e/secret", "d/f19", "d/f03", "e")]


@case("inode numbers that change between the scan and the reading of contents")
def contents(room, point):
    before = numbers(point)
    tool.build("-quiet", "-p", f"ino f 644 0 0 {forget(point)}", point, room + "/2")
    image = stable.read(room + "/2")
    assert before != [int(line) for line in image.read(image.paths[b"ino"]).split()], "they did not change"
    for at in range(20):
        assert image.read(image.paths[b"d/f%02d" % at]) == b"%d" % at * 5000


def hooked(room, command):
    tool.write(room + "/hook.c", HOOK)
    tool.call(*os.environ.get("CC", "cc").split(), "-shared", "-fPIC", "-o", room + "/hook.so", room + "/hook.c", "-ldl")
    return {**os.environ, "LD_PRELOAD": room + "/hook.so", "SQST_HOOK": command + " >" + room + "/hook.out"}


@case("what is left out is left out under another inode number")
def excludes(room, point):
    hook = hooked(room, forget(point))
    for words in (("-e", "e"), ("-e", "e/secret"), ("-e", point + "/e/secret"), ("-e", point + "/../m/e")):
        numbers(point)
        tool.build("-quiet", "--force", point, room + "/2", *words, env=hook)
        assert os.path.getsize(room + "/hook.out") > 0
        assert b"e/secret" not in stable.read(room + "/2").paths, words


@case("a file that is written over while it is read is still found out")
def changed(room, point):
    tool.write(room + "/s/d/x", b"1" * 5000)
    os.utime(room + "/s/d/x", (1000, 1000))
    change = f"printf %05000d 2 >{room}/s/d/y && touch -d @1000 {room}/s/d/y && mv {room}/s/d/y {room}/s/d/x"
    tool.refused(tool.CHANGED, "-quiet", "-p", f"z f 644 0 0 {change}", room + "/s", room + "/2", words=["d/x"])
    assert os.path.ismount(point)


tap.main()
