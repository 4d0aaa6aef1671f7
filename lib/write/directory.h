/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directory listings as bytes of the directory table. */
#ifndef LIB_WRITE_DIRECTORY_H
#define LIB_WRITE_DIRECTORY_H

#include "write/inode.h"

/* Append a directory's listing. All its children's inodes stand in `inodes`, settled. The caller
 * frees listing->index. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_listing_write(struct sqst_meta *directories, const struct sqst_meta *inodes,
		       const struct sqst_inode *dir, struct sqst_listing *listing,
		       struct sqst_report *why);

/* Append the index behind a directory's inode. */
int sqst_listing_write_index(struct sqst_meta *inodes, const struct sqst_meta *directories,
			     const struct sqst_listing *listing);

#endif
