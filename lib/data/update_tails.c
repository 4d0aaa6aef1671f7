/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ends of files beside those in the parent's fragment blocks. Most data of a root file system
 * is in the ends of files and in small files, many of them to a block, so what becomes of these
 * blocks decides what an update costs. Ends are compared block by block of the parent, with all
 * that may be in it at once, so that each is unpacked once. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "data/update.h"
#include "parent/parent_data.h"
#include "tree/content_reader.h"
#include "tree/tree.h"

/* Tails that are compared with one fragment block. */
struct tails_job {
	struct sqst_tail *tail;
	size_t tails;
	struct sqst_parent_data *parent;
	struct sqst_parent_fragment *fragment;
	/* The first of its kind hashes the parent's ends. */
	bool hash;
	/* Unpacked bytes of the fragment block. */
	uint32_t content;
};

/* ---- which tails there are */

/* For qsort_r() with a struct sqst_parent_data: those with a file of the parent first, by fragment,
 * place in it, and order. */
static int by_old_place(const void *a, const void *b, void *user)
{
	const struct sqst_parent_data *parent = user;
	const struct sqst_tail *left = a, *right = b;
	const struct sqst_parent_inode *one, *two;

	if (left->file == SQST_NO_FILE || right->file == SQST_NO_FILE)
		return left->file != right->file    ? (left->file == SQST_NO_FILE ? 1 : -1)
		       : left->order < right->order ? -1
						    : left->order > right->order;
	one = &parent->file[left->file];
	two = &parent->file[right->file];
	if (one->fragment != two->fragment)
		return one->fragment < two->fragment ? -1 : 1;
	if (one->fragment_offset != two->fragment_offset)
		return one->fragment_offset < two->fragment_offset ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* Whether the end of a file is to be found or made: no other file gave it its extent. */
static bool wants_tail(const struct sqst_data *data, const struct sqst_inode *inode)
{
	const struct sqst_extent *extent = inode->u.file.extent;

	if (!extent)
		return true;
	return extent->fragment == SQST_NO_FRAGMENT &&
	       (uint64_t)extent->blocks * data->options->block_size < inode->u.file.size;
}

static uint32_t find_old_tail(const struct sqst_data *data, const struct sqst_inode *inode)
{
	const struct sqst_parent_data *parent = data->parent;
	const struct sqst_parent_inode *file = sqst_parent_data_find(parent, inode->previous);

	if (!file || file->size != inode->u.file.size ||
	    file->fragment >= parent->image.super.fragments || sqst_parent_tail(parent, file) == 0)
		return SQST_NO_FILE;
	return (uint32_t)(file - parent->file);
}

int sqst_tails_gather(struct sqst_tails *tails)
{
	struct sqst_data *data = tails->data;
	struct sqst_node *node;

	tails->tail = calloc(sqst_tree_inodes(data->tree), sizeof(*tails->tail));
	if (!tails->tail)
		return sqst_data_no_memory(data);
	sqst_order_begin(&data->order);
	while ((node = sqst_order_next(&data->order))) {
		/* What a sort file wants stored in a way of its own is made anew. */
		if (data->order.flags != 0 || !wants_tail(data, node->inode))
			continue;
		tails->tail[tails->count] =
		    (struct sqst_tail){.node = node,
				       .file = find_old_tail(data, node->inode),
				       .order = (uint32_t)tails->count};
		tails->count++;
	}
	return 0;
}

/* ---- comparing */

int sqst_tail_read(struct sqst_data *data, const struct sqst_node *node, uint8_t *to)
{
	const uint32_t size = sqst_tail_size(data, node);
	bool zero;

	return sqst_reader_read_part(data->tree, node, node->inode->u.file.size - size, to, size,
				     &zero, data->why);
}

/* A pool's work. */
static void check_tails(struct sqst_block *base, struct sqst_tools *tools)
{
	struct sqst_data_block *block = (struct sqst_data_block *)base;
	struct tails_job *job = base->task;
	struct sqst_parent_data *parent = job->parent;
	struct sqst_parent_block old;

	base->out_size = 0;
	if (!sqst_parent_block_load(parent, tools, job->fragment->start, job->fragment->field, &old,
				    &base->failure)) {
		block->damaged = true;
		return;
	}
	job->content = old.size;
	if (job->hash)
		sqst_parent_hash_tails(parent, job->fragment, old.data, old.size);
	for (size_t i = 0; i < job->tails; i++) {
		struct sqst_tail *tail = &job->tail[i];
		const struct sqst_parent_inode *file = &parent->file[tail->file];
		const uint32_t size = sqst_parent_tail(parent, file);

		if (file->fragment_offset > old.size || size > old.size - file->fragment_offset)
			block->damaged = true;
		else
			tail->same = old.clean && memcmp(old.data + file->fragment_offset,
							 base->in + tail->at, size) == 0;
	}
}

static int finish_tails(struct sqst_data *data, struct sqst_data_block *block)
{
	const struct tails_job *job = block->base.task;

	if (!block->damaged) {
		job->fragment->content = job->content;
		return 0;
	}
	for (size_t i = 0; i < job->tails; i++)
		job->tail[i].same = false;
	/* A block that no file needs may be as it is. */
	return job->tails == 0
		   ? 0
		   : sqst_old_blocks_damaged(data, job->tail[0].node, job->fragment->start);
}

static int start_job(struct sqst_data *data, struct sqst_parent_fragment *fragment,
		     struct sqst_tail *tail, bool hash, struct sqst_data_block **out)
{
	struct tails_job *job = sqst_arena_alloc(data->places->extents, sizeof(*job));
	int rc = sqst_data_canceled(data);

	if (rc == 0 && !job)
		rc = sqst_data_no_memory(data);
	if (rc == 0)
		rc = sqst_data_take_block(data, out);
	if (rc < 0)
		return rc;
	*job = (struct tails_job){
	    .tail = tail, .parent = data->parent, .fragment = fragment, .hash = hash};
	(*out)->finish = finish_tails;
	(*out)->base.work = check_tails;
	(*out)->base.task = job;
	return 0;
}

/* Hand over the tails in the block, unless there is none. */
static void submit_tails(struct sqst_data *data, struct sqst_data_block **block)
{
	if (*block)
		sqst_queue_submit(&data->queue, &(*block)->base, false);
	*block = NULL;
}

/* Tails that are sorted by their old place. */
static int compare_sorted(struct sqst_data *data, struct sqst_tail *tail, size_t count)
{
	struct sqst_parent_data *parent = data->parent;
	struct sqst_data_block *block = NULL;
	struct tails_job *job = NULL;

	for (size_t i = 0; i < count; i++) {
		struct sqst_parent_fragment *fragment =
		    &parent->fragment[parent->file[tail[i].file].fragment];
		const uint32_t size = sqst_tail_size(data, tail[i].node);
		const bool other = !job || job->fragment != fragment;
		int rc = 0;

		if (other || block->base.in_size + size > data->options->block_size) {
			submit_tails(data, &block);
			rc = start_job(data, fragment, &tail[i], other, &block);
			if (rc < 0)
				return rc;
			job = block->base.task;
		}
		tail[i].at = block->base.in_size;
		rc = sqst_tail_read(data, tail[i].node, block->base.in + block->base.in_size);
		if (rc < 0) {
			sqst_queue_return(&data->queue, &block->base);
			return rc;
		}
		block->base.in_size += size;
		job->tails++;
	}
	submit_tails(data, &block);
	return sqst_queue_drain(&data->queue, data->why);
}

int sqst_tails_compare(struct sqst_tails *tails, size_t from)
{
	struct sqst_tail *tail = tails->tail + from;
	const size_t count = tails->count - from;
	size_t paired = 0;

	qsort_r(tail, count, sizeof(*tail), by_old_place, tails->data->parent);
	while (paired < count && tail[paired].file != SQST_NO_FILE)
		paired++;
	return compare_sorted(tails->data, tail, paired);
}

int sqst_tails_hash(struct sqst_data *data, struct sqst_parent_fragment *fragment)
{
	struct sqst_data_block *block;
	const int rc = start_job(data, fragment, NULL, true, &block);

	if (rc == 0)
		sqst_queue_submit(&data->queue, &block->base, false);
	return rc;
}

size_t sqst_tails_sort_found(struct sqst_tails *tails)
{
	size_t found = 0;

	for (size_t i = 0; i < tails->count; i++) {
		if (!tails->tail[i].same)
			continue;
		const struct sqst_tail swap = tails->tail[found];

		tails->tail[found++] = tails->tail[i];
		tails->tail[i] = swap;
	}
	qsort_r(tails->tail, found, sizeof(*tails->tail), by_old_place, tails->data->parent);
	return found;
}
