/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the extended attributes of an image are. */
#ifndef LIB_IMAGE_XATTR_TABLE_H
#define LIB_IMAGE_XATTR_TABLE_H

#include "image/meta.h"

/* Zero is none. */
struct sqst_xattr_table {
	/* Sets, 16 bytes each: a reference, how many attributes, their bytes. */
	struct sqst_table sets;
	/* Names and values. */
	struct sqst_area area;
};

/* Find the table, if there is one. To be released in any case. */
int sqst_xattr_table_open(struct sqst_xattr_table *xattrs, struct sqst_image *image);

void sqst_xattr_table_release(struct sqst_xattr_table *xattrs);

#endif
