# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loop mounts, overlays and the kernel's log. All of it as root."""
import contextlib
import ctypes
import fcntl
import os
import shutil
import struct
import subprocess
import tempfile

import tap


LIBC = ctypes.CDLL(None, use_errno=True)


class MountFailed(Exception):
    """mount(8) said no; its text says why."""


def need_kernel(*names):
    """Skip without root or one of the file systems."""
    tap.need_root()
    for name in names:
        if shutil.which("modprobe"):
            subprocess.run(["modprobe", "-q", name], check=False, stderr=subprocess.DEVNULL)
        with open("/proc/filesystems", encoding="ascii") as file:
            if name not in file.read().split():
                tap.skip(f"needs {name} in the kernel")


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MountFailed(done.stderr.strip())


@contextlib.contextmanager
def mounted(point, *arguments):
    """Mounted inside the `with`, unmounted after it whatever happens."""
    os.makedirs(point, exist_ok=True)
    mount(*arguments, point)
    try:
        yield point
    finally:
        if subprocess.run(["umount", point], check=False, capture_output=True).returncode:
            subprocess.run(["umount", "-l", point], check=False)


def image_mounted(image, point):
    return mounted(point, "-t", "squashfs", "-o", "loop,ro", os.fspath(image))


def overlay_mounted(lower, upper, work, point, options=""):
    """An overlay; options as in a mount -o, empty for none."""
    for there in (upper, work):
        os.makedirs(there, exist_ok=True)
    text = f"lowerdir={lower},upperdir={upper},workdir={work}" + ("," + options if options else "")
    return mounted(point, "-t", "overlay", "-o", text, "overlay")


def open_handle(mount_fd, number):
    """A descriptor (O_PATH) of the inode with that number in a squashfs, or an errno. Its handles
    are of type 1: 32 bits number, 32 bits generation 0."""
    handle = ctypes.create_string_buffer(struct.pack("=IiII", 8, 1, number, 0), 16)
    fd = LIBC.open_by_handle_at(mount_fd, handle, os.O_PATH | os.O_NOFOLLOW)
    return (fd, 0) if fd >= 0 else (-1, ctypes.get_errno())


def upper_room(room):
    """A directory in `room` that can hold an overlay's upper: a tmpfs when `room` itself cannot."""
    there = room + "/rw"
    os.mkdir(there)
    os.makedirs(room + "/probe/lower")
    try:
        with overlay_mounted(room + "/probe/lower", there + "/probe-up", there + "/probe-work",
                             room + "/probe/merged", "index=on"):
            with open(room + "/probe/merged/x", "w", encoding="ascii"):
                pass
    except (MountFailed, OSError):
        mount("-t", "tmpfs", "sqst-upper", there)
    return there


def alone():
    """Hold until this process ends: of the tests that call it only one runs at a time, for they see
    one another's lines in the kernel's log."""
    if os.geteuid() != 0:
        return
    lock = os.open(os.path.join(tempfile.gettempdir(), "sqst-kernel.lock"),
                   os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)


class KernelLog:
    """What the kernel says from now on, warnings and worse."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self, *words):
        """New lines that contain one of the words."""
        found = []
        while True:
            try:
                record = os.read(self.fd, 8192)
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue        # records were overwritten; go on with the oldest that is left
            head, _, text = record.decode("utf-8", "replace").partition(";")
            text = text.partition("\n")[0]
            level = int(head.split(",")[0]) & 7
            if level <= 4 and any(word in text for word in words):
                found.append(text)

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
