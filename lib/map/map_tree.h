/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the lines of a map, in any order, to the entries of a numbering. */
#ifndef LIB_MAP_MAP_TREE_H
#define LIB_MAP_MAP_TREE_H

#include "map/map_line.h"

/* Build numbers->root and all below it; numbers->lineage.top is set already. The lines are sorted
 * on the way. Returns 0, SQST_ERR_NOMEM, SQST_ERR_PARENT. */
int sqst_map_build(struct sqst_map_line *line, uint32_t count, struct sqst_numbers *numbers,
		   struct sqst_report *why);

#endif
