/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file image.h
 * Reading the numbering of an existing squashfs 4.0 image, ours or another tool's, with any
 * compressor. The image is untrusted: every offset, count and reference is checked before it is
 * followed, and a damaged image is refused with what is wrong and at which offset or path.
 */
#ifndef SQST_IMAGE_H
#define SQST_IMAGE_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/**
 * Read an image's numbers.
 *
 * Refused: no squashfs 4.0; a table outside the image or out of order; a metadata block that does
 * not decompress; a number of 0, above the superblock's inode count, or on two different inodes; a
 * directory that contains itself or is in two places; a name twice or out of order, empty, "." or
 * ".." or with '/' or NUL; a path of more than 4,095 bytes; listings that together are larger than
 * the directory table; an export table that does not fit the count or whose entry for a live
 * number is not that inode; an extra-information record that runs past its block; a
 * stable-numbering record that disagrees with the superblock or with the tree.
 *
 * @param path  the image
 * @param out   the caller's to free with sqst_numbers_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT (unreadable or refused)
 */
SQST_API int sqst_image_read_numbers(const char *path, struct sqst_numbers **out,
				     struct sqst_report *why);

#endif
