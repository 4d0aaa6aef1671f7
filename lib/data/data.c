/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image. One thread reads the files in tree order and hands their blocks to the
 * pool; finished blocks are written in the order of submission. The tails of files are gathered in
 * fragment blocks of the size of a data block. Sort files change the order, nothing else.
 *
 * With a parent whose layout is kept there are three rounds instead of one: files with blocks, then
 * the parent's fragment blocks, then the tails that are in none of these that stay. What comes out
 * is gathered, placed and copied at the end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/limits.h"
#include "data/data.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

/* Bytes in flight for each thread, and blocks at least: deep enough that a block which takes ten
 * times as long as its neighbours, or a read that waits for the disk, does not leave the others
 * idle. */
#define BYTES_PER_JOB  (2u << 20)
#define BLOCKS_PER_JOB 4u

int sqst_data_no_memory(const struct sqst_data *data)
{
	return sqst_fail(data->why, SQST_ERR_NOMEM, NULL, "out of memory");
}

int sqst_data_canceled(const struct sqst_data *data)
{
	return sqst_canceled(data->options->cancel, data->why);
}

void sqst_data_advance(struct sqst_data *data, uint64_t bytes)
{
	data->progress.bytes += bytes;
	if (data->options->progress)
		data->options->progress(data->options->user, &data->progress);
}

/* ---- finished blocks */

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

/* A block that was made, or one of the parent that is the same. */
struct finished {
	const uint8_t *bytes;
	uint32_t size;
	uint32_t field;
};

static int gather_block(struct sqst_data *data, const struct sqst_block *block, struct finished got)
{
	struct sqst_extent *extent = block->fragment ? NULL : block->extent;

	if (block->same)
		return sqst_runs_take(&data->runs, extent, block->index, block->was_at, got.size);
	return sqst_runs_make(&data->runs, extent, block->index, got.bytes, got.size);
}

static int put_block(struct sqst_data *data, const struct sqst_block *block, struct finished got)
{
	int rc = 0;

	/* A file's blocks stand one behind the other, so only its first can be moved. */
	if (block->fragment || block->extent->start == 0)
		rc = align_position(data, block->align);
	if (rc == 0)
		rc =
		    sqst_output_write(data->output, data->position, got.bytes, got.size, data->why);
	if (rc < 0)
		return rc;
	if (block->fragment)
		data->fragment[block->index].start = data->position;
	else if (block->extent->start == 0)
		block->extent->start = data->position;
	data->position += got.size;
	return 0;
}

/* Called for each block in the order of submission. */
static int finish_data_block(void *user, struct sqst_block *block)
{
	struct sqst_data *data = user;
	const bool raw = block->out_size == 0;
	struct finished got = {raw ? block->in : block->out,
			       raw ? block->in_size : (uint32_t)block->out_size, 0};

	if (block->work == sqst_tails_check)
		return sqst_tails_finish(data, block);
	if (block->damaged) {
		const int rc = sqst_data_damaged(data, block->node, block->was_at);

		if (rc < 0)
			return rc;
	}
	got.field = raw ? got.size | SQST_BLOCK_RAW : got.size;
	if (block->same) {
		got.field = block->was_field;
		got.size = got.field & (SQST_BLOCK_RAW - 1);
		data->result->reuse.blocks++;
	}
	if (block->fragment) {
		data->fragment[block->index].size = got.field;
		data->fragment[block->index].content = block->in_size;
	} else {
		block->extent->size[block->index] = got.field;
	}
	return data->gathers ? gather_block(data, block, got) : put_block(data, block, got);
}

int sqst_data_damaged(const struct sqst_data *data, const struct sqst_node *node, uint64_t at)
{
	char path[4096] = "";

	sqst_node_path(node, path, sizeof(path));
	if (sqst_data_has(data, SQST_BUILD_PREV_REBUILD)) {
		sqst_warn(data->why, data->reuse->image.name,
			  "damaged: the data block of /%s at offset 0x%llx cannot be unpacked; it "
			  "is built anew",
			  path, (unsigned long long)at);
		return 0;
	}
	return sqst_fail(data->why, SQST_ERR_PARENT, data->reuse->image.name,
			 "damaged: the data block of /%s at offset 0x%llx cannot be unpacked; use "
			 "another parent image, or --prev-damaged=rebuild to build such files anew",
			 path, (unsigned long long)at);
}

/* ---- extents and fragments */

struct sqst_extent *sqst_data_extent(struct sqst_data *data, uint32_t blocks)
{
	const size_t size = sizeof(struct sqst_extent) + (size_t)blocks * sizeof(uint32_t);
	struct sqst_extent *extent = sqst_arena_alloc(data->extents, size);

	if (extent) {
		extent->blocks = blocks;
		extent->fragment = SQST_NO_FRAGMENT;
	}
	return extent;
}

static void submit_fragment(struct sqst_data *data)
{
	if (data->filling)
		sqst_queue_submit(&data->queue, data->filling,
				  sqst_data_has(data, SQST_BUILD_RAW_FRAGMENTS));
	data->filling = NULL;
}

/* The lowest entry of the fragment table that no block has. */
static int take_fragment_entry(struct sqst_data *data, uint32_t *out)
{
	int rc;

	while (data->fragments_taken < data->fragments &&
	       data->fragment[data->fragments_taken].content > 0)
		data->fragments_taken++;
	rc = sqst_limit_check(SQST_LIMIT_FRAGMENTS, data->fragments_taken + UINT64_C(1),
			      sqst_tree_source(data->tree), data->why);
	if (rc < 0)
		return rc;
	if (data->fragments_taken == data->fragments_room) {
		const uint32_t room = data->fragments_room * 2 + 64;
		struct sqst_fragment *grown = realloc(data->fragment, room * sizeof(*grown));

		if (!grown)
			return sqst_data_no_memory(data);
		data->fragment = grown;
		data->fragments_room = room;
	}
	*out = data->fragments_taken++;
	if (*out == data->fragments)
		data->fragments++;
	data->fragment[*out] = (struct sqst_fragment){0};
	return 0;
}

static int start_fragment(struct sqst_data *data)
{
	struct sqst_block *block;
	uint32_t index = 0;
	int rc = take_fragment_entry(data, &index);

	if (rc == 0)
		rc = sqst_queue_take(&data->queue, &block, data->why);
	if (rc < 0)
		return rc;
	block->fragment = true;
	block->index = index;
	block->align = data->options->align;
	block->in_size = 0;
	data->filling = block;
	return 0;
}

int sqst_data_add_tail(struct sqst_data *data, struct sqst_extent *extent, const uint8_t *tail,
		       uint32_t size)
{
	int rc = 0;

	if (data->filling && data->filling->in_size + size > data->options->codec.block_size)
		submit_fragment(data);
	if (!data->filling)
		rc = start_fragment(data);
	if (rc < 0)
		return rc;
	extent->fragment = data->filling->index;
	extent->fragment_offset = data->filling->in_size;
	memcpy(data->filling->in + data->filling->in_size, tail, size);
	data->filling->in_size += size;
	return 0;
}

/* ---- all files */

static int prepare_data(struct sqst_data *data, struct sqst_pool *pool)
{
	const uint32_t block_size = data->options->codec.block_size;
	const uint32_t depth = BYTES_PER_JOB / block_size;
	const unsigned limit =
	    sqst_pool_jobs(pool) * (depth > BLOCKS_PER_JOB ? depth : BLOCKS_PER_JOB) + 2;
	int rc = sqst_queue_init(&data->queue, pool, block_size, limit, data->why);

	if (rc < 0)
		return rc;
	data->queue.finish = finish_data_block;
	data->queue.user = data;
	data->queue.cancel = data->options->cancel;
	data->runs.cancel = data->options->cancel;
	data->extents = sqst_arena_new();
	data->content = malloc(block_size);
	data->other = malloc(block_size);
	if (!data->extents || !data->content || !data->other)
		return sqst_data_no_memory(data);
	if (data->gathers && (rc = sqst_runs_open(&data->runs, data->why)) < 0)
		return rc;
	if (sqst_data_has(data, SQST_BUILD_NO_DUPLICATES))
		return 0;
	return sqst_duplicates_init(&data->duplicates, data->tree, block_size, data->why);
}

static int write_node(struct sqst_data *data, struct sqst_node *node)
{
	const struct sqst_inode *inode = node->inode;

	if (inode->type != SQST_TYPE_FILE || inode->u.file.extent)
		return 0;
	if (inode->u.file.size < data->options->codec.block_size &&
	    sqst_data_has_tail(data, inode->u.file.size))
		return sqst_data_write_small(data, node);
	return sqst_data_write_blocks(data, node);
}

static int write_node_blocks(struct sqst_data *data, struct sqst_node *node)
{
	const struct sqst_inode *inode = node->inode;

	if (inode->type != SQST_TYPE_FILE || inode->u.file.extent ||
	    (inode->u.file.size < data->options->codec.block_size &&
	     sqst_data_has_tail(data, inode->u.file.size)))
		return 0;
	return sqst_data_write_blocks(data, node);
}

static int write_node_tail(struct sqst_data *data, struct sqst_node *node)
{
	if (node->inode->type != SQST_TYPE_FILE)
		return 0;
	if (!node->inode->u.file.extent)
		return sqst_data_write_small(data, node);
	return sqst_data_write_tail(data, node);
}

/* In tree order, or in that of the sort files. */
static int for_each(struct sqst_data *data, const struct sqst_order *order,
		    int (*call)(struct sqst_data *data, struct sqst_node *node))
{
	struct sqst_node *node = order->place ? NULL : sqst_tree_root(data->tree);
	int rc = 0;

	for (; rc == 0 && node; node = sqst_tree_next(node))
		rc = call(data, node);
	for (size_t i = 0; rc == 0 && i < order->count; i++) {
		data->sorted = order->place[i].flags;
		rc = call(data, order->place[i].node);
	}
	return rc;
}

static int write_files(struct sqst_data *data, const struct sqst_order *order)
{
	int rc = for_each(data, order, data->gathers ? write_node_blocks : write_node);

	if (rc == 0 && data->gathers)
		rc = sqst_queue_drain(&data->queue, data->why);
	if (rc == 0 && data->gathers)
		rc = sqst_data_keep_tails(data, order);
	if (rc == 0 && data->gathers)
		rc = for_each(data, order, write_node_tail);
	if (rc < 0)
		return rc;
	submit_fragment(data);
	return sqst_queue_drain(&data->queue, data->why);
}

/* Every empty file has one extent, and every file is counted once. */
static int count_source(struct sqst_data *data)
{
	struct sqst_extent *empty = sqst_data_extent(data, 0);

	if (!empty)
		return sqst_data_no_memory(data);
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		struct sqst_inode *inode = node->inode;

		if (inode->type == SQST_TYPE_FILE && inode->u.file.size == 0)
			inode->u.file.extent = empty;
		/* A hard link group counts once: at the name that clears its ref. */
		if (inode->type == SQST_TYPE_FILE)
			inode->ref = 0;
	}
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_FILE || node->inode->ref)
			continue;
		node->inode->ref = 1;
		data->progress.bytes_total += node->inode->u.file.size;
	}
	return 0;
}

/* ---- what was gathered */

/* Kept fragment blocks have the entries that they had, and new ones fill what became free. Where
 * there are more free ones than that, the last blocks take their place. */
static int close_table(struct sqst_data *data)
{
	uint32_t *moved = calloc(data->fragments + (size_t)1, sizeof(*moved));
	uint32_t low = 0, high = data->fragments;

	if (!moved)
		return sqst_data_no_memory(data);
	for (uint32_t i = 0; i < data->fragments; i++)
		moved[i] = i;
	for (;;) {
		while (low < high && data->fragment[low].content > 0)
			low++;
		while (low < high && data->fragment[high - 1].content == 0)
			high--;
		if (low >= high)
			break;
		moved[--high] = low;
		data->fragment[low] = data->fragment[high];
		data->fragment[high] = (struct sqst_fragment){0};
	}
	data->fragments = low;
	for (size_t i = 0; i < data->runs.count; i++) {
		struct sqst_run *run = &data->runs.run[i];

		if (!run->extent)
			run->fragment = moved[run->fragment];
	}
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		if (node->inode->type == SQST_TYPE_FILE)
			node->inode->u.file.extent->renumber = true;
	}
	for (struct sqst_node *node = sqst_tree_root(data->tree); node;
	     node = sqst_tree_next(node)) {
		struct sqst_extent *extent =
		    node->inode->type == SQST_TYPE_FILE ? node->inode->u.file.extent : NULL;

		/* Files may share one. */
		if (extent && extent->renumber && extent->fragment != SQST_NO_FRAGMENT)
			extent->fragment = moved[extent->fragment];
		if (extent)
			extent->renumber = false;
	}
	free(moved);
	return 0;
}

static int place(struct sqst_data *data)
{
	struct sqst_layout layout = {.start = data->position,
				     .align = data->options->align,
				     .slack = data->options->max_slack,
				     .dead = data->dead};
	struct sqst_reuse_stats *stats = &data->result->reuse;
	bool copied = false;
	int rc = close_table(data);

	if (rc == 0)
		rc = sqst_runs_place(&data->runs, &layout, data->fragment);
	if (rc == 0)
		rc = sqst_precopy_finish(&data->precopy, &copied, data->options->cancel, data->why);
	if (rc == 0)
		rc =
		    sqst_runs_copy(&data->runs, &layout, &data->reuse->image, copied, data->output);
	if (rc == 0)
		rc = sqst_parent_data_check(data->reuse, data->why);
	if (rc < 0)
		return rc;
	data->position = layout.end;
	sqst_runs_count(&data->runs, &layout);
	stats->in_place = layout.in_place;
	stats->moved = layout.moved;
	stats->made = data->runs.spool.end;
	stats->gaps = layout.gaps;
	stats->dead = data->dead;
	return 0;
}

int sqst_data_write(struct sqst_data *data, struct sqst_tree *tree, struct sqst_pool *pool,
		    const struct sqst_image_plan *plan, struct sqst_output *output,
		    uint64_t position, struct sqst_build_result *result, struct sqst_report *why)
{
	struct sqst_order order = {0};
	int rc;

	data->tree = tree;
	data->options = plan->options;
	data->reuse = plan->reuse;
	data->gathers = plan->reuse && (plan->reuse->blocks || plan->reuse->fragments) &&
			!(plan->options->flags & SQST_BUILD_RELAYOUT);
	data->runs.spool.fd = -1;
	data->output = output;
	data->position = position;
	data->result = result;
	data->why = why;
	rc = sqst_order_make(&order, plan->sort, tree, plan->options, why);
	if (rc == 0)
		rc = prepare_data(data, pool);
	if (rc == 0)
		rc = count_source(data);
	if (rc == 0 && data->gathers)
		sqst_precopy_start(&data->precopy, output, &data->reuse->image, position,
				   data->reuse->image.super.inode_table);
	if (rc == 0)
		rc = write_files(data, &order);
	sqst_order_release(&order);
	if (rc == 0 && data->gathers)
		rc = place(data);
	else if (rc == 0 && data->reuse)
		rc = sqst_parent_data_check(data->reuse, why);
	result->source_bytes = data->progress.bytes_total;
	result->fragments = data->fragments;
	result->data_bytes = data->position - position;
	return rc;
}

void sqst_data_finish(struct sqst_data *data)
{
	sqst_precopy_stop(&data->precopy);
	if (data->filling)
		sqst_queue_return(&data->queue, data->filling);
	data->filling = NULL;
	if (data->queue.pool)
		sqst_queue_release(&data->queue);
	sqst_duplicates_release(&data->duplicates);
	sqst_tools_release(&data->tools);
	if (data->gathers)
		sqst_runs_release(&data->runs);
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
