/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rule R5: a hard link group keeps its number while its set of names is that of every parent. */
#ifndef LIB_NUMBERING_SETS_H
#define LIB_NUMBERING_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tree/node.h"

/* How many paths one parent has under each number. */
struct sqst_sets {
	uint32_t top;
	/* One a path of the parent, until sqst_sets_close(); then the numbers of more than one
	 * path, ascending. */
	uint32_t *number;
	/* Of each of those: paths. */
	uint32_t *paths;
	size_t count;
	size_t room;
};

/* Take the number of one path. False if memory is short. */
bool sqst_sets_add(struct sqst_sets *sets, uint32_t number);

/* After the last path. False if memory is short. */
bool sqst_sets_close(struct sqst_sets *sets);

void sqst_sets_release(struct sqst_sets *sets);

/* From one candidate number a path (0: none; else each parent whose top reaches it has the identity
 * under that number) to one number an inode, as sqst_links_settle() does. */
void sqst_sets_settle(const struct sqst_tree *tree, uint32_t *candidate,
		      const struct sqst_sets *sets, size_t parents);

#endif
