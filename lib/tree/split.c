/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard links taken apart: every name gets an inode of its own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/report.h"
#include "tree/tree.h"

int sqst_tree_split_links(struct sqst_tree *tree, struct sqst_report *why)
{
	for (struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		struct sqst_inode *inode = node->inode, *own;

		/* The last name keeps the inode that all had. */
		if (inode->type == SQST_TYPE_DIR || inode->nlink < 2)
			continue;
		own = sqst_tree_inode_new(tree, inode);
		if (!own)
			return sqst_no_memory(why, NULL);
		own->nlink = 1;
		inode->nlink--;
		node->inode = own;
		tree->inodes++;
	}
	return 0;
}
