/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of the parents' paths and numbers. */
#ifndef LIB_NUMBERING_STATS_H
#define LIB_NUMBERING_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "numbering/numbering.h"

/* Count for a numbered tree. `fate` is scratch, one value a path of the tree. Returns 0 or
 * SQST_ERR_NOMEM. */
int sqst_stats_count(const struct sqst_tree *tree, const struct sqst_numbers *const *parents,
		     size_t count, uint32_t *fate, struct sqst_numbering_stats *stats,
		     struct sqst_report *why);

#endif
