/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of one file: blocks, read one after the other, and a tail. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "data/writer.h"
#include "tree/content_reader.h"
#include "tree/tree.h"

/* Whether a file of this size has its end in a fragment block. */
static bool has_tail(const struct sqst_data *data, uint64_t size)
{
	const uint32_t block_size = data->options->block_size;

	if (data->options->no_fragments || size % block_size == 0 ||
	    (data->order.flags & (SQST_SORT_NO_FRAGMENT | SQST_SORT_RAW)))
		return false;
	return data->options->tailends || size < block_size;
}

bool sqst_file_is_small(const struct sqst_data *data, const struct sqst_inode *inode)
{
	return inode->u.file.size < data->options->block_size && has_tail(data, inode->u.file.size);
}

static uint32_t alignment(const struct sqst_data *data)
{
	if ((data->order.flags & SQST_SORT_ALIGN) && data->options->align <= 1)
		return SQST_SORT_ALIGNMENT;
	return data->options->align;
}

/* Whether blocks of zeros are left out. */
static bool is_sparse(const struct sqst_data *data)
{
	return !data->options->no_sparse && !(data->order.flags & SQST_SORT_NO_SPARSE);
}

/* ---- blocks */

static void add_block(struct sqst_data *data, const struct sqst_node *node, uint32_t index,
		      struct sqst_data_block *block, struct sqst_old_blocks *old, bool zero)
{
	const bool raw = data->options->raw_blocks || (data->order.flags & SQST_SORT_RAW);
	struct sqst_extent *extent = node->inode->u.file.extent;

	if (zero && is_sparse(data)) {
		extent->size[index] = 0;
		extent->sparse += block->base.in_size;
		sqst_queue_return(&data->queue, &block->base);
		return;
	}
	block->index = index;
	block->extent = extent;
	block->node = node;
	block->align = alignment(data);
	sqst_old_blocks_compare(data, block, old, index);
	sqst_queue_submit(&data->queue, &block->base, raw);
}

/* Whole blocks of a hole, from block *index on, cost no more than their entries in the inode. */
static int skip_hole(struct sqst_data *data, struct sqst_reader *reader, struct sqst_extent *extent,
		     uint32_t *index)
{
	const uint32_t block_size = data->options->block_size;
	uint64_t hole = 0, skipped;
	const int rc = is_sparse(data) ? sqst_reader_hole(reader, &hole, data->why) : 0;

	skipped = hole / block_size;
	/* A block at the end may be shorter: it is left to be read. */
	if (skipped > extent->blocks - *index)
		skipped = extent->blocks - *index;
	if (skipped > 0 && skipped * block_size > reader->size - reader->at)
		skipped--;
	/* The arena has zeroed extent->size. */
	*index += (uint32_t)skipped;
	extent->sparse += skipped * block_size;
	sqst_reader_skip(reader, skipped * block_size);
	sqst_data_advance(data, skipped * block_size);
	return rc;
}

static int read_block(struct sqst_data *data, struct sqst_reader *reader,
		      const struct sqst_node *node, struct sqst_old_blocks *old, uint32_t index)
{
	const uint32_t block_size = data->options->block_size;
	const uint64_t left = reader->size - reader->at;
	struct sqst_data_block *block;
	bool zero = false;
	int rc = sqst_data_take_block(data, &block);

	if (rc < 0)
		return rc;
	block->base.in_size = left < block_size ? (uint32_t)left : block_size;
	rc = sqst_reader_read(reader, block->base.in, block->base.in_size, &zero, data->why);
	if (rc < 0) {
		sqst_queue_return(&data->queue, &block->base);
		return rc;
	}
	sqst_data_advance(data, block->base.in_size);
	add_block(data, node, index, block, old, zero);
	return 0;
}

static int read_blocks(struct sqst_data *data, struct sqst_reader *reader,
		       const struct sqst_node *node, struct sqst_old_blocks *old)
{
	struct sqst_extent *extent = node->inode->u.file.extent;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < extent->blocks; i++) {
		rc = sqst_data_canceled(data);
		if (rc == 0)
			rc = skip_hole(data, reader, extent, &i);
		if (rc == 0 && i < extent->blocks)
			rc = read_block(data, reader, node, old, i);
	}
	return rc;
}

static int count_file_blocks(struct sqst_data *data, const struct sqst_node *node, uint32_t *out)
{
	const uint32_t block_size = data->options->block_size;
	const uint64_t size = node->inode->u.file.size;
	const uint64_t blocks =
	    size / block_size + (!has_tail(data, size) && size % block_size != 0);

	if (blocks > sqst_limit_most(SQST_LIMIT_BLOCKS)) {
		char what[120];

		snprintf(what, sizeof(what),
			 "%llu blocks of %u bytes; a file can have at most %llu, of any size (-b)",
			 (unsigned long long)blocks, block_size,
			 (unsigned long long)sqst_limit_most(SQST_LIMIT_BLOCKS));
		return sqst_content_fail(data->tree, node, SQST_ERR_LIMIT, 0, what, data->why);
	}
	*out = (uint32_t)blocks;
	return 0;
}

static int write_all_blocks(struct sqst_data *data, struct sqst_node *node)
{
	struct sqst_reader reader = {0};
	struct sqst_old_blocks old = {0};
	uint32_t blocks = 0;
	int rc = count_file_blocks(data, node, &blocks);

	if (rc == 0)
		rc = sqst_old_blocks_find(data, node, &old);
	if (rc < 0)
		return rc;
	node->inode->u.file.extent = sqst_data_extent(data, blocks);
	if (!node->inode->u.file.extent)
		return sqst_data_no_memory(data);
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	if (rc == 0)
		rc = read_blocks(data, &reader, node, &old);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}

/* A file of one block was read whole. */
static int write_one_block(struct sqst_data *data, struct sqst_node *node, bool zero)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	struct sqst_old_blocks old = {0};
	struct sqst_data_block *block;
	int rc;

	node->inode->u.file.extent = sqst_data_extent(data, 1);
	if (!node->inode->u.file.extent)
		return sqst_data_no_memory(data);
	rc = sqst_data_take_block(data, &block);
	if (rc < 0)
		return rc;
	memcpy(block->base.in, data->content, size);
	block->base.in_size = size;
	/* This reads into data->content. */
	rc = sqst_old_blocks_find(data, node, &old);
	if (rc < 0) {
		sqst_queue_return(&data->queue, &block->base);
		return rc;
	}
	add_block(data, node, 0, block, &old, zero);
	sqst_data_advance(data, size);
	return 0;
}

/* ---- the whole file */

/* Read a file of at most a block into data->content. */
static int read_one_block(struct sqst_data *data, const struct sqst_node *node, bool *zero)
{
	const int rc = sqst_data_canceled(data);

	return rc < 0 ? rc
		      : sqst_reader_read_part(data->tree, node, 0, data->content,
					      (uint32_t)node->inode->u.file.size, zero, data->why);
}

int sqst_file_write_blocks(struct sqst_data *data, struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;
	const bool one = size <= data->options->block_size;
	struct sqst_extent *extent = NULL;
	bool zero = false;
	int rc = one ? read_one_block(data, node, &zero) : sqst_data_canceled(data);

	if (rc == 0)
		rc = sqst_dedup_find(data, node, &extent);
	if (rc < 0)
		return rc;
	if (extent) {
		node->inode->u.file.extent = extent;
		sqst_data_advance(data, size);
		return 0;
	}
	return one ? write_one_block(data, node, zero) : write_all_blocks(data, node);
}

int sqst_file_write_small(struct sqst_data *data, struct sqst_node *node)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	struct sqst_extent *extent = NULL;
	bool zero;
	int rc = read_one_block(data, node, &zero);

	if (rc == 0)
		rc = sqst_dedup_find(data, node, &extent);
	if (rc == 0 && !extent) {
		extent = sqst_data_extent(data, 0);
		rc = extent ? sqst_fragments_add(data, extent, data->content, size)
			    : sqst_data_no_memory(data);
	}
	if (rc < 0)
		return rc;
	node->inode->u.file.extent = extent;
	sqst_data_advance(data, size);
	return 0;
}

int sqst_file_write_tail(struct sqst_data *data, struct sqst_node *node)
{
	struct sqst_extent *extent = node->inode->u.file.extent;
	const uint64_t at = (uint64_t)extent->blocks * data->options->block_size;
	uint32_t size;
	bool zero;
	int rc;

	if (extent->fragment != SQST_NO_FRAGMENT || at >= node->inode->u.file.size)
		return 0;
	size = (uint32_t)(node->inode->u.file.size - at);
	rc = sqst_reader_read_part(data->tree, node, at, data->content, size, &zero, data->why);
	if (rc < 0)
		return rc;
	sqst_data_advance(data, size);
	return sqst_fragments_add(data, extent, data->content, size);
}
