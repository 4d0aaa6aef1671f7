#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Under fakeroot and pseudo, as a user who is not root: owners, devices and xattrs are theirs."""
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool

USER = 1000
CAPABILITY = struct.pack("<IIIII", 0x02000001, 0x400, 0, 0, 0)

# What runs inside: makes the tree, builds it twice, the second time with the first as parent.
SCRIPT = r"""
set -e
mkdir source; cd source
mkdir dev etc private
mknod dev/null c 1 3
mknod dev/disk b 259 70000
echo secret > etc/shadow; chown 0:42 etc/shadow; chmod 0000 etc/shadow
echo owned > etc/owned; chown 123:4000000000 etc/owned
ln etc/owned etc/linked
echo program > etc/ping; chown 0:0 etc/ping; chmod 4755 etc/ping
setfattr -n security.capability -v 0x"$1" etc/ping
setfattr -h -n security.long -v 0x"$2" etc/owned
ln -s owned etc/link; chown -h 7:8 etc/link
chown 0:0 . dev etc; chown 33:33 private; chmod 0700 private
echo deep > private/file; chown 33:33 private/file
cd ..
"$3" --quiet --mkfs-time 1 source one.sqfs
echo new > source/a
"$3" --quiet --mkfs-time 1 --prev one.sqfs source two.sqfs
"""


def run_inside(wrapper, environment=None):
    tap.need_program("setfattr")
    with tool.scratch("sqst-fake-") as room:
        os.chmod(room, 0o777)
        with open(room + "/script", "w", encoding="ascii") as file:
            file.write(SCRIPT)
        prefix = []
        if os.geteuid() == 0:
            tap.need_program("setpriv")
            prefix = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
        environment = dict(os.environ, HOME=room, **(environment(room) if environment else {}))
        done = subprocess.run(
            prefix + [wrapper, "sh", "script", CAPABILITY.hex(), "61" * 100, tool.public(room)],
            cwd=room, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        check(stable.read(room + "/one.sqfs"))
        two = stable.read(room + "/two.sqfs")
        check(two)
        assert two.paths[b"a"].number == stable.read(room + "/one.sqfs").super.inode_count + 1


def check(image):
    def seen(path):
        inode = image.paths[path]
        return inode.type, inode.mode, inode.uid, inode.gid
    assert seen(b"")[2:] == (0, 0)
    assert seen(b"dev/null")[0] == sqfs.CHAR and image.paths[b"dev/null"].device == 0x103
    assert seen(b"dev/disk")[0] == sqfs.BLOCK
    assert image.paths[b"dev/disk"].device == 70000 & 0xFF | 259 << 8 | (70000 & 0xFFF00) << 12
    assert seen(b"etc/shadow") == (sqfs.FILE, 0, 0, 42), seen(b"etc/shadow")
    assert image.read(image.paths[b"etc/shadow"]) == b"secret\n"
    assert seen(b"etc/owned")[2:] == (123, 4000000000)
    assert image.paths[b"etc/owned"].names == [b"etc/linked", b"etc/owned"]
    assert seen(b"etc/ping") == (sqfs.FILE, 0o4755, 0, 0)
    assert image.xattrs_of(image.paths[b"etc/ping"]) == {b"security.capability": CAPABILITY}
    assert image.xattrs_of(image.paths[b"etc/owned"]) == {b"security.long": b"a" * 100}
    assert seen(b"etc/link")[2:] == (7, 8)
    assert seen(b"private") == (sqfs.DIR, 0o700, 33, 33)


@tap.test("under fakeroot")
def fakeroot():
    run_inside(tap.need_program("fakeroot"))


@tap.test("under pseudo")
def pseudo():
    path = tap.need_program("pseudo")
    run_inside(path, lambda room: {"PSEUDO_PREFIX": os.path.dirname(os.path.dirname(path)),
                                   "PSEUDO_LOCALSTATEDIR": room + "/pseudo-state"})


tap.main()
