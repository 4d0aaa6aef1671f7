#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Buildroot tree: its Config.in files in a real Kconfig, its makefiles in GNU make with a small
stand-in for Buildroot (tests/support/buildroot.py), images made under fakeroot."""
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import buildroot
import check_package
import dist
import sqfs
import stable
import tap
import tool

OPTION = "BR2_TARGET_ROOTFS_SQUASHFS_STABLE"
RECIPES = os.path.dirname(buildroot.EXTERNAL)
PACKAGE = "package/sqfs-stable"


def case(name):
    """A test in a Buildroot of its own."""
    def mark(function):
        def run():
            with tool.scratch("sqst-br-") as room:
                function(buildroot.Buildroot(room))
        tap.add(name, run)
        return function
    return mark


def text(path):
    return tool.read(os.path.join(buildroot.EXTERNAL, path)).decode()


def files():
    found = []
    for where, _, names in os.walk(buildroot.EXTERNAL):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), buildroot.EXTERNAL)
            if not name.endswith(".tar.xz") and path != PACKAGE + "/sqfs-stable.hash":
                found.append(path)
    return sorted(found)


def numbers(path):
    return {name: inode.number for name, inode in stable.read(path).paths.items()}


# ---- the rules of utils/check-package

@functools.lru_cache
def all_config():
    return "\n".join(text(path) for path in files() if "/Config.in" in path or path == "Config.in")


@tap.test("the files keep the rules of Buildroot's utils/check-package")
def style():
    checked = set()
    for path in files():
        content = text(path)
        lines = content.split("\n")
        assert lines.pop() == "", f"{path}: no line end at the end"
        check_package.check_lines(path, lines)
        assert not os.access(os.path.join(buildroot.EXTERNAL, path), os.X_OK), path
        if path.endswith(".mk") and path != "external.mk":
            check_package.check_makefile(path, lines, all_config())
        elif "Config.in" in path:
            check_package.check_config(path, lines)
        elif path.endswith(".hash"):
            check_package.check_hash(path, lines)
        elif path.endswith("_defconfig"):
            assert "BR2_DOWNLOAD_FORCE_CHECK_HASHES=y" in lines
        if path.endswith(".md"):
            continue
        assert "SPDX-License-Identifier: LGPL-2.1-or-later" in "\n".join(lines[:8]), path
        checked.add(os.path.splitext(path)[1] or os.path.basename(path))
    assert {".mk", ".in", ".host", ".hash", ".desc", "sqfs_stable_x86_64_defconfig"} <= checked, checked


@tap.test("the help of the file system and of each package ends in a URL")
def help_ends_in_url():
    for path in files():
        first = re.search(r"\nconfig (?:.*\n\t?)*?help\n((?:\t  .*\n|\n(?=\t  ))+)", text(path)) \
            if "/Config.in" in path else None
        if first:
            assert re.match(r"\t  https://\S+$", first[1].rstrip("\n").split("\n")[-1]), path


@tap.test("version, tarball and list of files are those of the project")
def version():
    makefile = text(PACKAGE + "/sqfs-stable.mk")
    assert f"\nSQFS_STABLE_VERSION = {dist.version()}\n" in makefile
    assert f"sqfs-stable-{dist.version()}.tar.xz" in text("README.md")
    with open(os.path.join(RECIPES, "Makemodule.am"), encoding="ascii") as file:
        listed = re.search(r"^buildroot_files =((?:.*\\\n)*.*)", file.read(), re.M)[1]
    assert sorted(listed.replace("\\\n", " ").split()) == ["recipes/buildroot/" + path for path in files()]


@tap.test("the tree has the name that its paths use, and every Config.in is read")
def description():
    assert re.search(r"^name: +SQFS_STABLE$", text("external.desc"), re.M)
    assert re.search(r"^desc: +\S", text("external.desc"), re.M)
    sourced = re.findall(r'source "\$BR2_EXTERNAL_SQFS_STABLE_PATH/(.*)"', text("Config.in"))
    assert sorted(sourced) == [path for path in files() if "/Config.in" in path]


# ---- Kconfig

@case("nothing is switched on by itself, and make then makes nothing of ours")
def off(tree):
    tree.configure()
    settings = tool.read(tree.out + "/.config").decode()
    assert not re.search(r"^BR2_\w*(SQFS|SQUASHFS)_STABLE\w*=(?!\"/)", settings, re.M), settings
    tree.built()
    assert not os.path.exists(tree.image)
    assert not tree.value("PACKAGES")


@case("the target package needs a glibc toolchain with threads and shared libraries, and says so")
def target_depends(tree):
    def seen(*lines):
        config = tree.configure(*lines)
        package = config.syms["BR2_PACKAGE_SQFS_STABLE"].visibility > 0
        comment = [node for node in config.node_iter() if node.item is buildroot.kconfiglib.COMMENT
                   and node.prompt[0].startswith("sqfs-stable needs")]
        return package, buildroot.kconfiglib.expr_value(comment[0].dep) > 0
    assert seen() == (True, False)
    for line in ("# BR2_TOOLCHAIN_USES_GLIBC is not set", "# BR2_TOOLCHAIN_HAS_THREADS is not set",
                 "BR2_STATIC_LIBS=y", "# BR2_TOOLCHAIN_GCC_AT_LEAST_5 is not set"):
        assert seen(line) == (False, True), line
    assert seen("# BR2_USE_MMU is not set") == (False, False)


@case("the target package selects what it depends on, and other compressors only if they are there")
def target_selects(tree):
    def dependencies(*lines):
        config = tree.configure("BR2_PACKAGE_SQFS_STABLE=y", *lines)
        for name in tree.value("SQFS_STABLE_DEPENDENCIES"):
            symbol = "BR2_PACKAGE_" + name.upper().replace("-", "_")
            assert name == "host-pkgconf" or config.syms[symbol].str_value == "y", name
        for name in ("LIBBLKID", "LIBUUID"):
            assert config.syms["BR2_PACKAGE_UTIL_LINUX_" + name].str_value == "y"
        return tree.value("SQFS_STABLE_DEPENDENCIES"), tree.value("SQFS_STABLE_CONF_OPTS")
    names, options = dependencies()
    assert not {"lz4", "lzo", "zstd"} & set(names)
    assert {"--with-lz4=no", "--with-lzo=no", "--with-zstd=no", "--with-udevdir=no"} <= set(options)
    names, options = dependencies("BR2_PACKAGE_LZ4=y", "BR2_PACKAGE_ZSTD=y", "BR2_PACKAGE_LZO=y",
                                  "BR2_ROOTFS_DEVICE_CREATION_DYNAMIC_EUDEV=y")
    assert {"lz4", "zstd"} <= set(names) and "lzo" not in names
    assert {"--with-lz4=yes", "--with-lzo=no", "--with-zstd=yes", "--with-udevdir=/lib/udev"} <= set(options)
    names, options = dependencies("BR2_PACKAGE_SQFS_STABLE_LZO=y")
    assert "lzo" in names and "--with-lzo=yes" in options


@case("each block size and compressor is passed on, and no compressor wraps the image once more")
def choices(tree):
    for size in (4, 8, 16, 32, 64, 128, 256, 512, 1024):
        tree.configure(f"{OPTION}=y", f"{OPTION}_BS_{size}K=y")
        words = tree.value("ROOTFS_SQUASHFS_STABLE_ARGS")
        assert words[words.index("-b") + 1] == f"{size}K"
    compressors = {"gzip": 1, "lzo": 3, "xz": 4, "lz4": 5, "zstd": 6}
    for name, number in compressors.items():
        tree.configure("BR2_x86_64=y", f"{OPTION}=y", f"{OPTION}_COMP_{name.upper()}=y", f"{OPTION}_EXTREME_COMP=y")
        words = tree.value("ROOTFS_SQUASHFS_STABLE_ARGS")
        assert words[words.index("-comp") + 1] == name
        tree.built()
        assert sorted(os.listdir(tree.images)) == [buildroot.IMAGE, buildroot.IMAGE + ".map"]
        assert int.from_bytes(tool.read(tree.image)[20:22], "little") == number
    tree.configure(f"{OPTION}=y", f"{OPTION}_COMP_NONE=y")
    assert "-no-compression" in tree.value("ROOTFS_SQUASHFS_STABLE_ARGS")
    tree.built()
    assert os.path.getsize(tree.image) > 300000


@case("extreme compression is that of Buildroot's squashfs, with xz the filters of the architecture")
def extreme(tree):
    def options(architecture, name):
        tree.configure(f"BR2_{architecture}=y", f"{OPTION}=y", f"{OPTION}_COMP_{name}=y", f"{OPTION}_EXTREME_COMP=y")
        words = " ".join(tree.value("ROOTFS_SQUASHFS_STABLE_ARGS"))
        found = re.search(r"-X\S+( [^-]\S*)?", words)
        return found[0] if found else None
    assert options("arm", "GZIP") == options("arm", "LZO") == "-Xcompression-level 9"
    assert options("arm", "ZSTD") == "-Xcompression-level 22"
    assert options("arm", "LZ4") == "-Xhc"
    for architecture, filters in {"arm": "arm,armthumb", "aarch64": "arm,armthumb", "powerpc": "powerpc",
                                  "powerpc64": "powerpc", "sparc": "sparc", "sparc64": "sparc", "i386": "x86",
                                  "x86_64": "x86"}.items():
        assert options(architecture, "XZ") == "-Xbcj " + filters
    assert options("riscv", "XZ") is None


@case("the example defconfig is valid and makes an image")
def defconfig(tree):
    lines = [line for line in text("configs/sqfs_stable_x86_64_defconfig").splitlines()
             if not line.startswith("# SPDX") and (line.startswith("BR2_") or line.endswith("is not set"))]
    tree.configure(*lines)
    tree.built()
    assert os.path.exists(tree.image)


@case("the five lines of README.md make an update that is checked")
def five_lines(tree):
    lines = re.findall(r"^    ((?:# )?BR2_\w+(?:=.*| is not set))$", text("README.md"), re.M)[:5]
    assert lines[0] == f"{OPTION}=y" and lines[4] == "# BR2_TARGET_ROOTFS_SQUASHFS is not set"
    lines = [line.replace("BR2_EXTERNAL_PRODUCT_PATH", "TOPDIR") for line in lines[:4]]
    tree.configure(*lines[:2])
    tree.built()
    shutil.copy(tree.image + ".map", tree.top + "/rootfs.map")
    before = numbers(tree.image)
    tree.add("bin/aaa")
    tree.configure(*lines)
    tree.built()
    after = numbers(tree.image)
    assert {path: after[path] for path in before} == before and b"bin/aaa" in after
    assert b"valid" in tool.read(tree.image + ".check.html")


# ---- images

@case("a first build under fakeroot has the owners, modes and devices of the tables, and a map")
def first(tree):
    tree.configure(f"{OPTION}=y")
    done = tree.built()
    assert "0 kept" in done.stderr
    image = stable.read(tree.image)
    for path, inode in image.paths.items():
        if path not in (b"etc/shadow", b"home/user", b"dev/mmcblk0"):
            assert (inode.uid, inode.gid) == (0, 0), path
    shadow, user, disk = (image.paths[path] for path in (b"etc/shadow", b"home/user", b"dev/mmcblk0"))
    assert (shadow.mode, shadow.gid) == (0o600, 42)
    assert (user.mode, user.uid, user.gid) == (0o750, 1000, 1000)
    assert (disk.type, disk.device, disk.mode) == (sqfs.BLOCK, 179 << 8, 0o640)
    assert image.paths[b"dev/console"].type == sqfs.CHAR and image.paths[b"bin/su"].mode == 0o4755
    assert os.path.getsize(tree.image) % 4096 == 0
    written = subprocess.run([tool.program("sqfs-stable-info"), "--map", tree.image],
                             capture_output=True, check=True).stdout
    assert tool.read(tree.image + ".map") == written


@case("an update with PREV keeps numbers, times and data, though every file was touched")
def update(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    old = tree.release("1.0")
    before = stable.read(old)
    tree.add("bin/aaa")
    tree.touch(1700000000)
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{old}\"")
    done = tree.built()
    after = stable.read(tree.image)
    for path, inode in before.paths.items():
        assert after.paths[path].number == inode.number, path
        if path not in (b"", b"bin") and inode.type != sqfs.DIR:
            assert after.paths[path].mtime == inode.mtime, path
    assert after.paths[b"bin/aaa"].number > before.super.inode_count
    assert re.search(r"reused +0\.3 MB in place", done.stderr), done.stderr


@case("a map gives the numbers too, and one map may be read and written by each build")
def with_map(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    before = numbers(tree.image)
    tree.release("1.0")
    shared = tree.room + "/releases/1.0.map"
    first_map = tool.read(shared)
    tree.add("bin/aaa")
    tree.configure(f"{OPTION}=y", f"{OPTION}_MAP=\"{shared}\"", f"{OPTION}_MAP_OUT=\"{shared}\"")
    os.unlink(tree.image + ".map")
    for _ in range(2):
        tree.built()
        after = numbers(tree.image)
        assert {path: after[path] for path in before} == before
        assert b"./bin/aaa " in tool.read(shared) and tool.read(shared) != first_map
        assert not os.path.exists(tree.image + ".map")


@case("several previous images are parents, oldest first, behind the maps")
def parents(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    base = tree.release("1.0")
    two = []
    for name in ("1.1", "2.0"):
        tree.add("bin/new-in-" + name)
        tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{base}\"")
        tree.built()
        two.append(tree.release(name))
        os.unlink(f"{tree.out}/target/bin/new-in-{name}")
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{' '.join(two)}\"",
                   f"{OPTION}_MAP=\"{tree.room}/releases/1.0.map\"")
    words = tree.value("ROOTFS_SQUASHFS_STABLE_ARGS")
    named = [word for word in words if "/releases/" in word]
    assert named == [f"'{tree.room}/releases/1.0.map'", *(f"'{path}'" for path in two)]
    tree.built()
    record = stable.read(tree.image).record
    ids = [stable.read(path).record for path in (base, *two)]
    assert len(record.parents) == 3 and record.parents == [one.id for one in ids]


@case("paths are relative to the top directory, and make variables are expanded")
def relative(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    before = numbers(tree.image)
    shutil.copy(tree.release("1.0"), tree.top + "/old.sqfs")
    for path in ("old.sqfs", "../releases/1.0.sqfs", "$(BR2_EXTERNAL_PRODUCT_PATH)/1.0.sqfs"):
        tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{path}\"")
        tree.built(BR2_EXTERNAL_PRODUCT_PATH=tree.room + "/releases")
        assert numbers(tree.image) == before
        assert len(stable.read(tree.image).record.parents) == 1


@case("a previous image, map or image to check against that is not there is one line of error")
def absent(tree):
    for name in ("PREV", "MAP", "CHECK"):
        tree.configure(f"{OPTION}=y", f"{OPTION}_{name}=\"/nowhere/1.0.sqfs\"")
        tree.refused(f"{OPTION}_{name}: /nowhere/1.0.sqfs: no such file; fetch it first")
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"*.sqfs\"")
    tree.refused("*.sqfs: no such file")
    assert not os.path.exists(tree.images)


@case("a previous image or map in the output directory is refused, also behind a link or ..")
def inside(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    os.symlink(tree.image, tree.room + "/link.sqfs")
    for name, path in (("PREV", tree.image), ("PREV", tree.room + "/link.sqfs"), ("MAP", tree.image + ".map"),
                       ("PREV", "../output/build/../images/" + buildroot.IMAGE), ("PREV", tree.images + "/not-there"),
                       ("CHECK", "$(BINARIES_DIR)/" + buildroot.IMAGE)):
        tree.configure(f"{OPTION}=y", f"{OPTION}_{name}=\"{path}\"")
        tree.refused(f"{OPTION}_{name}: ", 'is in the output directory, which "make clean" empties')
    beside = shutil.copy(tree.image, tree.room + "/output-1.0.sqfs")
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{beside}\"")
    tree.built()


@case("a registry is refused by name, since the host has no libpq")
def registry(tree):
    tree.configure(f"{OPTION}=y", f"{OPTION}_MAP=\"postgresql://db/firmware\"")
    tree.refused(f"{OPTION}_MAP: postgresql://db/firmware: is a registry")


@case("with a wrong path, menuconfig, clean and single packages still work; an image does not")
def goals(tree):
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"/nowhere/1.0.sqfs\"")
    for goal in ("menuconfig", "clean", "host-sqfs-stable-install-target", "rootfs-common"):
        tree.built(goal)
    for goal in ("all", "world", "target-post-image", "rootfs-squashfs-stable", tree.image):
        done = tree.make(goal)
        assert done.returncode != 0 and "/nowhere/1.0.sqfs: no such file" in done.stderr, goal
    assert not os.path.exists(tree.image)
    tree.configure()
    tree.built()


@case("a script before the build may fetch the previous image; if it does not, that is told")
def fetched(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    before = numbers(tree.image)
    shutil.move(tree.release("1.0"), tree.room + "/store.sqfs")
    wanted = tree.room + "/releases/1.0.sqfs"
    tool.write(tree.room + "/fetch", f"#!/bin/sh\ncp '{tree.room}/store.sqfs' '{wanted}'\n", 0o755)
    lines = (f"{OPTION}=y", f"{OPTION}_PREV=\"{wanted}\"")
    tree.configure(*lines)
    tree.refused(wanted)
    tree.configure(*lines, f"BR2_ROOTFS_PRE_BUILD_SCRIPT=\"{tree.room}/fetch\"")
    tree.built()
    assert numbers(tree.image) == before and len(stable.read(tree.image).record.parents) == 1
    tree.configure(*lines, "BR2_ROOTFS_PRE_BUILD_SCRIPT=\"/bin/true\"")
    os.unlink(wanted)
    tree.refused(f"{OPTION}_PREV: {wanted}: no such file")


@case("UUID, padding and additional options reach the program, quotes and percent signs as written")
def more_options(tree):
    uuid = "49806e4b-05b8-565f-82d4-b93b2e3d825a"
    tree.configure(f"{OPTION}=y", f"{OPTION}_UUID=\"{uuid}\"",
                   f"{OPTION}_EXTRA_ARGS=\"--label '2.1 100% of it' -b 64K -e usr\"")
    tree.built()
    image = stable.read(tree.image)
    assert image.record.uuid.hex() == uuid.replace("-", "") and image.record.label == "2.1 100% of it"
    assert image.super.block_size == 65536 and b"usr" not in image.paths and b"bin" in image.paths
    tree.configure(f"{OPTION}=y", f"# {OPTION}_PAD is not set")
    tree.built()
    assert os.path.getsize(tree.image) % 4096
    tree.configure(f"{OPTION}=y", f"{OPTION}_UUID=\"no-uuid\"")
    done = tree.make()
    assert done.returncode != 0 and "no-uuid" in done.stderr
    tree.configure(f"{OPTION}=y", f"{OPTION}_EXTRA_ARGS=\"--max-size 4k\"")
    kept = tool.read(tree.image)
    done = tree.make()
    assert done.returncode != 0 and "sqfs-stable-build: " in done.stderr
    assert tool.read(tree.image) == kept


@case("BR2_REPRODUCIBLE: the same tree gives the same bytes, first image and update")
def reproducible(tree):
    images = []
    for when in (1700000000, 1710000000):
        tree.touch(when)
        tree.configure(f"{OPTION}=y", "BR2_REPRODUCIBLE=y")
        tree.built()
        images.append(tool.read(tree.image))
        assert stable.read(tree.image).super.mtime == 1600000000
    assert images[0] == images[1]
    old = tree.release("1.0")
    tree.add("bin/aaa")
    images = []
    for when in (1700000000, 1710000000):
        tree.touch(when)
        tree.configure(f"{OPTION}=y", "BR2_REPRODUCIBLE=y", f"{OPTION}_PREV=\"{old}\"")
        tree.built()
        images.append(tool.read(tree.image))
    assert images[0] == images[1]


# ---- the guard

@case("guard: a safe image stays, with a report beside it")
def guard_valid(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    old = tree.release("1.0")
    tree.add("bin/aaa")
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{old}\"", f"{OPTION}_CHECK=\"{old} {tree.room}/releases/1.0.map\"")
    tree.built()
    assert os.path.exists(tree.image) and b"<html" in tool.read(tree.image + ".check.html")


@case("guard: an unsafe image fails the build and is removed with its map; the report stays")
def guard_unsafe(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    old = tree.release("1.0")
    tree.add("bin/aaa")
    tree.configure(f"{OPTION}=y", f"{OPTION}_CHECK=\"{old}\"")
    done = tree.make()
    assert done.returncode != 0
    assert f"{buildroot.IMAGE}: removed, since sqfs-stable-check did not find it safe (status 1)" in done.stderr
    assert os.listdir(tree.images) == [buildroot.IMAGE + ".check.html"]
    elsewhere = tree.room + "/new.map"
    tree.configure(f"{OPTION}=y", f"{OPTION}_CHECK=\"{old}\"", f"{OPTION}_MAP_OUT=\"{elsewhere}\"")
    done = tree.make()
    assert done.returncode != 0 and f"its map is {elsewhere}: do not keep it" in done.stderr
    assert os.path.exists(elsewhere) and not os.path.exists(tree.image)


@case("guard: an image that cannot be compared is not left either, and no old report stays")
def guard_damaged(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    tool.write(tree.room + "/damaged.sqfs", b"hsqs" + bytes(200))
    tool.write(tree.image + ".check.html", b"old")
    tree.configure(f"{OPTION}=y", f"{OPTION}_CHECK=\"{tree.room}/damaged.sqfs\"")
    done = tree.make()
    assert done.returncode != 0 and "sqfs-stable-check: " in done.stderr and "(status 4)" in done.stderr
    assert os.listdir(tree.images) == []


@case("guard: a new lineage is told and let through")
def guard_refused(tree):
    tree.configure(f"{OPTION}=y")
    tree.built()
    old = tree.release("1.0")
    tree.configure(f"{OPTION}=y", f"{OPTION}_PREV=\"{old}\"", f"{OPTION}_CHECK=\"{old}\"",
                   f"{OPTION}_EXTRA_ARGS=\"--new-lineage\"")
    done = tree.built()
    assert f"{buildroot.IMAGE}: safe, but no number is kept" in done.stderr and os.path.exists(tree.image)


# ---- packages

@case("the file system depends on the host package, and the target on nothing")
def depends(tree):
    tree.configure(f"{OPTION}=y")
    assert tree.value("PACKAGES") == ["host-sqfs-stable"]


@case("libraries that Buildroot lacks are packages of the tree; once Buildroot has them, its own are used")
def later(tree):
    tree.configure(f"{OPTION}=y", "BR2_PACKAGE_SQFS_STABLE=y")
    ours = {"host-sqfs-stable-libdeflate", "host-sqfs-stable-libsquashfs", "host-sqfs-stable-xxhash"}
    assert ours <= set(tree.value("HOST_SQFS_STABLE_DEPENDENCIES")) and ours <= set(tree.value("PACKAGES_ALL"))
    theirs = {"host-libdeflate", "host-squashfs-tools-ng", "host-xxhash"}
    has = "BUILDROOT_HAS=libdeflate squashfs-tools-ng xxhash " + " ".join(theirs)
    found = set(tree.value("HOST_SQFS_STABLE_DEPENDENCIES", has))
    assert theirs <= found and not ours & found
    everything = tree.value("PACKAGES_ALL", has)
    assert len(everything) == len(set(everything))
    assert not {"host-sqfs-stable-libdeflate", "host-sqfs-stable-xxhash"} & set(everything)


@case("with a package squashfs-tools-ng switched on, the target uses that one")
def target_library(tree):
    tree.configure("BR2_PACKAGE_SQFS_STABLE=y")
    assert "sqfs-stable-libsquashfs" in tree.value("SQFS_STABLE_DEPENDENCIES")
    with open(tree.top + "/Config.in", "a", encoding="ascii") as file:
        file.write("config BR2_PACKAGE_SQUASHFS_TOOLS_NG\n\tbool \"squashfs-tools-ng\"\n")
    config = tree.configure("BR2_PACKAGE_SQFS_STABLE=y", "BR2_PACKAGE_SQUASHFS_TOOLS_NG=y")
    assert config.syms["BR2_PACKAGE_SQFS_STABLE_LIBSQUASHFS"].str_value == "n"
    found = tree.value("SQFS_STABLE_DEPENDENCIES")
    assert "squashfs-tools-ng" in found and "sqfs-stable-libsquashfs" not in found


@case("sources have a hash each, and names that Buildroot's download cache knows")
def sources(tree):
    tree.configure()
    for package in ("libdeflate", "libsquashfs", "xxhash"):
        prefix = f"HOST_SQFS_STABLE_{package.upper()}_"
        source, = tree.value(prefix + "SOURCE")
        site, = tree.value(prefix + "SITE")
        assert site.startswith("https://") and not site.endswith("/")
        assert re.search(rf"^sha256  [0-9a-f]{{64}}  {re.escape(source)}$",
                         text(f"package/sqfs-stable-{package}/sqfs-stable-{package}.hash"), re.M)
        assert source.startswith(tree.value(prefix + "DL_SUBDIR")[0] + "-")


@case("on the target, what builds images is removed again, with its completions; what reads stays")
def target_files(tree):
    with open(os.path.join(dist.SOURCE, "bin/Makemodule.am"), encoding="ascii") as file:
        module = file.read()
    programs = re.findall(r"bin_PROGRAMS \+= (\S+)", module)
    folders = {"": "bin/{}", "bashcompletion": "share/bash-completion/completions/{}",
               "zshcompletion": "share/zsh/site-functions/_{}",
               "fishcompletion": "share/fish/vendor_completions.d/{}.fish"}
    for kind, path in folders.items():
        assert not kind or f"{kind}dir = $(datadir)/{os.path.dirname(path)[6:]}\n" in module
    everything = {f"{tree.out}/target/usr/{path.format(name)}": name
                  for name in programs for path in folders.values()}
    for path in everything:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        tool.write(path, b"")
    tree.configure("BR2_PACKAGE_SQFS_STABLE=y")
    tree.built("sqfs-stable-install-target")
    assert {name for path, name in everything.items() if os.path.exists(path)} == \
        {"sqfs-stable-info", "sqfs-stable-check"}
    left = {name for path, name in everything.items() if not os.path.exists(path)}
    assert left == {"sqfs-stable-build", "sqfs-stable-map"}


@case("a checkout in SQFS_STABLE_OVERRIDE_SRCDIR is autoreconfigured, a tarball is not")
def override(tree):
    tree.configure()
    for prefix in ("", "HOST_"):
        assert not tree.value(prefix + "SQFS_STABLE_AUTORECONF")
        assert tree.value(prefix + "SQFS_STABLE_AUTORECONF", "SQFS_STABLE_OVERRIDE_SRCDIR=/src") == ["YES"]
        out = tree.value(prefix + "SQFS_STABLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS", "SQFS_STABLE_OVERRIDE_SRCDIR=/src")
        assert "--exclude=/build" in out and "--exclude='*.o'" in out
        assert not tree.value(prefix + "SQFS_STABLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS")


# ---- the tarball

_shared = []


def tarball():
    """The tarball of "make dist", made once."""
    if not _shared:
        _shared.append(tempfile.mkdtemp(prefix="sqst-br-dist-", dir=os.environ.get("TMPDIR") or "/var/tmp"))
        _shared.append(dist.tarball(_shared[0]))
    return _shared[1]


def copied(room):
    """A copy of recipes/ that use-tarball may write into, and its Buildroot tree."""
    recipes = room + "/recipes"
    layer = recipes + "/meta-sqfs-stable/recipes-support/sqfs-stable"
    os.makedirs(layer)
    shutil.copy(RECIPES + "/use-tarball", recipes)
    shutil.copytree(buildroot.EXTERNAL, recipes + "/buildroot",
                    ignore=shutil.ignore_patterns("*.tar.xz", "sqfs-stable.hash"))
    tool.write(f"{layer}/sqfs-stable_{dist.version()}.bb")
    return recipes


def use(recipes, *arguments):
    return subprocess.run([recipes + "/use-tarball", *arguments], capture_output=True, text=True, check=False)


@tap.test("use-tarball lays tarball and hashes where the package looks for them")
def use_tarball():
    with tool.scratch("sqst-br-") as room:
        recipes = copied(room)
        done = use(recipes, tarball())
        assert done.returncode == 0 and done.stderr == "", done.stderr
        package = f"{recipes}/buildroot/{PACKAGE}"
        name = os.path.basename(tarball())
        assert tool.read(f"{package}/{name}") == tool.read(tarball())
        lines = tool.read(package + "/sqfs-stable.hash").decode().splitlines()
        check_package.check_hash("sqfs-stable.hash", lines)
        found = {line.split("  ")[2]: line.split("  ")[1] for line in lines if not line.startswith("#")}
        assert found == {name: tool.sha256(tarball()), **{
            file: hashlib.sha256(tool.read(os.path.join(dist.SOURCE, file))).hexdigest()
            for file in ("COPYING", "COPYING.LESSER")}}
        tree = buildroot.Buildroot(room, external=recipes + "/buildroot")
        tree.configure()
        for package in ("sqfs-stable", "host-sqfs-stable"):
            tree.built(package + "-source")
            assert tool.read(f"{room}/dl/sqfs-stable/{name}") == tool.read(tarball())
        assert tree.value("SQFS_STABLE_LICENSE_FILES") == ["COPYING", "COPYING.LESSER"]


@tap.test("use-tarball refuses what is no such tarball, in one line, and leaves what is there")
def use_tarball_refuses():
    with tool.scratch("sqst-br-") as room:
        recipes = copied(room)
        assert use(recipes, tarball()).returncode == 0
        before = tool.snapshot(recipes)
        version_ = dist.version()
        os.mkdir(room + "/empty")
        shutil.copy(tarball(), room + "/sqfs-stable-9.9.tar.xz")
        shutil.copy(tarball(), room + "/other.tar.xz")
        tool.write(f"{room}/sqfs-stable-{version_}.tar.xz", tool.read(tarball())[:1000])
        for arguments, word in (((), "takes one argument"), (("a", "b"), "takes one argument"),
                                ((room + "/none.tar.xz",), "no such file"),
                                ((room + "/other.tar.xz",), "is not called sqfs-stable-VERSION.tar.xz"),
                                ((room + "/sqfs-stable-9.9.tar.xz",), "not for 9.9"),
                                ((f"{room}/sqfs-stable-{version_}.tar.xz",), "is it whole?")):
            done = use(recipes, *arguments)
            assert done.returncode == 2 and done.stdout == "", arguments
            assert len(done.stderr.splitlines()) == 1 and word in done.stderr, done.stderr
        assert tool.snapshot(recipes) == before


@tap.test("use-tarball that cannot write gives nothing its name, and does not say that it is done")
def use_tarball_fails():
    with tool.scratch("sqst-br-") as room:
        recipes = copied(room)
        package = f"{recipes}/buildroot/{PACKAGE}"
        before = tool.snapshot(recipes)
        os.symlink("/nowhere/file", f"{package}/{os.path.basename(tarball())}.new")
        done = use(recipes, tarball())
        assert done.returncode != 0 and done.stdout == "" and done.stderr, done
        after = {name for name in tool.snapshot(recipes) if not name.endswith("/files")}
        assert after == set(before), after ^ set(before)


@tap.test("a missing tarball is one line that names use-tarball, unless a primary site may have it")
def no_tarball():
    with tool.scratch("sqst-br-") as room:
        recipes = copied(room)
        tree = buildroot.Buildroot(room, external=recipes + "/buildroot")
        tree.configure()
        for package in ("sqfs-stable", "host-sqfs-stable"):
            done = tree.make(package + "-source")
            assert done.returncode != 0
            told = [line for line in done.stderr.splitlines() if "recipes/use-tarball" in line]
            assert len(told) == 1 and f"sqfs-stable-{dist.version()}.tar.xz: no such file" in told[0], done.stderr
        tree.configure("BR2_PRIMARY_SITE=\"https://mirror.invalid\"")
        assert "recipes/use-tarball" not in tree.make("sqfs-stable-source").stderr


@case("configure of the tarball knows each option that host and target package give it, and none is left open")
def configure(tree):
    source = tree.room + "/source"
    os.mkdir(source)
    tool.call("tar", "-xJf", tarball(), "-C", source, "--strip-components=1")
    tree.configure("BR2_PACKAGE_SQFS_STABLE=y", "BR2_PACKAGE_LZ4=y", "BR2_PACKAGE_ZSTD=y",
                   "BR2_ROOTFS_DEVICE_CREATION_DYNAMIC_EUDEV=y")
    known = tool.call(source + "/configure", "--help").decode().partition("Optional Features:")[2]
    known = set(re.findall(r"^  --(?:enable|with)-([a-z0-9-]+)(?:=| )", known, re.M))
    known -= {"option-checking", "silent-rules", "largefile", "dependency-tracking", "shared", "static", "pic",
              "fast-install", "aix-soname", "gnu-ld", "sysroot", "libtool-lock", "pkgconfigdir"}
    assert {"gzip", "libarchive", "cmocka", "drop-in-links", "udevdir"} <= known, known
    for prefix, rule in (("", True), ("HOST_", False)):
        options = tree.value(prefix + "SQFS_STABLE_CONF_OPTS")
        named = {re.match(r"--(?:enable|disable|with|without)-([a-z0-9-]+)", word)[1] for word in options}
        assert named == known, (prefix, named ^ known)
        build = f"{tree.room}/build-{prefix}"
        os.mkdir(build)
        tool.call(source + "/configure", "--quiet", "--prefix=/usr", "--enable-option-checking=fatal",
                  "--disable-dependency-tracking", f"--cache-file={tree.room}/cache", *options, cwd=build,
                  env=dict(os.environ, CONFIG_SHELL="/bin/sh"))
        with open(build + "/config.log", encoding="utf-8", errors="replace") as file:
            log = file.read()
        assert ("UDEV_RULE_TRUE=''" in log) == rule and "HAVE_CMOCKA_TRUE='#'" in log
        assert "DROP_IN_LINKS_TRUE='#'" in log and "HAVE_LIBARCHIVE_TRUE='#'" in log


try:
    tap.main()
finally:
    if _shared:
        shutil.rmtree(_shared[0], ignore_errors=True)
