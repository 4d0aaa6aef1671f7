/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image: what all of it needs is made, one of the two ways to write it is
 * taken (plain.c, update.c), and finished blocks are handed to where it lets them go. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "data/writer.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

/* Bytes in flight for each thread, and blocks at least: deep enough that a block which takes ten
 * times as long as its neighbours, or a read that waits for the disk, does not leave the others
 * idle. */
#define BYTES_PER_JOB  (2u << 20)
#define BLOCKS_PER_JOB 4u

/* Called for each block in the order of submission. */
static int finish_data_block(void *user, struct sqst_block *base)
{
	struct sqst_data *data = user;
	struct sqst_data_block *block = (struct sqst_data_block *)base;
	const bool raw = base->out_size == 0;
	const uint8_t *bytes = raw ? base->in : base->out;
	uint32_t field = raw ? base->in_size | SQST_BLOCK_RAW : (uint32_t)base->out_size;
	int rc = 0;

	if (block->finish)
		return block->finish(data, block);
	if (block->damaged)
		rc = sqst_old_blocks_damaged(data, block->node, block->old_at);
	if (rc < 0)
		return rc;
	if (block->same) {
		field = block->old_field;
		data->stats->old_blocks++;
	}
	if (!block->extent) {
		data->places->fragment[block->index].size = field;
		data->places->fragment[block->index].content = base->in_size;
		return data->sink->fragment(data->sink, block, bytes, field & (SQST_BLOCK_RAW - 1));
	}
	block->extent->size[block->index] = field;
	return data->sink->block(data->sink, block, bytes, field & (SQST_BLOCK_RAW - 1));
}

static int prepare_data(struct sqst_data *data, struct sqst_pool *pool)
{
	const uint32_t block_size = data->options->block_size;
	const uint32_t depth = BYTES_PER_JOB / block_size;
	const unsigned limit =
	    sqst_pool_jobs(pool) * (depth > BLOCKS_PER_JOB ? depth : BLOCKS_PER_JOB) + 2;
	const int rc = sqst_queue_init(&data->queue, pool, block_size, limit, data->why);

	if (rc < 0)
		return rc;
	data->places->block_size = block_size;
	data->places->extents = sqst_arena_new();
	data->content = malloc(block_size);
	data->other = malloc(block_size);
	if (!data->places->extents || !data->content || !data->other)
		return sqst_data_no_memory(data);
	return data->options->no_duplicates
		   ? 0
		   : sqst_dedup_init(&data->dedup, data->tree, block_size, data->why);
}

/* Every empty file has one extent. */
static int count_source(struct sqst_data *data)
{
	struct sqst_extent *empty = sqst_data_extent(data, 0);
	struct sqst_node *node;

	if (!empty)
		return sqst_data_no_memory(data);
	sqst_order_begin(&data->order);
	while ((node = sqst_order_next(&data->order))) {
		if (node->inode->u.file.size == 0)
			node->inode->u.file.extent = empty;
		data->stats->source_bytes += node->inode->u.file.size;
	}
	return 0;
}

/* Whether what the parent has stays where it is there. */
static bool is_update(const struct sqst_data_options *options)
{
	return options->parent && (options->parent->blocks || options->parent->fragments) &&
	       !options->relayout;
}

static void release_data(struct sqst_data *data)
{
	if (data->filling)
		sqst_queue_return(&data->queue, &data->filling->base);
	sqst_queue_release(&data->queue);
	sqst_order_release(&data->order);
	sqst_dedup_release(&data->dedup);
	sqst_tools_release(&data->tools);
	free(data->content);
	free(data->other);
}

int sqst_data_write(const struct sqst_data_options *options, struct sqst_tree *tree,
		    struct sqst_pool *pool, struct sqst_output *output, uint64_t position,
		    struct sqst_places *places, struct sqst_data_stats *stats,
		    struct sqst_report *why)
{
	struct sqst_data data = {.options = options,
				 .tree = tree,
				 .order = {.tree = tree},
				 .parent = options->parent,
				 .places = places,
				 .stats = stats,
				 .why = why,
				 .queue = {.item_size = sizeof(struct sqst_data_block),
					   .finish = finish_data_block,
					   .user = &data,
					   .cancel = options->cancel}};
	int rc =
	    sqst_order_make(&data.order, options->sort, options->source, options->sources, why);

	if (rc == 0)
		rc = prepare_data(&data, pool);
	if (rc == 0)
		rc = count_source(&data);
	if (rc == 0)
		rc = is_update(options) ? sqst_data_write_update(&data, output, position)
					: sqst_data_write_plain(&data, output, position);
	if (rc == 0 && options->parent)
		rc = sqst_parent_data_check(options->parent, why);
	stats->data_bytes = places->end - position;
	release_data(&data);
	return rc;
}

void sqst_places_release(struct sqst_places *places)
{
	sqst_arena_free(places->extents);
	free(places->fragment);
}
