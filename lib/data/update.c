/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of an image that is built on a parent, whose layout is kept. In rounds, see
 * sqst_data_write_update(): what comes out is gathered in runs of bytes, which are given their
 * places at the end, and are copied then. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/scope.h"
#include "data/update.h"
#include "parent/parent_data.h"

/* ---- the sink */

static int gather_block(struct sqst_sink *sink, const struct sqst_data_block *block,
			const uint8_t *bytes, uint32_t size)
{
	struct sqst_runs *runs = &((struct sqst_update *)sink)->runs;

	if (block->same)
		return sqst_runs_take(runs, block->extent, block->index, block->old_at, size);
	return sqst_runs_make(runs, block->extent, block->index, bytes, size);
}

static int gather_fragment(struct sqst_sink *sink, const struct sqst_data_block *block,
			   const uint8_t *bytes, uint32_t size)
{
	return sqst_runs_make(&((struct sqst_update *)sink)->runs, NULL, block->index, bytes, size);
}

/* ---- the rounds */

/* Most of the parent's data stays where it is, so it is copied meanwhile. */
static int begin_update(struct sqst_update *update)
{
	const struct sqst_image *parent = &update->data->parent->image;
	const int rc = sqst_runs_open(&update->runs, update->data->why);

	if (rc == 0)
		sqst_precopy_start(&update->precopy, update->output, parent, update->position,
				   parent->super.inode_table);
	return rc;
}

/* Files with blocks, each block against the parent's at its index. */
static int update_blocks(struct sqst_data *data)
{
	struct sqst_node *node;
	int rc = 0;

	sqst_order_begin(&data->order);
	while (rc == 0 && (node = sqst_order_next(&data->order))) {
		if (!node->inode->u.file.extent && !sqst_file_is_small(data, node->inode))
			rc = sqst_file_write_blocks(data, node);
	}
	return rc == 0 ? sqst_queue_drain(&data->queue, data->why) : rc;
}

/* When something failed, blocks in the queue may still point to them. */
static void release_tails(struct sqst_tails *tails)
{
	sqst_queue_abandon(&tails->data->queue);
	free(tails->tail);
}

/* The parent's fragment blocks: the ends of files against those of the same path there; then those
 * that are not found against all that it has; then it is clear which of the blocks stay. */
static int update_fragments(struct sqst_update *update)
{
	SQST_CLEANUP(release_tails) struct sqst_tails tails = {.data = update->data};
	int rc;

	if (!update->data->parent->fragments)
		return 0;
	rc = sqst_tails_gather(&tails);
	if (rc == 0)
		rc = sqst_tails_compare(&tails, 0);
	if (rc == 0)
		rc = sqst_tails_find_moved(&tails);
	return rc == 0 ? sqst_tails_keep(&tails, &update->runs) : rc;
}

/* The tails that are in no fragment block that stays go into new ones. */
static int write_rest(struct sqst_data *data)
{
	struct sqst_node *node;
	int rc = 0;

	sqst_order_begin(&data->order);
	while (rc == 0 && (node = sqst_order_next(&data->order))) {
		rc = node->inode->u.file.extent ? sqst_file_write_tail(data, node)
						: sqst_file_write_small(data, node);
	}
	if (rc < 0)
		return rc;
	sqst_fragments_flush(data);
	return sqst_queue_drain(&data->queue, data->why);
}

/* Every run gets its place, and is copied to it unless it is there. */
static int place_runs(struct sqst_update *update)
{
	const struct sqst_data_options *options = update->data->options;
	struct sqst_report *why = update->data->why;
	struct sqst_data_stats *stats = update->data->stats;
	struct sqst_layout layout = {.start = update->position,
				     .align = options->align,
				     .slack = options->max_slack,
				     .dead = stats->dead};
	bool copied = false;
	int rc = sqst_runs_place(&update->runs, &layout, update->data->places->fragment);

	if (rc == 0)
		rc = sqst_precopy_finish(&update->precopy, &copied, options->cancel, why);
	if (rc == 0)
		rc = sqst_runs_copy(&update->runs, &layout, &options->parent->image, copied,
				    update->output);
	if (rc < 0)
		return rc;
	update->data->places->end = layout.end;
	sqst_runs_count(&update->runs, &layout);
	stats->in_place = layout.in_place;
	stats->moved = layout.moved;
	stats->made = update->runs.spool.end;
	stats->gaps = layout.gaps;
	return 0;
}

static void release_update(struct sqst_update *update)
{
	update->data->sink = NULL;
	sqst_precopy_stop(&update->precopy);
	sqst_runs_release(&update->runs);
}

int sqst_data_write_update(struct sqst_data *data, struct sqst_output *output, uint64_t position)
{
	SQST_CLEANUP(release_update)
	struct sqst_update update = {
	    .sink = {.block = gather_block, .fragment = gather_fragment, .takes_places = true},
	    .data = data,
	    .output = output,
	    .position = position,
	    .runs = {.cancel = data->options->cancel, .spool = {.fd = -1}}};
	int rc = begin_update(&update);

	data->sink = &update.sink;
	if (rc == 0)
		rc = update_blocks(data);
	if (rc == 0)
		rc = update_fragments(&update);
	if (rc == 0)
		rc = write_rest(data);
	if (rc == 0)
		rc = sqst_update_close_table(&update);
	return rc == 0 ? place_runs(&update) : rc;
}
