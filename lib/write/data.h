/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image: blocks and fragments of all regular files, in tree order or in that of
 * sort files. */
#ifndef LIB_WRITE_DATA_H
#define LIB_WRITE_DATA_H

#include "base/arena.h"
#include "base/output.h"
#include "sqst/build.h"
#include "write/duplicates.h"
#include "write/extent.h"
#include "write/order.h"
#include "write/queue.h"

/* A fragment block, as the fragment table has it. */
struct sqst_fragment {
	uint64_t start;
	uint32_t size;
	/* Bytes in it, uncompressed. */
	uint32_t content;
};

struct sqst_data {
	struct sqst_tree *tree;
	const struct sqst_build_options *options;
	struct sqst_output *output;
	struct sqst_report *why;
	struct sqst_build_result *result;
	struct sqst_queue queue;
	struct sqst_duplicates duplicates;
	/* Extents live here until the inodes are written. */
	struct sqst_arena *extents;
	/* Where the next block goes. */
	uint64_t position;
	/* The fragment block being filled, NULL if none is. */
	struct sqst_block *filling;
	struct sqst_fragment *fragment;
	uint32_t fragments;
	uint32_t fragments_room;
	/* One block each: a file's content, and what it is compared with. */
	uint8_t *content;
	uint8_t *other;
	/* What a sort file says of the file being written, an or of enum sqst_sort_flag. */
	unsigned sorted;
	struct sqst_progress progress;
};

/* Write the data of all regular files from `position` on, and give each inode its extent.
 * sort: rules for the order, or NULL. data must be zero; sqst_data_release() is to be called in any
 * case. Fails as sqst_build(). */
int sqst_data_write(struct sqst_data *data, struct sqst_tree *tree, struct sqst_pool *pool,
		    const struct sqst_build_options *options, const struct sqst_sort *sort,
		    struct sqst_output *output, uint64_t position, struct sqst_build_result *result,
		    struct sqst_report *why);

/* Whether the caller wants the build to end. */
bool sqst_data_canceled(const struct sqst_data *data);

/* Frees the buffers, keeps extents and fragments. */
void sqst_data_finish(struct sqst_data *data);

void sqst_data_release(struct sqst_data *data);

#endif
