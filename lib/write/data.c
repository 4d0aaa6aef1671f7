/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image. One thread reads the files in tree order and hands their blocks to the
 * pool; finished blocks are written in the order of submission. The tails of files are gathered in
 * fragment blocks of the size of a data block. Sort files change the order, nothing else. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tree/tree.h"
#include "write/data.h"
#include "write/equal.h"
#include "write/reader.h"

/* Bytes in flight for each thread, and blocks at least: deep enough that a block which takes ten
 * times as long as its neighbours, or a read that waits for the disk, does not leave the others
 * idle. */
#define BYTES_PER_JOB  (2u << 20)
#define BLOCKS_PER_JOB 4u

static bool has(const struct sqst_data *data, enum sqst_build_flag flag)
{
	return (data->options->flags & (uint32_t)flag) != 0;
}

static int no_memory(struct sqst_data *data)
{
	return sqst_fail(data->why, SQST_ERR_NOMEM, NULL, "out of memory");
}

/* Zeros up to a multiple of `align`; written, since a block device may hold anything. */
static int align_position(struct sqst_data *data, uint32_t align)
{
	static const uint8_t zeros[4096];
	uint64_t gap = align > 1 ? (align - data->position % align) % align : 0;

	while (gap > 0) {
		const size_t size = gap < sizeof(zeros) ? (size_t)gap : sizeof(zeros);
		const int rc =
		    sqst_output_write(data->output, data->position, zeros, size, data->why);

		if (rc < 0)
			return rc;
		data->position += size;
		gap -= size;
	}
	return 0;
}

/* Called for each block in the order of submission. */
static int finish_block(void *user, struct sqst_block *block)
{
	struct sqst_data *data = user;
	const bool raw = block->out_size == 0;
	const uint32_t size = raw ? block->in_size : (uint32_t)block->out_size;
	const uint32_t field = raw ? size | SQST_BLOCK_RAW : size;
	int rc = 0;

	/* A file's blocks stand one behind the other, so only its first can be moved. */
	if (block->fragment || block->extent->start == 0)
		rc = align_position(data, block->align);
	if (rc == 0)
		rc = sqst_output_write(data->output, data->position, raw ? block->in : block->out,
				       size, data->why);
	if (rc < 0)
		return rc;
	if (block->fragment) {
		data->fragment[block->index] =
		    (struct sqst_fragment){data->position, field, block->in_size};
	} else {
		if (block->extent->start == 0)
			block->extent->start = data->position;
		block->extent->size[block->index] = field;
	}
	data->position += size;
	return 0;
}

static int submit_fragment(struct sqst_data *data)
{
	if (data->filling)
		sqst_queue_submit(&data->queue, data->filling, has(data, SQST_BUILD_RAW_FRAGMENTS));
	data->filling = NULL;
	return 0;
}

static int start_fragment(struct sqst_data *data)
{
	struct sqst_block *block;
	int rc;

	if (data->fragments == data->fragments_room) {
		const uint32_t room = data->fragments_room * 2 + 64;
		struct sqst_fragment *grown = realloc(data->fragment, room * sizeof(*grown));

		if (!grown)
			return no_memory(data);
		data->fragment = grown;
		data->fragments_room = room;
	}
	rc = sqst_queue_take(&data->queue, &block, data->why);
	if (rc < 0)
		return rc;
	block->fragment = true;
	block->index = data->fragments++;
	block->align = data->options->align;
	block->in_size = 0;
	data->filling = block;
	return 0;
}

static int add_tail(struct sqst_data *data, struct sqst_extent *extent, const uint8_t *tail,
		    uint32_t size)
{
	int rc = 0;

	if (data->filling && data->filling->in_size + size > data->options->codec.block_size)
		rc = submit_fragment(data);
	if (rc == 0 && !data->filling)
		rc = start_fragment(data);
	if (rc < 0)
		return rc;
	extent->fragment = data->filling->index;
	extent->fragment_offset = data->filling->in_size;
	memcpy(data->filling->in + data->filling->in_size, tail, size);
	data->filling->in_size += size;
	return 0;
}

static struct sqst_extent *extent_new(struct sqst_data *data, uint32_t blocks)
{
	const size_t size = sizeof(struct sqst_extent) + (size_t)blocks * sizeof(uint32_t);
	struct sqst_extent *extent = sqst_arena_alloc(data->extents, size);

	if (extent) {
		extent->blocks = blocks;
		extent->fragment = SQST_NO_FRAGMENT;
	}
	return extent;
}

static void advance(struct sqst_data *data, uint64_t bytes)
{
	data->progress.bytes += bytes;
	if (data->options->progress)
		data->options->progress(data->options->user, &data->progress);
}

bool sqst_data_canceled(const struct sqst_data *data)
{
	return data->options->cancel && *data->options->cancel;
}

/* ---- one file */

static bool tail_to_fragment(const struct sqst_data *data, uint64_t size)
{
	if (has(data, SQST_BUILD_NO_FRAGMENTS) ||
	    (data->sorted & (SQST_SORT_NO_FRAGMENT | SQST_SORT_RAW)))
		return false;
	return has(data, SQST_BUILD_TAILENDS) || size < data->options->codec.block_size;
}

static uint32_t alignment(const struct sqst_data *data)
{
	if ((data->sorted & SQST_SORT_ALIGN) && data->options->align <= 1)
		return SQST_SORT_ALIGNMENT;
	return data->options->align;
}

static int add_block(struct sqst_data *data, struct sqst_extent *extent, uint32_t index,
		     struct sqst_block *block, bool zero)
{
	const bool raw = has(data, SQST_BUILD_RAW_DATA) || (data->sorted & SQST_SORT_RAW);

	if (zero && !has(data, SQST_BUILD_NO_SPARSE) && !(data->sorted & SQST_SORT_NO_SPARSE)) {
		extent->size[index] = 0;
		extent->sparse += block->in_size;
		sqst_queue_return(&data->queue, block);
		return 0;
	}
	block->fragment = false;
	block->index = index;
	block->extent = extent;
	block->align = alignment(data);
	sqst_queue_submit(&data->queue, block, raw);
	return 0;
}

static int read_blocks(struct sqst_data *data, struct sqst_reader *reader,
		       struct sqst_extent *extent)
{
	const uint32_t block_size = data->options->codec.block_size;

	for (uint32_t i = 0; i < extent->blocks; i++) {
		const uint64_t left = reader->size - reader->at;
		struct sqst_block *block;
		bool zero = false;
		int rc;

		if (sqst_data_canceled(data))
			return sqst_fail(data->why, SQST_ERR_CANCELED, NULL, "canceled");
		rc = sqst_queue_take(&data->queue, &block, data->why);
		if (rc < 0)
			return rc;
		block->in_size = left < block_size ? (uint32_t)left : block_size;
		rc = sqst_reader_read(reader, block->in, block->in_size, &zero, data->why);
		if (rc < 0) {
			sqst_queue_return(&data->queue, block);
			return rc;
		}
		rc = add_block(data, extent, i, block, zero);
		if (rc < 0)
			return rc;
		advance(data, left < block_size ? left : block_size);
	}
	return 0;
}

static int read_tail(struct sqst_data *data, struct sqst_reader *reader, struct sqst_extent *extent)
{
	const uint32_t size = (uint32_t)(reader->size - reader->at);
	bool zero;
	int rc;

	if (size == 0)
		return 0;
	rc = sqst_reader_read(reader, data->content, size, &zero, data->why);
	if (rc < 0)
		return rc;
	advance(data, size);
	return add_tail(data, extent, data->content, size);
}

static int blocks_of(struct sqst_data *data, const struct sqst_node *node, bool tail, uint32_t *out)
{
	const uint32_t block_size = data->options->codec.block_size;
	const uint64_t size = node->inode->u.file.size;
	const uint64_t blocks = size / block_size + (!tail && size % block_size != 0);

	/* The kernel computes with these as ints; far below that, the inode would not fit anywhere.
	 */
	if (blocks > INT32_MAX / sizeof(uint32_t))
		return sqst_content_fail(data->tree, node, SQST_ERR_LIMIT, 0,
					 "the file is too large for this block size", data->why);
	*out = (uint32_t)blocks;
	return 0;
}

/* Only files that are to be stored in the same way share their blocks. */
static uint64_t hash_of(const struct sqst_data *data, uint64_t content)
{
	return content + data->sorted * UINT64_C(0x9E3779B97F4A7C15);
}

static bool may_share(const struct sqst_data *data)
{
	return !has(data, SQST_BUILD_NO_DUPLICATES) && !(data->sorted & SQST_SORT_NO_DUPLICATE);
}

static int write_large(struct sqst_data *data, struct sqst_node *node)
{
	const bool tail = tail_to_fragment(data, node->inode->u.file.size);
	struct sqst_reader reader = {0};
	struct sqst_extent *extent = NULL;
	uint32_t blocks = 0;
	int rc;

	if (may_share(data) &&
	    sqst_duplicates_possible(&data->duplicates, node->inode->u.file.size)) {
		uint64_t hash;

		rc = sqst_equal_hash(data, node, &hash);
		if (rc == 0)
			rc = sqst_equal_find(data, node, hash_of(data, hash), &extent);
		if (rc < 0 || extent) {
			node->inode->u.file.extent = extent;
			advance(data, node->inode->u.file.size);
			return rc;
		}
	}
	rc = blocks_of(data, node, tail, &blocks);
	if (rc < 0)
		return rc;
	extent = extent_new(data, blocks);
	if (!extent)
		return no_memory(data);
	node->inode->u.file.extent = extent;
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	if (rc == 0)
		rc = read_blocks(data, &reader, extent);
	if (rc == 0)
		rc = read_tail(data, &reader, extent);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}

static int load_content(struct sqst_data *data, const struct sqst_node *node, bool *zero)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	struct sqst_reader reader = {0};
	int rc = sqst_reader_open(&reader, data->tree, node, data->why);

	if (rc == 0)
		rc = sqst_reader_read(&reader, data->content, size, zero, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	return rc;
}

static int write_one_block(struct sqst_data *data, struct sqst_extent *extent, uint32_t size,
			   bool zero)
{
	struct sqst_block *block;
	const int rc = sqst_queue_take(&data->queue, &block, data->why);

	if (rc < 0)
		return rc;
	memcpy(block->in, data->content, size);
	block->in_size = size;
	return add_block(data, extent, 0, block, zero);
}

/* A file of at most one block is read once, whole. */
static int write_small(struct sqst_data *data, struct sqst_node *node)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	const bool tail = size < data->options->codec.block_size && tail_to_fragment(data, size);
	struct sqst_extent *extent = NULL;
	bool zero;
	int rc = load_content(data, node, &zero);

	if (rc == 0 && may_share(data))
		rc = sqst_equal_find(data, node, hash_of(data, XXH3_64bits(data->content, size)),
				     &extent);
	if (rc < 0)
		return rc;
	if (!extent) {
		extent = extent_new(data, tail ? 0 : 1);
		if (!extent)
			return no_memory(data);
		rc = tail ? add_tail(data, extent, data->content, size)
			  : write_one_block(data, extent, size, zero);
	}
	node->inode->u.file.extent = extent;
	advance(data, size);
	return rc;
}

static int write_file(struct sqst_data *data, struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;

	if (sqst_data_canceled(data))
		return sqst_fail(data->why, SQST_ERR_CANCELED, NULL, "canceled");
	if (size <= data->options->codec.block_size)
		return write_small(data, node);
	return write_large(data, node);
}

/* ---- all files */

static int prepare(struct sqst_data *data, struct sqst_pool *pool)
{
	const uint32_t block_size = data->options->codec.block_size;
	const uint32_t depth = BYTES_PER_JOB / block_size;
	const unsigned limit =
	    sqst_pool_jobs(pool) * (depth > BLOCKS_PER_JOB ? depth : BLOCKS_PER_JOB) + 2;
	int rc = sqst_queue_init(&data->queue, pool, block_size, limit, data->why);

	if (rc < 0)
		return rc;
	data->queue.finish = finish_block;
	data->queue.user = data;
	data->extents = sqst_arena_new();
	data->content = malloc(block_size);
	data->other = malloc(block_size);
	if (!data->extents || !data->content || !data->other)
		return no_memory(data);
	if (has(data, SQST_BUILD_NO_DUPLICATES))
		return 0;
	return sqst_duplicates_init(&data->duplicates, data->tree, block_size, data->why);
}

static int write_node(struct sqst_data *data, struct sqst_node *node, struct sqst_extent *empty)
{
	if (node->inode->type != SQST_TYPE_FILE || node->inode->u.file.extent)
		return 0;
	if (node->inode->u.file.size > 0)
		return write_file(data, node);
	node->inode->u.file.extent = empty;
	return 0;
}

static int write_all(struct sqst_data *data, const struct sqst_order *order)
{
	struct sqst_extent *empty = extent_new(data, 0);
	struct sqst_node *node = order->place ? NULL : sqst_tree_root(data->tree);
	int rc = empty ? 0 : no_memory(data);

	for (; rc == 0 && node; node = sqst_tree_next(node))
		rc = write_node(data, node, empty);
	for (size_t i = 0; rc == 0 && i < order->count; i++) {
		data->sorted = order->place[i].flags;
		rc = write_node(data, order->place[i].node, empty);
	}
	if (rc == 0)
		rc = submit_fragment(data);
	return rc == 0 ? sqst_queue_drain(&data->queue, data->why) : rc;
}

static void count_source(struct sqst_data *data)
{
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		/* A hard link group counts once: at the name that clears its extent. */
		if (node->inode->type == SQST_TYPE_FILE)
			node->inode->ref = 0;
	}
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_FILE || node->inode->ref)
			continue;
		node->inode->ref = 1;
		data->progress.bytes_total += node->inode->u.file.size;
	}
}

int sqst_data_write(struct sqst_data *data, struct sqst_tree *tree, struct sqst_pool *pool,
		    const struct sqst_build_options *options, const struct sqst_sort *sort,
		    struct sqst_output *output, uint64_t position, struct sqst_build_result *result,
		    struct sqst_report *why)
{
	struct sqst_order order = {0};
	int rc;

	data->tree = tree;
	data->options = options;
	data->output = output;
	data->position = position;
	data->result = result;
	data->why = why;
	rc = sqst_order_make(&order, sort, tree, options, why);
	count_source(data);
	if (rc == 0)
		rc = prepare(data, pool);
	if (rc == 0)
		rc = write_all(data, &order);
	sqst_order_release(&order);
	result->source_bytes = data->progress.bytes_total;
	result->fragments = data->fragments;
	result->data_bytes = data->position - position;
	return rc;
}

void sqst_data_finish(struct sqst_data *data)
{
	if (data->filling)
		sqst_queue_return(&data->queue, data->filling);
	data->filling = NULL;
	if (data->queue.pool)
		sqst_queue_release(&data->queue);
	sqst_duplicates_release(&data->duplicates);
	free(data->content);
	free(data->other);
	data->duplicates = (struct sqst_duplicates){0};
	data->queue = (struct sqst_queue){0};
	data->content = data->other = NULL;
}

void sqst_data_release(struct sqst_data *data)
{
	sqst_data_finish(data);
	sqst_arena_free(data->extents);
	free(data->fragment);
}
