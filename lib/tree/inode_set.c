/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of a tree's inodes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "tree/inode_set.h"

int sqst_inode_set_reserve(struct sqst_inode_set *set, const struct sqst_tree *tree,
			   struct sqst_report *why)
{
	const size_t old = set->size;
	uint8_t *grown = sqst_reserve(set->bit, tree->indexes / 8 + (size_t)1, &set->size, 1);

	if (!grown)
		return sqst_no_memory(why, NULL);
	memset(grown + old, 0, set->size - old);
	set->bit = grown;
	return 0;
}

void sqst_inode_set_release(struct sqst_inode_set *set)
{
	free(set->bit);
	*set = (struct sqst_inode_set){0};
}
