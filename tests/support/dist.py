# SPDX-License-Identifier: LGPL-2.1-or-later
"""The source tarball that the recipes and packages are built from."""
import fcntl
import os
import re
import shutil
import subprocess

SOURCE = os.environ.get("SQST_SRCDIR", ".")


def version():
    """The version that configure.ac gives."""
    with open(os.path.join(SOURCE, "configure.ac"), encoding="utf-8") as f:
        return re.search(r"AC_INIT\(\[sqfs-stable\], \[([^]]+)\]", f.read())[1]


def tarball(room):
    """What "make dist" makes, moved into the directory room; its path."""
    build = os.environ["SQST_BUILDDIR"]
    name = f"sqfs-stable-{version()}.tar.xz"
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    with open(os.path.join(build, "Makefile"), "rb") as alone:  # tests run at the same time
        fcntl.flock(alone, fcntl.LOCK_EX)
        made = subprocess.run(["make", "-s", "-C", build, "dist"], env=environment,
                              capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
        return shutil.move(os.path.join(build, name), os.path.join(room, name))
