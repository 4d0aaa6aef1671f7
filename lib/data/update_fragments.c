/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the parent's fragment blocks stay: those of which at least half is needed, as far as the
 * slack lets them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/scope.h"
#include "data/update_tails.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

/* Each update adds a fragment block that may be nearly empty. So many that are less than 1/SMALL
 * full may be kept; when there are more, all of them are made into full ones. */
#define SMALL     8
#define SMALL_MAX 8

/* What is still needed of a fragment block. */
struct need {
	uint32_t fragment;
	/* Tails that are found in it, from tails->tail[first] on, and their bytes. */
	size_t first;
	size_t count;
	uint32_t live;
	/* Where what was counted of it ends. */
	uint32_t end;
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

/* One more tail, none of which begins before those that were added: equal files share their bytes.
 */
static void add_need(struct need *need, uint32_t offset, uint32_t size)
{
	const uint32_t end = offset + size;

	need->count++;
	if (end <= need->end)
		return;
	need->live += end - (offset > need->end ? offset : need->end);
	need->end = end;
}

static int find_needs(struct sqst_tails *tails, size_t found, struct need **out, size_t *count)
{
	const struct sqst_parent_data *reuse = tails->data->reuse;
	struct need *need = calloc(reuse->image.super.fragments + (size_t)1, sizeof(*need));
	const bool purge = sqst_data_has(tails->data, SQST_BUILD_PURGE);
	const struct sqst_parent_inode *last = NULL;
	size_t needs = 0;

	if (!need)
		return sqst_data_no_memory(tails->data);
	for (size_t i = 0; i < found; i++) {
		const struct sqst_parent_inode *file = &reuse->file[tails->tail[i].file];

		if (!last || last->fragment != file->fragment) {
			need[needs++] = (struct need){.fragment = file->fragment, .first = i};
			last = NULL;
		}
		add_need(&need[needs - 1], file->fragment_offset, sqst_parent_tail(reuse, file));
		last = file;
	}
	for (size_t i = 0; i < needs; i++) {
		const uint32_t content = reuse->fragment[need[i].fragment].content;

		if (need[i].live > content)
			need[i].live = content;
		need[i].kept =
		    purge ? need[i].live == content : need[i].live >= content - need[i].live;
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
	const struct sqst_parent_data *reuse = user;
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

static int keep_tail(struct sqst_data *data, const struct sqst_tail *tail)
{
	const struct sqst_parent_inode *file = &data->reuse->file[tail->file];
	struct sqst_inode *inode = tail->node->inode;

	if (!inode->u.file.extent)
		inode->u.file.extent = sqst_data_extent(data, 0);
	if (!inode->u.file.extent)
		return sqst_data_no_memory(data);
	inode->u.file.extent->fragment = file->fragment;
	inode->u.file.extent->fragment_offset = file->fragment_offset;
	sqst_data_advance(data, sqst_tail_size(data, tail->node));
	return 0;
}

static int keep_fragment(struct sqst_tails *tails, const struct need *need)
{
	struct sqst_data *data = tails->data;
	const struct sqst_parent_data *reuse = data->reuse;
	const struct sqst_parent_fragment *fragment = &reuse->fragment[need->fragment];
	const bool share_equal = !sqst_data_has(data, SQST_BUILD_NO_DUPLICATES);
	const struct sqst_parent_inode *last = NULL;
	int rc = sqst_runs_take(&data->runs, NULL, need->fragment, fragment->start,
				stored_size(data, need->fragment));

	data->fragment[need->fragment] =
	    (struct sqst_fragment){0, fragment->field, fragment->content};
	data->dead += share(data, need, false);
	data->result->reuse.removed += fragment->content - need->live;
	data->result->reuse.fragments++;
	for (size_t i = need->first; rc == 0 && i < need->first + need->count; i++) {
		const struct sqst_tail *tail = &tails->tail[i];
		const struct sqst_parent_inode *file = &reuse->file[tail->file];
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

int sqst_tails_keep(struct sqst_tails *tails)
{
	SQST_AUTO_FREE struct need *need = NULL;
	const size_t found = sqst_tails_sort_found(tails);
	size_t needs = 0;
	int rc = find_needs(tails, found, &need, &needs);

	if (rc < 0)
		return rc;
	drop_small(tails->data, need, needs);
	rc = bound_dead(tails->data, need, needs);
	for (size_t i = 0; rc == 0 && i < needs; i++) {
		if (need[i].kept)
			rc = keep_fragment(tails, &need[i]);
	}
	return rc;
}
