/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a new release safe for a device that runs an old one? */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/sort.h"
#include "compare/comparison.h"

struct comparing {
	const struct sqst_check_release *old_release;
	const struct sqst_check_release *new_release;
	struct sqst_comparison paths;
	struct sqst_check *check;
	size_t span_room;
	size_t conflict_room;
	size_t regrouped_room;
	size_t revived_room;
	size_t retyped_room;
};

static int by_path_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A path in the check's arena. */
static const char *keep_path(const struct comparing *all, uint32_t at)
{
	SQST_AUTO_FREE char *text = sqst_beside_path_text(all->paths.path, at);

	return text ? sqst_arena_strndup(all->check->arena, text, strlen(text)) : NULL;
}

static bool take_names(const struct comparing *all, const struct sqst_number_run *run, int side,
		       struct sqst_check_names *names)
{
	const uint32_t count = sqst_number_run_count(run, side);
	const char **path;

	*names = (struct sqst_check_names){0};
	if (count == 0)
		return true;
	path = sqst_arena_array(all->check->arena, count, sizeof(*path));
	if (!path)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t at = sqst_comparison_path(&all->paths, side, run->at[side] + i);

		path[i] = keep_path(all, at);
		if (!path[i])
			return false;
		names->type = all->paths.path[at].entry[side]->type;
	}
	qsort(path, count, sizeof(*path), by_path_text);
	names->path = path;
	names->count = count;
	return true;
}

static bool add_number(struct comparing *all, const struct sqst_number_run *run,
		       struct sqst_check_number **list, size_t *used, size_t *room)
{
	struct sqst_check_number *one = sqst_grow(*list, *used, room, sizeof(*one));

	if (!one)
		return false;
	*list = one;
	one = &one[*used];
	*one = (struct sqst_check_number){.number = run->number};
	if (!take_names(all, run, SQST_OLD, &one->old_names) ||
	    !take_names(all, run, SQST_NEW, &one->new_names))
		return false;
	++*used;
	return true;
}

static bool add_span(struct comparing *all, uint32_t number, enum sqst_fate fate)
{
	struct sqst_check *check = all->check;
	struct sqst_check_span *last = check->spans ? &check->span[check->spans - 1] : NULL;

	check->fate[fate]++;
	if (last && last->fate == fate && last->last + 1 == number) {
		last->last = number;
		return true;
	}
	last = sqst_grow(check->span, check->spans, &all->span_room, sizeof(*last));
	if (!last)
		return false;
	check->span = last;
	last[check->spans++] = (struct sqst_check_span){number, number, (uint8_t)fate};
	return true;
}

/* How many of the old paths have the number and type still. */
static uint32_t count_common(const struct comparing *all, const struct sqst_number_run *run)
{
	uint32_t common = 0;

	for (uint32_t i = run->at[SQST_OLD]; i < run->end[SQST_OLD]; i++) {
		const uint32_t at = sqst_comparison_path(&all->paths, SQST_OLD, i);

		common += sqst_comparison_kind(&all->paths.path[at]) == SQST_CHANGE_KEPT;
	}
	return common;
}

static bool is_orphan(const struct sqst_check_release *release, uint32_t number)
{
	return release->orphans > 0 &&
	       sqst_search_u32(release->orphan, release->orphans, number) < release->orphans;
}

static enum sqst_fate number_fate(const struct comparing *all, const struct sqst_number_run *run,
				  uint32_t common)
{
	const uint32_t number = run->number;

	if (sqst_number_run_count(run, SQST_OLD) == 0)
		return number > all->old_release->numbers->lineage.top ? SQST_FATE_NEW
								       : SQST_FATE_REVIVED;
	if (sqst_number_run_count(run, SQST_NEW) > 0)
		return common > 0 ? SQST_FATE_KEPT : SQST_FATE_CONFLICT;
	if (is_orphan(all->new_release, number))
		return SQST_FATE_CONFLICT;
	return number > all->new_release->numbers->lineage.top ? SQST_FATE_BEYOND
							       : SQST_FATE_RETIRED;
}

static bool judge_number(struct comparing *all, const struct sqst_number_run *run)
{
	struct sqst_check *check = all->check;
	const uint32_t common = count_common(all, run);
	const enum sqst_fate fate = number_fate(all, run, common);
	bool done = add_span(all, run->number, fate);

	if (fate == SQST_FATE_CONFLICT) {
		done = done && add_number(all, run, &check->conflict, &check->conflicts,
					  &all->conflict_room);
		if (done)
			check->conflict[check->conflicts - 1].orphan =
			    sqst_number_run_count(run, SQST_NEW) == 0;
	} else if (fate == SQST_FATE_REVIVED) {
		done = done &&
		       add_number(all, run, &check->revived, &check->n_revived, &all->revived_room);
	} else if (fate == SQST_FATE_KEPT && (common != sqst_number_run_count(run, SQST_OLD) ||
					      common != sqst_number_run_count(run, SQST_NEW))) {
		done = done && add_number(all, run, &check->regrouped, &check->n_regrouped,
					  &all->regrouped_room);
	}
	return done;
}

static bool judge_numbers(struct comparing *all)
{
	struct sqst_number_run run = {0};

	while (sqst_comparison_next_number(&all->paths, &run)) {
		if (!judge_number(all, &run))
			return false;
	}
	return true;
}

static bool list_retyped(struct comparing *all)
{
	struct sqst_check *check = all->check;

	for (uint32_t i = 0; i < all->paths.count; i++) {
		const struct sqst_beside_path *path = &all->paths.path[i];
		struct sqst_check_retyped *one;

		if (sqst_comparison_kind(path) != SQST_CHANGE_RETYPED)
			continue;
		one = sqst_grow(check->retyped, check->n_retyped, &all->retyped_room, sizeof(*one));
		if (!one)
			return false;
		check->retyped = one;
		one = &one[check->n_retyped];
		*one = (struct sqst_check_retyped){keep_path(all, i), path->entry[SQST_OLD]->type,
						   path->entry[SQST_NEW]->type};
		if (!one->path)
			return false;
		check->n_retyped++;
	}
	return true;
}

static void count_changes(struct sqst_check *check, const struct sqst_comparison *paths)
{
	check->kept = paths->paths[SQST_CHANGE_KEPT];
	check->renumbered = paths->paths[SQST_CHANGE_RENUMBERED];
	check->changed_type = paths->paths[SQST_CHANGE_RETYPED];
	check->added = paths->paths[SQST_CHANGE_NEW];
	check->removed = paths->paths[SQST_CHANGE_GONE];
}

/* What a UUID says is for people: no kernel knows it of a squashfs, so the verdict is by numbers.
 */
static void judge_lineage(struct sqst_check *check, const struct sqst_lineage *before,
			  const struct sqst_lineage *after)
{
	const bool both = !sqst_uuid_is_null(before->uuid) && !sqst_uuid_is_null(after->uuid);
	const bool equal = memcmp(before->uuid, after->uuid, SQST_UUID_SIZE) == 0;

	check->same_lineage = both && equal;
	check->other_lineage = both && !equal;
	check->shrunk = after->top < before->top;
	for (uint32_t i = 0; i < after->parents && !sqst_uuid_is_null(before->id); i++) {
		if (memcmp(after->parent[i], before->id, SQST_UUID_SIZE) == 0)
			check->child = true;
	}
}

/* With index=on, the number of the lower root is held against what the upper root has; if it
 * changed, the overlay does not mount. Where nothing is kept, that is what is wanted. Without an
 * export table index=on has no effect. */
static enum sqst_verdict verdict_of(const struct sqst_check *check, bool stored, bool decoded)
{
	const bool keeps = check->fate[SQST_FATE_KEPT] > 0;

	if (!decoded)
		return SQST_VERDICT_REFUSED;
	if (check->fate[SQST_FATE_CONFLICT] > 0)
		return stored ? SQST_VERDICT_UNSAFE : SQST_VERDICT_REFUSED;
	if (!keeps)
		return SQST_VERDICT_REFUSED;
	return (check->root_moved || check->n_regrouped > 0) && stored ? SQST_VERDICT_UNSAFE
								       : SQST_VERDICT_VALID;
}

static int compare_numbers(struct comparing *all, struct sqst_report *why)
{
	const struct sqst_numbers *before = all->old_release->numbers;
	const struct sqst_numbers *after = all->new_release->numbers;
	struct sqst_check *check = all->check;
	const int rc = sqst_comparison_make(&all->paths, before, after, why);

	if (rc < 0)
		return rc;
	count_changes(check, &all->paths);
	if (!list_retyped(all) || !judge_numbers(all))
		return sqst_no_memory(why, after->source);
	check->root_moved = before->root.number != after->root.number;
	check->undecodable = !all->old_release->exports || !all->new_release->exports;
	judge_lineage(check, &before->lineage, &after->lineage);
	check->verdict = verdict_of(check, all->old_release->exports, all->new_release->exports);
	return 0;
}

int sqst_check_compare(const struct sqst_check_release *old_release,
		       const struct sqst_check_release *new_release, struct sqst_check **out,
		       struct sqst_report *why)
{
	struct comparing all = {.old_release = old_release, .new_release = new_release};
	int rc;

	all.check = calloc(1, sizeof(*all.check));
	if (all.check)
		all.check->arena = sqst_arena_new();
	if (all.check && all.check->arena)
		rc = compare_numbers(&all, why);
	else
		rc = sqst_no_memory(why, NULL);
	sqst_comparison_release(&all.paths);
	if (rc < 0) {
		sqst_check_free(all.check);
		return rc;
	}
	*out = all.check;
	return 0;
}

void sqst_check_free(struct sqst_check *check)
{
	if (!check)
		return;
	sqst_arena_free(check->arena);
	free(check->span);
	free(check->conflict);
	free(check->regrouped);
	free(check->revived);
	free(check->retyped);
	free(check);
}

const char *sqst_verdict_name(enum sqst_verdict verdict)
{
	switch (verdict) {
	case SQST_VERDICT_VALID:
		return "valid";
	case SQST_VERDICT_REFUSED:
		return "refused";
	case SQST_VERDICT_UNSAFE:
		return "unsafe";
	}
	return "unknown";
}
