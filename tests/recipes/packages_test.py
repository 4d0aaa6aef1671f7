#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages from the tarball of `make dist`: what is in them, and that they work and go away in
a new system; and a build of that tarball with as little as it can do with."""
import concurrent.futures
import functools
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import debian
import dist
import tap
import tool

DEBIAN = os.path.join(dist.SOURCE, "debian")
PROGRAMS = {"sqfs-stable": ("build", "map"), "sqfs-stable-tools": ("check", "info")}
LIBRARY, DEVELOPMENT = "libsqfs-stable0", "libsqfs-stable-dev"
# What recipes/use-tarball lays down and what a build in the work tree leaves is no source.
MADE = (r"sqfs-stable-[^/]*\.tar\.xz$|/sqfs-stable\.hash$|__pycache__|~$|\.substvars$|debhelper"
        r"|^debian/(files|tmp/.*|(lib)?sqfs-stable[^./]*/.*)$")
JOBS = str(len(os.sched_getaffinity(0)))


def once(function):
    """What several tests need is made by the first of them; all fail if that fails."""
    @functools.cache
    def outcome():
        try:
            return function(), None
        except (Exception, tap.Skip) as error:  # pylint: disable=broad-exception-caught
            return None, error

    def get():
        value, error = outcome()
        if error:
            raise error
        return value
    return get


def clean_environment(**more):
    """What a user's shell has, without what `make check` sets for tests."""
    unwanted = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC", "CFLAGS", "LDFLAGS", "CI", "LD_LIBRARY_PATH")
    return {key: value for key, value in os.environ.items() if key not in unwanted} | more


def text(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def triplet():
    return tool.call("dpkg-architecture", "-qDEB_HOST_MULTIARCH").decode().strip()


def expected():
    """The files of each package, without those that every package has."""
    files = {}
    for package, programs in PROGRAMS.items():
        names = [f"sqfs-stable-{program}" for program in programs]
        files[package] = {path for name in names for path in (
            f"usr/bin/{name}",
            f"usr/share/man/man1/{name}.1.gz",
            f"usr/share/bash-completion/completions/{name}",
            f"usr/share/fish/vendor_completions.d/{name}.fish",
            f"usr/share/zsh/site-functions/_{name}")}
    files["sqfs-stable"] |= {"usr/share/man/man7/sqfs-stable.7.gz",
                             "usr/share/doc/sqfs-stable/README.md.gz",
                             "usr/share/doc/sqfs-stable/SECURITY.md"}
    files["sqfs-stable-tools"].add("usr/lib/udev/rules.d/60-sqfs-stable.rules")
    libraries = "usr/lib/" + triplet()
    files[LIBRARY] = {libraries + "/libsqfs-stable.so.0", libraries + "/libsqfs-stable.so.0.0.0"}
    files[DEVELOPMENT] = {libraries + "/libsqfs-stable.so",
                          libraries + "/pkgconfig/libsqfs-stable.pc"}
    files[DEVELOPMENT] |= {"usr/include/sqst/" + os.path.basename(header) for header in
                           glob.glob(os.path.join(dist.SOURCE, "include/sqst/*.h"))}
    for package, paths in files.items():
        paths |= {f"usr/share/doc/{package}/{name}"
                  for name in ("changelog.gz", "changelog.Debian.gz", "copyright")}
    return files


# ---- what is made once

ROOM = ""
STARTED = []


@once
def tarball():
    return dist.tarball(ROOM)


@once
def bootstrap():
    """A new system, from now on in the background, for it waits for the network half of the time."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    STARTED.append(pool.submit(debian.new_system, ROOM + "/system", "libc6-dev"))
    return STARTED[0]


@once
def built():
    """The directory of the packages and the description of the upload."""
    for program in ("dpkg-buildpackage", "dh"):
        tap.need_program(program)
    place = ROOM + "/packages"
    os.mkdir(place)
    shutil.copy(tarball(), f"{place}/sqfs-stable_{dist.version()}.orig.tar.xz")
    tool.call("tar", "-xf", tarball(), "-C", place)
    bootstrap()
    done = subprocess.run(
        ["dpkg-buildpackage", "-us", "-uc"],
        cwd=f"{place}/sqfs-stable-{dist.version()}", capture_output=True, text=True, check=False,
        env=clean_environment(HOME=ROOM, LC_ALL="C.UTF-8",
                              DEB_BUILD_OPTIONS=f"nocheck noautodbgsym parallel={JOBS}"))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return place


@once
def contents():
    """Of each package: what is in it, by path."""
    found = {}
    for deb in glob.glob(built() + "/*.deb"):
        archive = ROOM + "/data.tar"
        with open(archive, "wb") as file:
            file.write(tool.call("dpkg-deb", "--fsys-tarfile", deb))
        with tarfile.open(archive) as members:
            found[os.path.basename(deb).split("_")[0]] = {
                member.name.removeprefix("./"): member for member in members if not member.isdir()}
        os.unlink(archive)
    return found


@once
def system():
    """A new system with the packages and their tests laid in it, not installed."""
    packages = built()
    bootstrap().result()
    root = ROOM + "/system"
    os.mkdir(root + "/packages")
    for deb in glob.glob(packages + "/*.deb"):
        shutil.copy(deb, root + "/packages")
    os.makedirs(root + "/source/debian")
    shutil.copytree(DEBIAN + "/tests", root + "/source/debian/tests")
    shutil.copy(os.path.join(dist.SOURCE, "README.md"), root + "/source")
    return root


def traces():
    """Each path in the system whose name says that it is ours, and what dpkg knows of us."""
    paths = debian.enter(system(), "find", "/", "-xdev", "(", "-path", "/packages", "-o", "-path",
                         "/source", "-o", "-path", "/proc", ")", "-prune", "-o", "(", "-name",
                         "*sqfs*stable*", "-o", "-name", "*sqst*", ")", "-print").stdout.split("\n")
    known = debian.enter(system(), "dpkg-query", "-W", "-f", "${Package} ${Status}\n").stdout
    return [line for line in paths + known.split("\n") if line and "sq" in line and (
        "sqfs-stable" in line or "sqst" in line)]


@once
def installed():
    before = traces()
    assert not before, before
    debian.enter(system(), "sh", "-c",
                 "apt-get install -y -q --no-install-recommends /packages/*.deb")
    return system()


# ---- tests

@tap.test("debian/changelog has the version of configure.ac")
def same_version():
    first = text(DEBIAN, "changelog").split("\n", 1)[0]
    assert re.match(rf"sqfs-stable \({re.escape(dist.version())}-\d+\) ", first), first


@tap.test("debian/libsqfs-stable0.symbols has each name of lib/libsqfs-stable.map, and its version")
def same_symbols():
    script = text(dist.SOURCE, "lib/libsqfs-stable.map")
    version = re.search(r"^(LIBSQFS_STABLE_\d+) \{", script, re.M)[1]
    public = set(re.findall(r"^\t(sqst_\w+);", script, re.M))
    lines = text(DEBIAN, "libsqfs-stable0.symbols").splitlines()
    assert lines[0].split()[:2] == ["libsqfs-stable.so.0", LIBRARY], lines[0]
    symbols = [line.split()[0].split("@") for line in lines if line.startswith(" ")]
    assert {name for name, _ in symbols} == public | {version}, \
        {name for name, _ in symbols} ^ (public | {version})
    assert {at for _, at in symbols} == {version} and len(symbols) == len(public) + 1


@tap.test("the scripts in debian/ are clean by shellcheck")
def shellcheck():
    tool.call(tap.need_program("shellcheck"), *(
        script for script in glob.glob(DEBIAN + "/tests/*") if not script.endswith("/control")))


@tap.test("the tarball has debian/ and recipes/, and no byte of it depends on when or by whom it is made")
def reproducible():
    os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    previous = os.umask(0o002)
    try:
        os.mkdir(ROOM + "/again")
        again = dist.tarball(ROOM + "/again")
        os.umask(0o077)
        first = tarball()
    finally:
        os.umask(previous)
        del os.environ["SOURCE_DATE_EPOCH"]
    assert tool.sha256(first) == tool.sha256(again)
    with tarfile.open(first) as archive:
        members = archive.getmembers()
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 1700000000)}
    names = {member.name.split("/", 1)[-1] for member in members}
    for folder in ("debian", "recipes"):
        there = {os.path.relpath(os.path.join(where, name), dist.SOURCE)
                 for where, _, files in os.walk(os.path.join(dist.SOURCE, folder)) for name in files}
        there = {name for name in there if not re.search(MADE, name)}
        assert there <= names, f"not in the tarball: {sorted(there - names)}"
    assert "check" in names and not any("__pycache__" in name for name in names)


@tap.test("dpkg-buildpackage makes the source and the four packages")
def builds():
    names = {os.path.basename(path) for path in glob.glob(built() + "/*")}
    version, architecture = dist.version(), tool.call("dpkg", "--print-architecture").decode().strip()
    for package in expected():
        assert any(re.fullmatch(rf"{package}_{re.escape(version)}-\d+_{architecture}\.deb", name)
                   for name in names), (package, names)
    assert len([name for name in names if name.endswith(".deb")]) == 4, names
    assert any(name.endswith(".dsc") for name in names), names


@tap.test("lintian finds no error in source and packages")
def lintian():
    checker = tap.need_program("lintian")
    changes, = glob.glob(built() + "/*.changes")
    done = subprocess.run([checker, "--fail-on", "error", "--allow-root", changes],
                          capture_output=True, text=True, check=False)
    # Not a failure: other releases of lintian warn of other things.
    for line in done.stdout.splitlines():
        tap.diag(line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"^E:", done.stdout, re.M)


@tap.test("each package has the files that its list here names, no more, and no two share one")
def lists():
    wanted, found = expected(), contents()
    assert set(wanted) == set(found), set(found)
    for package, paths in wanted.items():
        assert paths == set(found[package]), f"{package}: {sorted(paths ^ set(found[package]))}"
    every = [path for members in found.values() for path in members]
    assert len(every) == len(set(every))
    for members in found.values():
        for path, member in members.items():
            mode = 0o777 if member.issym() else 0o755 if path.startswith("usr/bin/") else 0o644
            assert (member.uid, member.gid, member.mode) == (0, 0, mode), (path, oct(member.mode))


@tap.test("each program that is built is in one package, beside its man page and its completions")
def complete():
    build = os.environ["SQST_BUILDDIR"]
    programs = {name for name in os.listdir(build)
                if name.startswith("sqfs-stable-") and os.access(os.path.join(build, name), os.X_OK)
                and os.path.isfile(os.path.join(build, name))}
    packed = {os.path.basename(path): package for package, members in contents().items()
              for path in members if path.startswith("usr/bin/")}
    assert programs == set(packed), programs ^ set(packed)
    for program, package in packed.items():
        ours = [path for path in contents()[package] if re.search(rf"/_?{program}(\.|$)", path)]
        assert len(ours) == 5, ours
    pages = {os.path.basename(page) + ".gz" for page in glob.glob(dist.SOURCE + "/man/*.[1-9]")}
    assert pages == {os.path.basename(path) for members in contents().values() for path in members
                     if path.startswith("usr/share/man/")}


@tap.test("the packages depend on one another and on libraries of Debian as they should")
def dependencies():
    def field(package, name):
        deb, = glob.glob(f"{built()}/{package}_*.deb")
        return tool.call("dpkg-deb", "-f", deb, name).decode().strip()
    for package in PROGRAMS:
        assert LIBRARY in field(package, "Depends"), field(package, "Depends")
        assert field(package, "Multi-Arch") == "foreign"
    assert re.search(r"sqfs-stable-tools \(= ", field("sqfs-stable", "Recommends"))
    assert field("sqfs-stable", "Suggests") == "git"
    for name in ("libsquashfs", "libarchive", "libdeflate", "liblz4", "liblzma", "liblzo2", "libpq",
                 "libselinux", "libzstd"):
        assert name in field(LIBRARY, "Depends"), name
    # Each module that the .pc file requires, by the package that has it.
    for name in (f"{LIBRARY} (= ", "libsquashfs-dev", "libxxhash-dev", "uuid-dev"):
        assert name in field(DEVELOPMENT, "Depends"), name
    assert field(LIBRARY, "Multi-Arch") == field(DEVELOPMENT, "Multi-Arch") == "same"


@tap.test("in a new system, apt installs them; an image, its update, the check and a map (debian/tests/smoke)")
def smoke():
    root = installed()
    done = debian.enter(root, "sh", "-c", "cd /source && debian/tests/smoke")
    assert done.stdout.rstrip().endswith("== ok") and "valid" in done.stdout, done.stdout
    for path in (path for package in expected().values() for path in package):
        assert os.path.lexists(os.path.join(root, path)), path
    rule = text(root, "usr/lib/udev/rules.d/60-sqfs-stable.rules")
    assert '"/usr/bin/sqfs-stable-info --udev $devnode"' in rule, rule


@tap.test("README.md's example compiles against the new system alone, and makes an update in it")
def library():
    root = installed()
    example, = re.findall(r"(?ms)^```c\n(.*?)^```$", text(dist.SOURCE, "README.md"))
    os.makedirs(root + "/example/tree")
    tool.write(root + "/example/example.c", example)
    # The compiler itself is this machine's: it is large, and what it does not find is the matter here.
    libraries = f"{root}/usr/lib/{triplet()}/pkgconfig:{root}/usr/share/pkgconfig"
    flags = tool.call("pkg-config", "--cflags", "--libs", "libsqfs-stable", env=clean_environment(
        PKG_CONFIG_LIBDIR=libraries, PKG_CONFIG_SYSROOT_DIR="")).decode().split()
    compiler = ["gcc", "--sysroot=" + root, "-Wall", "-Werror"]
    tool.call(*compiler, "example.c", "-o", "example", *flags, cwd=root + "/example")
    for header in sorted(os.listdir(root + "/usr/include/sqst")):
        tool.write(root + "/example/header.c", f"#include <sqst/{header}>\n")
        tool.call(*compiler, "-fsyntax-only", "header.c", cwd=root + "/example")
    done = debian.enter(root, "sh", "-euc", "cd /example; ./example tree one.sqfs; echo new >tree/a; "
                        "./example tree two.sqfs one.sqfs; sqfs-stable-check one.sqfs two.sqfs")
    assert "valid" in done.stdout, done.stdout
    shutil.rmtree(root + "/example")


@tap.test("removed, they leave no file, no directory and no conffile")
def removed():
    root = installed()
    assert len(traces()) > 20, traces()
    debian.enter(root, "apt-get", "remove", "-y", "-q", *expected())
    assert not traces(), traces()


@tap.test("configured with gzip alone, the tarball builds, and says by name what it was built without")
def gzip_alone():
    place = ROOM + "/alone"
    os.makedirs(place + "/build")
    os.mkdir(place + "/tree")
    tool.write(place + "/tree/file", "one\n")
    tool.call("tar", "-xf", tarball(), "-C", place)
    without = ("xz", "lz4", "zstd", "lzo", "libarchive", "selinux", "postgresql", "cmocka", "udevdir")
    environment = clean_environment()
    tool.call(f"{place}/sqfs-stable-{dist.version()}/configure", "-q", "--disable-dependency-tracking",
              "--with-gzip=yes", *(f"--with-{name}=no" for name in without), "CFLAGS=-O0",
              cwd=place + "/build", env=environment)
    done = subprocess.run(["make", "-s", "-j" + JOBS, "libsqfs-stable.la", "sqfs-stable-build"],
                          cwd=place + "/build", env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    program = place + "/build/sqfs-stable-build"
    needed = tool.call("objdump", "-p", place + "/build/.libs/libsqfs-stable.so").decode()
    for name in ("lzma", "lz4", "zstd", "lzo2", "archive", "selinux", "pq"):
        assert f"lib{name}.so" not in needed, name
    tool.call(program, "-quiet", "tree", "one.sqfs", cwd=place, env=environment)
    tool.call(program, "-quiet", "--prev", "one.sqfs", "tree", "two.sqfs", cwd=place, env=environment)
    tool.call("tar", "-cf", "tree.tar", "tree", cwd=place)
    tool.write(place + "/contexts", "/.* system_u:object_r:etc_t:s0\n")
    for arguments, words in (
            (("-comp", "xz", "tree", "new"), "-comp xz: this program was built without it"),
            (("tree.tar", "new"), "built without libarchive"),
            (("-selinux", "contexts", "tree", "new"), "built without SELinux labels"),
            (("--map", "postgresql://host/name", "tree", "new"), "configure --with-postgresql")):
        done = subprocess.run([program, *arguments], cwd=place, env=environment, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, \
            (arguments, done.returncode, done.stderr)
        assert not os.path.exists(place + "/new")


with tool.scratch("sqst-packages-") as ROOM:
    try:
        tap.main()
    finally:
        concurrent.futures.wait(STARTED)
