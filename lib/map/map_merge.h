/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of sqst_numbers_merge(). */
#ifndef LIB_MAP_MAP_MERGE_H
#define LIB_MAP_MAP_MERGE_H

#include "numbers/beside.h"

enum {
	SIDE_BASE,
	SIDE_OURS,
	SIDE_THEIRS,
};

_Static_assert(SIDE_THEIRS < SQST_BESIDE_SIDES, "room for three sides");

/* The number that a side gives an identity, 0 if it does not have it. */
static inline uint32_t sqst_side_number(const struct sqst_beside_path *beside, int side,
					uint8_t type)
{
	const struct sqst_entry *entry = beside->entry[side];

	return entry && entry->type == type ? entry->number : 0;
}

/* Which paths of the join are hard links of one another. type: what each path is in the join, 0 if
 * it is not there. leader[i] becomes the first path, in tree order, of the group of path i; its own
 * index for a directory. False if memory is short. */
bool sqst_merge_links(const struct sqst_beside_path *beside, uint32_t count, const uint8_t *type,
		      uint32_t *leader);

#endif
