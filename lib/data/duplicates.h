/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding files with equal content. A hash only proposes; bytes decide. */
#ifndef LIB_DATA_DUPLICATES_H
#define LIB_DATA_DUPLICATES_H

#include "sqst/report.h"
#include "sqst/tree.h"

struct sqst_duplicates {
	struct sqst_duplicate_slot *slot;
	size_t slots;
	size_t used;
	/* Sizes above the block size that more than one file has, sorted. */
	uint64_t *shared_size;
	size_t shared_sizes;
};

/* Look through the tree for sizes above `block_size` that occur more than once: only such files are
 * worth reading twice. 0 or SQST_ERR_NOMEM. */
int sqst_duplicates_init(struct sqst_duplicates *duplicates, const struct sqst_tree *tree,
			 uint32_t block_size, struct sqst_report *why);

/* Whether another file may have the content of one with this size. */
bool sqst_duplicates_possible(const struct sqst_duplicates *duplicates, uint64_t size);

/* The n-th file (from 0) that was added with this hash and size, NULL if there are no more. */
const struct sqst_node *sqst_duplicates_find(const struct sqst_duplicates *duplicates,
					     uint64_t hash, uint64_t size, unsigned n);

/* 0 or SQST_ERR_NOMEM. */
int sqst_duplicates_add(struct sqst_duplicates *duplicates, uint64_t hash,
			const struct sqst_node *node, struct sqst_report *why);

void sqst_duplicates_release(struct sqst_duplicates *duplicates);

#endif
