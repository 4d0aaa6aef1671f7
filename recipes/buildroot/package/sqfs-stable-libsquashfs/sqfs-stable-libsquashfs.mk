################################################################################
#
# sqfs-stable-libsquashfs
#
################################################################################

# SPDX-License-Identifier: LGPL-2.1-or-later
# The library of squashfs-tools-ng, without its programs. Should Buildroot get
# a package squashfs-tools-ng, sqfs-stable uses that one: see sqfs-stable.mk.
SQFS_STABLE_LIBSQUASHFS_VERSION = 1.3.2
SQFS_STABLE_LIBSQUASHFS_SOURCE = squashfs-tools-ng-$(SQFS_STABLE_LIBSQUASHFS_VERSION).tar.xz
SQFS_STABLE_LIBSQUASHFS_SITE = https://infraroot.at/pub/squashfs
SQFS_STABLE_LIBSQUASHFS_DL_SUBDIR = squashfs-tools-ng
SQFS_STABLE_LIBSQUASHFS_LICENSE = LGPL-3.0+
SQFS_STABLE_LIBSQUASHFS_LICENSE_FILES = COPYING.md licenses/LGPLv3.txt
SQFS_STABLE_LIBSQUASHFS_INSTALL_STAGING = YES
SQFS_STABLE_LIBSQUASHFS_DEPENDENCIES = host-pkgconf xz

HOST_SQFS_STABLE_LIBSQUASHFS_DL_SUBDIR = squashfs-tools-ng
HOST_SQFS_STABLE_LIBSQUASHFS_DEPENDENCIES = host-pkgconf host-xz

# sqfs-stable has compressors of its own; from here it takes the lzma of old
# images, which is in liblzma.
SQFS_STABLE_LIBSQUASHFS_CONF_OPTS = \
	--with-pthread \
	--with-xz \
	--without-bzip2 \
	--without-gzip \
	--without-lz4 \
	--without-lzo \
	--without-selinux \
	--without-tools \
	--without-zstd
HOST_SQFS_STABLE_LIBSQUASHFS_CONF_OPTS = $(SQFS_STABLE_LIBSQUASHFS_CONF_OPTS)

$(eval $(autotools-package))
$(eval $(host-autotools-package))
