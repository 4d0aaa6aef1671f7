/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with equal content are stored once: found by size and hash, then compared. */
#ifndef LIB_DATA_EQUAL_H
#define LIB_DATA_EQUAL_H

#include "data/data.h"

/* The hash of a file's content. Fails as reading it does. */
int sqst_equal_hash(struct sqst_data *data, const struct sqst_node *node, uint64_t *out);

/* Look for an earlier file with the same content; for one of at most a block, data->content holds
 * it. *extent: that file's, or NULL. */
int sqst_equal_find(struct sqst_data *data, const struct sqst_node *node, uint64_t hash,
		    struct sqst_extent **extent);

#endif
