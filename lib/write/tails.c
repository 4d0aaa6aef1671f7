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
#include <xxhash.h>

#include "base/scope.h"
#include "reuse/parent.h"
#include "tree/tree.h"
#include "write/data.h"

/* Each update adds a fragment block that may be nearly empty. So many that are less than 1/SMALL
 * full may be kept; when there are more, all of them are made into full ones. */
#define SMALL     8
#define SMALL_MAX 8

#define NO_FILE UINT32_MAX

/* The end of a file of the new image, and a file of the parent that may have the same. */
struct tail {
	struct sqst_node *node;
	/* Index in reuse->file, or NO_FILE. */
	uint32_t file;
	/* In the order of the files. */
	uint32_t order;
	/* Where its bytes are in a block's `in`. */
	uint32_t at;
	/* The parent's are equal. */
	bool same;
};

/* Tails that are compared with one fragment block. */
struct job {
	struct tail *tail;
	size_t tails;
	struct sqst_reuse *reuse;
	struct sqst_reuse_fragment *fragment;
	/* The first of its kind hashes the parent's ends. */
	bool hash;
	/* Unpacked bytes of the fragment block. */
	uint32_t content;
};

struct tails {
	struct sqst_data *data;
	struct tail *tail;
	size_t count;
};

static uint64_t tail_start(const struct sqst_data *data, const struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;

	return size - size % data->options->codec.block_size;
}

static uint32_t tail_size(const struct sqst_data *data, const struct sqst_node *node)
{
	return (uint32_t)(node->inode->u.file.size % data->options->codec.block_size);
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

static uint32_t find_past(const struct sqst_data *data, const struct sqst_inode *inode)
{
	const struct sqst_reuse *reuse = data->reuse;
	const struct sqst_reuse_file *file = sqst_reuse_find(reuse, inode->previous);

	if (!file || file->size != inode->u.file.size ||
	    file->fragment >= reuse->image.super.fragments || sqst_reuse_tail(reuse, file) == 0)
		return NO_FILE;
	return (uint32_t)(file - reuse->file);
}

static void add_node(struct tails *tails, struct sqst_node *node)
{
	struct sqst_inode *inode = node->inode;

	/* Once for all names: count_source() has left 1 there. */
	if (inode->type != SQST_TYPE_FILE || inode->ref == 2 || !wants_tail(tails->data, inode))
		return;
	inode->ref = 2;
	tails->tail[tails->count] = (struct tail){
	    .node = node, .file = find_past(tails->data, inode), .order = (uint32_t)tails->count};
	tails->count++;
}

static int gather(struct tails *tails, const struct sqst_order *order)
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

/* Those with a file of the parent first, by fragment, place in it, and order. */
static int by_place(const void *a, const void *b, void *user)
{
	const struct sqst_reuse *reuse = user;
	const struct tail *left = a, *right = b;
	const struct sqst_reuse_file *one, *two;

	if (left->file == NO_FILE || right->file == NO_FILE)
		return left->file != right->file    ? (left->file == NO_FILE ? 1 : -1)
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

static int read_tail(struct sqst_data *data, const struct sqst_node *node, uint8_t *to)
{
	struct sqst_content content = {0};
	int rc = sqst_content_open(&content, data->tree, node, data->why);

	if (rc == 0)
		rc = sqst_content_read(&content, tail_start(data, node), to, tail_size(data, node),
				       data->why);
	if (rc == 0)
		rc = sqst_content_check(&content, data->why);
	sqst_content_close(&content);
	return rc;
}

void sqst_tails_check(struct sqst_block *block, struct sqst_tools *tools)
{
	struct job *job = block->task;
	struct sqst_reuse *reuse = job->reuse;
	const uint8_t *bytes = NULL;

	block->out_size = 0;
	if (!sqst_reuse_load(reuse, tools, job->fragment->start, job->fragment->field, &bytes,
			     &job->content)) {
		block->damaged = true;
		return;
	}
	if (job->hash)
		sqst_reuse_hash(reuse, job->fragment, bytes, job->content);
	for (size_t i = 0; i < job->tails; i++) {
		struct tail *tail = &job->tail[i];
		const struct sqst_reuse_file *file = &reuse->file[tail->file];
		const uint32_t size = sqst_reuse_tail(reuse, file);

		if (file->fragment_offset > job->content ||
		    size > job->content - file->fragment_offset)
			block->damaged = true;
		else
			tail->same =
			    memcmp(bytes + file->fragment_offset, block->in + tail->at, size) == 0;
	}
}

int sqst_tails_finish(struct sqst_data *data, struct sqst_block *block)
{
	const struct job *job = block->task;

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

static int start_job(struct sqst_data *data, struct sqst_reuse_fragment *fragment,
		     struct tail *tail, bool hash, struct sqst_block **out)
{
	struct job *job = sqst_arena_alloc(data->extents, sizeof(*job));
	int rc = sqst_data_canceled(data);

	if (rc == 0 && !job)
		rc = sqst_data_no_memory(data);
	if (rc == 0)
		rc = sqst_queue_take(&data->queue, out, data->why);
	if (rc < 0)
		return rc;
	*job = (struct job){.tail = tail, .reuse = data->reuse, .fragment = fragment, .hash = hash};
	(*out)->work = sqst_tails_check;
	(*out)->task = job;
	(*out)->in_size = 0;
	return 0;
}

/* Compare tails with their files of the parent, one fragment block after the other. */
static int compare(struct tails *tails, struct tail *tail, size_t count)
{
	struct sqst_data *data = tails->data;
	struct sqst_reuse *reuse = data->reuse;
	struct sqst_block *block = NULL;
	struct job *job = NULL;

	for (size_t i = 0; i < count; i++) {
		struct sqst_reuse_fragment *fragment =
		    &reuse->fragment[reuse->file[tail[i].file].fragment];
		const uint32_t size = tail_size(data, tail[i].node);
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
		rc = read_tail(data, tail[i].node, block->in + block->in_size);
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

/* ---- files that moved */

/* A file of the parent by the hash of its content. */
struct known {
	uint64_t hash;
	uint64_t size;
	uint32_t file;
};

static int by_hash(const void *a, const void *b)
{
	const struct known *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	return left->file < right->file ? -1 : left->file > right->file;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* Whether a tail is looked for at other paths: it is all of its file, and not found yet. */
static bool seeks(const struct sqst_data *data, const struct tail *tail)
{
	return !tail->same && tail->node->inode->u.file.size < data->options->codec.block_size;
}

/* The sizes that are looked for, sorted. */
static int sizes_sought(const struct tails *tails, uint64_t **out, size_t *count)
{
	uint64_t *size = calloc(tails->count + 1, sizeof(*size));

	if (!size)
		return sqst_data_no_memory(tails->data);
	*count = 0;
	for (size_t i = 0; i < tails->count; i++) {
		if (seeks(tails->data, &tails->tail[i]))
			size[(*count)++] = tails->tail[i].node->inode->u.file.size;
	}
	qsort(size, *count, sizeof(*size), by_value);
	*out = size;
	return 0;
}

/* Hash the ends in fragment blocks that were not looked at and may have what is sought. */
static int hash_rest(struct tails *tails, const uint64_t *size, size_t sizes)
{
	struct sqst_data *data = tails->data;
	struct sqst_reuse *reuse = data->reuse;

	for (uint32_t i = 0; i < reuse->image.super.fragments; i++) {
		struct sqst_reuse_fragment *fragment = &reuse->fragment[i];
		struct sqst_block *block;
		bool wanted = false;
		int rc;

		for (uint32_t k = 0; fragment->content == 0 && k < fragment->files && !wanted; k++)
			wanted = bsearch(&reuse->file[reuse->by_fragment[fragment->first + k]].size,
					 size, sizes, sizeof(*size), by_value) != NULL;
		if (!wanted)
			continue;
		rc = start_job(data, fragment, NULL, true, &block);
		if (rc < 0)
			return rc;
		sqst_queue_submit(&data->queue, block, false);
	}
	return sqst_queue_drain(&data->queue, data->why);
}

static int index_hashes(const struct tails *tails, const uint64_t *size, size_t sizes,
			struct known **out, size_t *count)
{
	const struct sqst_reuse *reuse = tails->data->reuse;
	struct known *known = calloc(reuse->files + 1, sizeof(*known));

	if (!known)
		return sqst_data_no_memory(tails->data);
	*count = 0;
	for (uint32_t i = 0; i < reuse->files; i++) {
		const struct sqst_reuse_file *file = &reuse->file[i];

		if (file->hashed && bsearch(&file->size, size, sizes, sizeof(*size), by_value))
			known[(*count)++] = (struct known){file->hash, file->size, i};
	}
	qsort(known, *count, sizeof(*known), by_hash);
	*out = known;
	return 0;
}

/* Propose a file of the parent for each tail that is looked for. */
static int propose(struct tails *tails, const struct known *known, size_t count)
{
	struct sqst_data *data = tails->data;

	for (size_t i = 0; i < tails->count; i++) {
		struct tail *tail = &tails->tail[i];
		const uint32_t size = tail_size(data, tail->node);
		struct known wanted = {.size = size};
		size_t low = 0, high = count;
		int rc;

		if (!seeks(data, tail))
			continue;
		tail->file = NO_FILE;
		rc = read_tail(data, tail->node, data->content);
		if (rc < 0)
			return rc;
		wanted.hash = XXH3_64bits(data->content, size);
		while (low < high) {
			const size_t middle = low + (high - low) / 2;

			if (by_hash(&known[middle], &wanted) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < count && known[low].hash == wanted.hash && known[low].size == size)
			tail->file = known[low].file;
	}
	return 0;
}

/* Those that are found stand first, sorted by place; the others behind. */
static size_t sort_found(struct tails *tails)
{
	size_t found = 0;

	for (size_t i = 0; i < tails->count; i++) {
		if (!tails->tail[i].same)
			continue;
		const struct tail swap = tails->tail[found];

		tails->tail[found++] = tails->tail[i];
		tails->tail[i] = swap;
	}
	qsort_r(tails->tail, found, sizeof(*tails->tail), by_place, tails->data->reuse);
	return found;
}

static int find_moved(struct tails *tails)
{
	struct sqst_data *data = tails->data;
	SQST_AUTO_FREE uint64_t *size = NULL;
	SQST_AUTO_FREE struct known *known = NULL;
	size_t sizes = 0, count = 0, found, proposed = 0;
	int rc = sizes_sought(tails, &size, &sizes);

	if (rc < 0 || sizes == 0)
		return rc;
	rc = hash_rest(tails, size, sizes);
	if (rc == 0)
		rc = index_hashes(tails, size, sizes, &known, &count);
	if (rc == 0)
		rc = propose(tails, known, count);
	if (rc < 0)
		return rc;
	found = sort_found(tails);
	for (size_t i = found; i < tails->count; i++) {
		/* The end of a file with blocks was compared already. */
		if (!seeks(data, &tails->tail[i]))
			tails->tail[i].file = NO_FILE;
		proposed += tails->tail[i].file != NO_FILE;
	}
	qsort_r(tails->tail + found, tails->count - found, sizeof(*tails->tail), by_place,
		data->reuse);
	return compare(tails, tails->tail + found, proposed);
}

/* ---- which fragment blocks stay */

/* What is still needed of a fragment block. */
struct need {
	uint32_t fragment;
	/* Tails that are found in it, from tails->tail[first] on, and their bytes. */
	size_t first;
	size_t count;
	uint32_t live;
	bool kept;
};

static uint32_t stored_size(const struct sqst_data *data, uint32_t fragment)
{
	return data->reuse->fragment[fragment].field & (SQST_BLOCK_RAW - 1);
}

/* Bytes as stored that the live, or the dead, part of a fragment block takes. */
static uint64_t share(const struct sqst_data *data, const struct need *need, bool live)
{
	const uint32_t content = data->reuse->fragment[need->fragment].content;

	return (uint64_t)stored_size(data, need->fragment) *
	       (live ? need->live : content - need->live) / content;
}

static int find_needs(struct tails *tails, size_t found, struct need **out, size_t *count)
{
	const struct sqst_reuse *reuse = tails->data->reuse;
	struct need *need = calloc(reuse->image.super.fragments + (size_t)1, sizeof(*need));
	const struct sqst_reuse_file *last = NULL;
	size_t needs = 0;

	if (!need)
		return sqst_data_no_memory(tails->data);
	for (size_t i = 0; i < found; i++) {
		const struct sqst_reuse_file *file = &reuse->file[tails->tail[i].file];

		if (!last || last->fragment != file->fragment) {
			need[needs++] = (struct need){.fragment = file->fragment, .first = i};
			last = NULL;
		}
		need[needs - 1].count++;
		/* Equal files share their bytes. */
		if (!last || last->fragment_offset != file->fragment_offset)
			need[needs - 1].live += sqst_reuse_tail(reuse, file);
		last = file;
	}
	for (size_t i = 0; i < needs; i++) {
		const uint32_t content = reuse->fragment[need[i].fragment].content;

		if (need[i].live > content)
			need[i].live = content;
		need[i].kept = need[i].live >= content - need[i].live;
	}
	*out = need;
	*count = needs;
	return 0;
}

static void drop_small(const struct sqst_data *data, struct need *need, size_t needs)
{
	const uint32_t limit = data->options->codec.block_size / SMALL;
	unsigned small = 0;

	for (size_t i = 0; i < needs; i++)
		small += need[i].kept && need[i].live < limit;
	for (size_t i = 0; small > SMALL_MAX && i < needs; i++) {
		if (need[i].live < limit)
			need[i].kept = false;
	}
}

/* The least needed first. */
static int by_live(const void *a, const void *b, void *user)
{
	const struct sqst_reuse *reuse = user;
	const struct need *left = *(struct need *const *)a, *right = *(struct need *const *)b;
	const uint64_t one = (uint64_t)left->live * reuse->fragment[right->fragment].content;
	const uint64_t two = (uint64_t)right->live * reuse->fragment[left->fragment].content;

	if (one != two)
		return one < two ? -1 : 1;
	return left->fragment < right->fragment ? -1 : left->fragment > right->fragment;
}

/* Dead tails may take half of the slack; the other half is for gaps. */
static int bound_dead(const struct sqst_data *data, struct need *need, size_t needs)
{
	SQST_AUTO_FREE struct need **order = calloc(needs + 1, sizeof(struct need *));
	uint64_t size = sqst_runs_size(&data->runs), dead = 0, limit;

	if (!order)
		return sqst_data_no_memory(data);
	for (size_t i = 0; i < needs; i++) {
		order[i] = &need[i];
		size += share(data, &need[i], true);
		if (need[i].kept)
			dead += share(data, &need[i], false);
	}
	limit = size / 200 * data->options->max_slack;
	qsort_r(order, needs, sizeof(struct need *), by_live, data->reuse);
	for (size_t i = 0; dead > limit && i < needs; i++) {
		if (!order[i]->kept)
			continue;
		order[i]->kept = false;
		dead -= share(data, order[i], false);
	}
	return 0;
}

/* ---- the result */

static int make_table(struct sqst_data *data)
{
	data->fragments = data->reuse->image.super.fragments;
	data->fragments_room = data->fragments;
	data->fragment = calloc(data->fragments + (size_t)1, sizeof(*data->fragment));
	return data->fragment ? 0 : sqst_data_no_memory(data);
}

static int keep_tail(struct sqst_data *data, const struct tail *tail)
{
	const struct sqst_reuse_file *file = &data->reuse->file[tail->file];
	struct sqst_inode *inode = tail->node->inode;

	if (!inode->u.file.extent)
		inode->u.file.extent = sqst_data_extent(data, 0);
	if (!inode->u.file.extent)
		return sqst_data_no_memory(data);
	inode->u.file.extent->fragment = file->fragment;
	inode->u.file.extent->fragment_offset = file->fragment_offset;
	sqst_data_advance(data, tail_size(data, tail->node));
	return 0;
}

static int keep(struct tails *tails, const struct need *need)
{
	struct sqst_data *data = tails->data;
	const struct sqst_reuse *reuse = data->reuse;
	const struct sqst_reuse_fragment *fragment = &reuse->fragment[need->fragment];
	const bool share_equal = !sqst_data_has(data, SQST_BUILD_NO_DUPLICATES);
	const struct sqst_reuse_file *last = NULL;
	int rc = sqst_runs_take(&data->runs, NULL, need->fragment, fragment->start,
				stored_size(data, need->fragment));

	data->fragment[need->fragment] =
	    (struct sqst_fragment){0, fragment->field, fragment->content};
	data->dead += share(data, need, false);
	data->result->reuse.fragments++;
	for (size_t i = need->first; rc == 0 && i < need->first + need->count; i++) {
		const struct tail *tail = &tails->tail[i];
		const struct sqst_reuse_file *file = &reuse->file[tail->file];
		const bool equal = last && last->fragment_offset == file->fragment_offset;

		if (equal && !share_equal)
			continue;
		if (equal && !tail->node->inode->u.file.extent) {
			data->result->duplicate_files++;
			data->result->duplicate_bytes += tail->node->inode->u.file.size;
		}
		last = file;
		rc = keep_tail(data, tail);
	}
	return rc;
}

static int keep_all(struct tails *tails)
{
	SQST_AUTO_FREE struct need *need = NULL;
	const size_t found = sort_found(tails);
	size_t needs = 0;
	int rc = find_needs(tails, found, &need, &needs);

	if (rc < 0)
		return rc;
	drop_small(tails->data, need, needs);
	rc = bound_dead(tails->data, need, needs);
	for (size_t i = 0; rc == 0 && i < needs; i++) {
		if (need[i].kept)
			rc = keep(tails, &need[i]);
	}
	return rc;
}

int sqst_data_keep_tails(struct sqst_data *data, const struct sqst_order *order)
{
	struct tails tails = {.data = data};
	size_t paired = 0;
	int rc;

	if (!data->reuse->fragments)
		return 0;
	rc = make_table(data);
	if (rc == 0)
		rc = gather(&tails, order);
	if (rc == 0) {
		qsort_r(tails.tail, tails.count, sizeof(*tails.tail), by_place, data->reuse);
		while (paired < tails.count && tails.tail[paired].file != NO_FILE)
			paired++;
		rc = compare(&tails, tails.tail, paired);
	}
	if (rc == 0)
		rc = find_moved(&tails);
	if (rc == 0)
		rc = keep_all(&tails);
	free(tails.tail);
	return rc;
}
