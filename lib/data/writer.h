/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the data writer: what its parts share. One thread reads files and hands their blocks to
 * the pool; finished blocks leave in the order of submission, and go where a sink puts them.
 *
 *     data.c                   all of it: a first image (plain.c), or an update (update.c)
 *     file_blocks.c            one file
 *     old_blocks.c, dedup.c    what the parent, or another file, has of it already
 *     fragments.c              the ends of files, put together */
#ifndef LIB_DATA_WRITER_H
#define LIB_DATA_WRITER_H

#include "base/arena.h"
#include "base/cancel.h"
#include "codec/queue.h"
#include "data/data.h"
#include "data/dedup.h"

struct sqst_data;

/* A block of a file, or a fragment block, on its way through the pool. */
struct sqst_data_block {
	struct sqst_block base;
	/* What is done with it then; NULL: it is stored. */
	int (*finish)(struct sqst_data *data, struct sqst_data_block *block);
	/* The file that it is a block of; NULL: a fragment block. */
	struct sqst_extent *extent;
	const struct sqst_node *node;
	/* Its place in the file, or in the fragment table. */
	uint32_t index;
	uint32_t align;
	/* A block of the parent that may be the same: where it is, its size field, its unpacked
	 * bytes; and whether it is to be put into `out` if it is. */
	uint64_t old_at;
	uint32_t old_field;
	uint32_t old_size;
	bool old_wanted;
	/* What came of it. */
	bool same;
	bool damaged;
};

/* Where finished blocks go, in the order of submission. A sink is the first member of a struct that
 * knows more. */
struct sqst_sink {
	/* A block of a file: `size` bytes, which are block->old_at in the parent if block->same. A
	 * file's blocks stand one after the other. */
	int (*block)(struct sqst_sink *sink, const struct sqst_data_block *block,
		     const uint8_t *bytes, uint32_t size);
	/* A fragment block. */
	int (*fragment)(struct sqst_sink *sink, const struct sqst_data_block *block,
			const uint8_t *bytes, uint32_t size);
	/* Of a block that is the same in the parent it takes the place: `bytes` are not used. */
	bool takes_places;
};

struct sqst_data {
	const struct sqst_data_options *options;
	struct sqst_tree *tree;
	/* Of the files; the one that came last is being written. */
	struct sqst_order order;
	struct sqst_parent_data *parent;
	struct sqst_places *places;
	struct sqst_data_stats *stats;
	struct sqst_report *why;
	struct sqst_sink *sink;
	struct sqst_queue queue;
	struct sqst_dedup dedup;
	/* The fragment block being filled, NULL if none is. */
	struct sqst_data_block *filling;
	/* No entry of the fragment table before this one is free. */
	uint32_t fragments_taken;
	/* One block each: a file's content, and what it is compared with. */
	uint8_t *content;
	uint8_t *other;
	/* This thread's, for the parent's blocks. */
	struct sqst_tools tools;
	/* Bytes of the source that are done. */
	uint64_t done;
};

static inline int sqst_data_no_memory(const struct sqst_data *data)
{
	return sqst_fail(data->why, SQST_ERR_NOMEM, NULL, "out of memory");
}

static inline int sqst_data_canceled(const struct sqst_data *data)
{
	return sqst_canceled(data->options->cancel, data->why);
}

/* So many bytes of the source are done. */
static inline void sqst_data_advance(struct sqst_data *data, uint64_t bytes)
{
	data->done += bytes;
	if (data->options->progress)
		data->options->progress(data->options->user, data->done, data->stats->source_bytes);
}

/* A block to fill; fails as sqst_queue_take(). */
static inline int sqst_data_take_block(struct sqst_data *data, struct sqst_data_block **out)
{
	struct sqst_block *block = NULL;
	const int rc = sqst_queue_take(&data->queue, &block, data->why);

	*out = (struct sqst_data_block *)block;
	return rc;
}

/* A new extent for a file of so many blocks. NULL if memory is short. */
static inline struct sqst_extent *sqst_data_extent(struct sqst_data *data, uint32_t blocks)
{
	const size_t size = sizeof(struct sqst_extent) + (size_t)blocks * sizeof(uint32_t);
	struct sqst_extent *extent = sqst_arena_alloc(data->places->extents, size);

	if (extent) {
		extent->blocks = blocks;
		extent->fragment = SQST_NO_FRAGMENT;
	}
	return extent;
}

/* ---- plain.c, update.c: the two ways to write all files. The latter needs data->parent. */

int sqst_data_write_plain(struct sqst_data *data, struct sqst_output *output, uint64_t position);
int sqst_data_write_update(struct sqst_data *data, struct sqst_output *output, uint64_t position);

/* ---- file_blocks.c: one file, stored as data->order.flags say */

/* Whether it has an end in a fragment block, and nothing else. */
bool sqst_file_is_small(const struct sqst_data *data, const struct sqst_inode *inode);

/* Give it its extent: that of an equal file, or of its own, with the content in the fragment block
 * being filled. */
int sqst_file_write_small(struct sqst_data *data, struct sqst_node *node);

/* The same for any other file, but for an end that is to be in a fragment block. */
int sqst_file_write_blocks(struct sqst_data *data, struct sqst_node *node);

/* That end, unless the file has it already. */
int sqst_file_write_tail(struct sqst_data *data, struct sqst_node *node);

/* ---- old_blocks.c: what the parent has of a file */

/* A file of the parent whose blocks may be those of the file being written, one by one. */
struct sqst_old_blocks {
	/* NULL: there is none. */
	const struct sqst_parent_inode *file;
	/* Where its block `index` is. */
	uint32_t index;
	uint64_t at;
};

/* Find the file of the parent with this one's path, or its size and first block. *old must be zero.
 * Reads into data->content. */
int sqst_old_blocks_find(struct sqst_data *data, const struct sqst_node *node,
			 struct sqst_old_blocks *old);

/* Let the block be compared with the old block `index` before it is compressed. */
void sqst_old_blocks_compare(struct sqst_data *data, struct sqst_data_block *block,
			     struct sqst_old_blocks *old, uint32_t index);

/* Refuse the parent because of a block of this file that is damaged; with options->rebuild_damaged
 * warn instead, and return 0. */
int sqst_old_blocks_damaged(const struct sqst_data *data, const struct sqst_node *node,
			    uint64_t at);

/* ---- fragments.c */

/* Put a file's tail into the fragment block being filled, or the next. */
int sqst_fragments_add(struct sqst_data *data, struct sqst_extent *extent, const uint8_t *tail,
		       uint32_t size);

/* Hand over the block being filled, if there is one. */
void sqst_fragments_flush(struct sqst_data *data);

#endif
