/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a tree and one parent's paths side by side. */
#ifndef LIB_NUMBERING_TREE_WALK_H
#define LIB_NUMBERING_TREE_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "sqst/numbers.h"
#include "tree/node.h"

struct sqst_walk_frame;

/* One walk. node, entry and index are the current path's; the rest is the walk's own. */
struct sqst_walk {
	/* NULL: only the parent has the path. */
	struct sqst_node *node;
	/* NULL: only the tree has the path. */
	const struct sqst_entry *entry;
	/* Of node, in tree order from 0. */
	uint32_t index;

	struct sqst_walk_frame *frame;
	size_t frames;
	size_t room;
	uint32_t seen;
	struct sqst_node *root;
};

/* Start before the roots. Both sides must stay as they are while the walk lasts. */
void sqst_walk_begin(struct sqst_walk *walk, const struct sqst_tree *tree,
		     const struct sqst_numbers *parent);

/* Go to the next path that the tree or the parent has: each path once, the tree's in tree order.
 * Returns 1, 0 after the last, SQST_ERR_NOMEM. */
int sqst_walk_next(struct sqst_walk *walk);

void sqst_walk_end(struct sqst_walk *walk);

/* Whether tree and parent have the current path with one type. */
static inline int sqst_walk_same_identity(const struct sqst_walk *walk)
{
	return walk->node && walk->entry && walk->node->inode->type == walk->entry->type;
}

#endif
