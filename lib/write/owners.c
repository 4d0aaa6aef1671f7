/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sets of extended attributes that inodes refer to, by index. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/limits.h"
#include "base/report.h"
#include "write/owners.h"

int sqst_xattr_order_make(struct sqst_xattr_order *order, const struct sqst_tree *tree,
			  struct sqst_report *why)
{
	const uint32_t sets = sqst_tree_xattr_sets(tree);

	order->set = calloc(sets + (size_t)1, sizeof(*order->set));
	order->index = calloc(sets + (size_t)1, sizeof(*order->index));
	if (!order->set || !order->index)
		return sqst_no_memory(why, NULL);
	for (uint32_t i = 0; i < sets; i++)
		order->index[i] = SQST_NO_XATTR;
	for (struct sqst_node *node = sqst_tree_root(tree); sets > 0 && node;
	     node = sqst_tree_next(node)) {
		const uint32_t set = node->inode->xattr;

		if (set == SQST_NO_XATTR || order->index[set] != SQST_NO_XATTR)
			continue;
		order->index[set] = order->count;
		order->set[order->count++] = set;
	}
	return sqst_limit_check(SQST_LIMIT_XATTR_SETS, order->count, sqst_tree_source(tree), why);
}

void sqst_xattr_order_release(struct sqst_xattr_order *order)
{
	free(order->set);
	free(order->index);
}
