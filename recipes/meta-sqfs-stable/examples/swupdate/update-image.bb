# SPDX-License-Identifier: LGPL-2.1-or-later
# An SWUpdate package of my-image, with swupdate.bbclass of meta-swupdate. To be copied into a layer of the
# product, and sw-description into files/ beside it.
SUMMARY = "Update of the root file system"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302"

SRC_URI = "file://sw-description"

inherit swupdate

IMAGE_DEPENDS = "my-image"
SWUPDATE_IMAGES = "my-image"
# What stands behind the machine in the name of the deployed link: IMAGE_NAME_SUFFIX, then the type
SWUPDATE_IMAGES_FSTYPES[my-image] = ".rootfs.squashfs-stable-zst"
