/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ends of files beside the parent's fragment blocks: inside of update_tails.c,
 * update_moved.c and update_fragments.c.
 */
#ifndef LIB_DATA_UPDATE_TAILS_H
#define LIB_DATA_UPDATE_TAILS_H

#include "data/data.h"

struct sqst_parent_fragment;

#define SQST_NO_FILE UINT32_MAX

/* The end of a file of the new image, and a file of the parent that may have the same. */
struct sqst_tail {
	struct sqst_node *node;
	/* Index in reuse->file, or SQST_NO_FILE. */
	uint32_t file;
	/* In the order of the files. */
	uint32_t order;
	/* Where its bytes are in a block's `in`. */
	uint32_t at;
	/* The parent's are equal. */
	bool same;
};

struct sqst_tails {
	struct sqst_data *data;
	struct sqst_tail *tail;
	size_t count;
};

/* Bytes of a file behind its last whole block. */
static inline uint32_t sqst_tail_size(const struct sqst_data *data, const struct sqst_node *node)
{
	return (uint32_t)(node->inode->u.file.size % data->options->codec.block_size);
}

/* ---- update_tails.c */

/* For qsort_r() with a struct sqst_parent_data: those with a file of the parent first, by fragment,
 * place in it, and order. */
int sqst_tails_by_place(const void *a, const void *b, void *reuse);

/* Read the end of a file. SQST_ERR_SOURCE, SQST_ERR_CHANGED. */
int sqst_tail_read(struct sqst_data *data, const struct sqst_node *node, uint8_t *to);

/* Compare tails, sorted by place, with their files of the parent, one fragment block after the
 * other. All ends in these blocks are hashed too. */
int sqst_tails_compare(struct sqst_data *data, struct sqst_tail *tail, size_t count);

/* Hash the ends in a fragment block that no tail was compared with; done when the queue is drained.
 */
int sqst_tails_hash(struct sqst_data *data, struct sqst_parent_fragment *fragment);

/* Put those that are found first, sorted by place, the others behind. Returns how many are found.
 */
size_t sqst_tails_sort_found(struct sqst_tails *tails);

/* ---- update_moved.c */

/* Look for tails that are whole files and not found yet at other paths of the parent. */
int sqst_tails_find_moved(struct sqst_tails *tails);

/* ---- update_fragments.c */

/* Decide which of the parent's fragment blocks stay, and give the files with their ends in them
 * their extents. */
int sqst_tails_keep(struct sqst_tails *tails);

#endif
