################################################################################
#
# sqfs-stable
#
################################################################################

# SPDX-License-Identifier: LGPL-2.1-or-later
# The tarball of "make dist" and its hash are laid beside this file by
# recipes/use-tarball.
SQFS_STABLE_VERSION = 0.1.0
SQFS_STABLE_SOURCE = sqfs-stable-$(SQFS_STABLE_VERSION).tar.xz
SQFS_STABLE_SITE = $(BR2_EXTERNAL_SQFS_STABLE_PATH)/package/sqfs-stable
SQFS_STABLE_SITE_METHOD = file
SQFS_STABLE_LICENSE = LGPL-2.1+
SQFS_STABLE_LICENSE_FILES = COPYING COPYING.LESSER
SQFS_STABLE_INSTALL_STAGING = YES

# Libraries that Buildroot may not have for the host, or not at all: its own
# package as soon as it has one, else ours, which has a name of its own.
SQFS_STABLE_HOST_LIBDEFLATE = \
	$(or $(filter host-libdeflate,$(PACKAGES_ALL)),host-sqfs-stable-libdeflate)
SQFS_STABLE_HOST_LIBSQUASHFS = \
	$(or $(filter host-squashfs-tools-ng,$(PACKAGES_ALL)),host-sqfs-stable-libsquashfs)
SQFS_STABLE_HOST_XXHASH = \
	$(or $(filter host-xxhash,$(PACKAGES_ALL)),host-sqfs-stable-xxhash)

SQFS_STABLE_DEPENDENCIES = \
	host-pkgconf \
	json-c \
	libdeflate \
	$(if $(BR2_PACKAGE_SQUASHFS_TOOLS_NG),squashfs-tools-ng,sqfs-stable-libsquashfs) \
	util-linux \
	xxhash \
	xz

SQFS_STABLE_CONF_OPTS = \
	--disable-drop-in-links \
	--disable-sanitizers \
	--disable-werror \
	--with-cmocka=no \
	--with-gzip=yes \
	--with-libarchive=no \
	--with-postgresql=no \
	--with-selinux=no \
	--with-xz=yes

ifeq ($(BR2_PACKAGE_LZ4),y)
SQFS_STABLE_CONF_OPTS += --with-lz4=yes
SQFS_STABLE_DEPENDENCIES += lz4
else
SQFS_STABLE_CONF_OPTS += --with-lz4=no
endif

# Not with BR2_PACKAGE_LZO alone: it changes the terms of the binaries.
ifeq ($(BR2_PACKAGE_SQFS_STABLE_LZO),y)
SQFS_STABLE_CONF_OPTS += --with-lzo=yes
SQFS_STABLE_DEPENDENCIES += lzo
else
SQFS_STABLE_CONF_OPTS += --with-lzo=no
endif

ifeq ($(BR2_PACKAGE_ZSTD),y)
SQFS_STABLE_CONF_OPTS += --with-zstd=yes
SQFS_STABLE_DEPENDENCIES += zstd
else
SQFS_STABLE_CONF_OPTS += --with-zstd=no
endif

# eudev looks below /lib; with systemd that is /usr/lib.
ifeq ($(BR2_PACKAGE_HAS_UDEV),y)
SQFS_STABLE_CONF_OPTS += --with-udevdir=/lib/udev
else
SQFS_STABLE_CONF_OPTS += --with-udevdir=no
endif

HOST_SQFS_STABLE_DEPENDENCIES = \
	host-json-c \
	host-lz4 \
	host-lzo \
	host-pkgconf \
	host-util-linux \
	host-xz \
	host-zstd \
	$(SQFS_STABLE_HOST_LIBDEFLATE) \
	$(SQFS_STABLE_HOST_LIBSQUASHFS) \
	$(SQFS_STABLE_HOST_XXHASH)

# No links by the name mksquashfs: that one belongs to host-squashfs.
HOST_SQFS_STABLE_CONF_OPTS = \
	--disable-drop-in-links \
	--disable-sanitizers \
	--disable-werror \
	--with-cmocka=no \
	--with-gzip=yes \
	--with-libarchive=no \
	--with-lz4=yes \
	--with-lzo=yes \
	--with-postgresql=no \
	--with-selinux=no \
	--with-udevdir=no \
	--with-xz=yes \
	--with-zstd=yes

# SQFS_STABLE_OVERRIDE_SRCDIR may be a git checkout, which has no configure
# script, or a tree that was built in.
ifneq ($(SQFS_STABLE_OVERRIDE_SRCDIR),)
SQFS_STABLE_AUTORECONF = YES
SQFS_STABLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude=/build --exclude='/build-*' --exclude='*.o' --exclude='*.lo' \
	--exclude='*.la' --exclude=.libs --exclude=.deps --exclude=/config.status
HOST_SQFS_STABLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	$(SQFS_STABLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS)
endif

# What cp and the mirrors say of a missing tarball does not say where it is
# to come from. A primary site may have it.
ifeq ($(call qstrip,$(BR2_PRIMARY_SITE)),)
define SQFS_STABLE_EXPECT_TARBALL
	$(Q)test -e $(SQFS_STABLE_SITE)/$(SQFS_STABLE_SOURCE) || \
		test -e $($(PKG)_DL_DIR)/$(SQFS_STABLE_SOURCE) || { \
		echo "sqfs-stable: $(SQFS_STABLE_SITE)/$(SQFS_STABLE_SOURCE): no such file; make it with \"make dist\" in the sources of sqfs-stable, then run recipes/use-tarball with it" >&2; \
		exit 1; \
	}
endef
SQFS_STABLE_PRE_DOWNLOAD_HOOKS += SQFS_STABLE_EXPECT_TARBALL
HOST_SQFS_STABLE_PRE_DOWNLOAD_HOOKS += SQFS_STABLE_EXPECT_TARBALL
endif

# A device reads images; they are built and joined elsewhere.
SQFS_STABLE_NOT_FOR_TARGET = sqfs-stable-build sqfs-stable-map
define SQFS_STABLE_REMOVE_BUILDERS
	rm -f $(foreach p,$(SQFS_STABLE_NOT_FOR_TARGET),\
		$(TARGET_DIR)/usr/bin/$(p) \
		$(TARGET_DIR)/usr/share/bash-completion/completions/$(p) \
		$(TARGET_DIR)/usr/share/fish/vendor_completions.d/$(p).fish \
		$(TARGET_DIR)/usr/share/zsh/site-functions/_$(p))
endef
SQFS_STABLE_POST_INSTALL_TARGET_HOOKS += SQFS_STABLE_REMOVE_BUILDERS

$(eval $(autotools-package))
$(eval $(host-autotools-package))
