# SPDX-License-Identifier: LGPL-2.1-or-later
# A RAUC bundle of my-image, with bundle.bbclass of meta-rauc. To be copied into a layer of the product.
SUMMARY = "Update of the root file system"
LICENSE = "MIT"

inherit bundle

RAUC_BUNDLE_COMPATIBLE = "${MACHINE}"
RAUC_BUNDLE_FORMAT = "verity"
RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "my-image"
# The ending .squashfs-stable-zst stays in the file's name: by it RAUC knows that this is squashfs.
RAUC_SLOT_rootfs[fstype] = "squashfs-stable-zst"
# Fetch only blocks that the device has not (RAUC 1.8). Slots must be a multiple of 4 KiB as well.
RAUC_SLOT_rootfs[adaptive] = "block-hash-index"

RAUC_KEY_FILE = "/srv/keys/rauc.key.pem"
RAUC_CERT_FILE = "/srv/keys/rauc.cert.pem"
