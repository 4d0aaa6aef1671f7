# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image class of recipes/meta-sqfs-stable at work: its tasks, under pseudo, as BitBake would run them."""
import contextlib
import os
import shlex
import shutil
import struct
import subprocess

import bitbake
import dist
import tap
import tool

LAYER = os.path.join(dist.SOURCE, "recipes", "meta-sqfs-stable")
CLASS = os.path.join(LAYER, "classes-recipe", "image_types_sqfs_stable.bbclass")
USER = 1000
CAPABILITY = struct.pack("<IIIII", 0x02000001, 0x400, 0, 0, 0)

# What do_rootfs leaves: a tree with owners, devices, set-user-ID and a capability; every file is touched.
TREE = r"""
set -e
rm -rf rootfs; mkdir -p rootfs/dev rootfs/etc rootfs/bin; cd rootfs
mknod dev/null c 1 3
mknod dev/disk b 259 70000
echo secret > etc/shadow; chown 0:42 etc/shadow; chmod 0000 etc/shadow
echo program > bin/ping; chown 0:0 bin/ping; chmod 4755 bin/ping
setfattr -n security.capability -v 0x@CAPABILITY@ bin/ping
ln bin/ping bin/ping6
echo owned > etc/owned; chown 123:456 etc/owned
ln -s owned etc/link
@CHANGE@
find . -print0 | xargs -0 touch -h --date=@@TIME@
"""


def image_data(**variables):
    data = bitbake.Data({"WORKDIR": "/w", "IMGDEPLOYDIR": "/w/deploy", "IMAGE_ROOTFS": "/w/rootfs",
                         "DEPLOY_DIR_IMAGE": "/tmp/deploy", "IMAGE_NAME": "image-${DATETIME}",
                         "IMAGE_LINK_NAME": "image", "DATETIME": "20260101000000",
                         "EXTRA_IMAGECMD": "", "IMAGE_TYPES": "squashfs"} | variables)
    data.parse(CLASS)
    data.anonymous()
    return data


class Workplace:
    """A build directory of an unprivileged user under pseudo, and a folder of releases beside it."""

    def __init__(self, room):
        self.room = room
        self.pseudo = tap.need_program("pseudo")
        tap.need_program("setfattr")
        os.chmod(room, 0o777)
        for name in ("work", "work/deploy", "images", "releases", "bin"):
            os.mkdir(f"{room}/{name}")
            os.chmod(f"{room}/{name}", 0o777)
        for name in ("sqfs-stable-build", "sqfs-stable-check"):
            self._program(name)
        self.environment = {
            "HOME": room, "PATH": f"{room}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PSEUDO_PREFIX": os.path.dirname(os.path.dirname(self.pseudo)),
            "PSEUDO_LOCALSTATEDIR": room + "/pseudo-state"}

    def _program(self, name):
        """A libtool wrapper under pseudo, from a place that only root can read, would not start."""
        real = tool.program(name)
        libraries = os.path.dirname(real)
        for library in os.listdir(libraries):
            if ".so" in library:
                shutil.copy(f"{libraries}/{library}", f"{self.room}/bin/{library}")
        shutil.copy(real, f"{self.room}/bin/.{name}")
        tool.write(f"{self.room}/bin/{name}", "#!/bin/sh\n"
                   f"LD_LIBRARY_PATH='{self.room}/bin'${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
                   f"export LD_LIBRARY_PATH\nexec '{self.room}/bin/.{name}' \"$@\"\n", 0o755)

    def inside(self, script):
        """Run a script as the user, under pseudo; (status, all that it printed)."""
        tool.write(self.room + "/script", script)
        prefix = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
        done = subprocess.run((prefix if os.geteuid() == 0 else []) +
                              [self.pseudo, "sh", self.room + "/script"], cwd=self.room + "/work",
                              env=self.environment, capture_output=True, text=True, check=False,
                              timeout=120)
        return done.returncode, done.stdout + done.stderr

    def rootfs(self, change="", time=1700000000, name="rootfs"):
        script = TREE.replace("@CAPABILITY@", CAPABILITY.hex()).replace("@CHANGE@", change)
        script = script.replace("@TIME@", str(time))
        status, output = self.inside(script.replace("rootfs", name))
        assert status == 0, output

    def data(self, **variables):
        work = self.room + "/work"
        return image_data(WORKDIR=work, IMGDEPLOYDIR=work + "/deploy", IMAGE_ROOTFS=work + "/rootfs",
                          DEPLOY_DIR_IMAGE=self.room + "/images", **variables)

    def run(self, kind, debug=False, **variables):
        """What the task of a type does; (status, output, path of the image)."""
        data = self.data(**variables)
        task = data.image_task(kind, debug)
        data.before(task)
        if debug:
            data.debugfs()
        # What is removed behind pseudo's back makes it abort; BitBake clears folders under it as well.
        clean = [shlex.quote(folder) for folder in (data.flag(task, "cleandirs") or "").split()]
        status, output = self.inside(f"for clean in {' '.join(clean)}; do rm -rf $clean; mkdir $clean; done\n"
                                     + data.script(task))
        links = ""
        for type_ in data.flag(task, "subimages").split():
            source = data.expand("${IMAGE_NAME}.") + type_
            link = data.expand("${IMGDEPLOYDIR}/${IMAGE_LINK_NAME}.") + type_
            if status == 0 and os.path.exists(data.expand("${IMGDEPLOYDIR}/") + source):
                links += f"ln -sf {source} {link}\n"
        if links:
            self.inside(links)
        return status, output, data.expand("${IMGDEPLOYDIR}/${IMAGE_NAME}.") + kind

    def build(self, kind="squashfs-stable", **options):
        status, output, image = self.run(kind, **options)
        assert status == 0, output
        return image, output

    def release(self, name, kind="squashfs-stable", **options):
        """Build it and keep it as a release; its path."""
        image, _ = self.build(kind, **options)
        kept = f"{self.room}/releases/{name}"
        shutil.copy(image, kept)
        if os.path.exists(image + ".map"):
            shutil.copy(image + ".map", kept + ".map")
        return kept

    def deployed(self):
        return sorted(os.listdir(self.room + "/work/deploy"))

    def empty(self):
        assert self.inside("rm -f deploy/*")[0] == 0


@contextlib.contextmanager
def workplace():
    with tool.scratch("sqst-oe-") as room:
        place = Workplace(room)
        try:
            yield place
        finally:
            subprocess.run([place.pseudo, "-S"], env=place.environment, check=False, capture_output=True)
