#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OpenEmbedded layer: the image types run under pseudo as BitBake would run them, the recipe's
configuration is given to the tarball's ./configure, and the rules of yocto-check-layer hold."""
import fnmatch
import hashlib
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import bitbake
import dist
import sqfs
import stable
import tap
import tool
from openembedded import CAPABILITY, CLASS, LAYER, image_data, workplace

RECIPES = os.path.join(LAYER, "recipes-support", "sqfs-stable")
RECIPE = os.path.join(RECIPES, f"sqfs-stable_{dist.version()}.bb")
TYPES = {"squashfs-stable": 1, "squashfs-stable-lzo": 3, "squashfs-stable-xz": 4,
         "squashfs-stable-lz4": 5, "squashfs-stable-zst": 6}
INPUTS = ("SQFS_STABLE_PREV", "SQFS_STABLE_MAP", "SQFS_STABLE_GUARD")


def contents(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def numbers(path):
    return {name: inode.number for name, inode in stable.read(path).paths.items()}


# ---- the class

@tap.test("each type is an image under its own name, with its compressor, its map, and links")
def types():
    with workplace() as place:
        place.rootfs()
        for kind, compressor in TYPES.items():
            image, _ = place.build(kind)
            assert image.endswith("/deploy/image-20260101000000." + kind)
            assert place.deployed() == sorted([f"image-20260101000000.{kind}{end}" for end in ("", ".map")]
                                              + [f"image.{kind}{end}" for end in ("", ".map")])
            assert os.readlink(f"{place.room}/work/deploy/image.{kind}.map") == \
                f"image-20260101000000.{kind}.map"
            read = stable.read(image)
            assert read.super.compressor == compressor, (kind, read.super.compressor)
            stable.Map(image + ".map").agrees_with(read)
            place.empty()


@tap.test("under pseudo, owners, devices, modes, links and a capability are those of the tree")
def pseudo():
    with workplace() as place:
        place.rootfs()
        image = stable.read(place.build("squashfs-stable-zst")[0])

        def seen(path):
            inode = image.paths[path]
            return inode.type, inode.mode, inode.uid, inode.gid
        assert seen(b"") == (sqfs.DIR, 0o755, 0, 0), seen(b"")
        assert seen(b"dev/null")[0] == sqfs.CHAR and image.paths[b"dev/null"].device == 0x103
        assert seen(b"dev/disk")[0] == sqfs.BLOCK
        assert seen(b"etc/shadow") == (sqfs.FILE, 0, 0, 42)
        assert image.read(image.paths[b"etc/shadow"]) == b"secret\n"
        assert seen(b"bin/ping") == (sqfs.FILE, 0o4755, 0, 0)
        assert image.paths[b"bin/ping"].names == [b"bin/ping", b"bin/ping6"]
        assert image.xattrs_of(image.paths[b"bin/ping"]) == {b"security.capability": CAPABILITY}
        assert seen(b"etc/owned")[2:] == (123, 456)


@tap.test("the image's time is that of the root directory, and a second run of the task gives the same bytes")
def again():
    with workplace() as place:
        place.rootfs(time=1700000123)
        image, _ = place.build()
        before = tool.sha256(image)
        assert stable.read(image).super.mtime == 1700000123
        assert tool.sha256(place.build(SQFS_STABLE_THREADS="1")[0]) == before


@tap.test("an update with SQFS_STABLE_PREV keeps numbers, and the times of what was only touched")
def update():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.rootfs("echo new > bin/a; echo changed > etc/owned", time=1800000000)
        image, output = place.build(SQFS_STABLE_PREV=old)
        one, two = stable.read(old), stable.read(image)
        for path, inode in one.paths.items():
            assert two.paths[path].number == inode.number, path
        assert two.paths[b"bin/a"].number > one.super.inode_count
        assert two.paths[b"etc/shadow"].mtime == 1700000000
        assert two.paths[b"etc/owned"].mtime == two.paths[b"bin/a"].mtime == 1800000000
        assert "generation 1" in output and "1 new" in output, output
        newer, _ = place.build(SQFS_STABLE_PREV=old, SQFS_STABLE_ARGS="--prev-mtime=source")
        assert stable.read(newer).paths[b"etc/shadow"].mtime == 1800000000


@tap.test("an update with SQFS_STABLE_MAP gives the numbers that one with the image gives")
def by_map():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.rootfs("echo new > bin/a")
        image = numbers(place.build(SQFS_STABLE_PREV=old)[0])
        assert numbers(place.build(SQFS_STABLE_MAP=old + ".map")[0]) == image


@tap.test("several images in SQFS_STABLE_PREV join branches, and it is safe after each of them")
def join():
    with workplace() as place:
        place.rootfs()
        base = place.release("1.0.sqfs")
        place.rootfs("echo a > bin/a")
        fix = place.release("1.1.sqfs", SQFS_STABLE_PREV=base)
        place.rootfs("echo b > bin/b")
        main = place.release("2.0.sqfs", SQFS_STABLE_PREV=base)
        place.rootfs("echo a > bin/a; echo b > bin/b")
        image, output = place.build(SQFS_STABLE_PREV=f"{fix}\t{main} ",
                                    SQFS_STABLE_GUARD=f" {base} {fix} {main}")
        assert stable.read(image).record.generation == 2
        assert "valid" in output and image.rsplit("/", 1)[1] + ".check.html" in place.deployed()
        mixed, _ = place.build(SQFS_STABLE_MAP=fix + ".map", SQFS_STABLE_PREV=main)
        assert numbers(mixed) == numbers(image), "maps count as older than images"


@tap.test("with SQFS_STABLE_GUARD, the page of the check is deployed with a link, and goes when it is unset")
def guard_valid():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.rootfs("echo new > bin/a")
        image, output = place.build(SQFS_STABLE_PREV=old, SQFS_STABLE_GUARD=old)
        assert "valid" in output, output
        assert "<html" in contents(image + ".check.html")
        link = place.room + "/work/deploy/image.squashfs-stable.check.html"
        assert os.readlink(link) == "image-20260101000000.squashfs-stable.check.html"
        place.build(SQFS_STABLE_PREV=old, DATETIME="20260102000000")
        assert not os.path.lexists(link), "the link would name the page of another image"


@tap.test("an unsafe image fails with the reason in the log, and nothing of it is where images are deployed from")
def guard_unsafe():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.rootfs("echo new > bin/a")
        status, output, image = place.run("squashfs-stable", SQFS_STABLE_GUARD=old)
        assert status == 1 and "ERROR: SQFS_STABLE_GUARD: image-20260101000000.squashfs-stable is not safe" \
            in output, output
        assert "unsafe" in output and "bin/a" in output, "the log says which files"
        assert [name for name in place.deployed() if "2026" in name] == [], place.deployed()
        page = place.room + "/work/build-squashfs-stable/" + os.path.basename(image) + ".check.html"
        assert page in output and os.path.exists(page)


@tap.test("an image that keeps nothing fails, unless --new-lineage asks for it: then it warns and is deployed")
def guard_refused():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.empty()
        status, output, _ = place.run("squashfs-stable", SQFS_STABLE_PREV=old, SQFS_STABLE_GUARD=old,
                                      SQFS_STABLE_ARGS="-no-exports --force")
        assert status == 1 and "ERROR: SQFS_STABLE_GUARD: " in output and "--new-lineage" in output, output
        assert place.deployed() == []
        for way in ("SQFS_STABLE_ARGS", "EXTRA_IMAGECMD"):
            image, output = place.build(SQFS_STABLE_PREV=old, SQFS_STABLE_GUARD=old,
                                        **{way: "--new-lineage"})
            assert "WARNING: image-20260101000000.squashfs-stable is a new lineage" in output
            assert "refused" in output and os.path.exists(image)


@tap.test("a damaged image in SQFS_STABLE_GUARD fails with the checker's status")
def guard_damaged():
    with workplace() as place:
        place.rootfs()
        tool.write(place.room + "/releases/bad.sqfs", b"hsqs" + b"\1" * 4000)
        status, output, _ = place.run("squashfs-stable",
                                      SQFS_STABLE_GUARD=place.room + "/releases/bad.sqfs")
        assert status == 1 and "sqfs-stable-check ended with status 4" in output, output
        assert place.deployed() == []


@tap.test("a damaged image in SQFS_STABLE_PREV fails the task with the program's line")
def prev_damaged():
    with workplace() as place:
        place.rootfs()
        tool.write(place.room + "/releases/bad.sqfs", b"hsqs" + b"\1" * 4000)
        status, output, _ = place.run("squashfs-stable",
                                      SQFS_STABLE_PREV=place.room + "/releases/bad.sqfs")
        assert status == tool.PARENT and "sqfs-stable-build: " in output and "bad.sqfs" in output
        assert place.deployed() == []


@tap.test("options: EXTRA_IMAGECMD of the type, then SQFS_STABLE_ARGS, whose word is the last")
def options():
    with workplace() as place:
        place.rootfs()
        image, _ = place.build("squashfs-stable-zst", **{
            "EXTRA_IMAGECMD:squashfs-stable-zst": "-b 64K -Xcompression-level 3",
            "EXTRA_IMAGECMD:squashfs-stable": "-b 1M"})
        assert stable.read(image).super.block_size == 65536
        image, _ = place.build("squashfs-stable-zst", EXTRA_IMAGECMD="-b 64K",
                               SQFS_STABLE_ARGS="-b 32K --label 'my root' -e bin")
        read = stable.read(image)
        assert read.super.block_size == 32768 and b"bin" not in read.paths
        assert b"my root" in tool.read(image)
        status, output, _ = place.run("squashfs-stable", SQFS_STABLE_ARGS="--max-size 4k -b 4k -nopad "
                                      "-no-such-option")
        assert status == tool.USAGE and "-no-such-option" in output


@tap.test("parents and maps among the options are refused: their contents would be in no hash")
def refused_options():
    data = image_data()
    for word, better in (("--prev x", "SQFS_STABLE_PREV"), ("-prev=x", "SQFS_STABLE_PREV"),
                         ("--map x", "SQFS_STABLE_MAP"), ("--map-out=x", "beside the image")):
        data.values["SQFS_STABLE_ARGS"] = "-b 64K " + word
        script = data.script("sqfs_stable_release").removesuffix("\n") + " squashfs-stable gzip\n"
        done = subprocess.run(["sh", "-c", script], check=False, capture_output=True, text=True, cwd="/")
        line = done.stdout
        assert done.returncode == 1 and line.startswith("ERROR: SQFS_STABLE_ARGS: -") and better in line, line
        assert line.count("\n") == 1 and done.stderr == "", done


@tap.test("IMAGE_GEN_DEBUGFS: the companion image is a first build without map, guard and SQFS_STABLE_ARGS")
def debugfs():
    with workplace() as place:
        place.rootfs()
        old = place.release("1.0.sqfs")
        place.empty()
        place.rootfs("echo debug > bin/0debug", name="rootfs-dbg")
        image, _ = place.build("squashfs-stable-zst", debug=True, SQFS_STABLE_PREV=old,
                               SQFS_STABLE_GUARD=old, SQFS_STABLE_ARGS="--max-size 1k",
                               EXTRA_IMAGECMD="-b 64K")
        assert image.endswith("/deploy/image-20260101000000-dbg.squashfs-stable-zst")
        assert set(place.deployed()) == {os.path.basename(image), "image-dbg.squashfs-stable-zst"}
        read = stable.read(image)
        assert b"bin/0debug" in read.paths and read.record.generation == 0
        assert read.super.block_size == 65536


@tap.test("a path that is absent, in the deploy folders, or no plain path, ends the task by name and reason")
def paths():
    with tool.scratch("sqst-oe-") as room:
        os.makedirs(room + "/images")
        os.makedirs(room + "/work/deploy")
        tool.write(room + "/images/last.sqfs", "x")
        tool.write(room + "/work/deploy/last.sqfs", "x")
        os.symlink(room + "/images/last.sqfs", room + "/link.sqfs")
        os.symlink(room + "/good.sqfs", room + "/images/out.sqfs")
        tool.write(room + "/good.sqfs", "x")
        cases = (
            (room + "/absent.sqfs", "there is no such file"),
            (room, "there is no such file"),
            (room + "/images/last.sqfs", "is in DEPLOY_DIR_IMAGE"),
            (room + "/images/absent.sqfs", "is in DEPLOY_DIR_IMAGE"),
            (room + "/images/out.sqfs", "is in DEPLOY_DIR_IMAGE"),
            (room + "/work/../images/last.sqfs", "is in DEPLOY_DIR_IMAGE"),
            (room + "/link.sqfs", "is in DEPLOY_DIR_IMAGE"),
            (room + "/work/deploy/last.sqfs", "is in IMGDEPLOYDIR"),
            ("relative.sqfs", "not an absolute path"),
            (room + "/a:b", "not an absolute path"),
            (room + "/*.sqfs", "not an absolute path"),
            (room + "/$(id)", "not an absolute path"),
            ("'" + room + "/quoted", "not an absolute path"),
            ("postgresql://host/numbers", "a registry cannot be used here"))
        for variable in INPUTS:
            for path, why in cases:
                data = image_data(WORKDIR=room + "/work", IMGDEPLOYDIR=room + "/work/deploy",
                                  DEPLOY_DIR_IMAGE=room + "/images",
                                  **{variable: f"{room}/good.sqfs {path}"})
                try:
                    data.before(data.image_task("squashfs-stable"))
                except bitbake.Fatal as fatal:
                    assert str(fatal).startswith(f"{variable}: {path}: ") and why in str(fatal), fatal
                    assert "\n" not in str(fatal)
                else:
                    raise AssertionError(f"{variable}: {path} was taken")
        data = image_data(WORKDIR=room + "/work", SQFS_STABLE_PREV=room + "/work/../good.sqfs",
                          SQFS_STABLE_GUARD=room + "/good.sqfs")
        data.before(data.image_task("squashfs-stable"))


# ---- what a task's hash has

def hashed(room, **variables):
    data = image_data(**variables)
    task = data.image_task("squashfs-stable-xz")
    base = data.basehash(task)
    assert room not in repr(base), "a path is in the hash"
    return data.taskhash(task)


@tap.test("hash: contents of parents count, not their paths, nor the number of processors")
def hash_contents():
    with tool.scratch("sqst-oe-") as room:
        for name, text in (("a/1.sqfs", "one"), ("b/other.sqfs", "one"), ("a/2.sqfs", "two")):
            os.makedirs(os.path.dirname(f"{room}/{name}"), exist_ok=True)
            tool.write(f"{room}/{name}", text)
        for variable in INPUTS:
            one = hashed(room, **{variable: room + "/a/1.sqfs"})
            assert hashed(room, **{variable: room + "/b/other.sqfs"}) == one
            assert hashed(room, **{variable: room + "/a/../b//./other.sqfs"}) == one
            assert hashed(room, **{variable: room + "/a/2.sqfs"}) != one
            assert one != hashed(room)
        assert hashed(room, SQFS_STABLE_THREADS="3") == hashed(room)
        assert hashed(room, SQFS_STABLE_ARGS="--label x") != hashed(room)
        assert hashed(room, EXTRA_IMAGECMD="-b 64K") != hashed(room)
        data = image_data(SQFS_STABLE_PREV=room + "/a/1.sqfs")
        for kind in TYPES:
            task = data.image_task(kind)
            assert (room + "/a/1.sqfs:True") in data.flag(task, "file-checksums").split()
            assert set(data.basehash(task)).isdisjoint(INPUTS), "their values would be hashed"


@tap.test("hash: roles, order and which of several files has which content count")
def hash_roles():
    with tool.scratch("sqst-oe-") as room:
        one, two = room + "/1.0/rootfs.sqfs", room + "/1.1/rootfs.sqfs"

        def write(first, second):
            for path, text in ((one, first), (two, second)):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                tool.write(path, text)
        write("one", "two")
        found = [hashed(room, **variables) for variables in (
            {}, {"SQFS_STABLE_PREV": one}, {"SQFS_STABLE_MAP": one}, {"SQFS_STABLE_GUARD": one},
            {"SQFS_STABLE_PREV": one, "SQFS_STABLE_GUARD": one},
            {"SQFS_STABLE_PREV": f"{one} {two}"}, {"SQFS_STABLE_PREV": f"{two} {one}"},
            {"SQFS_STABLE_PREV": two, "SQFS_STABLE_GUARD": f"{one} {two}"},
            {"SQFS_STABLE_PREV": one, "SQFS_STABLE_GUARD": f"{one} {two}"})]
        assert len(set(found)) == len(found)
        write("two", "one")
        assert hashed(room, SQFS_STABLE_PREV=f"{one} {two}") not in found, "exchanged contents"
        write("one", "two")
        os.rename(room + "/1.0", room + "/x")
        os.makedirs(room + "/deep/er")
        os.rename(room + "/x", room + "/deep/er/1.0")
        os.rename(room + "/1.1", room + "/deep/er/1.1")
        moved = room + "/deep/er"
        assert hashed(room, SQFS_STABLE_PREV=f"{moved}/1.0/rootfs.sqfs {moved}/1.1/rootfs.sqfs") == found[5]


@tap.test("hash: a parent that is missing is not the same as none, so the task runs and fails")
def hash_missing():
    with tool.scratch("sqst-oe-") as room:
        assert len({hashed(room), hashed(room, SQFS_STABLE_PREV=room + "/absent"),
                    hashed(room, SQFS_STABLE_GUARD=room + "/absent"),
                    hashed(room, SQFS_STABLE_PREV="postgresql://h/d")}) == 4


@tap.test("hash: what image.bbclass removes for IMAGE_CMD's vardepsexclude is not needed to expand it")
def hash_image_class():
    data = image_data(SQFS_STABLE_PREV="/srv/one.sqfs")
    data.flags["IMAGE_CMD:squashfs-stable"] = {"vardepsexclude": " ".join(INPUTS)}
    task = data.image_task("squashfs-stable")
    assert "/srv/one.sqfs" in data.script(task)
    assert data.get(task, False) == "\tsqfs_stable_image squashfs-stable gzip \n\tcd /w/deploy"


@tap.test("each task, the debug companion's too, depends on sqfs-stable-native; only the others on parents")
def depends():
    data = image_data(SQFS_STABLE_PREV="/srv/one.sqfs")
    for kind in TYPES:
        task, debug = data.image_task(kind), data.image_task(kind, debug=True)
        for each in (task, debug):
            assert data.flag(each, "depends").split() == ["sqfs-stable-native:do_populate_sysroot"]
        assert data.flag(task, "file-checksums").split() == ["/srv/one.sqfs:True"]
        assert data.flag(debug, "file-checksums") is None and data.flag(debug, "prefuncs") is None
        assert data.flag(debug, "subimages").split() == [kind]
        assert set(data.flag(task, "subimages").split()) == {kind, kind + ".map", kind + ".check.html"}
        assert kind in data.get("IMAGE_TYPES").split()


@tap.test("shellcheck is content with the functions, with and without parents")
def shellcheck():
    program = tap.need_program("shellcheck")
    for variables in ({}, {"SQFS_STABLE_PREV": "/a /b", "SQFS_STABLE_MAP": "/m", "SQFS_STABLE_GUARD": "/a",
                           "SQFS_STABLE_ARGS": "--label 'a b'"}):
        data = image_data(**variables)
        script = data.script(data.image_task("squashfs-stable"))
        # SC2086: words are split on purpose, none has a blank. The rest: what stands there was filled in.
        done = subprocess.run([program, "-s", "sh", "-e", "SC2086,SC2157,SC2043,SC2050", "-"], input=script,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        assert "$((" not in script and "local " not in script, "BitBake's parser, and POSIX"


# ---- the recipe

def recipe(variant="class-target", features="", **variables):
    name = {"class-native": "sqfs-stable-native",
            "class-nativesdk": "nativesdk-sqfs-stable"}.get(variant, "sqfs-stable")
    prefix = "/usr"
    data = bitbake.Data({
        "BPN": "sqfs-stable", "PN": name, "PV": dist.version(), "BP": "sqfs-stable-" + dist.version(),
        "FILESPATH": RECIPES + "/sqfs-stable:" + RECIPES + "/files", "DISTRO_FEATURES": features,
        "nonarch_base_libdir": "/usr/lib", "bindir": prefix + "/bin", "libdir": prefix + "/lib",
        "datadir": prefix + "/share", "SOLIBS": ".so.*", "PACKAGES": "${PN}-dev ${PN}-doc ${PN}"}
        | variables, [variant])
    data.parse(RECIPE)
    return data


def packageconfig(data, words):
    """The arguments that base.bbclass makes of PACKAGECONFIG, and the recipes that are needed."""
    arguments, needed = [], []
    for name, value in sorted(data.flags["PACKAGECONFIG"].items()):
        given, not_given, depends = value.split(",")
        arguments.append(given if name in words else not_given)
        needed += depends.split() if name in words else []
    return arguments, needed


@tap.test("the recipe is of this version, with the licence files' checksums")
def recipe_version():
    assert os.listdir(RECIPES) and [name for name in os.listdir(RECIPES) if name.endswith(".bb")] == \
        [f"sqfs-stable_{dist.version()}.bb"]
    data = recipe()
    assert data.get("LICENSE") == "LGPL-2.1-or-later"
    given = dict(re.findall(r"file://(\S+);md5=(\w+)", data.get("LIC_FILES_CHKSUM")))
    assert given == {name: hashlib.md5(tool.read(os.path.join(dist.SOURCE, name))).hexdigest()
                     for name in ("COPYING", "COPYING.LESSER")}


@tap.test("the recipe takes the tarball in the layer, or is skipped with a line that says how to get it there")
def recipe_tarball():
    name = f"sqfs-stable-{dist.version()}.tar.xz"
    with tool.scratch("sqst-oe-") as room:
        data = recipe(FILESPATH=room)
        assert data.get("SRC_URI") == "file://" + name
        try:
            data.anonymous()
        except bitbake.Skipped as skipped:
            assert name in str(skipped) and "recipes/use-tarball" in str(skipped)
            assert "SQFS_STABLE_SITE" in str(skipped) and "\n" not in str(skipped)
        else:
            raise AssertionError("not skipped")
        assert data.marked == [f"{room}/{name}"], "parsed anew when the file comes"
        tool.write(f"{room}/{name}")
        recipe(FILESPATH=room).anonymous()
        for site in ("https://builds.example.com/sources", "file:///srv/sources/"):
            data = recipe(FILESPATH=room + "/none", SQFS_STABLE_SITE=site, SQFS_STABLE_SHA256="ab" * 32)
            data.anonymous()
            assert data.get("SRC_URI") == site.rstrip("/") + "/" + name
            assert data.flag("SRC_URI", "sha256sum") == "ab" * 32
        data = recipe(SQFS_STABLE_SITE="https://builds.example.com/sources")
        data.anonymous()
        assert data.flag("SRC_URI", "sha256sum") is None, "BitBake then asks for one"


@tap.test("PACKAGECONFIG: every compressor for builders, no lzo for devices, SELinux if the distribution has it")
def recipe_packageconfig():
    def chosen(*arguments):
        return set(recipe(*arguments).get("PACKAGECONFIG").split())
    assert chosen("class-native", "selinux") == {"gzip", "xz", "lz4", "zstd", "lzo"}
    assert chosen("class-nativesdk") == {"gzip", "xz", "lz4", "zstd", "lzo", "libarchive"}
    assert chosen() == {"gzip", "xz", "lz4", "zstd"}
    assert chosen("class-target", "systemd selinux") == {"gzip", "xz", "lz4", "zstd", "selinux"}
    data = recipe()
    assert set(data.flags["PACKAGECONFIG"]) == {"gzip", "xz", "lz4", "zstd", "lzo", "libarchive", "selinux",
                                               "postgresql"}
    assert set(packageconfig(data, data.flags["PACKAGECONFIG"])[1]) == {
        "libdeflate", "xz", "lz4", "zstd", "lzo", "libarchive", "libselinux", "postgresql"}
    assert data.inherited == ["autotools", "pkgconfig", "bash-completion"]
    assert data.get("BBCLASSEXTEND").split() == ["native", "nativesdk"]


@tap.test("the tarball: autoreconf as autotools.bbclass runs it, then ./configure takes the recipe's arguments")
def recipe_configure():
    tap.need_program("autoreconf")
    with tool.scratch("sqst-oe-") as room:
        tarball = dist.tarball(room)
        tool.call("tar", "-xJf", tarball, cwd=room)
        source = tarball.removesuffix(".tar.xz")
        for name in ("configure", "aclocal.m4"):
            os.remove(f"{source}/{name}")
        # It also gives --exclude=autopoint and an --aclocal-path, which only its own patched autotools know.
        tool.call("autoreconf", "-Wcross", "-Wno-obsolete", "--verbose", "--install", "--force", cwd=source)
        os.mkdir(room + "/build")
        # What this build found out of the machine need not be found out again.
        known = [line for line in contents(os.environ["SQST_BUILDDIR"] + "/config.log").splitlines()
                 if re.match("(ac|am|lt|pkg)_cv_(?!env_)", line) and line.count("'") % 2 == 0]
        tool.write(room + "/build/config.cache", "\n".join(known) + "\n")
        data = recipe("class-native")
        arguments, _ = packageconfig(data, data.get("PACKAGECONFIG").split())
        told = tool.call("../" + os.path.basename(source) + "/configure", "--enable-option-checking=fatal",
                         "--config-cache", "--prefix=/usr", "--disable-silent-rules", "--disable-dependency-tracking",
                         "--disable-static", *data.get("EXTRA_OECONF").split(), *arguments,
                         cwd=room + "/build").decode()
        assert re.search(r"compressors +gzip=yes xz=yes lz4=yes zstd=yes lzo=yes", told), told[-800:]
        assert re.search(r"archives +no\b", told) and re.search(r"udev rule +no\b", told), told[-800:]
        assert re.search(r"unit tests +no\b", told)
        offered = tool.call(source + "/configure", "--help").decode()
        for name in data.flags["PACKAGECONFIG"]:
            assert f"--with-{name}=yes|no" in offered, name
        assert "--with-udevdir=/usr/lib/udev" in recipe().get("EXTRA_OECONF").split()


@tap.test("every installed file is in a package; those for devices are in -tools, the library in its own")
def recipe_packages():
    data = recipe()
    files = {"sqfs-stable-dev": "${libdir}/*.so ${libdir}/pkgconfig /usr/include ${libdir}/*.la",
             "sqfs-stable-doc": "${datadir}/man ${datadir}/doc", "sqfs-stable": "${bindir}/*",
             "sqfs-stable-bash-completion": "${datadir}/bash-completion"}
    packages = data.get("PACKAGES").split() + ["sqfs-stable-bash-completion"]
    with tool.scratch("sqst-oe-") as room:
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        tool.call("make", "-s", "-C", os.environ["SQST_BUILDDIR"], "install", "DESTDIR=" + room,
                  "prefix=/usr", "udevdir=/usr/lib/udev", env=environment)
        held = {name: [] for name in packages}
        for where, _, names in os.walk(room):
            for name in names:
                path = os.path.join(where, name)[len(room):]
                for package in packages:
                    own = data.expand(data.get("FILES:${PN}" + package.removeprefix("sqfs-stable"), True)
                                      or data.get("FILES:" + package) or files.get(package, ""))
                    if any(fnmatch.fnmatch(path, one) or path.startswith(one + "/") for one in own.split()):
                        held[package].append(path)
                        break
                else:
                    raise AssertionError(f"{path}: installed, but in no package")
    assert sorted(held["sqfs-stable-tools"]) == [
        "/usr/bin/sqfs-stable-check", "/usr/bin/sqfs-stable-info",
        "/usr/lib/udev/rules.d/60-sqfs-stable.rules"], held["sqfs-stable-tools"]
    assert sorted(held["sqfs-stable"]) == ["/usr/bin/sqfs-stable-build", "/usr/bin/sqfs-stable-map"]
    assert held["libsqfs-stable"] and all(".so." in path for path in held["libsqfs-stable"])
    assert all(held.values()), held


# ---- the layer

@tap.test("layer.conf: name, priority, dependencies, every series from scarthgap on, and nothing besides")
def layer_conf():
    data = bitbake.Data({"LAYERDIR": "/layer", "BBPATH": "", "BBFILES": "", "BBFILE_COLLECTIONS": ""})
    before = set(data.values)
    data.parse(LAYER + "/conf/layer.conf")
    assert data.get("BBFILE_COLLECTIONS").split() == ["sqfs-stable"]
    assert data.get("LAYERDEPENDS_sqfs-stable").split() == ["core", "openembedded-layer"]
    assert data.get("LAYERSERIES_COMPAT_sqfs-stable").split() == [
        "scarthgap", "styhead", "walnascar", "whinlatter", "wrynose", "blacksail"]
    assert data.get("BBPATH") == ":/layer" and data.get("BBFILE_PATTERN_sqfs-stable") == "^/layer/"
    assert {name for name in data.values if name not in before} == {
        name + "_sqfs-stable" for name in ("BBFILE_PATTERN", "BBFILE_PRIORITY", "LAYERVERSION",
                                           "LAYERDEPENDS", "LAYERSERIES_COMPAT")}, \
        "what else a layer sets changes the hashes of others"
    assert not data.flags and not data.inherited


def layer_files():
    return sorted(os.path.relpath(os.path.join(where, name), LAYER)
                  for where, _, names in os.walk(LAYER) for name in names
                  if not name.endswith(".tar.xz"))


@tap.test("yocto-check-layer: README with maintainer and patches, SECURITY, neither machines nor distributions")
def check_layer():
    readme = contents(LAYER + "/README.md")
    # common.py asks for an address in a README that names no other README; a repository has trackers.
    assert "maintainer" in readme.lower() and "patch" in readme.lower()
    assert re.search("README", readme) and re.search(r"[^@]+@[^@]+", readme)
    assert "Report a vulnerability" in contents(LAYER + "/SECURITY.md")
    assert os.path.basename(LAYER) == "meta-sqfs-stable"
    for name in layer_files():
        assert not name.startswith(("conf/machine", "conf/distro")) and not name.endswith(".patch"), name
        assert name == "conf/layer.conf" or "/conf/" not in name, "it would be taken for a layer"
    for name in layer_files():
        if name.endswith(".bb") and not name.startswith("examples/"):
            assert "INSANE_SKIP" not in contents(f"{LAYER}/{name}")


@tap.test("libdeflate gets its native variant by an append that does nothing else")
def libdeflate():
    data = bitbake.Data({"BBCLASSEXTEND": "native"})
    data.parse(LAYER + "/recipes-support/libdeflate/libdeflate_%.bbappend")
    assert data.get("BBCLASSEXTEND").split() == ["native", "native", "nativesdk"]
    assert set(data.values) == {"BBCLASSEXTEND"} and not data.flags and not data.functions


@tap.test("each file of the layer is distributed, and says its licence first")
def distributed():
    rules = contents(os.path.join(dist.SOURCE, "recipes", "Makemodule.am")).replace("\\\n", " ")
    listed = re.search(r"^openembedded_files =(.*)$", rules, re.M)[1].split()
    assert sorted(listed) == ["recipes/meta-sqfs-stable/" + name for name in layer_files()]
    for name in layer_files():
        first = contents(f"{LAYER}/{name}").splitlines()[0]
        assert first.endswith(("SPDX-License-Identifier: LGPL-2.1-or-later",
                               "SPDX-License-Identifier: LGPL-2.1-or-later -->")), name


# ---- examples

@tap.test("examples: configuration and recipes parse, and name types, variables and files that there are")
def examples():
    data = bitbake.Data({"IMAGE_CLASSES": "", "IMAGE_FSTYPES": "ext4"}, ["pn-my-image"])
    data.parse(LAYER + "/examples/local.conf")
    data.parse(CLASS)
    assert data.get("IMAGE_CLASSES").split() == ["image_types_sqfs_stable"]
    kind = data.get("IMAGE_FSTYPES").split()[-1]
    assert kind in TYPES
    assert data.get("SQFS_STABLE_PREV") in data.get("SQFS_STABLE_GUARD").split()
    known = set(re.findall(r"^(SQFS_STABLE_\w+) \?=", contents(CLASS), re.M))
    for name in layer_files():
        if name.startswith("examples/") or name == "README.md":
            text = contents(f"{LAYER}/{name}")
            used = set(re.findall(r"\bSQFS_STABLE_\w+", text)) - {"SQFS_STABLE_SITE", "SQFS_STABLE_SHA256"}
            assert used <= known, (name, used - known)
            assert set(re.findall(r"squashfs-stable[-a-z0-9]*", text)) <= set(TYPES), name
    data = bitbake.Data({"MACHINE": "m"})
    data.parse(LAYER + "/examples/rauc/update-bundle.bb")
    assert data.inherited == ["bundle"] and data.flag("RAUC_SLOT_rootfs", "fstype") == kind
    data = bitbake.Data({"MACHINE": "m"})
    data.parse(LAYER + "/examples/swupdate/update-image.bb")
    name = data.get("SWUPDATE_IMAGES") + "-@@MACHINE@@" + data.flag("SWUPDATE_IMAGES_FSTYPES", "my-image")
    assert f'filename = "{name}";' in contents(LAYER + "/examples/swupdate/sw-description")
    parts = [shlex.split(line) for line in contents(LAYER + "/examples/system.wks.in").splitlines()
             if line.startswith("part")]
    assert ["file=${IMGDEPLOYDIR}/${IMAGE_LINK_NAME}." + kind in " ".join(part) for part in parts] == \
        [True, True, False]
    for name in re.findall(r"\]\((examples/[^)]*)\)", contents(LAYER + "/README.md")):
        assert os.path.exists(f"{LAYER}/{name}"), name


@tap.test("RAUC makes a bundle of a squashfs-stable image, and indexes all of its 4 KiB blocks")
def rauc():
    program, openssl = tap.need_program("rauc"), tap.need_program("openssl")
    tap.need_program("mksquashfs")
    with tool.scratch("sqst-oe-") as room:
        os.mkdir(room + "/tree")
        tool.write(room + "/tree/file", os.urandom(300000))
        os.mkdir(room + "/bundle")
        image = room + "/bundle/rootfs.squashfs-stable"
        tool.build(room + "/tree", image)
        assert os.path.getsize(image) % 4096 == 0
        tool.write(room + "/bundle/manifest.raucm", "[update]\ncompatible=test\n[bundle]\nformat=verity\n"
                   "[image.rootfs]\nfilename=rootfs.squashfs-stable\nadaptive=block-hash-index\n")
        tool.call(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", room + "/key",
                  "-out", room + "/cert", "-days", "3650", "-subj", "/CN=test")
        tool.call(program, "--cert", room + "/cert", "--key", room + "/key", "bundle", room + "/bundle",
                  room + "/update.raucb")
        told = tool.call(program, "--keyring", room + "/cert", "info", room + "/update.raucb").decode()
        assert "rootfs.squashfs-stable" in told and tool.sha256(image) in told, told
        assert "block-hash-index" in told, told


tap.main()
