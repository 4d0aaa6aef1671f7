/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walking a tree and one parent's paths side by side. Both are sorted alike, so no path is looked
 * up and none is put together; the stack is explicit, for a parent may be nested at will. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "numbering/tree_walk.h"

/* A directory whose children are being walked, on either side or on both. */
struct sqst_walk_frame {
	const struct sqst_node *dir;
	const struct sqst_entry *was;
	uint32_t next_node;
	uint32_t next_entry;
};

void sqst_walk_begin(struct sqst_walk *walk, const struct sqst_tree *tree,
		     const struct sqst_numbers *parent)
{
	memset(walk, 0, sizeof(*walk));
	walk->root = sqst_tree_root(tree);
	walk->entry = &parent->root;
}

static int push_frame(struct sqst_walk *walk, const struct sqst_node *node,
		      const struct sqst_entry *entry)
{
	struct sqst_walk_frame *frame;

	if (node && (node->inode->type != SQST_TYPE_DIR || node->inode->u.dir.count == 0))
		node = NULL;
	if (entry && (entry->type != SQST_TYPE_DIR || entry->count == 0))
		entry = NULL;
	if (!node && !entry)
		return 0;
	if (walk->frames == walk->room) {
		const size_t room = walk->room ? walk->room * 2 : 32;
		struct sqst_walk_frame *grown = NULL;

		if (room <= SIZE_MAX / sizeof(*grown))
			grown = realloc(walk->frame, room * sizeof(*grown));
		if (!grown)
			return SQST_ERR_NOMEM;
		walk->frame = grown;
		walk->room = room;
	}
	frame = &walk->frame[walk->frames++];
	frame->dir = node;
	frame->was = entry;
	frame->next_node = 0;
	frame->next_entry = 0;
	return 0;
}

static int visit(struct sqst_walk *walk, struct sqst_node *node, const struct sqst_entry *entry)
{
	const int rc = push_frame(walk, node, entry);

	walk->node = node;
	walk->entry = entry;
	if (node)
		walk->index = walk->seen++;
	return rc < 0 ? rc : 1;
}

int sqst_walk_next(struct sqst_walk *walk)
{
	if (walk->seen == 0)
		return visit(walk, walk->root, walk->entry);
	while (walk->frames > 0) {
		struct sqst_walk_frame *frame = &walk->frame[walk->frames - 1];
		struct sqst_node *node = NULL;
		const struct sqst_entry *entry = NULL;
		int order;

		if (frame->dir && frame->next_node < frame->dir->inode->u.dir.count)
			node = frame->dir->inode->u.dir.child[frame->next_node];
		if (frame->was && frame->next_entry < frame->was->count)
			entry = &frame->was->child[frame->next_entry];
		if (!node && !entry) {
			walk->frames--;
			continue;
		}
		order = !node ? 1 : !entry ? -1 : strcmp(node->name, entry->name);
		if (order > 0)
			node = NULL;
		if (order < 0)
			entry = NULL;
		frame->next_node += node != NULL;
		frame->next_entry += entry != NULL;
		return visit(walk, node, entry);
	}
	return 0;
}

void sqst_walk_end(struct sqst_walk *walk)
{
	free(walk->frame);
	walk->frame = NULL;
}
