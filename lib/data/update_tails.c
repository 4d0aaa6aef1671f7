/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parent's fragment blocks. Most data of a root file system is in the ends of files and in
 * small files, many of them to a block, so what becomes of these blocks decides what an update
 * costs.
 *
 * First each file's end is compared with that of the same path in the parent, block by block of the
 * parent; then ends that are not there are looked for in all of the parent by their hash, and
 * compared. A fragment block stays if at least half of it is still needed; ends in it that are not
 * found elsewhere are dead weight. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "data/update_tails.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

/* Tails that are compared with one fragment block. */
struct tails_job {
	struct sqst_tail *tail;
	size_t tails;
	struct sqst_parent_data *reuse;
	struct sqst_parent_fragment *fragment;
	/* The first of its kind hashes the parent's ends. */
	bool hash;
	/* Unpacked bytes of the fragment block. */
	uint32_t content;
};

static uint64_t tail_start(const struct sqst_data *data, const struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;

	return size - size % data->options->codec.block_size;
}

/* ---- which tails there are */

/* Whether the end of a file is to be found or made: no other file gave it its extent. */
static bool wants_tail(const struct sqst_data *data, const struct sqst_inode *inode)
{
	const struct sqst_extent *extent = inode->u.file.extent;

	if (!extent)
		return true;
	return extent->fragment == SQST_NO_FRAGMENT &&
	       (uint64_t)extent->blocks * data->options->codec.block_size < inode->u.file.size;
}

static uint32_t find_old_tail(const struct sqst_data *data, const struct sqst_inode *inode)
{
	const struct sqst_parent_data *reuse = data->reuse;
	const struct sqst_parent_inode *file = sqst_parent_data_find(reuse, inode->previous);

	if (!file || file->size != inode->u.file.size ||
	    file->fragment >= reuse->image.super.fragments || sqst_parent_tail(reuse, file) == 0)
		return SQST_NO_FILE;
	return (uint32_t)(file - reuse->file);
}

static void add_node(struct sqst_tails *tails, struct sqst_node *node)
{
	struct sqst_inode *inode = node->inode;

	/* Once for all names: count_source() has left 1 there. */
	if (inode->type != SQST_TYPE_FILE || inode->ref == 2 || !wants_tail(tails->data, inode))
		return;
	inode->ref = 2;
	tails->tail[tails->count] = (struct sqst_tail){.node = node,
						       .file = find_old_tail(tails->data, inode),
						       .order = (uint32_t)tails->count};
	tails->count++;
}

static int gather_tails(struct sqst_tails *tails, const struct sqst_order *order)
{
	struct sqst_data *data = tails->data;
	struct sqst_node *node = order->place ? NULL : sqst_tree_root(data->tree);

	tails->tail = calloc(sqst_tree_inodes(data->tree), sizeof(*tails->tail));
	if (!tails->tail)
		return sqst_data_no_memory(data);
	for (; node; node = sqst_tree_next(node))
		add_node(tails, node);
	for (size_t i = 0; i < order->count; i++) {
		/* What a sort file wants stored in a way of its own is made anew. */
		if (order->place[i].flags == 0)
			add_node(tails, order->place[i].node);
	}
	return 0;
}

/* ---- comparing */

int sqst_tails_by_place(const void *a, const void *b, void *user)
{
	const struct sqst_parent_data *reuse = user;
	const struct sqst_tail *left = a, *right = b;
	const struct sqst_parent_inode *one, *two;

	if (left->file == SQST_NO_FILE || right->file == SQST_NO_FILE)
		return left->file != right->file    ? (left->file == SQST_NO_FILE ? 1 : -1)
		       : left->order < right->order ? -1
						    : left->order > right->order;
	one = &reuse->file[left->file];
	two = &reuse->file[right->file];
	if (one->fragment != two->fragment)
		return one->fragment < two->fragment ? -1 : 1;
	if (one->fragment_offset != two->fragment_offset)
		return one->fragment_offset < two->fragment_offset ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

int sqst_tail_read(struct sqst_data *data, const struct sqst_node *node, uint8_t *to)
{
	struct sqst_content content = {0};
	int rc = sqst_content_open(&content, data->tree, node, data->why);

	if (rc == 0)
		rc = sqst_content_read(&content, tail_start(data, node), to,
				       sqst_tail_size(data, node), data->why);
	if (rc == 0)
		rc = sqst_content_check(&content, data->why);
	sqst_content_close(&content);
	return rc;
}

void sqst_tails_check(struct sqst_block *block, struct sqst_tools *tools)
{
	struct tails_job *job = block->task;
	struct sqst_parent_data *reuse = job->reuse;
	struct sqst_parent_block was;

	block->out_size = 0;
	if (!sqst_parent_block_load(reuse, tools, job->fragment->start, job->fragment->field, &was,
				    &block->failure)) {
		block->damaged = true;
		return;
	}
	job->content = was.size;
	if (job->hash)
		sqst_parent_hash_tails(reuse, job->fragment, was.data, was.size);
	for (size_t i = 0; i < job->tails; i++) {
		struct sqst_tail *tail = &job->tail[i];
		const struct sqst_parent_inode *file = &reuse->file[tail->file];
		const uint32_t size = sqst_parent_tail(reuse, file);

		if (file->fragment_offset > was.size || size > was.size - file->fragment_offset)
			block->damaged = true;
		else
			tail->same = was.clean && memcmp(was.data + file->fragment_offset,
							 block->in + tail->at, size) == 0;
	}
}

int sqst_tails_finish(struct sqst_data *data, struct sqst_block *block)
{
	const struct tails_job *job = block->task;

	if (!block->damaged) {
		job->fragment->content = job->content;
		return 0;
	}
	for (size_t i = 0; i < job->tails; i++)
		job->tail[i].same = false;
	/* A block that no file needs may be as it is. */
	return job->tails == 0 ? 0
			       : sqst_data_damaged(data, job->tail[0].node, job->fragment->start);
}

static int start_job(struct sqst_data *data, struct sqst_parent_fragment *fragment,
		     struct sqst_tail *tail, bool hash, struct sqst_block **out)
{
	struct tails_job *job = sqst_arena_alloc(data->extents, sizeof(*job));
	int rc = sqst_data_canceled(data);

	if (rc == 0 && !job)
		rc = sqst_data_no_memory(data);
	if (rc == 0)
		rc = sqst_queue_take(&data->queue, out, data->why);
	if (rc < 0)
		return rc;
	*job = (struct tails_job){
	    .tail = tail, .reuse = data->reuse, .fragment = fragment, .hash = hash};
	(*out)->work = sqst_tails_check;
	(*out)->task = job;
	(*out)->in_size = 0;
	return 0;
}

int sqst_tails_compare(struct sqst_data *data, struct sqst_tail *tail, size_t count)
{
	struct sqst_parent_data *reuse = data->reuse;
	struct sqst_block *block = NULL;
	struct tails_job *job = NULL;

	for (size_t i = 0; i < count; i++) {
		struct sqst_parent_fragment *fragment =
		    &reuse->fragment[reuse->file[tail[i].file].fragment];
		const uint32_t size = sqst_tail_size(data, tail[i].node);
		const bool other = job && job->fragment != fragment;
		int rc = 0;

		if (job && (other || block->in_size + size > data->options->codec.block_size)) {
			sqst_queue_submit(&data->queue, block, false);
			block = NULL;
		}
		if (!block) {
			rc = start_job(data, fragment, &tail[i], !job || other, &block);
			if (rc < 0)
				return rc;
			job = block->task;
		}
		tail[i].at = block->in_size;
		rc = sqst_tail_read(data, tail[i].node, block->in + block->in_size);
		if (rc < 0) {
			sqst_queue_return(&data->queue, block);
			return rc;
		}
		block->in_size += size;
		job->tails++;
	}
	if (block)
		sqst_queue_submit(&data->queue, block, false);
	return sqst_queue_drain(&data->queue, data->why);
}

int sqst_tails_hash(struct sqst_data *data, struct sqst_parent_fragment *fragment)
{
	struct sqst_block *block;
	const int rc = start_job(data, fragment, NULL, true, &block);

	if (rc == 0)
		sqst_queue_submit(&data->queue, block, false);
	return rc;
}

/* ---- all of it */

/* When something failed, blocks in the queue may still point to them. */
static void release_tails(struct sqst_tails *tails)
{
	sqst_queue_abandon(&tails->data->queue);
	free(tails->tail);
}

static int make_table(struct sqst_data *data)
{
	data->fragments = data->reuse->image.super.fragments;
	data->fragments_room = data->fragments;
	data->fragment = calloc(data->fragments + (size_t)1, sizeof(*data->fragment));
	return data->fragment ? 0 : sqst_data_no_memory(data);
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
	qsort_r(tails->tail, found, sizeof(*tails->tail), sqst_tails_by_place, tails->data->reuse);
	return found;
}

int sqst_data_keep_tails(struct sqst_data *data, const struct sqst_order *order)
{
	SQST_CLEANUP(release_tails) struct sqst_tails tails = {.data = data};
	size_t paired = 0;
	int rc;

	if (!data->reuse->fragments)
		return 0;
	rc = make_table(data);
	if (rc == 0)
		rc = gather_tails(&tails, order);
	if (rc == 0) {
		qsort_r(tails.tail, tails.count, sizeof(*tails.tail), sqst_tails_by_place,
			data->reuse);
		while (paired < tails.count && tails.tail[paired].file != SQST_NO_FILE)
			paired++;
		rc = sqst_tails_compare(data, tails.tail, paired);
	}
	if (rc == 0)
		rc = sqst_tails_find_moved(&tails);
	if (rc == 0)
		rc = sqst_tails_keep(&tails);
	return rc;
}
