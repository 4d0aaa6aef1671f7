#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An archive of a tree gives the tree's image, whoever wrote it and in which format, or there is
one warning that says what the format cannot say. And what only the bytes of headers tell."""
import io
import os
import shutil
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import sqfs
import stable
import tap
import tool
import trees

XATTRS = {"user.plain": b"1", "user.a=b": b"x=y", "user.p%3Dq": b"%", "user.r%25": b"\0\xff",
          "user.sp ace": b"\n", "user.\u00e4": b"", "trusted.t": b"t"}
LONG = b"n" * 120


def case(name):
    """A test in a scratch directory."""
    def mark(function):
        def run():
            tap.need_root()
            with tool.scratch("sqst-formats-") as room:
                function(room)
        tap.add(name, run)
    return mark


# Each is a tree with one thing that some format cannot say.
def plain():
    return {b"": trees.directory(mtime=3), b"d": trees.directory(mode=0o2711),
            b"d/f": trees.file("text", mode=0o4755), b"d/empty": trees.file(b""),
            b"d/l": trees.symlink("f"), b"e": trees.directory()}


def links():
    both = trees.file("two names")
    return {**plain(), b"a": both, b"d/b": both, b"z": both}


def devices():
    return {**plain(), b"null": trees.Entry(sqfs.CHAR, (1, 3), mode=0o666),
            b"disk": trees.Entry(sqfs.BLOCK, (259, 70000), mode=0o600),
            b"pipe": trees.Entry(sqfs.FIFO)}


def long_names():
    return {**plain(), LONG: trees.directory(), LONG + b"/" + LONG: trees.directory(),
            LONG + b"/" + LONG + b"/f": trees.file("deep"),
            b"far": trees.symlink(b"t" * 300)}


def large_ids():
    return {**plain(), b"u": trees.file("u", owner=(3000000, 70000)),
            b"v": trees.file("v", owner=(4000000000, 4100000000))}


def attributes():
    return {**plain(), b"x": trees.file("x", xattrs=XATTRS),
            b"y": trees.directory(xattrs={"user.d": b"2"})}


def sparse():
    data = bytearray(900000)
    data[400000:400010] = b"0123456789"
    return {**plain(), b"s": trees.file(bytes(data)), b"hole": trees.file(bytes(70000))}


def late():
    return {**plain(), b"t": trees.file("t", mtime=4000000000)}


TREES = (plain, links, devices, long_names, large_ids, attributes, sparse, late)


def fractions(path):
    """Each time gets a part of a second, which an image does not have."""
    for where, names, files in os.walk(path):
        for name in names + files + ["."]:
            there = os.path.join(where, name)
            second = os.lstat(there).st_mtime_ns // 10**9
            os.utime(there, ns=(0, second * 10**9 + 987654321), follow_symlinks=False)


def python_tar(room, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        archive.add(room + "/d", ".")
    return out.getvalue()


def archivers():
    """(name, function of the room that returns the archive's bytes; raises if it cannot)."""
    def by(*command):
        def run(room):
            names = b"".join(name.encode("utf-8", "surrogateescape") + b"\0"
                             for name in listing(room + "/d"))
            done = subprocess.run(command, cwd=room + "/d", capture_output=True, check=False,
                                  input=names)
            told = [line for line in done.stderr.splitlines() if b"blocks" not in line]
            if done.returncode or told:
                raise ValueError(told)
            return done.stdout
        return run
    for form in ("gnu", "oldgnu", "pax", "ustar", "v7"):
        more = ("--xattrs", "--xattrs-include=*") if form == "pax" else ()
        yield "GNU tar " + form, by("tar", "-c", *more, "--format=" + form, ".")
        yield f"GNU tar {form} -S", by("tar", "-cS", *more, "--format=" + form, ".")
    for form in ("ustar", "pax", "paxr", "gnutar", "v7tar", "newc", "odc", "bin", "zip"):
        yield "bsdtar " + form, by("bsdtar", "-c", "--format", form, "-f", "-", ".")
    for form in ("USTAR", "GNU", "PAX"):
        yield "tarfile " + form, lambda room, form=form: python_tar(
            room, getattr(tarfile, form + "_FORMAT"))
    yield "busybox tar", by("busybox", "tar", "-c", ".")
    for form in ("newc", "crc", "odc", "bin", "ustar"):
        yield "cpio " + form, by("cpio", "-0", "-o", "--quiet", "-H", form)


def listing(top):
    found = ["."]
    for where, names, files in os.walk(top):
        found += [os.path.relpath(os.path.join(where, name), top) for name in names + files]
    return sorted(found)


def check(room, name, archiver, should, counts):
    try:
        data = archiver(room)
    except (ValueError, OSError) as error:
        # It says itself what it cannot store.
        counts["told"] += 1
        tap.diag(f"{name}: {str(error)[:100]}")
        return
    tool.write(room + "/archive", data)
    done = tool.build("--quiet", "--force", room + "/archive", room + "/o")
    lines = done.stderr.splitlines()
    assert len(lines) <= 1, (name, lines)
    if tool.read(room + "/o") == should:
        counts["same"] += 1
    elif name == "tarfile PAX":
        # The format can, but this program never does: an archive as of a tree without attributes.
        tool.build("--quiet", "--force", "-xattrs-exclude", ".", room + "/d",
                   room + "/d2.sqfs")
        assert tool.read(room + "/o") == tool.read(room + "/d2.sqfs")
    else:
        counts["warned"] += 1
        assert lines, f"{name}: another image, without a warning"


def matrix(make):
    def run():
        tap.need_root()
        for program in ("bsdtar", "busybox", "cpio"):
            tap.need_program(program)
        counts = dict(same=0, warned=0, told=0)
        with tool.scratch("sqst-formats-") as room:
            trees.make(make(), room + "/d")
            fractions(room + "/d")
            tool.build("--quiet", room + "/d", room + "/d.sqfs")
            for name, archiver in archivers():
                if shutil.which(name.split()[0].replace("GNU", "tar").replace("file", "")):
                    check(room, name, archiver, tool.read(room + "/d.sqfs"), counts)
        tap.diag(counts)
        assert counts["same"] >= 2
    return run


for tree in TREES:
    tap.add("every archiver and format: " + tree.__name__.replace("_", " "), matrix(tree))


# ---- headers

def pax(kind, **records):
    """A pax header of this type: 'x' or 'g'."""
    body = b""
    for key, value in records.items():
        rest = b" " + key.encode() + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(str(length)) + len(rest) > length:
            length += 1
        body += str(length).encode() + rest
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def entry(name, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), 1000
    for key, value in fields.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def image(room, *parts, options=(), **more):
    tool.write(room + "/t.tar", b"".join(parts) + bytes(1024))
    done = tool.build("--quiet", "--force", *options, room + "/t.tar", room + "/o", **more)
    assert not done.stderr, done.stderr
    plain_bytes = tool.read(room + "/o")
    with subprocess.Popen(["gzip", "-c", room + "/t.tar"], stdout=subprocess.PIPE) as packed:
        tool.build("--quiet", "--force", *options, "-", room + "/o", stdin=packed.stdout)
    assert tool.read(room + "/o") == plain_bytes, "from a pipe, compressed"
    return stable.read(room + "/o")


@case("global pax headers hold for what follows, an entry's own records and later ones win")
def global_headers(room):
    found = image(
        room, entry("before"),
        pax(b"g", **{"comment": b"0123", "mtime": b"9.9", "uid": b"70000",
                     "SCHILY.xattr.user.all": b"g", "RHT.security.selinux": b"u:r:t:s0"}),
        entry("a", b"text"),
        pax(b"x", **{"mtime": b"7.9", "SCHILY.xattr.user.all": b"own"}), entry("b", uid=5),
        pax(b"g", **{"mtime": b"50.5", "uid": b"", "RHT.security.selinux": b""}), entry("c", uid=6),
        options=("-xattrs-exclude", "^none"), env=dict(os.environ))
    at = found.paths
    assert (at[b"before"].mtime, at[b"before"].uid) == (1000, 0)
    assert (at[b"b"].mtime, at[b"b"].uid) == (7, 70000)
    assert (at[b"c"].mtime, at[b"c"].uid) == (50, 6)
    assert dict(found.xattrs_of(at[b"a"])) == {b"user.all": b"g",
                                               b"security.selinux": b"u:r:t:s0\0"}
    assert dict(found.xattrs_of(at[b"b"]))[b"user.all"] == b"own"
    assert dict(found.xattrs_of(at[b"c"])) == {b"user.all": b"g"}
    assert not found.xattrs_of(at[b"before"])


@case("names and values of attributes in every coding, each stored once")
def codings(room):
    found = image(
        room, pax(b"x", **{"SCHILY.xattr.user.a%3Db%20": b"1"}), entry("gnu"),
        pax(b"x", **{"LIBARCHIVE.xattr.user.a%3Db%20": b"AP8", "SCHILY.xattr.user.a%3Db%20": b"\0\xff",
                     "LIBARCHIVE.xattr.user.padded": b"AA=="}), entry("bsd"))
    assert dict(found.xattrs_of(found.paths[b"gnu"])) == {b"user.a=b%20": b"1"}
    assert dict(found.xattrs_of(found.paths[b"bsd"])) == {b"user.a=b ": b"\0\xff",
                                                          b"user.padded": b"\0"}


@case("headers that say what cannot be are refused")
def refusals(room):
    for parts, words in (
            ((pax(b"g", path=b"all"), entry("f")), ("global", "path")),
            ((pax(b"x", **{"SCHILY.xattr.user.a": b"1", "LIBARCHIVE.xattr.user.b": b"!"}),
              entry("f")), ("f:", "base64")),
            ((pax(b"x", **{"LIBARCHIVE.xattr.user.%00": b"AA"}), entry("f")), ("f:", "NUL")),
            ((pax(b"g", **{f"SCHILY.xattr.user.{number}": b"1" for number in range(65)}),
              entry("f")), ("global", "64"))):
        tool.write(room + "/t.tar", b"".join(parts) + bytes(1024))
        tool.refused(tool.SOURCE, room + "/t.tar", room + "/o", words=words)
        assert not os.path.exists(room + "/o")


# ---- one archive behind the other

@case("concatenated cpio archives, as in an initramfs, are all read")
def concatenated(room):
    tap.need_program("cpio")
    os.mkdir(room + "/d")
    parts = []
    for number in range(3):
        name = f"f{number}"
        tool.write(f"{room}/d/{name}", name * (number + 1))
        tool.write(f"{room}/d/same", f"{number}")
        parts.append(tool.call("cpio", "-o", "-H", "newc", "--quiet", cwd=room + "/d",
                               input=f"{name}\nsame\n".encode()))
    gzipped = [tool.call("gzip", "-c", input=part) for part in parts]
    for name, data in (
            ("plain", parts[0] + parts[1] + parts[2]),
            ("padded", parts[0] + bytes(5000) + parts[1] + bytes(4) + parts[2] + bytes(9999)),
            ("microcode", parts[0] + bytes(700) + gzipped[1] + gzipped[2]),
            ("compressed", gzipped[0] + gzipped[1] + gzipped[2]),
            ("all in one", tool.call("gzip", "-c", input=parts[0] + bytes(8) + parts[1] + parts[2])),
            ("plain behind", gzipped[0] + bytes(512) + parts[1] + bytes(512) + gzipped[2])):
        tool.write(room + "/i", data)
        for source in (room + "/i", "-"):
            with subprocess.Popen(["cat", room + "/i"], stdout=subprocess.PIPE) as cat:
                done = tool.build("--quiet", "--force", "-no-xattrs", source, room + "/o",
                                  stdin=cat.stdout)
            found = stable.read(room + "/o")
            assert not done.stderr, (name, done.stderr)
            assert sorted(found.paths) == [b"", b"f0", b"f1", b"f2", b"same"], (name, source)
            assert found.read(found.paths[b"same"]) == b"2", (name, source)
            assert found.read(found.paths[b"f1"]) == b"f1f1"
    tool.write(room + "/i", parts[0] + bytes(8) + b"#BOOTCONFIG\n" * 9)
    done = tool.build("--quiet", "--force", "-no-xattrs", room + "/i", room + "/o")
    assert len(done.stderr.splitlines()) == 1 and "is ignored" in done.stderr, done.stderr
    tool.write(room + "/i", parts[0] + parts[1][:-300])
    tool.refused(tool.SOURCE, "--force", "-no-xattrs", room + "/i", room + "/o")


tap.main()
