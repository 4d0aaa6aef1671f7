/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of one file: blocks, read one after the other, and a tail. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/limits.h"
#include "data/content_reader.h"
#include "data/data.h"
#include "data/equal.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

bool sqst_data_has_tail(const struct sqst_data *data, uint64_t size)
{
	const uint32_t block_size = data->options->codec.block_size;

	if (sqst_data_has(data, SQST_BUILD_NO_FRAGMENTS) || size % block_size == 0 ||
	    (data->sorted & (SQST_SORT_NO_FRAGMENT | SQST_SORT_RAW)))
		return false;
	return sqst_data_has(data, SQST_BUILD_TAILENDS) || size < block_size;
}

static uint32_t alignment(const struct sqst_data *data)
{
	if ((data->sorted & SQST_SORT_ALIGN) && data->options->align <= 1)
		return SQST_SORT_ALIGNMENT;
	return data->options->align;
}

/* Only files that are to be stored in the same way share their blocks. */
static uint64_t hash_of(const struct sqst_data *data, uint64_t content)
{
	return content + data->sorted * UINT64_C(0x9E3779B97F4A7C15);
}

static bool may_share(const struct sqst_data *data)
{
	return !sqst_data_has(data, SQST_BUILD_NO_DUPLICATES) &&
	       !(data->sorted & SQST_SORT_NO_DUPLICATE);
}

/* ---- what the parent has of it */

/* A file of the parent whose blocks may be those of the file being written, one by one. */
struct past {
	const struct sqst_parent_inode *file;
	/* Where its block `index` is. */
	uint32_t index;
	uint64_t at;
};

/* A pool's work: nothing is compressed that the parent has. */
static void compare_or_compress(struct sqst_block *block, struct sqst_tools *tools)
{
	const struct sqst_parent_data *reuse = block->task;
	struct sqst_parent_block was = {0};

	block->damaged = !sqst_parent_block_load(reuse, tools, block->was_at, block->was_field,
						 &was, &block->failure) ||
			 was.size != block->was_size;
	if (block->failure.code < 0)
		return;
	if (!block->damaged && was.clean && was.size == block->in_size &&
	    memcmp(was.data, block->in, was.size) == 0) {
		block->same = true;
		block->out_size = 0;
		if (block->was_wanted && !(block->was_field & SQST_BLOCK_RAW)) {
			block->out_size = (int32_t)block->was_field;
			memcpy(block->out, tools->packed, block->was_field);
		}
	} else if (block->raw) {
		block->out_size = 0;
	} else {
		sqst_block_compress(block, tools);
	}
}

static int read_whole(struct sqst_data *data, const struct sqst_node *node, uint8_t *to,
		      uint32_t size, bool *zero)
{
	struct sqst_reader reader = {0};
	int rc = sqst_reader_open(&reader, data->tree, node, data->why);

	if (rc == 0)
		rc = sqst_reader_read(&reader, to, size, zero, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}

/* Whether a file of the parent begins with `size` bytes, all of its first block. */
static int begins_with(struct sqst_data *data, const struct sqst_parent_inode *file,
		       const uint8_t *first, uint32_t size, bool zero, bool *begins)
{
	const uint32_t field = data->reuse->field[file->first_field];
	struct sqst_failure failure = {0};
	struct sqst_parent_block was;

	if (field == 0) {
		*begins = zero;
		return 0;
	}
	*begins =
	    sqst_parent_block_load(data->reuse, &data->tools, file->start, field, &was, &failure) &&
	    was.size == size && memcmp(was.data, first, size) == 0;
	return failure.code < 0 ? sqst_failure_report(&failure, data->why) : 0;
}

/* Files of one size that are looked at: a tree of a million equal sizes is not to take hours. */
#define CANDIDATES_MAX 16

/* A file of the parent at another path, with this one's size and first block. */
static int find_moved(struct sqst_data *data, const struct sqst_node *node,
		      struct sqst_parent_inode **out)
{
	const struct sqst_parent_data *reuse = data->reuse;
	const uint64_t size = node->inode->u.file.size;
	const uint32_t block_size = data->options->codec.block_size;
	const uint32_t first = size < block_size ? (uint32_t)size : block_size;
	size_t at = sqst_parent_data_find_size(reuse, size);
	bool zero;
	int rc;

	if (at == reuse->sized)
		return 0;
	rc = read_whole(data, node, data->content, first, &zero);
	for (unsigned i = 0; rc == 0 && i < CANDIDATES_MAX && at < reuse->sized; i++, at++) {
		struct sqst_parent_inode *file = &reuse->file[reuse->by_size[at]];
		bool begins = false;

		if (file->size != size)
			break;
		rc = begins_with(data, file, data->content, first, zero, &begins);
		if (rc < 0 || !begins)
			continue;
		*out = file;
		break;
	}
	return rc;
}

static int find_old_blocks(struct sqst_data *data, const struct sqst_node *node, struct past *past)
{
	struct sqst_parent_inode *file;
	int rc = 0;

	/* What a sort file wants stored in a way of its own is made anew. */
	if (!data->reuse || !data->reuse->blocks || data->sorted)
		return 0;
	file = sqst_parent_data_find(data->reuse, node->inode->previous);
	if (!file || file->size != node->inode->u.file.size)
		rc = find_moved(data, node, &file);
	if (rc < 0 || !file || (file->claimed && !may_share(data)))
		return rc;
	file->claimed = true;
	*past = (struct past){file, 0, file->start};
	return 0;
}

/* Let the block be compared with the parent's block `index`. */
static void set_past(struct sqst_data *data, struct sqst_block *block, struct past *past,
		     uint32_t index)
{
	const struct sqst_parent_data *reuse = data->reuse;
	uint32_t field;

	if (!past->file || index >= past->file->blocks)
		return;
	for (; past->index < index; past->index++)
		past->at +=
		    reuse->field[past->file->first_field + past->index] & (SQST_BLOCK_RAW - 1);
	field = reuse->field[past->file->first_field + index];
	if (field == 0 || (sqst_data_has(data, SQST_BUILD_RAW_DATA) && !(field & SQST_BLOCK_RAW)))
		return;
	block->work = compare_or_compress;
	block->task = data->reuse;
	block->was_at = past->at;
	block->was_field = field;
	block->was_size = sqst_parent_block_size(reuse, past->file, index);
	block->was_wanted = !data->gathers;
}

/* ---- blocks */

/* Whether blocks of zeros are left out. */
static bool is_sparse(const struct sqst_data *data)
{
	return !sqst_data_has(data, SQST_BUILD_NO_SPARSE) && !(data->sorted & SQST_SORT_NO_SPARSE);
}

static void add_block(struct sqst_data *data, const struct sqst_node *node, uint32_t index,
		      struct sqst_block *block, struct past *past, bool zero)
{
	const bool raw = sqst_data_has(data, SQST_BUILD_RAW_DATA) || (data->sorted & SQST_SORT_RAW);
	struct sqst_extent *extent = node->inode->u.file.extent;

	if (zero && is_sparse(data)) {
		extent->size[index] = 0;
		extent->sparse += block->in_size;
		sqst_queue_return(&data->queue, block);
		return;
	}
	block->fragment = false;
	block->index = index;
	block->extent = extent;
	block->node = node;
	block->align = alignment(data);
	set_past(data, block, past, index);
	sqst_queue_submit(&data->queue, block, raw);
}

/* Whole blocks of a hole, from block *index on, cost no more than their entries in the inode. */
static int skip_hole(struct sqst_data *data, struct sqst_reader *reader, struct sqst_extent *extent,
		     uint32_t *index)
{
	const uint32_t block_size = data->options->codec.block_size;
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
		      const struct sqst_node *node, struct past *past, uint32_t index)
{
	const uint32_t block_size = data->options->codec.block_size;
	const uint64_t left = reader->size - reader->at;
	struct sqst_block *block;
	bool zero = false;
	int rc = sqst_queue_take(&data->queue, &block, data->why);

	if (rc < 0)
		return rc;
	block->in_size = left < block_size ? (uint32_t)left : block_size;
	rc = sqst_reader_read(reader, block->in, block->in_size, &zero, data->why);
	if (rc < 0) {
		sqst_queue_return(&data->queue, block);
		return rc;
	}
	sqst_data_advance(data, block->in_size);
	add_block(data, node, index, block, past, zero);
	return 0;
}

static int read_blocks(struct sqst_data *data, struct sqst_reader *reader,
		       const struct sqst_node *node, struct past *past)
{
	struct sqst_extent *extent = node->inode->u.file.extent;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < extent->blocks; i++) {
		rc = sqst_data_canceled(data);
		if (rc == 0)
			rc = skip_hole(data, reader, extent, &i);
		if (rc == 0 && i < extent->blocks)
			rc = read_block(data, reader, node, past, i);
	}
	return rc;
}

static int read_file_tail(struct sqst_data *data, struct sqst_reader *reader,
			  struct sqst_extent *extent)
{
	const uint32_t size = (uint32_t)(reader->size - reader->at);
	bool zero;
	int rc;

	if (size == 0)
		return 0;
	rc = sqst_reader_read(reader, data->content, size, &zero, data->why);
	if (rc < 0)
		return rc;
	sqst_data_advance(data, size);
	return sqst_data_add_tail(data, extent, data->content, size);
}

static int blocks_of(struct sqst_data *data, const struct sqst_node *node, uint32_t *out)
{
	const uint32_t block_size = data->options->codec.block_size;
	const uint64_t size = node->inode->u.file.size;
	const uint64_t blocks =
	    size / block_size + (!sqst_data_has_tail(data, size) && size % block_size != 0);

	if (blocks > sqst_limit_most(SQST_LIMIT_BLOCKS)) {
		char what[120];

		snprintf(what, sizeof(what),
			 "%llu blocks of %u bytes are more than a file can have; %llu is the most, "
			 "of any size (-b)",
			 (unsigned long long)blocks, block_size,
			 (unsigned long long)sqst_limit_most(SQST_LIMIT_BLOCKS));
		return sqst_content_fail(data->tree, node, SQST_ERR_LIMIT, 0, what, data->why);
	}
	*out = (uint32_t)blocks;
	return 0;
}

/* Files of at most a block are worth hashing in any case, larger ones if another has their size. */
static int find_equal(struct sqst_data *data, const struct sqst_node *node,
		      struct sqst_extent **extent)
{
	const uint64_t size = node->inode->u.file.size;
	uint64_t hash;
	int rc;

	if (!may_share(data) || (size > data->options->codec.block_size &&
				 !sqst_duplicates_possible(&data->duplicates, size)))
		return 0;
	if (size <= data->options->codec.block_size)
		hash = XXH3_64bits(data->content, (size_t)size);
	else if ((rc = sqst_equal_hash(data, node, &hash)) < 0)
		return rc;
	return sqst_equal_find(data, node, hash_of(data, hash), extent);
}

static int write_all_blocks(struct sqst_data *data, struct sqst_node *node)
{
	struct sqst_extent *extent;
	struct sqst_reader reader = {0};
	struct past past = {0};
	uint32_t blocks = 0;
	int rc = blocks_of(data, node, &blocks);

	if (rc == 0)
		rc = find_old_blocks(data, node, &past);
	if (rc < 0)
		return rc;
	extent = sqst_data_extent(data, blocks);
	if (!extent)
		return sqst_data_no_memory(data);
	node->inode->u.file.extent = extent;
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	if (rc == 0)
		rc = read_blocks(data, &reader, node, &past);
	if (rc == 0 && !data->gathers)
		rc = read_file_tail(data, &reader, extent);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}

/* A file of one block is read once, whole. */
static int write_one_block(struct sqst_data *data, struct sqst_node *node, bool zero)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	struct past past = {0};
	struct sqst_block *block;
	int rc;

	node->inode->u.file.extent = sqst_data_extent(data, 1);
	if (!node->inode->u.file.extent)
		return sqst_data_no_memory(data);
	rc = sqst_queue_take(&data->queue, &block, data->why);
	if (rc < 0)
		return rc;
	memcpy(block->in, data->content, size);
	block->in_size = size;
	/* This reads into data->content. */
	rc = find_old_blocks(data, node, &past);
	if (rc < 0) {
		sqst_queue_return(&data->queue, block);
		return rc;
	}
	add_block(data, node, 0, block, &past, zero);
	sqst_data_advance(data, size);
	return 0;
}

int sqst_data_write_blocks(struct sqst_data *data, struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;
	const bool one = size <= data->options->codec.block_size;
	struct sqst_extent *extent = NULL;
	bool zero = false;
	int rc = sqst_data_canceled(data);

	if (rc == 0 && one)
		rc = read_whole(data, node, data->content, (uint32_t)size, &zero);
	if (rc == 0)
		rc = find_equal(data, node, &extent);
	if (rc < 0)
		return rc;
	if (extent) {
		node->inode->u.file.extent = extent;
		sqst_data_advance(data, size);
		return 0;
	}
	return one ? write_one_block(data, node, zero) : write_all_blocks(data, node);
}

/* ---- tails */

int sqst_data_write_small(struct sqst_data *data, struct sqst_node *node)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	struct sqst_extent *extent = NULL;
	bool zero;
	int rc = sqst_data_canceled(data);

	if (rc == 0)
		rc = read_whole(data, node, data->content, size, &zero);
	if (rc == 0)
		rc = find_equal(data, node, &extent);
	if (rc == 0 && !extent) {
		extent = sqst_data_extent(data, 0);
		rc = extent ? sqst_data_add_tail(data, extent, data->content, size)
			    : sqst_data_no_memory(data);
	}
	if (rc < 0)
		return rc;
	node->inode->u.file.extent = extent;
	sqst_data_advance(data, size);
	return 0;
}

int sqst_data_write_tail(struct sqst_data *data, struct sqst_node *node)
{
	struct sqst_extent *extent = node->inode->u.file.extent;
	const uint64_t blocks = (uint64_t)extent->blocks * data->options->codec.block_size;
	struct sqst_reader reader = {0};
	int rc;

	if (extent->fragment != SQST_NO_FRAGMENT || blocks >= node->inode->u.file.size)
		return 0;
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	reader.at = blocks;
	if (rc == 0)
		rc = read_file_tail(data, &reader, extent);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}
