/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of a tree's inodes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "tree/inode_set.h"

int sqst_inode_set_reserve(struct sqst_inode_set *set, const struct sqst_tree *tree,
			   struct sqst_report *why)
{
	const size_t size = tree->indexes / 8 + (size_t)1;
	const size_t room = size + size / 2;
	uint8_t *grown;

	if (size <= set->size)
		return 0;
	grown = realloc(set->bit, room);
	if (!grown)
		return sqst_no_memory(why, NULL);
	memset(grown + set->size, 0, room - set->size);
	set->bit = grown;
	set->size = room;
	return 0;
}

void sqst_inode_set_release(struct sqst_inode_set *set)
{
	free(set->bit);
	*set = (struct sqst_inode_set){0};
}
