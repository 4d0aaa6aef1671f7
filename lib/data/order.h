/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order the data of files is written, and how each is stored. */
#ifndef LIB_DATA_ORDER_H
#define LIB_DATA_ORDER_H

#include "data/sort_file.h"
#include "sqst/build.h"

/* One regular file. */
struct sqst_ordered_file {
	struct sqst_node *node;
	int priority;
	/* An or of enum sqst_sort_flag. */
	unsigned flags;
	/* Its place in tree order. */
	size_t position;
};

struct sqst_order {
	/* All regular files, a hard link group at its first name; NULL without rules: tree order.
	 */
	struct sqst_ordered_file *place;
	size_t count;
};

/* Apply rules. Paths that begin with '/', './' or '../' are looked for in the sources' directories
 * first, others in the tree. Rules that name nothing are warned of, once a file. Uses inode->ref. 0
 * or SQST_ERR_NOMEM. */
int sqst_order_make(struct sqst_order *order, const struct sqst_sort *sort, struct sqst_tree *tree,
		    const struct sqst_build_options *options, struct sqst_report *why);

/* Frees the places, not order. */
void sqst_order_release(struct sqst_order *order);

#endif
