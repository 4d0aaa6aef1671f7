/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the parent's fragment blocks stay: those of which at least half is needed, as far as the
 * slack lets them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/scope.h"
#include "data/update.h"
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
	return data->parent->fragment[fragment].field & (SQST_BLOCK_RAW - 1);
}

/* Bytes as stored that the live, or the dead, part of a fragment block takes. */
static uint64_t share(const struct sqst_data *data, const struct need *need, bool live)
{
	const uint32_t content = data->parent->fragment[need->fragment].content;

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
	const struct sqst_parent_data *parent = tails->data->parent;
	struct need *need = calloc(parent->image.super.fragments + (size_t)1, sizeof(*need));
	const bool purge = tails->data->options->purge;
	const struct sqst_parent_inode *last = NULL;
	size_t needs = 0;

	if (!need)
		return sqst_data_no_memory(tails->data);
	for (size_t i = 0; i < found; i++) {
		const struct sqst_parent_inode *file = &parent->file[tails->tail[i].file];

		if (!last || last->fragment != file->fragment) {
			need[needs++] = (struct need){.fragment = file->fragment, .first = i};
			last = NULL;
		}
		add_need(&need[needs - 1], file->fragment_offset, sqst_parent_tail(parent, file));
		last = file;
	}
	for (size_t i = 0; i < needs; i++) {
		const uint32_t content = parent->fragment[need[i].fragment].content;

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
	const uint32_t limit = data->options->block_size / SMALL;
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
	const struct sqst_parent_data *parent = user;
	const struct need *left = *(struct need *const *)a, *right = *(struct need *const *)b;
	const uint64_t one = (uint64_t)left->live * parent->fragment[right->fragment].content;
	const uint64_t two = (uint64_t)right->live * parent->fragment[left->fragment].content;

	if (one != two)
		return one < two ? -1 : 1;
	return left->fragment < right->fragment ? -1 : left->fragment > right->fragment;
}

/* Dead tails may take half of the slack; the other half is for gaps. */
static int bound_dead(const struct sqst_data *data, const struct sqst_runs *runs, struct need *need,
		      size_t needs)
{
	SQST_AUTO_FREE struct need **order = calloc(needs + 1, sizeof(struct need *));
	uint64_t size = sqst_runs_size(runs), dead = 0, limit;

	if (!order)
		return sqst_data_no_memory(data);
	for (size_t i = 0; i < needs; i++) {
		order[i] = &need[i];
		size += share(data, &need[i], true);
		if (need[i].kept)
			dead += share(data, &need[i], false);
	}
	limit = size / 200 * data->options->max_slack;
	qsort_r(order, needs, sizeof(struct need *), by_live, data->parent);
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
	const struct sqst_parent_inode *file = &data->parent->file[tail->file];
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

static int keep_fragment(struct sqst_tails *tails, struct sqst_runs *runs, const struct need *need)
{
	struct sqst_data *data = tails->data;
	const struct sqst_parent_data *parent = data->parent;
	const struct sqst_parent_fragment *fragment = &parent->fragment[need->fragment];
	const bool share_equal = !data->options->no_duplicates;
	const struct sqst_parent_inode *last = NULL;
	int rc = sqst_runs_take(runs, NULL, need->fragment, fragment->start,
				stored_size(data, need->fragment));

	data->places->fragment[need->fragment] =
	    (struct sqst_fragment){0, fragment->field, fragment->content};
	data->stats->dead += share(data, need, false);
	data->stats->removed += fragment->content - need->live;
	data->stats->old_fragments++;
	for (size_t i = need->first; rc == 0 && i < need->first + need->count; i++) {
		const struct sqst_tail *tail = &tails->tail[i];
		const struct sqst_parent_inode *file = &parent->file[tail->file];
		const bool equal = last && last->fragment_offset == file->fragment_offset;

		if (equal && !share_equal)
			continue;
		if (equal && !tail->node->inode->u.file.extent) {
			data->stats->duplicate_files++;
			data->stats->duplicate_bytes += tail->node->inode->u.file.size;
		}
		last = file;
		rc = keep_tail(data, tail);
	}
	return rc;
}

/* One that stays keeps its index; the other entries are free. */
static int make_table(struct sqst_data *data)
{
	struct sqst_places *places = data->places;

	places->fragments = data->parent->image.super.fragments;
	places->fragments_room = places->fragments;
	places->fragment = calloc(places->fragments + (size_t)1, sizeof(*places->fragment));
	return places->fragment ? 0 : sqst_data_no_memory(data);
}

int sqst_tails_keep(struct sqst_tails *tails, struct sqst_runs *runs)
{
	SQST_AUTO_FREE struct need *need = NULL;
	const size_t found = sqst_tails_sort_found(tails);
	size_t needs = 0;
	int rc = make_table(tails->data);

	if (rc == 0)
		rc = find_needs(tails, found, &need, &needs);
	if (rc < 0)
		return rc;
	drop_small(tails->data, need, needs);
	rc = bound_dead(tails->data, runs, need, needs);
	for (size_t i = 0; rc == 0 && i < needs; i++) {
		if (need[i].kept)
			rc = keep_fragment(tails, runs, &need[i]);
	}
	return rc;
}

/* ---- the fragment table */

/* Let each file's fragment be at its new index. */
static void renumber(const struct sqst_tree *tree, const uint32_t *moved)
{
	struct sqst_node *node;

	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		if (node->inode->type == SQST_TYPE_FILE)
			node->inode->u.file.extent->renumber = true;
	}
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		struct sqst_extent *extent =
		    node->inode->type == SQST_TYPE_FILE ? node->inode->u.file.extent : NULL;

		/* Files may share one. */
		if (extent && extent->renumber && extent->fragment != SQST_NO_FRAGMENT)
			extent->fragment = moved[extent->fragment];
		if (extent)
			extent->renumber = false;
	}
}

int sqst_update_close_table(struct sqst_update *update)
{
	struct sqst_places *places = update->data->places;
	SQST_AUTO_FREE uint32_t *moved = calloc(places->fragments + (size_t)1, sizeof(*moved));
	uint32_t low = 0, high = places->fragments;

	if (!moved)
		return sqst_data_no_memory(update->data);
	for (uint32_t i = 0; i < places->fragments; i++)
		moved[i] = i;
	for (;;) {
		while (low < high && places->fragment[low].content > 0)
			low++;
		while (low < high && places->fragment[high - 1].content == 0)
			high--;
		if (low >= high)
			break;
		moved[--high] = low;
		places->fragment[low] = places->fragment[high];
		places->fragment[high] = (struct sqst_fragment){0};
	}
	places->fragments = low;
	for (size_t i = 0; i < update->runs.count; i++) {
		struct sqst_run *run = &update->runs.run[i];

		if (!run->extent)
			run->fragment = moved[run->fragment];
	}
	renumber(update->data->tree, moved);
	return 0;
}
