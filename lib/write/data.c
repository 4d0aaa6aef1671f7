/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image. One thread reads the files in tree order and hands their blocks to the
 * pool; finished blocks are written in the order of submission. The tails of files are gathered in
 * fragment blocks of the size of a data block. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tree/tree.h"
#include "write/data.h"
#include "write/reader.h"

/* Blocks in flight for each thread: deep enough that a block which takes ten times as long as its
 * neighbours does not leave the others without work. */
#define BLOCKS_PER_JOB 4

static bool has(const struct sqst_data *data, enum sqst_build_flag flag)
{
	return (data->options->flags & (uint32_t)flag) != 0;
}

static int no_memory(struct sqst_data *data)
{
	return sqst_fail(data->why, SQST_ERR_NOMEM, NULL, "out of memory");
}

/* Called for each block in the order of submission. */
static int finish_block(void *user, struct sqst_block *block)
{
	struct sqst_data *data = user;
	const bool raw = block->out_size == 0;
	const uint32_t size = raw ? block->in_size : (uint32_t)block->out_size;
	const uint32_t field = raw ? size | SQST_BLOCK_RAW : size;
	const int rc = sqst_output_write(data->output, data->position, raw ? block->in : block->out,
					 size, data->why);

	if (rc < 0)
		return rc;
	if (block->fragment) {
		data->fragment[block->index] = (struct sqst_fragment){data->position, field};
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

static bool canceled(const struct sqst_data *data)
{
	return data->options->cancel && *data->options->cancel;
}

/* ---- equal files */

/* Whether the file has the content that data->content holds (of one block at most). */
static int equals_content(struct sqst_data *data, const struct sqst_node *node, bool *equal)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	const struct sqst_extent *extent = node->inode->u.file.extent;
	struct sqst_reader reader = {0};
	bool zero;
	int rc;

	if (data->filling && extent->fragment == data->filling->index) {
		*equal =
		    memcmp(data->filling->in + extent->fragment_offset, data->content, size) == 0;
		return 0;
	}
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	if (rc == 0)
		rc = sqst_reader_read(&reader, data->other, size, &zero, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	*equal = rc == 0 && memcmp(data->content, data->other, size) == 0;
	return rc;
}

static int same_until_end(struct sqst_data *data, struct sqst_reader *one, struct sqst_reader *two,
			  bool *equal)
{
	*equal = true;
	while (*equal && one->at < one->size) {
		const uint64_t left = one->size - one->at;
		const uint32_t block = data->options->codec.block_size;
		const uint32_t size = left < block ? (uint32_t)left : block;
		bool zero_one, zero_two;
		int rc;

		if (canceled(data))
			return sqst_fail(data->why, SQST_ERR_CANCELED, NULL, "canceled");
		rc = sqst_reader_read(one, data->content, size, &zero_one, data->why);
		if (rc == 0)
			rc = sqst_reader_read(two, data->other, size, &zero_two, data->why);
		if (rc < 0)
			return rc;
		*equal = (zero_one && zero_two) || memcmp(data->content, data->other, size) == 0;
	}
	return 0;
}

static int equal_files(struct sqst_data *data, const struct sqst_node *a, const struct sqst_node *b,
		       bool *equal)
{
	struct sqst_reader one = {0}, two = {0};
	int rc = sqst_reader_open(&one, data->tree, a, data->why);

	if (rc == 0)
		rc = sqst_reader_open(&two, data->tree, b, data->why);
	if (rc == 0)
		rc = same_until_end(data, &one, &two, equal);
	if (rc == 0)
		rc = sqst_reader_check(&one, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&two, data->why);
	sqst_reader_close(&one);
	sqst_reader_close(&two);
	return rc;
}

/* Block by block, so that a hole and written zeros give the same hash and a hole costs nothing. */
static int hash_file(struct sqst_data *data, const struct sqst_node *node, uint64_t *out)
{
	const uint32_t block = data->options->codec.block_size;
	struct sqst_reader reader = {0};
	int rc = sqst_reader_open(&reader, data->tree, node, data->why);
	uint64_t hash = 0;

	while (rc == 0 && reader.at < reader.size) {
		const uint64_t left = reader.size - reader.at;
		const uint32_t size = left < block ? (uint32_t)left : block;
		bool zero;

		if (canceled(data))
			rc = sqst_fail(data->why, SQST_ERR_CANCELED, NULL, "canceled");
		if (rc == 0)
			rc = sqst_reader_read(&reader, data->content, size, &zero, data->why);
		if (rc == 0)
			hash =
			    zero ? hash * 31 + 1 : XXH3_64bits_withSeed(data->content, size, hash);
	}
	sqst_reader_close(&reader);
	*out = hash;
	return rc;
}

/* Look for an earlier file with the same content; for one of at most a block, data->content holds
 * it. *extent: that file's, or NULL. */
static int find_duplicate(struct sqst_data *data, const struct sqst_node *node, uint64_t hash,
			  struct sqst_extent **extent)
{
	const uint64_t size = node->inode->u.file.size;
	const struct sqst_node *other;

	*extent = NULL;
	for (unsigned n = 0; (other = sqst_duplicates_find(&data->duplicates, hash, size, n));
	     n++) {
		const bool small = size <= data->options->codec.block_size;
		bool equal = false;
		const int rc = small ? equals_content(data, other, &equal)
				     : equal_files(data, other, node, &equal);

		if (rc < 0)
			return rc;
		if (!equal)
			continue;
		*extent = other->inode->u.file.extent;
		data->result->duplicate_files++;
		data->result->duplicate_bytes += size;
		return 0;
	}
	return sqst_duplicates_add(&data->duplicates, hash, node, data->why);
}

/* ---- one file */

static bool tail_to_fragment(const struct sqst_data *data, uint64_t size)
{
	if (has(data, SQST_BUILD_NO_FRAGMENTS))
		return false;
	return has(data, SQST_BUILD_TAILENDS) || size < data->options->codec.block_size;
}

static int add_block(struct sqst_data *data, struct sqst_extent *extent, uint32_t index,
		     struct sqst_block *block, bool zero)
{
	if (zero && !has(data, SQST_BUILD_NO_SPARSE)) {
		extent->size[index] = 0;
		extent->sparse += block->in_size;
		sqst_queue_return(&data->queue, block);
		return 0;
	}
	block->fragment = false;
	block->index = index;
	block->extent = extent;
	sqst_queue_submit(&data->queue, block, has(data, SQST_BUILD_RAW_DATA));
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

		if (canceled(data))
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

static int write_large(struct sqst_data *data, struct sqst_node *node)
{
	const bool tail = tail_to_fragment(data, node->inode->u.file.size);
	struct sqst_reader reader = {0};
	struct sqst_extent *extent = NULL;
	uint32_t blocks = 0;
	int rc;

	if (sqst_duplicates_possible(&data->duplicates, node->inode->u.file.size)) {
		uint64_t hash;

		rc = hash_file(data, node, &hash);
		if (rc == 0)
			rc = find_duplicate(data, node, hash, &extent);
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

	if (rc == 0 && !has(data, SQST_BUILD_NO_DUPLICATES))
		rc = find_duplicate(data, node, XXH3_64bits(data->content, size), &extent);
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

	if (canceled(data))
		return sqst_fail(data->why, SQST_ERR_CANCELED, NULL, "canceled");
	if (size <= data->options->codec.block_size)
		return write_small(data, node);
	return write_large(data, node);
}

/* ---- all files */

static int prepare(struct sqst_data *data, struct sqst_pool *pool)
{
	const uint32_t block_size = data->options->codec.block_size;
	const unsigned limit = sqst_pool_jobs(pool) * BLOCKS_PER_JOB + 2;
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

static int write_all(struct sqst_data *data)
{
	struct sqst_extent *empty = extent_new(data, 0);
	int rc = empty ? 0 : no_memory(data);

	for (struct sqst_node *node = sqst_tree_root(data->tree); rc == 0 && node;
	     node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_FILE || node->inode->u.file.extent)
			continue;
		if (node->inode->u.file.size == 0)
			node->inode->u.file.extent = empty;
		else
			rc = write_file(data, node);
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
		    const struct sqst_build_options *options, struct sqst_output *output,
		    uint64_t position, struct sqst_build_result *result, struct sqst_report *why)
{
	int rc;

	data->tree = tree;
	data->options = options;
	data->output = output;
	data->position = position;
	data->result = result;
	data->why = why;
	count_source(data);
	rc = prepare(data, pool);
	if (rc == 0)
		rc = write_all(data);
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
