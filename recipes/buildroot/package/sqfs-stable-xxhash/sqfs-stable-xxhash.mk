################################################################################
#
# sqfs-stable-xxhash
#
################################################################################

# SPDX-License-Identifier: LGPL-2.1-or-later
# Buildroot has xxhash for the target only. This package goes away by itself
# when it has host-xxhash.
SQFS_STABLE_XXHASH_VERSION = 0.8.3
SQFS_STABLE_XXHASH_SOURCE = xxhash-$(SQFS_STABLE_XXHASH_VERSION).tar.gz
SQFS_STABLE_XXHASH_SITE = $(call github,Cyan4973,xxHash,v$(SQFS_STABLE_XXHASH_VERSION))
SQFS_STABLE_XXHASH_LICENSE = BSD-2-Clause (library), GPL-2.0+ (xxhsum)
SQFS_STABLE_XXHASH_LICENSE_FILES = LICENSE cli/COPYING

HOST_SQFS_STABLE_XXHASH_DL_SUBDIR = xxhash

define HOST_SQFS_STABLE_XXHASH_BUILD_CMDS
	$(HOST_MAKE_ENV) $(HOST_CONFIGURE_OPTS) $(MAKE) -C $(@D) PREFIX=$(HOST_DIR)
endef

define HOST_SQFS_STABLE_XXHASH_INSTALL_CMDS
	$(HOST_MAKE_ENV) $(HOST_CONFIGURE_OPTS) $(MAKE) -C $(@D) PREFIX=$(HOST_DIR) install
endef

ifeq ($(filter host-xxhash,$(PACKAGES_ALL)),)
$(eval $(host-generic-package))
endif
