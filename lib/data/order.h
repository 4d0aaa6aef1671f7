/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order the data of files is written, and how each is stored. */
#ifndef LIB_DATA_ORDER_H
#define LIB_DATA_ORDER_H

#include "data/sort_file.h"
#include "tree/inode_set.h"

/* One regular file. */
struct sqst_ordered_file {
	struct sqst_node *node;
	int priority;
	/* An or of enum sqst_sort_flag. */
	unsigned flags;
	/* Its place in tree order. */
	size_t position;
};

/* All regular files of a tree, each once, at the first of its names. */
struct sqst_order {
	struct sqst_tree *tree;
	/* In the order of rules; NULL without rules: tree order. */
	struct sqst_ordered_file *place;
	size_t count;
	/* Where it is: the file that came last, and which came before, or how many of the places.
	 */
	struct sqst_node *node;
	struct sqst_inode_set seen;
	size_t next;
	/* What the rules say of the file that came last, an or of enum sqst_sort_flag. */
	unsigned flags;
};

/* Apply rules to the files of order->tree; the rest must be zero. Paths that begin with '/', './'
 * or '../' are looked for in the sources first, which are paths of directories, others in the tree.
 * Rules that name nothing are warned of, once a file. sort may be NULL. 0, SQST_ERR_NOMEM or
 * SQST_ERR_LIMIT. */
int sqst_order_make(struct sqst_order *order, const struct sqst_sort *sort,
		    const char *const *source, size_t sources, struct sqst_report *why);

/* Begin before the first file. */
void sqst_order_begin(struct sqst_order *order);

/* The next file, NULL after the last. */
struct sqst_node *sqst_order_next(struct sqst_order *order);

/* Frees what it has, not order. */
void sqst_order_release(struct sqst_order *order);

#endif
