/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which order the data of files is written, and how each is stored. */
#ifndef LIB_DATA_ORDER_H
#define LIB_DATA_ORDER_H

#include "data/sort_file.h"
#include "sqst/tree.h"

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
	struct sqst_tree *tree;
	/* All regular files, a hard link group at its first name; NULL without rules: tree order.
	 */
	struct sqst_ordered_file *place;
	size_t count;
};

/* Apply rules to the files of order->tree; the rest must be zero. Paths that begin with '/', './'
 * or '../' are looked for in the sources first, which are paths of directories, others in the tree.
 * Rules that name nothing are warned of, once a file. sort may be NULL. 0, SQST_ERR_NOMEM or
 * SQST_ERR_LIMIT. */
int sqst_order_make(struct sqst_order *order, const struct sqst_sort *sort,
		    const char *const *source, size_t sources, struct sqst_report *why);

/* A way through all files; zero before the first. */
struct sqst_order_cursor {
	struct sqst_node *node;
	size_t next;
	/* Of the file that was returned last: an or of enum sqst_sort_flag. */
	unsigned flags;
};

/* The next regular file, NULL behind the last. In tree order one of several names comes several
 * times. */
struct sqst_node *sqst_order_next(const struct sqst_order *order, struct sqst_order_cursor *at);

/* Frees the places, not order. */
void sqst_order_release(struct sqst_order *order);

#endif
