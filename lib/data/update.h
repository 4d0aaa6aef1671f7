/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of an update: the ends of files beside the parent's fragment blocks (update_tails.c,
 * update_moved.c, update_fragments.c), in the rounds that update.c has. */
#ifndef LIB_DATA_UPDATE_H
#define LIB_DATA_UPDATE_H

#include "data/precopy.h"
#include "data/runs.h"
#include "data/writer.h"

struct sqst_parent_fragment;

#define SQST_NO_FILE UINT32_MAX

/* The data of an image that is built on a parent. Nothing is put into the image before all is
 * known: bytes are gathered in runs. */
struct sqst_update {
	struct sqst_sink sink;
	struct sqst_data *data;
	struct sqst_output *output;
	/* Where the data begins. */
	uint64_t position;
	struct sqst_runs runs;
	struct sqst_precopy precopy;
};

/* The end of a file of the new image, and a file of the parent that may have the same. */
struct sqst_tail {
	struct sqst_node *node;
	/* Index in parent->file, or SQST_NO_FILE. */
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

/* Bytes of a file after its last whole block. */
static inline uint32_t sqst_tail_size(const struct sqst_data *data, const struct sqst_node *node)
{
	return (uint32_t)(node->inode->u.file.size % data->options->block_size);
}

/* ---- update_tails.c */

/* The ends that no file with blocks gave a place yet, each with the file of the parent of its path.
 */
int sqst_tails_gather(struct sqst_tails *tails);

/* Read the end of a file. SQST_ERR_SOURCE, SQST_ERR_CHANGED. */
int sqst_tail_read(struct sqst_data *data, const struct sqst_node *node, uint8_t *to);

/* Compare the tails from the `from`th on with their files of the parent, those that have one, one
 * fragment block after the other. All ends in these blocks are hashed too. */
int sqst_tails_compare(struct sqst_tails *tails, size_t from);

/* Hash the ends in a fragment block that no tail was compared with; done when the queue is drained.
 */
int sqst_tails_hash(struct sqst_data *data, struct sqst_parent_fragment *fragment);

/* Put those that are found first, sorted by place, the others after. Returns how many are found.
 */
size_t sqst_tails_sort_found(struct sqst_tails *tails);

/* ---- update_moved.c */

/* Look for tails that are whole files and not found yet at other paths of the parent. */
int sqst_tails_find_moved(struct sqst_tails *tails);

/* ---- update_fragments.c */

/* Decide which of the parent's fragment blocks stay, and give the files with their ends in them
 * their extents. */
int sqst_tails_keep(struct sqst_tails *tails, struct sqst_runs *runs);

/* Close the fragment table. Kept fragment blocks have the entries that they had, and new ones
 * filled what became free; where more is free than that, the last blocks take its place. */
int sqst_update_close_table(struct sqst_update *update);

#endif
