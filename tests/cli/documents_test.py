# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of README.md and of the manual pages, run as they are written there."""
import contextlib
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

# pylint: disable=wrong-import-position
import tap
import tool

SOURCE = os.environ["SQST_SRCDIR"]

# What a block that is not run here contains, and where it is tested.
ELSEWHERE = {
    "./try": "sets a machine up",
    "./check": "sets a machine up",
    "./autogen.sh": "sets a machine up",
    "postgresql://": "registry_test.py has a server",
    "IMAGE_CLASSES": "tests/recipes/openembedded_test.py",
    "BR2_TARGET": "tests/recipes/buildroot_test.py",
    "pkg-config": "tests/recipes/packages_test.py compiles the example",
    "/dev/mmcblk0p2": "info_test.py has a device",
    "dpkg-buildpackage": "tests/recipes/packages_test.py",
    "apt install": "tests/recipes/packages_test.py",
}

# What the blocks find when they begin: two releases of a tree, and images and lists of them.
PREPARE = r"""
mkdir -p rootfs1/etc rootfs1/dev base/etc product/etc
echo one >rootfs1/etc/one; echo two >rootfs1/etc/two; ln rootfs1/etc/two rootfs1/etc/three
ln -s one rootfs1/etc/link
cp -a rootfs1 rootfs2; echo 0 >rootfs2/etc/a; echo other >rootfs2/etc/one
cp -a rootfs2 rootfs
echo base >base/etc/one; echo product >product/etc/one
for name in r1 old theirs 1.0 1.1 2.0; do sqfs-stable-build -quiet rootfs1 $name.sqfs; done
for name in 2.1 3.0; do sqfs-stable-build -quiet --prev 2.0.sqfs rootfs2 $name.sqfs; done
sqfs-stable-build -quiet --prev r1.sqfs rootfs2 r2.sqfs
sqfs-stable-build -quiet --map-out rootfs.map rootfs1 rootfs.sqfs
printf '#mtree\n. type=dir mode=0755\n./one type=file mode=0644 contents=rootfs1/etc/one\n' >rootfs.mtree
git init -q .
"""


def readme_blocks():
    text = tool.read(SOURCE + "/README.md").decode()
    text = re.sub(r"(?s)^```.*?^```$", "", text, flags=re.M)
    for found in re.finditer(r"(?:^ {4,}\S.*\n)+", text, flags=re.M):
        block = re.sub(r"^    ", "", found[0], flags=re.M)
        # A block of what is printed is no command.
        if re.match(r"\S+: [0-9.]+ MB", block):
            continue
        lines = block.splitlines()
        if len(lines) > 1 and all("  # " in line for line in lines):
            # Ways to do it, not steps.
            yield from lines
        else:
            yield block


def page_blocks(page):
    text = tool.read(f"{SOURCE}/man/{page}").decode()
    examples = re.search(r"(?s)^\.SH EXAMPLES\n(.*?)(?=^\.SH|\Z)", text, flags=re.M)
    for found in re.finditer(r"(?s)^\.EX\n(.*?)^\.EE$", examples[1] if examples else "",
                             flags=re.M):
        block = found[1].replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
        yield block


def outputs(block):
    """Images that the block makes and does not read: they must not be there."""
    made = re.findall(r"(?:sqfs-stable-build|mksquashfs) .*?(?:\\\n.*?)?(\S+\.sqfs)"
                      r"(?= -noappend|\s*'?(?:#.*)?$)", block, flags=re.M)
    return [name for name in made if not block.split(name)[0].endswith("-prev ")]


def run(block, status=0):
    with tool.scratch() as room:
        os.mkdir(room + "/bin")
        for name in ("build", "check", "info", "map"):
            os.symlink(tool.program("sqfs-stable-" + name), f"{room}/bin/sqfs-stable-{name}")
        if "mksquashfs" in block and "-prev" in block:
            os.symlink(tool.program("sqfs-stable-build"), room + "/bin/mksquashfs")
        os.mkdir(room + "/work")
        environment = os.environ | {"PATH": room + "/bin:" + os.environ["PATH"],
                                    "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": room}
        for script, wanted in ((PREPARE, 0), (block, status)):
            if script is block:
                for name in outputs(block):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(f"{room}/work/{name}")
            done = subprocess.run(["sh", "-eu", "-c", script], cwd=room + "/work", env=environment,
                                  capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == wanted, \
                f"{script}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"


def add(document, blocks):
    for block in blocks:
        if any(word in block for word in ELSEWHERE):
            continue
        first = re.sub(r"\s+#.*", "", block.strip().splitlines()[0])
        # What mksquashfs itself makes is the page's example of an unsafe update.
        status = 1 if "mksquashfs rootfs2 b.sqfs" in block else 0
        tap.add(f"{document}: {first}"[:100], run, block, status)


add("README.md", readme_blocks())
for _page in sorted(os.listdir(SOURCE + "/man")):
    if _page.endswith(".1"):
        add(_page, page_blocks(_page))


@tap.test("each document has commands that are run here")
def there_are():
    assert len(list(readme_blocks())) > 10
    for page in ("build", "check", "info"):
        assert list(page_blocks(f"sqfs-stable-{page}.1")), page


tap.main()
