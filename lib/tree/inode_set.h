/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of a tree's inodes: a bit each. An inode of several names is met several times in a walk
 * over the tree, and is to be treated once. */
#ifndef LIB_TREE_INODE_SET_H
#define LIB_TREE_INODE_SET_H

#include "tree/tree.h"

/* Zero is a set without room; sqst_inode_set_release() is to be called in any case. */
struct sqst_inode_set {
	uint8_t *bit;
	size_t size;
};

/* Make room for all inodes that the tree has now; what is in the set stays. 0 or
 * SQST_ERR_NOMEM. */
int sqst_inode_set_reserve(struct sqst_inode_set *set, const struct sqst_tree *tree,
			   struct sqst_report *why);

static inline bool sqst_inode_set_has(const struct sqst_inode_set *set,
				      const struct sqst_inode *inode)
{
	return inode->index / 8 < set->size && set->bit[inode->index / 8] & 1u << inode->index % 8;
}

/* Put an inode in that there is room for. Whether it was not there. */
static inline bool sqst_inode_set_add(struct sqst_inode_set *set, const struct sqst_inode *inode)
{
	const bool is_new = !sqst_inode_set_has(set, inode);

	set->bit[inode->index / 8] |= (uint8_t)(1u << inode->index % 8);
	return is_new;
}

void sqst_inode_set_release(struct sqst_inode_set *set);

#endif
