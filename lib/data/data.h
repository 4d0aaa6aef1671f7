/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image: blocks and fragments of all regular files, in tree order or in that of
 * sort files. */
#ifndef LIB_DATA_DATA_H
#define LIB_DATA_DATA_H

#include "base/arena.h"
#include "base/output.h"
#include "codec/queue.h"
#include "data/duplicates.h"
#include "data/extent.h"
#include "data/order.h"
#include "data/precopy.h"
#include "data/runs.h"
#include "sqst/build.h"
#include "write/write.h"

struct sqst_parent_data;

struct sqst_data {
	struct sqst_tree *tree;
	const struct sqst_build_options *options;
	struct sqst_output *output;
	struct sqst_report *why;
	struct sqst_build_result *result;
	struct sqst_queue queue;
	struct sqst_duplicates duplicates;
	/* Extents live here until the inodes are written; and tasks of blocks in the queue, which
	 * is released before. */
	struct sqst_arena *extents;
	/* Where the next block goes. */
	uint64_t position;
	/* The fragment block being filled, NULL if none is. */
	struct sqst_block *filling;
	/* The fragment table; with a parent, entries without content are free. */
	struct sqst_fragment *fragment;
	uint32_t fragments;
	uint32_t fragments_room;
	/* No entry before this one is free. */
	uint32_t fragments_taken;
	/* One block each: a file's content, and what it is compared with. */
	uint8_t *content;
	uint8_t *other;
	/* What a sort file says of the file being written, an or of enum sqst_sort_flag. */
	unsigned sorted;
	struct sqst_progress progress;
	/* The parent's data, or NULL; and this thread's tools for it. */
	struct sqst_parent_data *reuse;
	struct sqst_tools tools;
	/* With a parent whose layout is kept, nothing is written before all is known: bytes are
	 * gathered here. */
	bool gathers;
	struct sqst_runs runs;
	struct sqst_precopy precopy;
	/* Bytes of dead tails in the fragment blocks that are kept, as they are stored. */
	uint64_t dead;
};

/* Write the data of all regular files from `position` on, and give each inode its extent. data must
 * be zero; sqst_data_release() is to be called in any case. Fails as sqst_build(). */
int sqst_data_write(struct sqst_data *data, struct sqst_tree *tree, struct sqst_pool *pool,
		    const struct sqst_image_plan *plan, struct sqst_output *output,
		    uint64_t position, struct sqst_build_result *result, struct sqst_report *why);

/* Frees the buffers, keeps extents and fragments. */
void sqst_data_finish(struct sqst_data *data);

void sqst_data_release(struct sqst_data *data);

/* ---- what the parts of this share */

static inline bool sqst_data_has(const struct sqst_data *data, enum sqst_build_flag flag)
{
	return (data->options->flags & (uint32_t)flag) != 0;
}

int sqst_data_no_memory(const struct sqst_data *data);

/* SQST_ERR_CANCELED if the caller wants the build to end. */
int sqst_data_canceled(const struct sqst_data *data);

/* So many bytes of the source are done. */
void sqst_data_advance(struct sqst_data *data, uint64_t bytes);

/* A new extent for a file of so many blocks. NULL if memory is short. */
struct sqst_extent *sqst_data_extent(struct sqst_data *data, uint32_t blocks);

/* Put a file's tail into the fragment block being filled, or the next. */
int sqst_data_add_tail(struct sqst_data *data, struct sqst_extent *extent, const uint8_t *tail,
		       uint32_t size);

/* Refuse the parent because of a block of this file that is damaged; with SQST_BUILD_PREV_REBUILD
 * warn instead, and return 0. */
int sqst_data_damaged(const struct sqst_data *data, const struct sqst_node *node, uint64_t at);

/* ---- file_blocks.c: one file. data->sorted is set. */

/* Whether a file of this size has its end in a fragment block. */
bool sqst_data_has_tail(const struct sqst_data *data, uint64_t size);

/* A file with a tail only: its content, or that of a file which has the same. */
int sqst_data_write_small(struct sqst_data *data, struct sqst_node *node);

/* A file with blocks. The tail is left out if data->gathers. */
int sqst_data_write_blocks(struct sqst_data *data, struct sqst_node *node);

/* The tail of a file with blocks, which were written before. */
int sqst_data_write_tail(struct sqst_data *data, struct sqst_node *node);

/* ---- update_tails.c: the parent's fragment blocks */

/* Give files that have their end as the parent has it their extent, and decide which of the
 * parent's fragment blocks stay. Files with blocks were written before. */
int sqst_data_keep_tails(struct sqst_data *data, const struct sqst_order *order);

/* A pool's work on a block of ends of files, and what is done with it then. */
void sqst_tails_check(struct sqst_block *block, struct sqst_tools *tools);
int sqst_tails_finish(struct sqst_data *data, struct sqst_block *block);

#endif
