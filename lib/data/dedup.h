/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with equal content are stored once. A hash only proposes; bytes decide. */
#ifndef LIB_DATA_DEDUP_H
#define LIB_DATA_DEDUP_H

#include "base/hash.h"
#include "data/sizes.h"
#include "sqst/report.h"
#include "tree/node.h"

struct sqst_data;

struct sqst_dedup {
	/* Files that were stored. */
	const struct sqst_node **node;
	uint32_t nodes;
	size_t room;
	struct sqst_hash by_content;
	/* Those above the block size that more than one file has. */
	struct sqst_sizes shared;
};

/* Look through the tree for sizes above `block_size` that occur more than once: only such files are
 * worth reading twice. 0 or SQST_ERR_NOMEM. */
int sqst_dedup_init(struct sqst_dedup *dedup, const struct sqst_tree *tree, uint32_t block_size,
		    struct sqst_report *why);

/* Whether the file being written may have the data of another one. */
bool sqst_dedup_allowed(const struct sqst_data *data);

/* Look for an earlier file with the same content, stored in the same way; the content of one of at
 * most a block is in data->content. *extent: that file's, or NULL; then the file will be found, so
 * it must get its own extent. Fails as reading the files does. */
int sqst_dedup_find(struct sqst_data *data, const struct sqst_node *node,
		    struct sqst_extent **extent);

void sqst_dedup_release(struct sqst_dedup *dedup);

#endif
