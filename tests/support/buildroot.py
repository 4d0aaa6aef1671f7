# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of Buildroot as the external tree in recipes/buildroot meets: its symbols, its macros for
packages, and how it makes a file system.

    tree = Buildroot(room)
    tree.configure("BR2_TARGET_ROOTFS_SQUASHFS_STABLE=y")
    done = tree.make()

The macros have the names, the variables and the quoting of the real ones; nothing is downloaded or
compiled. Programs that a host package would install are links in host/bin.
"""
import contextlib
import io
import os
import shutil
import subprocess
import sys

import dist
import tap
import tool

try:
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, for a Python of another origin too
    import kconfiglib
except ModuleNotFoundError:
    kconfiglib = None
finally:
    sys.path.pop()

EXTERNAL = os.path.join(os.path.abspath(dist.SOURCE), "recipes", "buildroot")
IMAGE = "rootfs.squashfs-stable"
ARCHITECTURES = "arm aarch64 powerpc powerpc64 sparc sparc64 i386 x86_64 riscv".split()
PACKAGES = "JSON_C LIBDEFLATE LZ4 LZO XXHASH XZ ZSTD".split()
TOOLCHAIN = ("BR2_USE_MMU BR2_TOOLCHAIN_USES_GLIBC BR2_TOOLCHAIN_HAS_THREADS "
             "BR2_TOOLCHAIN_GCC_AT_LEAST_5").split()


def _symbols():
    """What the tree refers to of Buildroot's own Config.in files."""
    out = ["mainmenu \"stand-in\"", "choice", "\tprompt \"architecture\""]
    for name in ARCHITECTURES:
        out += [f"config BR2_{name}", f"\tbool \"{name}\""]
    out += ["endchoice"]
    for name in TOOLCHAIN:
        out += [f"config {name}", f"\tbool \"{name}\"", "\tdefault y"]
    for name in ("BR2_STATIC_LIBS", "BR2_REPRODUCIBLE", "BR2_TOOLCHAIN_EXTERNAL",
                 "BR2_DOWNLOAD_FORCE_CHECK_HASHES"):
        out += [f"config {name}", f"\tbool \"{name}\""]
    for name in ("BR2_ROOTFS_PRE_BUILD_SCRIPT", "BR2_PRIMARY_SITE"):
        out += [f"config {name}", f"\tstring \"{name}\""]
    out += ["config BR2_PACKAGE_HAS_UDEV", "\tbool",
            "config BR2_ROOTFS_DEVICE_CREATION_DYNAMIC_EUDEV", "\tbool \"eudev\"",
            "\tselect BR2_PACKAGE_HAS_UDEV",
            "config BR2_TARGET_ROOTFS_TAR", "\tbool \"tar\"", "\tdefault y"]
    for name in PACKAGES:
        out += [f"config BR2_PACKAGE_{name}", f"\tbool \"{name}\""]
    out += ["menuconfig BR2_PACKAGE_UTIL_LINUX", "\tbool \"util-linux\"",
            "if BR2_PACKAGE_UTIL_LINUX"]
    for name in ("LIBBLKID", "LIBUUID"):
        out += [f"config BR2_PACKAGE_UTIL_LINUX_{name}", f"\tbool \"{name}\""]
    out += ["endif", "menu \"External options\"",
            "source \"$BR2_EXTERNAL_SQFS_STABLE_PATH/Config.in\"", "endmenu"]
    return "\n".join(out) + "\n"


MAKEFILE = r"""
SHELL := /bin/bash
all:
.PHONY: all
.NOTPARALLEL:
TOPDIR := $(CURDIR)
BASE_DIR := $(O)
BUILD_DIR := $(BASE_DIR)/build
BINARIES_DIR := $(BASE_DIR)/images
BASE_TARGET_DIR := $(BASE_DIR)/target
HOST_DIR := $(BASE_DIR)/host
STAGING_DIR := $(BASE_DIR)/staging
DL_DIR := $(BASE_DIR)/../dl
PARALLEL_JOBS := 2
TARGET_DIR = $(if $(ROOTFS),$(ROOTFS_$(ROOTFS)_TARGET_DIR),$(BASE_TARGET_DIR))
Q := @
ifeq ($(filter menuconfig,$(MAKECMDGOALS)),)
-include $(BASE_DIR)/.config
endif
menuconfig: ; @echo "configured"
clean: ; rm -rf $(BINARIES_DIR) $(BUILD_DIR)

qstrip = $(strip $(subst ",,$(1)))
#"
comma := ,
empty :=
space := $(empty) $(empty)
QUOTE := '
#'
PERCENT := %
define sep


endef
letters := a:A b:B c:C d:D e:E f:F g:G h:H i:I j:J k:K l:L m:M n:N o:O p:P q:Q r:R s:S t:T u:U v:V \
	w:W x:X y:Y z:Z -:_ .:_
UPPERCASE = $(strip $(eval up := $(1))$(foreach l,$(letters),$(eval up := \
	$(subst $(firstword $(subst :, ,$(l))),$(lastword $(subst :, ,$(l))),$(up))))$(up))
pkgdir = $(dir $(lastword $(MAKEFILE_LIST)))
pkgname = $(notdir $(patsubst %/,%,$(pkgdir)))
github = https://github.com/$(1)/$(2)/archive/$(3)
# Text as an argument of printf: what it prints is the text, line ends and all.
PRINTF = printf '$(subst $(sep),\n,$(subst $(PERCENT),%%,$(subst $(QUOTE),'\'',$(subst \,\\,$(1)))))\n'

ifeq ($(BR2_REPRODUCIBLE),y)
export SOURCE_DATE_EPOCH ?= 1600000000
define ROOTFS_REPRODUCIBLE
	find $(TARGET_DIR) -print0 | xargs -0 -r touch -hd @$(SOURCE_DATE_EPOCH)
endef
endif

# ---- packages: declared once, host variables taken from the target's
PACKAGES_ALL := $(BUILDROOT_HAS)
define inner-package
ifneq ($$(filter $(1),$$(PACKAGES_ALL)),)
$$(error Package '$(1)' defined a second time in '$(pkgdir)')
endif
PACKAGES_ALL += $(1)
$(2)_TYPE = $(4)
$(2)_RAWNAME = $$(patsubst host-%,%,$(1))
$(2)_PKGDIR = $(pkgdir)
$(2)_DL_SUBDIR ?= $$($(2)_RAWNAME)
$(2)_DL_DIR = $$(DL_DIR)/$$($(2)_DL_SUBDIR)
$(foreach v,VERSION SOURCE SITE SITE_METHOD LICENSE AUTORECONF,
ifndef $(2)_$(v)
 ifdef $(3)_$(v)
  $(2)_$(v) = $$($(3)_$(v))
 endif
endif)
.PHONY: $(1) $(1)-source
$(1): $(1)-source
$(1)-source: PKG=$(2)
$(1)-source:
	$$(foreach hook,$$($(2)_PRE_DOWNLOAD_HOOKS),$$(call $$(hook))$$(sep))
	@mkdir -p $$($(2)_DL_DIR) && cp $$($(2)_SITE)/$$($(2)_SOURCE) $$($(2)_DL_DIR)/
$(1)-install-target: PKG=$(2)
$(1)-install-target:
	$$(foreach hook,$$($(2)_POST_INSTALL_TARGET_HOOKS),$$(call $$(hook))$$(sep))
endef
autotools-package = $(call inner-package,$(pkgname),$(call UPPERCASE,$(pkgname)),$(call UPPERCASE,$(pkgname)),target)
host-autotools-package = $(call inner-package,host-$(pkgname),$(call UPPERCASE,host-$(pkgname)),$(call UPPERCASE,$(pkgname)),host)
host-cmake-package = $(host-autotools-package)
host-generic-package = $(host-autotools-package)

# ---- file systems: a copy of target/, a script of the commands, run under fakeroot
.PHONY: rootfs-common
rootfs-common:
	@rm -rf $(BUILD_DIR)/fs && mkdir -p $(BUILD_DIR)/fs
	@$(foreach s,$(call qstrip,$(BR2_ROOTFS_PRE_BUILD_SCRIPT)),$(s) $(TARGET_DIR)$(sep))
define inner-rootfs
ROOTFS_$(2)_DIR = $$(BUILD_DIR)/fs/$(1)
ROOTFS_$(2)_TARGET_DIR = $$(ROOTFS_$(2)_DIR)/target
ROOTFS_$(2)_DEPENDENCIES += rootfs-common
$(foreach c,GZIP BZIP2 LZMA LZ4 LZO XZ ZSTD,
ifeq ($$(BR2_TARGET_ROOTFS_$(2)_$(c)),y)
ROOTFS_$(2)_COMPRESSED_AGAIN = $(c)
endif)
$$(BINARIES_DIR)/rootfs.$(1): ROOTFS=$(2)
$$(BINARIES_DIR)/rootfs.$(1): FAKEROOT_SCRIPT=$$(ROOTFS_$(2)_DIR)/fakeroot
$$(BINARIES_DIR)/rootfs.$(1): $$(filter-out host-%,$$(ROOTFS_$(2)_DEPENDENCIES))
	@mkdir -p $$(@D) && rm -rf $$(ROOTFS_$(2)_DIR) && mkdir -p $$(ROOTFS_$(2)_DIR)
	@cp -a $$(BASE_TARGET_DIR) $$(TARGET_DIR)
	@printf '#!/bin/sh\nset -e\n' > $$(FAKEROOT_SCRIPT)
	@echo "chown -h -R 0:0 $$(TARGET_DIR)" >> $$(FAKEROOT_SCRIPT)
	@echo "$$(HOST_DIR)/bin/makedevs -d $$(BASE_DIR)/devices $$(TARGET_DIR)" >> $$(FAKEROOT_SCRIPT)
	@$$(foreach hook,$$(ROOTFS_$(2)_PRE_GEN_HOOKS),$$(call PRINTF,$$($$(hook))) >> $$(FAKEROOT_SCRIPT)$$(sep))
	@$$(call PRINTF,$$(ROOTFS_REPRODUCIBLE)) >> $$(FAKEROOT_SCRIPT)
	@$$(call PRINTF,$$(ROOTFS_$(2)_CMD)) >> $$(FAKEROOT_SCRIPT)
	@chmod a+x $$(FAKEROOT_SCRIPT)
	PATH="$$(HOST_DIR)/bin:$$(PATH)" FAKEROOTDONTTRYCHOWN=1 $$(HOST_DIR)/bin/fakeroot -- $$(FAKEROOT_SCRIPT)
	@rm -rf $$(TARGET_DIR)
	$$(if $$(ROOTFS_$(2)_COMPRESSED_AGAIN),touch $$@.$$(ROOTFS_$(2)_COMPRESSED_AGAIN))
	$$(foreach hook,$$(ROOTFS_$(2)_POST_GEN_HOOKS),$$(call $$(hook))$$(sep))
rootfs-$(1): $$(BINARIES_DIR)/rootfs.$(1)
.PHONY: rootfs-$(1)
ifeq ($$(BR2_TARGET_ROOTFS_$(2)),y)
TARGETS_ROOTFS += rootfs-$(1)
PACKAGES += $$(filter-out rootfs-%,$$(ROOTFS_$(2)_DEPENDENCIES))
endif
endef
rootfs = $(call inner-rootfs,$(pkgname),$(call UPPERCASE,$(pkgname)))

export BR2_EXTERNAL_SQFS_STABLE_PATH
include $(BR2_EXTERNAL_SQFS_STABLE_PATH)/external.mk

all: world
world: target-post-image
target-post-image: $(TARGETS_ROOTFS)
print-%:
	@:
	$(info $($*))
"""

MAKEDEVS = r"""#!/usr/bin/env python3
import os, stat, sys
table, target = sys.argv[2:4]
for line in open(table):
    name, kind, mode, uid, gid, major, minor = line.split()
    there = target + name
    if kind in "bc":
        os.mknod(there, int(mode, 8) | (stat.S_IFBLK if kind == "b" else stat.S_IFCHR),
                 os.makedev(int(major), int(minor)))
    elif kind == "d":
        os.makedirs(there, exist_ok=True)
    os.chown(there, int(uid), int(gid))
    os.chmod(there, int(mode, 8))
"""
DEVICES = """/dev/console c 600 0 0 5 1
/dev/mmcblk0 b 640 0 6 179 0
/etc/shadow f 600 0 42 - -
/home/user d 750 1000 1000 - -
/bin/su f 4755 0 0 - -
"""


class Buildroot:
    """A top directory, an output directory with a target tree, and the external tree in place."""

    def __init__(self, room, external=EXTERNAL):
        if kconfiglib is None:
            tap.skip("needs python3-kconfiglib")
        if not os.path.exists("/bin/bash"):
            tap.skip("needs bash")
        self.room, self.external = room, external
        self.top, self.out = room + "/buildroot", room + "/output"
        self.images = self.out + "/images"
        self.image = f"{self.images}/{IMAGE}"
        for path in (self.top, self.out + "/host/bin"):
            os.makedirs(path)
        tool.write(self.top + "/Config.in", _symbols())
        tool.write(self.top + "/Makefile", MAKEFILE)
        self.host_programs()
        self.target_tree()

    def host_programs(self):
        there = self.out + "/host/bin/"
        tool.write(there + "makedevs", MAKEDEVS, 0o755)
        os.symlink(tap.need_program("fakeroot"), there + "fakeroot")
        for name in ("sqfs-stable-build", "sqfs-stable-check", "sqfs-stable-info"):
            os.symlink(tool.program(name), there + name)

    def target_tree(self):
        root = self.out + "/target"
        for path in ("bin", "dev", "etc", "home", "usr/share", "run", "tmp"):
            os.makedirs(f"{root}/{path}")
        tool.write(root + "/bin/busybox", os.urandom(300000), 0o755)
        tool.write(root + "/bin/su", b"su")
        os.symlink("busybox", root + "/bin/sh")
        tool.write(root + "/etc/shadow", b"root::\n")
        tool.write(root + "/etc/hostname", b"device\n")
        tool.write(self.out + "/devices", DEVICES)
        self.touch(1500000000)

    def add(self, path, content=b"new\n"):
        tool.write(f"{self.out}/target/{path}", content)

    def touch(self, when):
        """Every file gets a new time, as a build gives them."""
        for where, names, files in os.walk(self.out + "/target"):
            for name in names + files:
                os.utime(os.path.join(where, name), (when, when), follow_symlinks=False)
        os.utime(self.out + "/target", (when, when))

    # ---- Kconfig

    def kconfig(self):
        os.environ["BR2_EXTERNAL_SQFS_STABLE_PATH"] = self.external
        os.environ["srctree"] = self.top
        os.environ["CONFIG_"] = ""  # no prefix before the names in .config
        config = kconfiglib.Kconfig(self.top + "/Config.in", warn_to_stderr=False)
        config.warn_assign_undef = config.warn_assign_override = True
        assert not config.warnings, config.warnings
        return config

    def configure(self, *lines):
        """Make .config of the lines of a defconfig; returns the configuration."""
        tool.write(self.room + "/defconfig", "".join(line + "\n" for line in lines))
        config = self.kconfig()
        config.load_config(self.room + "/defconfig")
        assert not config.warnings, config.warnings
        for line in lines:
            name, _, value = line.partition("=")
            if value == "y":
                assert config.syms[name].str_value == "y", f"{line} has no effect"
        with contextlib.redirect_stdout(io.StringIO()):
            config.write_config(self.out + "/.config")
        return config

    # ---- make

    def make(self, *arguments, **environment):
        """Run it as "make O=..." in the top directory."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
                if name in os.environ}
        return subprocess.run(
            ["make", "-C", self.top, f"O={self.out}",
             f"BR2_EXTERNAL_SQFS_STABLE_PATH={self.external}", *arguments],
            env={**kept, **environment}, capture_output=True, text=True, check=False, timeout=120)

    def built(self, *arguments, **environment):
        done = self.make(*arguments, **environment)
        assert done.returncode == 0, f"{done.args}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def value(self, name, *arguments):
        """What a variable of the makefiles expands to, as words."""
        return self.built("-s", f"print-{name}", *arguments).stdout.split()

    def refused(self, *words):
        """make fails with one line of error that has these words, and has made no image."""
        before = os.path.exists(self.image)
        done = self.make()
        assert done.returncode != 0, done.stdout
        lines = [line for line in done.stderr.splitlines() if not line.startswith("make: Leaving")]
        wrong = [line for line in lines if "***" in line and "BR2_" in line]
        assert len(wrong) == 1, done.stderr
        for word in words:
            assert word in wrong[0], f"{word!r} is not in: {wrong[0]}"
        assert before or not os.path.exists(self.image)
        return wrong[0]

    def release(self, name):
        """Keep what was built outside of the output directory."""
        os.makedirs(self.room + "/releases", exist_ok=True)
        shutil.copy(self.image, f"{self.room}/releases/{name}.sqfs")
        shutil.copy(self.image + ".map", f"{self.room}/releases/{name}.map")
        return f"{self.room}/releases/{name}.sqfs"
