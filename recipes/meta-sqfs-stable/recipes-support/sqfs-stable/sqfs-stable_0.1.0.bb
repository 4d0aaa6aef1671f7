# SPDX-License-Identifier: LGPL-2.1-or-later
SUMMARY = "Squashfs images whose inode numbers survive updates"
DESCRIPTION = "sqfs-stable-build makes squashfs images that keep the inode number of each path of the \
image before, so that a writable overlayfs layer stays valid over an update; sqfs-stable-check, \
sqfs-stable-info and sqfs-stable-map compare, show and merge them."
SECTION = "base"
LICENSE = "LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://COPYING;md5=b234ee4d69f5fce4486a80fdaf4a4263 \
                    file://COPYING.LESSER;md5=4fbd65380cdd255951079008b364516c \
                    "

# Where the tarball is: empty for the file that recipes/use-tarball lays into this layer, or a folder's
# address (https://..., file:///...), for https with the tarball's checksum.
SQFS_STABLE_SITE ?= ""
SQFS_STABLE_SHA256 ?= ""
SRC_URI = "${@d.getVar('SQFS_STABLE_SITE').rstrip('/') or 'file:/'}/${BP}.tar.xz"

# Without the tarball there is nothing to build, but a build of the world need not end for that.
python () {
    if d.getVar('SQFS_STABLE_SITE'):
        # An empty flag would pass for a checksum that was checked.
        if d.getVar('SQFS_STABLE_SHA256'):
            d.setVarFlag('SRC_URI', 'sha256sum', d.getVar('SQFS_STABLE_SHA256'))
        return
    name = d.expand('${BP}.tar.xz')
    found, tried = bb.utils.which(d.getVar('FILESPATH'), name, history=True)
    for path in tried:
        bb.parse.mark_dependency(d, path)
    if not found:
        raise bb.parse.SkipRecipe('%s is not in the layer: run "recipes/use-tarball FILE" with the file '
                                  'that "make dist" makes, or set SQFS_STABLE_SITE' % name)
}

DEPENDS = "json-c squashfs-tools-ng util-linux util-linux-libuuid xxhash"

inherit autotools pkgconfig bash-completion

# Binaries with lzo are GPL-3.0-or-later as a whole, so devices get it only by choice.
PACKAGECONFIG ??= "gzip xz lz4 zstd ${@bb.utils.filter('DISTRO_FEATURES', 'selinux', d)}"
PACKAGECONFIG:class-native ??= "gzip xz lz4 zstd lzo"
PACKAGECONFIG:class-nativesdk ??= "gzip xz lz4 zstd lzo libarchive"
PACKAGECONFIG[gzip] = "--with-gzip=yes,--with-gzip=no,libdeflate"
PACKAGECONFIG[xz] = "--with-xz=yes,--with-xz=no,xz"
PACKAGECONFIG[lz4] = "--with-lz4=yes,--with-lz4=no,lz4"
PACKAGECONFIG[zstd] = "--with-zstd=yes,--with-zstd=no,zstd"
PACKAGECONFIG[lzo] = "--with-lzo=yes,--with-lzo=no,lzo"
PACKAGECONFIG[libarchive] = "--with-libarchive=yes,--with-libarchive=no,libarchive"
PACKAGECONFIG[selinux] = "--with-selinux=yes,--with-selinux=no,libselinux"
PACKAGECONFIG[postgresql] = "--with-postgresql=yes,--with-postgresql=no,postgresql"

# The udev rule is for devices.
SQFS_STABLE_UDEVDIR = "${nonarch_base_libdir}/udev"
SQFS_STABLE_UDEVDIR:class-native = "no"
SQFS_STABLE_UDEVDIR:class-nativesdk = "no"
EXTRA_OECONF = "--with-cmocka=no --with-udevdir=${SQFS_STABLE_UDEVDIR}"

# On a device, ${PN}-tools is what one wants: it says what an image is, and links /dev/disk/by-uuid.
PACKAGES =+ "libsqfs-stable ${PN}-tools ${PN}-zsh-completion ${PN}-fish-completion"
SUMMARY:libsqfs-stable = "${SUMMARY} (library)"
SUMMARY:${PN}-tools = "${SUMMARY} (sqfs-stable-info, sqfs-stable-check and the udev rule)"
FILES:libsqfs-stable = "${libdir}/libsqfs-stable${SOLIBS}"
FILES:${PN}-tools = "${bindir}/sqfs-stable-check ${bindir}/sqfs-stable-info \
                     ${nonarch_base_libdir}/udev/rules.d"
FILES:${PN}-zsh-completion = "${datadir}/zsh"
FILES:${PN}-fish-completion = "${datadir}/fish"

BBCLASSEXTEND = "native nativesdk"
