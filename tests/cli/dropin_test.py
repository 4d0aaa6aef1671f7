#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command lines that build systems pass to mksquashfs, run as they stand by that name.

The image is held against the one that the machine's own mksquashfs makes of the same line, through
unsquashfs: tree, contents, owners, modes, times, attributes, and what the superblock says.
"""
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool
from dropin import EPOCH, case, debian, drop_in, make, no, real_program, same, small

# ---- the table: who, the line, what Debian's 4.5.1 calls it if it must differ, the variable
OPENWRT = "-nopad -noappend -root-owned -comp xz {} -Xbcj arm -b 256k -p '/dev d 755 0 0' " \
    "-p '/dev/console c 600 0 0 5 1' -no-xattrs -processors 2"
ROWS = (
    ("OpenEmbedded", "source OUT -noappend -comp zstd -Xcompression-level 3", None, EPOCH),
    ("OpenEmbedded, no compressor named", "source OUT -noappend", None, EPOCH),
    ("wic", "source OUT -noappend", None, None),
    ("wic with other options", "source OUT -comp xz -b 64K", None, None),
    ("Buildroot", "source OUT -noappend -processors 2 -b 128K -Xcompression-level 9 -comp gzip",
     None, EPOCH),
    ("Buildroot, lz4", "source OUT -noappend -processors 2 -b 128K -Xhc -comp lz4", None, None),
    ("Buildroot, xz", "source OUT -noappend -processors 2 -b 64K -Xbcj arm,armthumb -comp xz -nopad",
     None, None),
    ("Buildroot, no compression", "source OUT -noappend -processors 2 -b 128K -no-compression",
     "source OUT -noappend -processors 2 -b 128K -noI -noD -noF -noX", None),
    ("OpenWrt", "source OUT " + OPENWRT.format("-Xpreset 9 -Xe -Xlc 0 -Xlp 2 -Xpb 2"),
     "source OUT " + OPENWRT.format(""), EPOCH),
    ("live-build", "source OUT -wildcards -ef F -Xcompression-level 5 -comp gzip -sort S -info "
     "-no-progress", None, None),
    ("snap pack", ". OUT -noappend -comp xz -no-fragments -no-progress -wildcards -ef ../F -xattrs",
     None, None),
    ("snap pack, all root", "source OUT -noappend -comp xz -no-fragments -no-progress -all-root "
     "-no-xattrs", None, None),
    ("kiwi", "source OUT -noappend -b 1M -comp xz -Xbcj x86 -wildcards -e boot/* etc/pass*", None,
     None),
    ("kiwi, raw", "source OUT -noappend -noI -noD -noF -noX", None, None),
    ("systemd-repart", "source OUT -noappend -comp zstd -Xcompression-level 5 -no-fragments", None,
     None),
    ("RAUC", "source OUT -noappend -no-progress -all-root -no-xattrs -quiet",
     "source OUT -noappend -no-progress -all-root -no-xattrs -quiet", None),
    ("genimage", "'source' 'OUT' -b 4096 -noappend -comp gzip -noInodeCompression "
     "-noDataCompression -noFragmentCompression -noXattrCompression", None, None),
    ("Isar", "source OUT -noappend -mem 1G -processors 2 -wildcards -e 'usr/share/*' 'boot/*'",
     None, None),
    ("archiso", "source OUT -noappend -comp xz -Xbcj x86 -b 1M -Xdict-size 1M", None, None),
    ("Alpine", "source OUT -comp xz -exit-on-error", None, None),
)


def run_row(line, theirs, epoch):
    with tool.scratch("sqst-dropin-") as room:
        small(room + "/source")
        tool.write(room + "/F", "usr/share/doc/*/*.gz\n# no comment in 4.5.1\nboot/sam?\n"
                   if "live-build" in line else "usr/share/doc/*/*.gz\nboot/sam?\n")
        tool.write(room + "/S", "boot/vmlinuz 100\netc -5\n")
        where = room + "/source" if line.startswith(". ") else room
        ours, mine = room + "/ours.sqfs", room + "/theirs.sqfs"
        words = [ours if word == "OUT" else word for word in shlex.split(line)]
        program, env = real_program()
        os.symlink(program, room + "/mksquashfs")
        if epoch is not None:
            env["SOURCE_DATE_EPOCH"] = epoch
        done = subprocess.run([room + "/mksquashfs"] + words, cwd=where, env=env, check=False,
                              capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        stable.read(ours, pad="-nopad" not in line)
        words = [mine if word == "OUT" else word for word in shlex.split(theirs or line)]
        debian(where, words, epoch)
        same(room, ours, mine)


for _who, _line, _theirs, _epoch in ROWS:
    tap.add(f"{_who}: {_line}", run_row, _line, _theirs, _epoch)


@case("AppImage: SRC OUT -offset N -comp zstd -root-owned -noappend -b 128K -mkfs-time 0")
def appimage(room):
    line = "source {} -offset 8192 -comp zstd -root-owned -noappend -b 128K -mkfs-time 0"
    for name in ("ours", "theirs"):
        tool.write(f"{room}/{name}", b"\x7fELF" * 2048)
    make(room, line.format("ours"))
    debian(room, line.format("theirs"))
    for name in ("ours", "theirs"):
        tool.write(f"{room}/{name}.sqfs", tool.read(f"{room}/{name}")[8192:])
        text = tool.call("unsquashfs", "-s", f"{room}/{name}.sqfs", env=dict(os.environ, TZ="UTC"))
        assert b"Thu Jan  1 00:00:00 1970" in text
    same(room, room + "/ours.sqfs", room + "/theirs.sqfs")


# ---- the language

@case("the personality is the name: mksquashfs, mksquashfs4, sqfstar")
def names(room):
    for name in ("mksquashfs", "mksquashfs4", "sqfstar"):
        spoken = "sqfstar" if name == "sqfstar" else "mksquashfs"
        done = make(room, "-version", name=name)
        assert re.match(spoken + r" version 4\.6\.1 .*sqfs-stable-build \d+\.\d+\.\d+", done.stdout)
        # as livecd-tools reads it: the first N.N.N
        assert re.search(r"\d+\.\d+\.\d+", done.stdout)[0] == "4.6.1"
        assert spoken in make(room, "-help", name=name).stdout
    assert tool.build("--version").stdout.startswith("sqfs-stable-build version ")
    assert "-Xbcj" in make(room, "-Xhelp").stdout and "-noappend" not in make(room, "-Xhelp").stdout


@case("operands stand before the first option; what stands behind is refused by name")
def operands(room):
    no(room, "-noappend source o.sqfs", "source")
    no(room, "source", "OUTPUT")
    no(room, "", "OUTPUT")
    no(room, "source o.sqfs -noappend another", "another")
    no(room, "source o.sqfs -comp", "missing", "-comp")
    assert not os.path.exists(room + "/o.sqfs")


@case("unknown options are refused by name, ours are known with one dash and with two")
def unknown(room):
    for option in ("-xyz", "--comp", "--noappend", "-comp=xz", "-comprehensive", "-j", "--tar"):
        no(room, f"source o.sqfs {option} xz", option, "unknown")
    make(room, "source 1.sqfs -map-out map -uuid 01234567-89ab-cdef-0123-456789abcdef")
    for option in ("-prev 1.sqfs", "--prev 1.sqfs", "--prev=1.sqfs", "-map map", "--map map"):
        make(room, f"source 2.sqfs --force {option}")
        first, second = stable.read(room + "/1.sqfs"), stable.read(room + "/2.sqfs")
        assert second.record.generation == 1 and second.record.uuid == first.record.uuid
        assert {p: i.number for p, i in first.paths.items()} == \
            {p: i.number for p, i in second.paths.items()}


@case("what cannot be done is refused with the reason")
def refused(room):
    for option, word in (("-recover x", "recover"), ("-root-becomes x", "append"),
                         ("-action 'prune@true'", "actions"), ("-action-file x", "actions"),
                         ("-log-action x", "actions"), ("-mem-default", "memory")):
        no(room, "source o.sqfs " + option, option.split()[0], "refused", word)
    assert "refused" in make(room, "-help").stdout.lower()


@case("an existing output is refused without -noappend, and says why")
def existing(room):
    make(room, "source o.sqfs")
    before = tool.read(room + "/o.sqfs")
    no(room, "source o.sqfs -comp xz", "exists", "append", status=tool.EXISTS)
    assert tool.read(room + "/o.sqfs") == before
    make(room, "source o.sqfs -comp xz -noappend")
    assert tool.read(room + "/o.sqfs") != before


@case("tuning options are taken, their values checked, the image is the same")
def tuning(room):
    make(room, "source 1.sqfs")
    make(room, "source 2.sqfs -mem 1G -mem-percent 50 -read-queue 4 -write-queue 4 -fragment-queue "
         "4 -small-readers 2 -block-readers 2 -throttle 10 -limit 90 -info -percentage -progress "
         "-no-progress -exit-on-error -no-recovery -recovery-path x -reproducible -exports "
         "-not-reproducible -processors 1 -no-tailends -xattrs -Xwindow-size 15 -Xstrategy "
         "default,fixed")
    assert tool.read(room + "/1.sqfs") == tool.read(room + "/2.sqfs")
    for option in ("-mem x", "-mem-percent x", "-read-queue x", "-throttle x", "-Xwindow-size 7",
                   "-Xstrategy best", "-processors 0", "-b 3", "-offset x", "-max-depth 0",
                   "-root-mode 999", "-root-uid no-such-user", "-all-time whenever-that-is",
                   "-force-file-mode q", "-uid-gid-offset x", "-xattrs-add x", "-p x"):
        no(room, "source o.sqfs " + option, option.split()[0])


@case("-info prints the names, -percentage numbers on standard output")
def told(room):
    out = make(room, "source 1.sqfs -info -no-progress").stdout
    assert "etc/passwd" in out and "usr/fifo" in out
    out = make(room, "source 2.sqfs -percentage").stdout
    assert out.splitlines()[-1] == "100" and all(line.isdigit() for line in out.splitlines())


# ---- option by option against mksquashfs

SAME = (
    "source OUT -all-root",
    "source OUT -force-uid 5 -force-gid 6",
    "source OUT -force-uid 5 -root-uid 9 -root-gid 10",
    "source OUT -root-mode 0711 -root-time 12345",
    "source OUT -all-time 1234567890",
    "source OUT -all-time 1234567890 -root-time 5",
    "source OUT -keep-as-directory -root-time 5",
    "source OUT -no-hardlinks",
    "source OUT -no-duplicates -no-sparse -tailends",
    "source OUT -always-use-fragments -b 64K",
    "source OUT -no-fragments -noId",
    "source OUT -no-xattrs",
    "source OUT -e etc/passwd boot nowhere",
    "source OUT -e source/etc usr/share",
    "source OUT -wildcards -e '... *.gz' 'et?/s*'",
    "source OUT -wildcards -e 'boot/!(same)'",
    "source OUT -regex -e 'etc/(sda|none)' '... READ.*'",
    "source OUT -one-file-system",
    "source OUT -comp lzo -Xalgorithm lzo1x_1",
    "source OUT -p 'new d 700 1 2' -p 'new/f f 640 3 4 echo hello' -p 'new/s s 777 0 0 ../etc' "
    "-p 'new/c c 600 0 0 5 1' -p 'new/i i 644 0 0 f' -p 'etc/passwd m 600 11 12'",
    "source/etc source/boot source/sparse OUT -root-time 7 -root-mode 755 -root-uid 0 -root-gid 0",
    "source/etc source/etc OUT -root-time 7 -root-mode 755 -root-uid 0 -root-gid 0",
    "source/etc/passwd OUT -root-time 7 -root-mode 755 -root-uid 0 -root-gid 0",
    "source/usr/share OUT -no-strip -all-time 7 -all-root -root-mode 755",
)


def run_same(line):
    with tool.scratch("sqst-dropin-") as room:
        small(room + "/source")
        make(room, line.replace("OUT", "ours"), epoch=EPOCH if "-p " in line else None)
        # There an option for a time and the variable together are an error.
        debian(room, line.replace("OUT", "theirs"), epoch=EPOCH if "-p " in line else None)
        same(room, room + "/ours", room + "/theirs", root="-no-strip" not in line)


for _line in SAME:
    tap.add("as mksquashfs: " + _line, run_same, _line)


@case("SOURCE_DATE_EPOCH: superblock and newer files; an option wins, and it is never fatal then")
def epoch_rules(room):
    def made(options="", epoch=None, name="ours"):
        make(room, f"source {name} -noappend {options}", epoch=epoch)
        image = stable.read(f"{room}/{name}")
        return image.super.mtime, max(i.mtime for i in image.live.values())
    assert made() == (1600000999, 1600000999)
    assert made(epoch="1600000001") == (1600000001, 1600000001)
    assert made(epoch=EPOCH) == (int(EPOCH), 1600000999)
    assert made("-mkfs-time 5", epoch="1600000001") == (5, 1600000001)
    assert made("-all-time 7", epoch="6") == (6, 7)
    assert made("-mkfs-time inode", epoch="1600000001") == (1600000001, 1600000001)
    assert made("-repro-time 9", epoch="5") == (9, 9)
    assert made("-mkfs-time 5", epoch="nonsense")[0] == 5
    no(room, "source o", "SOURCE_DATE_EPOCH", epoch="nonsense")
    assert made("-mkfs-time 'Thu Jan  1 00:02:03 UTC 1970'") == (123, 1600000999)
    # Our own language leaves file times alone, unless asked.
    env = dict(os.environ, SOURCE_DATE_EPOCH="1600000001")
    for option, newest in (([], 1600000999), (["-repro"], 1600000001),
                           (["--clamp-time", "1600000002"], 1600000002)):
        tool.build("--force", *option, room + "/source", room + "/own", env=env)
        assert max(i.mtime for i in stable.read(room + "/own").live.values()) == newest, option


@case("options of 4.6 and later: numbers, modes, attributes, depth")
def newer(room):
    def made(options):
        make(room, "source o -noappend " + options)
        return stable.read(room + "/o")
    image = made("-uid-gid-offset 1000")
    assert image.paths[b"boot"].uid == 1000
    image = made("-force-file-mode u=rwX,go=rX -force-dir-mode 0700")
    assert image.paths[b"etc"].mode & 0o7777 == 0o700
    assert image.paths[b"etc/shadow"].mode & 0o7777 == 0o644
    assert image.paths[b"usr/sh"].mode & 0o777 == 0o755
    image = made("-max-depth 1")
    assert b"etc" in image.paths and b"etc/passwd" not in image.paths
    image = made("-max-depth 2")
    assert b"etc/passwd" in image.paths and b"usr/share/doc" not in image.paths
    sets = made("-xattrs-add user.a=0x6162 -xattrs-exclude '^security'").xattrs
    assert {b"user.a": b"ab"} in sets and {b"user.a": b"ab", b"user.note": b"hello"} in sets
    assert not any(b"security.capability" in s for s in sets)
    assert made("-xattrs-include '^trusted'").xattrs == []
    assert made("-force-uid root -force-gid root").ids == (0,)


@case("sqfstar reads a tar from standard input, and so does mksquashfs - OUT -tar")
def tar(room):
    text = make(room, "-Xhelp").stdout
    assert text
    archive = tool.call("tar", "-C", room + "/source", "--xattrs", "--xattrs-include=*",
                        "--format=pax", "-cf", "-", ".")
    tool.write(room + "/a.tar", archive)
    for name, line in (("sqfstar", "-b 64K -noappend ours etc/none '... *.gz'"),
                       ("mksquashfs", "- ours -tar -b 64K -noappend -wildcards -e etc/none "
                        "'... *.gz'")):
        with open(room + "/a.tar", "rb") as stdin:
            done = drop_in(room, line, name=name, stdin=stdin)
        assert done.returncode == 0, done.stderr
        image = stable.read(room + "/ours")
        assert image.super.block_size == 65536
        assert b"etc/none" not in image.paths and b"usr/share/doc/x/a.gz" not in image.paths
        assert image.read(image.paths[b"etc/passwd"]) == b"root:x:0:0::/:/bin/sh\n"
    with open(room + "/a.tar", "rb") as stdin:
        make(room, "plain", name="sqfstar", stdin=stdin)
    with open(room + "/a.tar", "rb") as stdin:
        debian(room, "-exports theirs", program="sqfstar", stdin=stdin)
    # tar has no place for a root's time there.
    same(room, room + "/plain", room + "/theirs", root=False)
    no(room, "source o -tar", "-tar")
    no(room, "- o", "-tar")


@case("our own language: a directory, its tar, standard input and its image give one image")
def own_sources(room):
    source = room + "/source"
    tool.build(source, room + "/1.sqfs")
    tool.call("tar", "-C", source, "--xattrs", "--xattrs-include=*", "--format=pax", "-czf",
              room + "/a.tgz", ".")
    tool.build(room + "/a.tgz", room + "/2.sqfs")
    with open(room + "/a.tgz", "rb") as stdin:
        tool.build("-", room + "/3.sqfs", stdin=stdin)
    tool.build(room + "/1.sqfs", room + "/4.sqfs")
    first = tool.read(room + "/1.sqfs")
    for name in "234":
        assert tool.read(f"{room}/{name}.sqfs") == first, name
    tool.build("--sources", "files", room + "/a.tgz", room + "/5.sqfs")
    assert list(stable.read(room + "/5.sqfs").paths) == [b"", b"a.tgz"]
    tool.build(source + "/etc", source + "/boot", room + "/6.sqfs")
    assert {b"etc/passwd", b"boot/same"} < set(stable.read(room + "/6.sqfs").paths)
    tool.build("--root-becomes", "usr/share", room + "/a.tgz", room + "/7.sqfs")
    assert b"doc/x/README" in stable.read(room + "/7.sqfs").paths


@case("names from standard input: -cpiostyle")
def cpio(room):
    done = drop_in(room, "- ours -cpiostyle -all-time 7", input="source\nsource/etc\n"
                   "source/etc/passwd\n")
    assert done.returncode == 0, done.stderr
    assert set(stable.read(room + "/ours").paths) == \
        {b"", b"source", b"source/etc", b"source/etc/passwd"}


@case("--merge, --prev-mtime=keep, --exclude: our own options")
def own_options(room):
    os.makedirs(room + "/upper/etc")
    tool.write(room + "/upper/etc/passwd", "new")
    tool.write(room + "/upper/etc/.wh.none", "")
    tool.build("--merge", "--exclude", "boot", "--exclude", "sparse", room + "/source",
               room + "/upper", room + "/1.sqfs")
    image = stable.read(room + "/1.sqfs")
    assert image.read(image.paths[b"etc/passwd"]) == b"new"
    assert b"etc/none" not in image.paths and b"boot" not in image.paths
    assert b"usr/link" in image.paths and b"sparse" not in image.paths
    tool.build(room + "/source", room + "/2.sqfs")
    for where, names_, files in os.walk(room + "/source"):
        for name in names_ + files + ["."]:
            os.utime(os.path.join(where, name), (0, 1650000000), follow_symlinks=False)
    tool.write(room + "/source/etc/passwd", "another line\n")
    tool.build("--prev", room + "/2.sqfs", "--prev-mtime=keep", room + "/source",
               room + "/3.sqfs")
    before, after = stable.read(room + "/2.sqfs"), stable.read(room + "/3.sqfs")
    assert after.paths[b"boot/same"].mtime == before.paths[b"boot/same"].mtime
    assert after.paths[b"etc/passwd"].mtime != before.paths[b"etc/passwd"].mtime


class Aligned(sqfs.Image):
    """An image that may have gaps between the files."""

    def _used_bytes(self):
        pass


@case("--max-size, --align, -no-exports, --fill-table, -pd, -pseudo-override reach the build")
def reach(room):
    source = room + "/source"
    done = drop_in(room, "source o --max-size 4K")
    assert done.returncode == tool.LIMIT and not os.path.exists(room + "/o"), done.stderr
    make(room, "source o -noappend --align 4K -no-fragments")
    starts = [inode.start for inode in Aligned(room + "/o").inodes.values()
              if inode.type == sqfs.FILE and any(inode.blocks)]
    assert starts and all(start % 4096 == 0 for start in starts), starts
    make(room, "source o -noappend -no-exports")
    text = tool.call("unsquashfs", "-s", room + "/o").decode()
    assert "not exportable" in text
    make(room, "source 1")
    no(room, "source o -noappend -no-exports --prev 1", "export")
    make(room, "source o --force -no-exports --prev 1")
    os.unlink(source + "/sparse")
    make(room, "source plain --prev 1")
    make(room, "source filled --prev 1 --fill-table")
    assert os.path.getsize(room + "/filled") >= os.path.getsize(room + "/plain")
    assert tool.read(room + "/filled") != tool.read(room + "/plain")
    make(room, "source o -noappend -pd 'd 711 1 2' -p 'new/deep/f f 600 3 4 echo x' "
         "-pseudo-override -all-root")
    image = stable.read(room + "/o")
    assert image.paths[b"new/deep"].mode & 0o7777 == 0o711
    assert image.paths[b"new/deep/f"].uid == 3 and image.paths[b"boot"].uid == 0
    no(room, "source o -noappend -p 'other/f f 600 3 4 echo x'", "other", status=tool.SOURCE)


@case("-sort moves data, never a number")
def sort(room):
    tool.write(room + "/S", "boot/vmlinuz -100\nusr/sh 100\n")
    make(room, "source 1 -no-fragments -no-duplicates")
    make(room, "source 2 -no-fragments -no-duplicates -sort S")
    one, two = stable.read(room + "/1"), stable.read(room + "/2")
    assert {p: i.number for p, i in one.paths.items()} == \
        {p: i.number for p, i in two.paths.items()}
    assert two.paths[b"usr/sh"].start < two.paths[b"boot/same"].start \
        < two.paths[b"boot/vmlinuz"].start
    assert tool.read(room + "/1") != tool.read(room + "/2")


@case("what differs from mksquashfs on purpose: links, missing directories, commands, implied roots")
def differs(room):
    os.symlink("source", room + "/link")
    make(room, "source ours -noappend")
    make(room, "link followed -noappend")
    assert tool.read(room + "/ours") == tool.read(room + "/followed")
    make(room, "source link both -noappend")
    assert stable.read(room + "/both").paths[b"link"].type == sqfs.SYMLINK
    for definition, word in (("no/such/f f 644 0 0 echo", "its directory does not exist"),
                             ("f f 644 0 0 false", "the command exited with status 1")):
        no(room, ["source", "none", "-p", definition], word, status=tool.SOURCE)
        assert not os.path.exists(room + "/none")
    tool.call("tar", "-C", room + "/source", "-cf", room + "/tar", "etc/passwd")
    with open(room + "/tar", "rb") as file:
        make(room, "implied -noappend", name="sqfstar", stdin=file)
    root = stable.read(room + "/implied").root
    assert (root.mode, root.uid, root.gid) == (0o755, 0, 0)


@case("an unreadable file is an error, not an empty file; odd trees are as mksquashfs has them")
def odd(room):
    source = room + "/odd"
    os.makedirs(os.fsencode(source) + b"/\xff\xfe/" + b"n" * 255)
    tool.write(os.fsencode(source) + b"/a\nb", "x")
    tool.write(source + "/-e", "x")
    tool.write(source + "/exact", b"y" * 131072)
    tool.write(source + "/more", b"y" * 131073)
    tool.write(source + "/zeros", bytes(262144))
    os.symlink("x" * 4000, source + "/long")
    os.makedirs(source + "/many")
    for number in range(400):
        tool.write(f"{source}/many/{number:03}", str(number))
    deep = source
    for number in range(60):
        deep += f"/d{number}"
    os.makedirs(deep)
    tool.call("find", source, "-exec", "touch", "-h", "-d", "@1500000000", "{}", "+")
    for options in ("", "-tailends -b 4K", "-no-sparse -comp zstd"):
        make(room, f"odd ours -noappend {options}")
        debian(room, f"odd theirs -noappend {options}")
        same(room, room + "/ours", room + "/theirs")


# ---- the words about it

@tap.test("the completions of bash complete values and options")
def completions():
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "completions")
    tool.call("bash", "-n", top + "/sqfs-stable-build")
    script = f"source {top}/sqfs-stable-build; COMP_WORDS=(x -comp z); COMP_CWORD=2; " \
        "_sqfs_stable_build; echo \"${COMPREPLY[@]}\"; COMP_WORDS=(x --no-fr); COMP_CWORD=1; " \
        "_sqfs_stable_build; echo \"${COMPREPLY[@]}\""
    assert tool.call("bash", "-c", script) == b"zstd\n--no-fragments\n"


tap.main()
