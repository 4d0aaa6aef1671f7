#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sources that are no directory: archives, images, mtree specifications.

The measure is a byte: the source that was made from a directory gives the directory's image.
"""
import io
import os
import random
import subprocess
import sys
import tarfile
import zipfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import dropin
import sqfs
import stable
import tap
import tool
import trees

XATTRS = ("--xattrs", "--xattrs-include=*")


def case(name):
    """A test in a scratch directory."""
    def mark(function):
        def run():
            tap.need_root()
            with tool.scratch("sqst-archive-") as room:
                function(room)
        tap.add(name, run)
    return mark


def tree():
    """Something of everything that an archive can hold."""
    hard = trees.file("two names", owner=(1000, 65000), xattrs={"user.a": b"1"})
    link = trees.symlink("../a/f")
    sparse = bytearray(700000)
    sparse[300000:300003] = b"abc"
    return {
        b"": trees.directory(mode=0o750, mtime=5, xattrs={"trusted.root": b"r"}),
        b"a": trees.directory(mode=0o1777, mtime=1234567890, xattrs={"user.d": b"\0\n="}),
        b"a/f": hard, b"c/hard": hard,
        b"a/big": trees.file(random.Random(7).randbytes(300000), mode=0o4755,
                             xattrs={"security.capability":
                                     bytes.fromhex("0100000200200000" + "00" * 12)}),
        b"c": trees.directory(owner=(4000000000, 3)),
        b"c/sym": link, b"c/sym2": link,
        b"c/null": trees.Entry(sqfs.CHAR, (1, 3), mode=0o666),
        b"c/disk": trees.Entry(sqfs.BLOCK, (8, 200), mode=0),
        b"c/pipe": trees.Entry(sqfs.FIFO),
        b"c/empty": trees.file(b"", mode=0, mtime=1),
        b"c/zeros": trees.file(bytes(200000)),
        b"c/sparse": trees.file(bytes(sparse)),
        b"c/dup": trees.file(bytes(sparse)),
        b"c/late": trees.file("2038", mtime=3471292800),
        "c/\u00e4".encode(): trees.file("composed"),
        "c/a\u0308".encode(): trees.file("decomposed"),
        b"c/latin\xe4": trees.file("no UTF-8"),
        b"c/back\\slash \n\x01": trees.symlink(b"\xff\\ \n"),
        b"l": trees.directory(), b"l/" + b"n" * 200: trees.directory(),
        b"l/" + b"n" * 200 + b"/" + b"m" * 255: trees.file("deep"),
    }


def image_of(source, out, *options, **more):
    done = tool.build("--quiet", "--force", *options, source, out, **more)
    assert not done.stderr, done.stderr
    return tool.read(out)


def made(room):
    """A directory with the tree, and its image."""
    trees.make(tree(), room + "/d")
    return image_of(room + "/d", room + "/d.sqfs")


def pack(room, *command):
    """Run an archiver in the directory; what it writes to standard output is the archive."""
    tap.need_program(command[0])
    tool.write(room + "/archive", tool.call(*command, cwd=room + "/d"))
    return room + "/archive"


# ---- tar

@case("a tar of a tree gives the tree's image: GNU tar, bsdtar, pax, sparse, sorted or not")
def same_tar(room):
    should = made(room)
    for command in (("tar", *XATTRS, "-c", "--format=pax", "."),
                    ("tar", *XATTRS, "-c", "--format=pax", "--sort=name", "."),
                    ("tar", *XATTRS, "-cS", "--format=pax", "."),
                    ("tar", *XATTRS, "-cS", "--format=pax", "--sparse-version=0.1", "."),
                    ("bsdtar", "-c", "--format", "pax", "--xattrs", "-f", "-", ".")):
        archive = pack(room, *command)
        for locale in ("C", "C.UTF-8"):
            found = image_of(archive, room + "/o", env=dict(os.environ, LC_ALL=locale))
            assert found == should, f"{command} with LC_ALL={locale}"


@case("a tar from standard input, from a pipe and from a file, gives the same image")
def standard_input(room):
    should = made(room)
    archive = pack(room, "tar", *XATTRS, "-c", ".")
    with open(archive, "rb") as file:
        assert image_of("-", room + "/o", stdin=file) == should
    with subprocess.Popen(["cat", archive], stdout=subprocess.PIPE) as cat:
        assert image_of("-", room + "/o", stdin=cat.stdout) == should
    assert cat.returncode == 0


@case("a tar in every compression")
def compressed(room):
    should = made(room)
    plain = tool.read(pack(room, "tar", *XATTRS, "-c", "."))
    for program in ("gzip", "bzip2", "xz", "lzma", "zstd", "lz4", "lzip", "lzop"):
        if not any(os.access(f"{where}/{program}", os.X_OK) for where in ("/bin", "/usr/bin")):
            tap.diag(f"no {program}")
            continue
        tool.write(room + "/packed", tool.call(program, "-c", input=plain))
        assert image_of(room + "/packed", room + "/o") == should, program
        with open(room + "/packed", "rb") as file:
            assert image_of("-", room + "/o", stdin=file) == should, program


@case("one option on tar and tree gives the same image: filters, owners, attributes")
def same_options(room):
    made(room)
    archive = pack(room, "tar", *XATTRS, "-c", ".")
    for options in (("-no-xattrs",), ("-all-root",), ("-no-hardlinks",), ("-b", "4K"),
                    ("-xattrs-exclude", "^user[.]"), ("-xattrs-include", "^trusted[.]"),
                    ("-wildcards", "-e", "c/s*", "a/big")):
        before, after = options, ()
        if "-e" in options:
            before, after = options[:1], options[1:]
        images = []
        for source in (room + "/d", archive):
            tool.build("--quiet", "--force", *before, source, room + "/o", *after)
            images.append(tool.read(room + "/o"))
        assert images[0] == images[1], options


# ---- what tar can say and a directory cannot

def entry(name, kind=tarfile.REGTYPE, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mtime = kind, len(data), 1000
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def tar(room, *entries, **options):
    path = room + "/made.tar"
    with tarfile.open(path, "w", **options) as out:
        for info, data in entries:
            out.addfile(info, io.BytesIO(data))
    return path


def paths(room, source, *options):
    tool.build("--quiet", "--force", *options, source, room + "/o")
    return stable.read(room + "/o")


@case("the last entry of a path wins; a directory that comes again keeps what is in it")
def last_wins(room):
    image = paths(room, tar(
        room, entry("f", data=b"old", mode=0o600), entry("d", tarfile.DIRTYPE, mode=0o700),
        entry("d/x", data=b"x"), entry("./f", data=b"new!", mode=0o640, pax_headers={}),
        entry("d/", tarfile.DIRTYPE, mode=0o755, uid=7), entry("t", tarfile.DIRTYPE),
        entry("t/gone", data=b"1"), entry("t", data=b"a file now"),
        entry("/u/v", data=b"absolute")))
    assert image.read(image.paths[b"f"]) == b"new!" and image.paths[b"f"].mode == 0o640
    assert image.paths[b"d"].uid == 7 and image.read(image.paths[b"d/x"]) == b"x"
    assert image.read(image.paths[b"t"]) == b"a file now" and b"t/gone" not in image.paths
    assert image.read(image.paths[b"u/v"]) == b"absolute"


@case("attributes of an entry that was replaced leave nothing behind")
def replaced_xattrs(room):
    with_old = tar(room, entry("f", pax_headers={"SCHILY.xattr.user.x": "old"}),
                   entry("f", pax_headers={"SCHILY.xattr.user.x": "new"}),
                   format=tarfile.PAX_FORMAT)
    one = image_of(with_old, room + "/o")
    without = tar(room, entry("f", pax_headers={"SCHILY.xattr.user.x": "new"}),
                  format=tarfile.PAX_FORMAT)
    assert one == image_of(without, room + "/o")


@case("implied directories: mode, owner, and the time of the newest thing in them")
def implied(room):
    source = tar(room, entry("a/b/c", mtime=50), entry("a/d", mtime=70))
    image = paths(room, source)
    for path, time in ((b"", 70), (b"a", 70), (b"a/b", 50)):
        inode = image.paths[path]
        assert (inode.mode, inode.uid, inode.gid, inode.mtime) == (0o755, 0, 0, time), path
    image = paths(room, source, "-default-mode", "700", "-default-uid", "3", "-default-gid", "4")
    assert (image.paths[b"a"].mode, image.paths[b"a"].uid, image.paths[b"a"].gid) == (0o700, 3, 4)


@case("--root-becomes: a directory of the archive becomes the root, hard links from outside stay")
def root_becomes(room):
    source = tar(room, entry("out/f", data=b"data", mode=0o600), entry("r", tarfile.DIRTYPE),
                 entry("r/s", tarfile.DIRTYPE, mode=0o711, mtime=9), entry("r/s/x", data=b"x"),
                 entry("r/s/l", tarfile.LNKTYPE, linkname="out/f"))
    image = paths(room, source, "--root-becomes", "./r/s/")
    assert sorted(image.paths) == [b"", b"l", b"x"]
    assert image.root.mode == 0o711 and image.root.mtime == 9
    assert image.read(image.paths[b"l"]) == b"data" and image.paths[b"l"].nlink == 1
    for wrong in ("nope", "r/s/x"):
        tool.refused(tool.SOURCE, "--force", "--root-becomes", wrong, source, room + "/o",
                     words=(wrong, "root"))


@case("owners are numbers, large ones too; names are not asked")
def owners(room):
    image = paths(room, tar(room, entry("f", uid=4000000000, gid=65534, uname="root"),
                            format=tarfile.PAX_FORMAT))
    assert (image.paths[b"f"].uid, image.paths[b"f"].gid) == (4000000000, 65534)


@case("times outside 1970 to 2106 and attributes of unknown namespaces: one warning each")
def losses(room):
    source = tar(room, entry("f", mtime=-5), entry("g", mtime=5000000000),
                 entry("h", pax_headers={"SCHILY.xattr.system.x": "1"}),
                 format=tarfile.PAX_FORMAT)
    done = tool.build("--quiet", source, room + "/o")
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and "2 times" in lines[0] and "system.x" in lines[1], done.stderr
    image = stable.read(room + "/o")
    assert (image.paths[b"f"].mtime, image.paths[b"g"].mtime) == (0, 0xFFFFFFFF)


@case("what cannot be is refused, with the path: \"..\", below a file, lost link targets")
def refusals(room):
    for words, entries in (
            (("../x", ".."), [entry("../x")]),
            (("a/../b", ".."), [entry("a/../b")]),
            (("f/x", "not a directory"), [entry("f"), entry("f/x")]),
            (("l/x", "not a directory"), [entry("l", tarfile.SYMTYPE, linkname="d"), entry("l/x")]),
            (("lost", "hard link"), [entry("l", tarfile.LNKTYPE, linkname="lost")]),
            (("directory",), [entry("d", tarfile.DIRTYPE),
                              entry("l", tarfile.LNKTYPE, linkname="d")]),
            (("root",), [entry(".")])):
        source = tar(room, *entries, format=tarfile.PAX_FORMAT)
        tool.refused(tool.SOURCE, source, room + "/o", words=words)
        assert not os.path.exists(room + "/o")


@case("damaged, cut short, empty: refused; without an end: a warning")
def damaged(room):
    whole = tool.read(tar(room, entry("a", data=b"x" * 5000), entry("b", data=b"y" * 600)))
    for cut in (0, 100, 700, 5000, 6400):
        tool.write(room + "/cut.tar", whole[:cut])
        tool.refused(tool.SOURCE, "--sources", "archive", room + "/cut.tar", room + "/o")
    tool.refused(tool.SOURCE, "-", room + "/o", stdin=subprocess.DEVNULL, words=("empty",))
    broken = bytearray(whole)
    broken[5632 + 20] ^= 1
    tool.write(room + "/broken.tar", broken)
    tool.refused(tool.SOURCE, room + "/broken.tar", room + "/o")
    tool.write(room + "/noend.tar", whole[:512 + 5120 + 512 + 1024])
    done = tool.build("--quiet", "-no-xattrs", room + "/noend.tar", room + "/o")
    assert "truncated" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert sorted(stable.read(room + "/o").paths) == [b"", b"a", b"b"]


@case("an archive of no bytes: an empty tree with a warning for sqfstar, else refused")
def empty(room):
    for name, line in (("sqfstar", "-quiet o"), ("mksquashfs", "- o -tar -quiet")):
        done = dropin.make(room, line, name=name, stdin=subprocess.DEVNULL)
        assert "empty" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
        image = stable.read(room + "/o")
        assert sorted(image.paths) == [b""] and image.root.mode == 0o755
        os.unlink(room + "/o")
    tool.refused(tool.SOURCE, "-", room + "/o", stdin=subprocess.DEVNULL, words=("empty", "fail"))


@case("-ignore-zeros goes on behind the end of an archive")
def ignore_zeros(room):
    one = tool.read(tar(room, entry("a")))
    tool.write(room + "/two.tar", one + tool.read(tar(room, entry("b"))))
    assert b"b" not in paths(room, room + "/two.tar").paths
    assert b"b" in paths(room, room + "/two.tar", "-ignore-zeros").paths


@case("an attribute with nothing behind its namespace, which no kernel has, is left out with a warning")
def no_suffix(room):
    source = tar(room, entry("f", pax_headers={"SCHILY.xattr.user.": "1",
                                               "SCHILY.xattr.user.x": "2"}),
                 format=tarfile.PAX_FORMAT)
    done = tool.build("--quiet", source, room + "/o")
    assert "1 extended" in done.stderr and "user.)" in done.stderr, done.stderr
    image = stable.read(room + "/o")
    assert dict(image.xattrs_of(image.paths[b"f"])) == {b"user.x": b"2"}
    os.mkdir(room + "/d")
    tool.refused(tool.USAGE, "-xattrs-add", "user.=1", room + "/d", room + "/o2",
                 words=("user.", "after the dot"))


# ---- cpio and zip

@case("a cpio of a tree gives the tree's image without attributes")
def same_cpio(room):
    trees.make(tree(), room + "/d")
    should = image_of(room + "/d", room + "/o", "-no-xattrs")
    archive = pack(room, "bsdtar", "-c", "--format", "newc", "-f", "-", ".")
    assert image_of(archive, room + "/o", "-no-xattrs") == should
    with open(archive, "rb") as file:
        assert image_of("-", room + "/o", "-no-xattrs", stdin=file) == should


@case("zip: modes, links, names in UTF-8; from a pipe the same")
def zipped(room):
    os.mkdir(room + "/d")
    path = room + "/z.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, mode, data in (("d/", 0o40750, b""), ("d/\u00e4", 0o100604, b"text" * 999),
                                 ("d/l", 0o120777, b"target")):
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, mode << 16
            out.writestr(info, data)
    image = paths(room, path, "-no-xattrs")
    assert image.paths[b"d"].mode == 0o750
    assert image.paths["d/\u00e4".encode()].mode == 0o604
    assert image.read(image.paths["d/\u00e4".encode()]) == b"text" * 999
    assert image.paths[b"d/l"].target == b"target"
    with open(path, "rb") as file:
        piped = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
        assert image_of("-", room + "/o2", "-no-xattrs", stdin=piped.stdout) == tool.read(room + "/o")
        piped.wait()


# ---- images

@case("an image as the source gives the image of its directory, whoever made it and how")
def same_image(room):
    should = made(room)
    assert image_of(room + "/d.sqfs", room + "/o") == should
    tap.need_program("mksquashfs")
    ways = [("-comp", name) for name in tool.COMPRESSORS
            if tool.has_compressor(name)]
    ways += [("-noI", "-noD", "-noF", "-noX"), ("-b", "4096"), ("-b", "1M", "-no-fragments"),
             ("-always-use-fragments", "-no-duplicates"), ("-no-exports",)]
    for way in ways:
        tool.call("mksquashfs", room + "/d", room + "/m", "-noappend", "-no-progress", *way)
        assert image_of(room + "/m", room + "/o") == should, way


@case("a source image that is also the output, or has no number of its own, does no harm")
def image_itself(room):
    made(room)
    one = image_of(room + "/d.sqfs", room + "/o", "--prev", room + "/d.sqfs")
    tool.write(room + "/again", tool.read(room + "/d.sqfs"))
    assert image_of(room + "/again", room + "/again", "--prev", room + "/again") == one


@case("a damaged image as the source is refused or read, never more")
def damaged_image(room):
    made(room)
    whole = tool.read(room + "/d.sqfs")
    rng = random.Random(20240607)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data) - 2000, len(data)) if rng.random() < .8
                 else rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        tool.write(room + "/x", data[:rng.randrange(96, len(data))] if rng.random() < .1 else data)
        done = tool.run("--quiet", "--force", "--sources", "image", room + "/x", room + "/o")
        assert done.returncode in (tool.OK, tool.SOURCE, tool.LIMIT), (done, data.hex()[:200])
        if done.returncode:
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert "parent" not in done.stderr, done.stderr
            refused += 1
    assert refused > 20


# ---- mtree

SPECIFICATION = """#mtree
/set type=file uid=5 gid=6 mode=0640 time=1000.5
. type=dir mode=0755
  etc type=dir mode=0750
    f contents=in/f
    l type=link link=a\\040b
    cont contents=in/g \\
      mode=4755 uid=7
    missing optional
    hidden ignore
    empty size=0
  ..
  null type=char device=native,1,3
  sda type=block device=linux,8,200
..
/unset all
./usr/bin/x type=file contents=in/g
"""


@case("an mtree specification: names, metadata, contents")
def mtree(room):
    os.mkdir(room + "/in")
    tool.write(room + "/in/f", "f's")
    tool.write(room + "/in/real", "g's", mode=0o711)
    os.symlink("real", room + "/in/g")
    os.utime(room + "/in/real", (77, 77))
    tool.write(room + "/s.mtree", SPECIFICATION)
    tool.build("--quiet", "s.mtree", "o", cwd=room)
    image = stable.read(room + "/o")
    at = image.paths
    assert sorted(at) == [b"", b"etc", b"etc/cont", b"etc/empty", b"etc/f", b"etc/l", b"null",
                          b"sda", b"usr", b"usr/bin", b"usr/bin/x"]
    assert (at[b"etc"].mode, at[b"etc"].uid, at[b"etc"].mtime) == (0o750, 5, 1000)
    assert image.read(at[b"etc/f"]) == b"f's" and at[b"etc/f"].gid == 6
    assert (at[b"etc/cont"].mode, at[b"etc/cont"].uid) == (0o4755, 7)
    assert at[b"etc/l"].target == b"a b" and at[b"etc/empty"].size == 0
    assert at[b"null"].device == 1 << 8 | 3 and at[b"sda"].device == 8 << 8 | 200
    # What the line does not say is the file's.
    assert (at[b"usr/bin/x"].mode, at[b"usr/bin/x"].mtime) == (0o711, 77)
    assert image.read(at[b"usr/bin/x"]) == b"g's"
    assert at[b"usr/bin"].mtime == 77 and at[b"usr"].mode == 0o755


@case("bsdtar's mtree of a tree gives the tree's image without attributes and hard links")
def same_mtree(room):
    trees.make(tree(), room + "/d")
    options = ("-no-xattrs", "-no-hardlinks")
    should = image_of(".", room + "/o", *options, cwd=room + "/d")
    for more in ((), ("--options=mtree:use-set,!all,type,mode,uid,gid,time,link,device",)):
        archive = pack(room, "bsdtar", "-c", "--format=mtree", *more, "-f", "-", ".")
        found = image_of("../archive", room + "/o", *options, cwd=room + "/d")
        assert found == should, more


@case("an mtree specification that says nonsense is refused with the line")
def mtree_refusals(room):
    for line, words in (("x type=cat", ("type",)), ("x type=dir mode=9", ("octal",)),
                        ("x", ("type",)), ("x type=dir uid=joe", ("uid",)),
                        ("x type=dir uname=joe", ("name only",)),
                        ("x type=file contents=nowhere", ("nowhere",)),
                        ("x type=char device=native,1", ("device",)),
                        ("x type=char", ("device",)), ("x\\y type=dir", ("backslash",)),
                        ("a/../x type=dir", ("..",)), ("x type=link", ("link",))):
        tool.write(room + "/s.mtree", "#mtree\n. type=dir\n" + line + "\n")
        words = words if ".." in words else ("line 3", *words)
        tool.refused(tool.SOURCE, "s.mtree", "o", cwd=room, words=words)


tap.main()
