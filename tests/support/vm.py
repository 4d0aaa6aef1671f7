# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel of a Debian package in QEMU, with the tests and the programs of this machine inside.

The machine has no network and no disk but two squashfs images: one of Python, the programs under test
and what they are linked with, and one of the tests. A busybox initramfs loads the modules, lays a tmpfs
over the first, and runs one command; its output comes back through a serial port.
"""
import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Where the programs under test are in the machine.
BUILD = "/opt/sqfs-stable"

MODULES = ("virtio_pci", "virtio_blk", "squashfs", "overlay", "loop")

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec >/dev/ttyS1 2>&1
for module in $(cat /modules.list); do insmod /modules/$module || echo "insmod $module failed"; done
mkdir -p /image /rw /root
mount -t squashfs -o ro /dev/vda /image || echo 'no root image'
mount -t tmpfs -o size=75% tmpfs /rw
mkdir -p /rw/up /rw/work
mount -t overlay -o lowerdir=/image,upperdir=/rw/up,workdir=/rw/work overlay /root || echo 'no root'
mkdir -p /root/proc /root/sys /root/dev /root/tmp /root/var/tmp /root/run /root/etc /root/job
mount --move /proc /root/proc; mount --move /sys /root/sys; mount --move /dev /root/dev
mount -t tmpfs tmpfs /root/tmp; mount -t tmpfs tmpfs /root/var/tmp
mount -t squashfs -o ro /root/dev/vdb /root/job || echo 'no job'
ip link set lo up 2>/dev/null
chroot /root /bin/sh /job/run
echo "status $?"
poweroff -f
"""


class Failed(Exception):
    """What could not be done, in one line."""


def call(*command, **options):
    done = subprocess.run([os.fspath(c) for c in command], capture_output=True, check=False, **options)
    if done.returncode:
        text = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise Failed(f"{command[0]}: {text[-1] if text else done.returncode}")
    return done.stdout.decode(errors="replace")


# ---- kernels

class Archive:
    """Debian's packages of several releases, found by apt in lists of its own: none of the machine's files is
    touched. `place` keeps what was fetched."""

    def __init__(self, place, *suites):
        self.place = place
        for name in ("lists/partial", "cache/archives/partial", "unpacked"):
            os.makedirs(f"{place}/{name}", exist_ok=True)
        self.options = ["-q", "-o", f"Dir::Etc::sourcelist={place}/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
                        "-o", f"Dir::State::lists={place}/lists", "-o", f"Dir::Cache={place}/cache",
                        "-o", "APT::Sandbox::User=root", "-o", "Dir::State::status=/dev/null"]
        # the archive that the machine's packages come from has the other suites too
        def site(label):
            return call("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                        "Label: " + label).split()[0]
        key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        with open(f"{place}/sources.list", "w", encoding="utf-8") as file:
            for suite in suites:
                for kind in ("deb", "deb-src"):
                    where = site("Debian-Security" if suite.endswith("-security") else "Debian")
                    file.write(f"{kind} {key} {where} {suite} main\n")
        call("apt-get", *self.options, "update")

    def newest(self, pattern):
        """Of the packages whose names match, the one of the highest version."""
        found = []
        for line in call("apt-cache", *self.options, "search", "--names-only", pattern).splitlines():
            name = line.split(" ")[0]
            shown = call("apt-cache", *self.options, "show", name)
            found.append((re.search(r"^Version: (\S+)", shown, re.M)[1], name))
        if not found:
            raise Failed(f"no package is called {pattern}")
        found.sort(key=lambda pair: [int(part) for part in re.findall(r"\d+", pair[0])])
        return found[-1][1]

    def unpacked(self, package):
        """The files of a kernel's package, with those that it is divided into; fetched once."""
        there = f"{self.place}/unpacked/{package}"
        if os.path.isdir(there):
            return there
        depends = call("apt-cache", *self.options, "depends", "--no-recommends", "--no-suggests", package)
        parts = re.findall(r"Depends: (linux-(?:binary|modules)-\S+)", depends)
        with tempfile.TemporaryDirectory(dir=self.place) as room:
            call("apt-get", *self.options, "download", package, *parts, cwd=room)
            for name in glob.glob(room + "/*.deb"):
                call("dpkg", "-x", name, there + ".new")
        os.rename(there + ".new", there)
        return there


class Kernel:
    """A kernel with its modules. `replaced`: module name -> a file to take in its place."""

    def __init__(self, archive, package, replaced=None):
        self.package = package
        self.root = archive.unpacked(package)
        if not os.path.isdir(self.root + "/lib/modules"):       # as packages of merged /usr have it
            with contextlib.suppress(FileExistsError):
                os.symlink("usr/lib", self.root + "/lib")
        self.version = os.listdir(self.root + "/lib/modules")[0]
        self.image = f"{self.root}/boot/vmlinuz-{self.version}"
        if not os.path.exists(self.image):
            self.image = f"{self.root}/lib/modules/{self.version}/vmlinuz"
        self.replaced = replaced or {}

    def _files(self):
        """module name -> (file, modules that it needs), as depmod has found out."""
        base = f"{self.root}/lib/modules/{self.version}"
        call("depmod", "-b", self.root, self.version)
        found = {}
        with open(base + "/modules.dep", encoding="ascii") as file:
            for line in file:
                path, _, needs = line.partition(":")
                found[module_name(path)] = (f"{base}/{path}", [module_name(n) for n in needs.split()])
        return found

    def initramfs(self, to, extra=()):
        """Write an initramfs that runs INIT with the modules."""
        files, order = self._files(), []

        def add(name):
            if name in files and name not in order:
                for need in files[name][1]:
                    add(need)
                order.append(name)
        for name in MODULES + tuple(extra):
            add(name)           # what is not there is built in
        with tempfile.TemporaryDirectory() as room:
            for name in ("bin", "modules", "proc", "sys", "dev"):
                os.mkdir(f"{room}/{name}")
            shutil.copy(shutil.which("busybox"), room + "/bin/busybox")
            for name in order:
                source = self.replaced.get(name, files[name][0])
                plain = f"{room}/modules/{name}.ko"
                tool = {".xz": "xz", ".zst": "zstd", ".gz": "gzip"}.get(os.path.splitext(source)[1])
                if tool:
                    with open(plain, "wb") as out:
                        subprocess.run([tool, "-dc", source], stdout=out, check=True)
                else:
                    shutil.copy(source, plain)
            with open(room + "/modules.list", "w", encoding="ascii") as file:
                file.write("".join(f"{name}.ko\n" for name in order))
            with open(room + "/init", "w", encoding="ascii") as file:
                file.write(INIT)
            os.chmod(room + "/init", 0o755)
            names = call("find", ".", cwd=room)
            with open(to, "wb") as out:
                subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=room, input=names.encode(),
                               stdout=out, check=True)


def module_name(path):
    return os.path.basename(path).split(".")[0].replace("-", "_")


# ---- what is inside

def libraries(program):
    """The shared objects that a program is linked with, by ldd(1)."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


def stage_file(room, path, to=None):
    """Put a file, with what its symbolic links lead to, into the root that is being made."""
    to = room + (to or os.path.abspath(path))
    if os.path.lexists(to):
        return
    os.makedirs(os.path.dirname(to), exist_ok=True)
    shutil.copy2(os.path.realpath(path), to)


def make_root(room, programs, build):
    """Python, some programs and the programs under test, with all that they are linked with."""
    python = os.path.realpath(sys.executable)
    standard = os.path.dirname(os.__file__)
    shutil.copytree(standard, room + standard, symlinks=False, ignore_dangling_symlinks=True,
                    ignore=shutil.ignore_patterns("test", "__pycache__", "site-packages", "dist-packages", "idlelib",
                                                  "tkinter", "ensurepip", "config-*", "lib2to3", "turtledemo"))
    objects = [python] + glob.glob(standard + "/lib-dynload/*.so")
    objects += [p for p in map(shutil.which, programs) if p]
    ours = [p for p in glob.glob(build + "/.libs/sqfs-stable-*") + glob.glob(build + "/.libs/lib*.so.*")
            if not p.endswith("T")]
    for path in objects + ours:
        stage_file(room, path, f"{BUILD}/{os.path.basename(path)}" if path in ours else None)
        for library in libraries(path):
            if not library.startswith(build):
                stage_file(room, library)
    os.makedirs(room + "/bin", exist_ok=True)
    stage_file(room, shutil.which("busybox"))
    for name in ("sh", "ls", "cat", "dmesg", "getfattr", "sleep", "find", "rm", "cp", "mkdir", "sed", "grep", "stat"):
        if not os.path.lexists(f"{room}/bin/{name}"):
            os.symlink(shutil.which("busybox"), f"{room}/bin/{name}")
    os.symlink(python, room + "/bin/python3") if not os.path.lexists(room + "/bin/python3") else None
    for name in ("passwd", "group"):
        stage_file(room, "/etc/" + name)


def boot(kernel, root, job, work, seconds=900, memory=2048, extra=()):
    """Run /job/run in the machine; returns (its exit status, its output)."""
    ramfs, out = f"{work}/initramfs", f"{work}/out"
    kernel.initramfs(ramfs, extra)
    command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(memory),
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-kernel", kernel.image, "-initrd", ramfs,
               "-append", "console=ttyS0 quiet panic=-1 loglevel=4",
               "-serial", f"file:{work}/console", "-serial", f"file:{out}",
               "-drive", f"file={root},format=raw,if=virtio,readonly=on",
               "-drive", f"file={job},format=raw,if=virtio,readonly=on"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(f"{kernel.package}: not done after {seconds} s") from None
    with open(out, encoding="utf-8", errors="replace") as file:
        text = file.read().replace("\r", "")
    status = re.search(r"^status (\d+)$", text, re.M)
    if done.returncode or not status:
        with open(f"{work}/console", encoding="utf-8", errors="replace") as file:
            raise Failed(f"{kernel.package}: the machine ended early\n{done.stderr}{text[-2000:]}{file.read()[-2000:]}")
    return int(status[1]), text[:status.start()]
