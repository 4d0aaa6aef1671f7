/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What inodes refer to by an index: user and group ids, and sets of extended attributes. Only what
 * the inodes of the image have is in its tables, in the order in which it is met. */
#ifndef LIB_WRITE_OWNERS_H
#define LIB_WRITE_OWNERS_H

#include "base/ids.h"
#include "tree/node.h"

/* The sets of attributes that inodes refer to. */
struct sqst_xattr_order {
	/* The tree's index of each set of the image. */
	uint32_t *set;
	uint32_t count;
	/* The image's index of each set of the tree, SQST_NO_XATTR if no inode has it. */
	uint32_t *index;
};

/* In tree order, so that equal trees give equal tables, whatever a tree had before. 0,
 * SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_xattr_order_make(struct sqst_xattr_order *order, const struct sqst_tree *tree,
			  struct sqst_report *why);

void sqst_xattr_order_release(struct sqst_xattr_order *order);

#endif
