/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numberings side by side: each path that a tree or one of up to three numberings has, once. All
 * are sorted alike, so no path is looked up and none is put together. */
#ifndef LIB_NUMBERS_BESIDE_H
#define LIB_NUMBERS_BESIDE_H

#include "sqst/numbers.h"
#include "tree/node.h"

#define SQST_BESIDE_SIDES 3

struct sqst_beside_frame;

/* A cursor. What stands first is about the current path; the rest is the cursor's own. */
struct sqst_beside {
	/* NULL: the tree does not have it. */
	struct sqst_node *node;
	/* Each numbering's, NULL where it is not. */
	const struct sqst_entry *entry[SQST_BESIDE_SIDES];
	/* Of node, among the tree's nodes in tree order, from 0. */
	uint32_t index;
	/* The path's place among all paths, from 0, and that of its directory (of the root its
	 * own). */
	uint32_t at;
	uint32_t directory;

	struct sqst_beside_frame *frame;
	size_t frames;
	size_t room;
	uint32_t nodes;
	uint32_t paths;
};

/* Begin before the roots. tree may be NULL, and so may each of `sides` numberings: they have no
 * path. All must stay as they are while the walk lasts. */
void sqst_beside_begin(struct sqst_beside *beside, const struct sqst_tree *tree,
		       const struct sqst_numbers *const *side, unsigned sides);

/* Go to the next path, in tree order: a directory, then each child with all below it. Returns 1, 0
 * after the last, SQST_ERR_NOMEM. */
int sqst_beside_next(struct sqst_beside *beside);

void sqst_beside_end(struct sqst_beside *beside);

/* Whether tree and first numbering have the current path with one type. */
static inline bool sqst_beside_same_identity(const struct sqst_beside *beside)
{
	return beside->node && beside->entry[0] &&
	       beside->node->inode->type == beside->entry[0]->type;
}

/* ---- all of them at once */

/* One path that at least one numbering has. */
struct sqst_beside_path {
	/* Of the path's last component. */
	const char *name;
	/* Each side's, NULL where it is not. */
	const struct sqst_entry *entry[SQST_BESIDE_SIDES];
	/* Index of the directory, of the root its own. */
	uint32_t directory;
};

/* All paths of `sides` numberings, in tree order. *out is the caller's to free(), and points into
 * the sides. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths). */
int sqst_beside_collect(const struct sqst_numbers *const *side, unsigned sides,
			struct sqst_beside_path **out, uint32_t *count, struct sqst_report *why);

/* The path below the root, "" for the root. The caller's to free(); NULL if memory is short. */
char *sqst_beside_path_text(const struct sqst_beside_path *path, uint32_t at);

#endif
