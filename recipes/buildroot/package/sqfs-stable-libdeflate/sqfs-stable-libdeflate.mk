################################################################################
#
# sqfs-stable-libdeflate
#
################################################################################

# SPDX-License-Identifier: LGPL-2.1-or-later
# Buildroot has libdeflate for the target only. This package goes away by
# itself when it has host-libdeflate.
SQFS_STABLE_LIBDEFLATE_VERSION = 1.26
SQFS_STABLE_LIBDEFLATE_SOURCE = libdeflate-$(SQFS_STABLE_LIBDEFLATE_VERSION).tar.gz
SQFS_STABLE_LIBDEFLATE_SITE = https://github.com/ebiggers/libdeflate/releases/download/v$(SQFS_STABLE_LIBDEFLATE_VERSION)
SQFS_STABLE_LIBDEFLATE_DL_SUBDIR = libdeflate
SQFS_STABLE_LIBDEFLATE_LICENSE = MIT
SQFS_STABLE_LIBDEFLATE_LICENSE_FILES = COPYING

HOST_SQFS_STABLE_LIBDEFLATE_DL_SUBDIR = libdeflate
HOST_SQFS_STABLE_LIBDEFLATE_CONF_OPTS = \
	-DLIBDEFLATE_BUILD_GZIP=OFF \
	-DLIBDEFLATE_BUILD_SHARED_LIB=ON \
	-DLIBDEFLATE_BUILD_STATIC_LIB=OFF

ifeq ($(filter host-libdeflate,$(PACKAGES_ALL)),)
$(eval $(host-cmake-package))
endif
