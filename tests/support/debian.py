# SPDX-License-Identifier: LGPL-2.1-or-later
"""A new Debian system of the running release in a directory, to install packages in."""
import os
import re
import subprocess

import tap
import tool

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def release():
    """The code name of the release that runs here; skips where that is not Debian."""
    with open("/etc/os-release", encoding="utf-8") as file:
        words = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    if words.get("ID") != "debian" or "VERSION_CODENAME" not in words:
        tap.skip("needs a Debian release")
    return words["VERSION_CODENAME"].strip('"')


def _sources(name):
    """Where this machine has the release from, as lines of a sources.list; not what else it has."""
    targets = tool.call("apt-get", "indextargets", "--format",
                        "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").decode()
    wanted = re.compile(rf"\S+ {name}(-updates|-security)? main")
    lines = sorted({line for line in targets.splitlines() if wanted.fullmatch(line)})
    if not any(f" {name} " in line for line in lines):
        tap.skip(f"apt has no source of {name}")
    signed = f"[signed-by={KEYS}] " if os.path.exists(KEYS) else ""
    return "".join(f"deb {signed}{line}\n" for line in lines)


def new_system(root, *packages):
    """Make a minimal system with these packages in the directory, by this machine's mirrors and with
    this machine's settings for downloads. It is in memory, for dpkg waits for the disk a lot; leaving
    tool.scratch() unmounts it."""
    tap.need_root()
    bootstrap = tap.need_program("mmdebstrap")
    name = release()
    sources = _sources(name)
    settings = root + ".conf"
    shown = tool.call("apt-config", "dump", "Acquire").decode()
    tool.write(settings, "".join(line + "\n" for line in shown.splitlines()
                                 if "::IndexTargets" not in line and "::Languages" not in line))
    os.mkdir(root)
    tool.call("mount", "-t", "tmpfs", "-o", "mode=0755,size=3g", "sqst-debian", root)
    done = subprocess.run(
        [bootstrap, "--mode=root", "--variant=minbase", "--skip=cleanup/apt/lists",
         f"--aptopt={settings}", "--aptopt=Acquire::Languages \"none\"",
         "--include=" + ",".join(packages), name, root, "-"],
        input=sources, capture_output=True, text=True, check=False, timeout=1200)
    os.unlink(settings)
    assert done.returncode == 0, done.stderr[-3000:]


def enter(root, *command, check=True, **options):
    """Run a command in the system, as its only user. /proc is its own, and all that it starts ends
    with it."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                   "DEBIAN_FRONTEND": "noninteractive"}
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        if name in os.environ:
            environment[name] = os.environ[name]
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--root={root}", "--wd=/",
         "--mount-proc", *command],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=1200, **options)
    assert not check or done.returncode == 0, \
        f"{command}: status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done
