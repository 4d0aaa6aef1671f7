/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new release against an old one: both sorted by number, side by side. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/sort.h"
#include "compare/number_index.h"
#include "sqst/check.h"

struct comparing {
	const struct sqst_check_release *was_release;
	const struct sqst_check_release *is_release;
	struct sqst_index was;
	struct sqst_index is;
	struct sqst_check *check;
	size_t span_room;
	size_t conflict_room;
	size_t regrouped_room;
	size_t revived_room;
	size_t retyped_room;
};

/* The paths of one number: places in by_number from `at` to `end`; none if they are equal. */
struct number_run {
	uint32_t at;
	uint32_t end;
};

/* Room for one more thing behind `used`; false if memory is short. */
static bool reserve(void **array, size_t used, size_t *room, size_t size)
{
	const size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (used < *room)
		return true;
	grown = more > SIZE_MAX / size ? NULL : realloc(*array, more * size);
	if (!grown)
		return false;
	*array = grown;
	*room = more;
	return true;
}

static int by_path_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool take_names(const struct sqst_index *index, struct number_run run,
		       struct sqst_arena *arena, struct sqst_check_names *names)
{
	const uint32_t count = run.end - run.at;
	const char **path;

	memset(names, 0, sizeof(*names));
	if (count == 0)
		return true;
	path = sqst_arena_array(arena, count, sizeof(*path));
	if (!path)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		path[i] = sqst_index_path(index, sqst_index_place(index, run.at + i), arena);
		if (!path[i])
			return false;
	}
	qsort(path, count, sizeof(*path), by_path_text);
	names->path = path;
	names->count = count;
	names->type = index->place[sqst_index_place(index, run.at)].entry->type;
	return true;
}

static bool add_number(struct comparing *all, uint32_t number, struct number_run was,
		       struct number_run is, struct sqst_check_number **list, size_t *used,
		       size_t *room)
{
	struct sqst_check_number *one;

	if (!reserve((void **)list, *used, room, sizeof(**list)))
		return false;
	one = &(*list)[*used];
	one->number = number;
	one->stray = false;
	if (!take_names(&all->was, was, all->check->arena, &one->was) ||
	    !take_names(&all->is, is, all->check->arena, &one->is))
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
	if (!reserve((void **)&check->span, check->spans, &all->span_room, sizeof(*last)))
		return false;
	check->span[check->spans++] = (struct sqst_check_span){number, number, (uint8_t)fate};
	return true;
}

/* How many of the old paths have the number and type still. */
static uint32_t count_common(const struct comparing *all, struct number_run run, uint32_t number)
{
	uint32_t common = 0;

	for (uint32_t i = run.at; i < run.end; i++) {
		const struct sqst_indexed_path *place =
		    &all->was.place[sqst_index_place(&all->was, i)];
		const struct sqst_entry *twin;

		if (place->twin == SQST_NO_PLACE)
			continue;
		twin = all->is.place[place->twin].entry;
		common += twin->number == number && twin->type == place->entry->type;
	}
	return common;
}

static bool is_stray(const struct sqst_check_release *release, uint32_t number)
{
	return release->strays > 0 &&
	       sqst_search_u32(release->stray, release->strays, number) < release->strays;
}

static enum sqst_fate number_fate(const struct comparing *all, uint32_t number,
				  struct number_run was, struct number_run is, uint32_t common)
{
	if (was.at == was.end)
		return number > all->was_release->numbers->lineage.top ? SQST_FATE_NEW
								       : SQST_FATE_REVIVED;
	if (is.at < is.end)
		return common > 0 ? SQST_FATE_KEPT : SQST_FATE_CONFLICT;
	if (is_stray(all->is_release, number))
		return SQST_FATE_CONFLICT;
	return number > all->is_release->numbers->lineage.top ? SQST_FATE_BEYOND
							      : SQST_FATE_RETIRED;
}

static bool judge_number(struct comparing *all, uint32_t number, struct number_run was,
			 struct number_run is)
{
	struct sqst_check *check = all->check;
	const uint32_t common = count_common(all, was, number);
	const enum sqst_fate fate = number_fate(all, number, was, is, common);
	bool done = add_span(all, number, fate);

	if (fate == SQST_FATE_CONFLICT) {
		done = done && add_number(all, number, was, is, &check->conflict, &check->conflicts,
					  &all->conflict_room);
		if (done)
			check->conflict[check->conflicts - 1].stray = is.at == is.end;
	} else if (fate == SQST_FATE_REVIVED) {
		done = done && add_number(all, number, was, is, &check->revived, &check->reviveds,
					  &all->revived_room);
	} else if (fate == SQST_FATE_KEPT &&
		   (common != was.end - was.at || common != is.end - is.at)) {
		done = done && add_number(all, number, was, is, &check->regrouped,
					  &check->n_regrouped, &all->regrouped_room);
	}
	return done;
}

static bool judge_numbers(struct comparing *all)
{
	const struct sqst_index *was = &all->was, *is = &all->is;
	uint32_t a = 0, b = 0;

	while (a < was->count || b < is->count) {
		const uint64_t left = a < was->count ? sqst_index_number(was, a) : UINT64_MAX;
		const uint64_t right = b < is->count ? sqst_index_number(is, b) : UINT64_MAX;
		const struct number_run old = {a, left <= right ? sqst_index_end(was, a) : a};
		const struct number_run new = {b, right <= left ? sqst_index_end(is, b) : b};

		if (!judge_number(all, (uint32_t)(left < right ? left : right), old, new))
			return false;
		a = old.end;
		b = new.end;
	}
	return true;
}

static bool judge_paths(struct comparing *all)
{
	struct sqst_check *check = all->check;

	for (uint32_t i = 0; i < all->was.count; i++) {
		const struct sqst_indexed_path *place = &all->was.place[i];
		const struct sqst_entry *was = place->entry, *is;
		struct sqst_check_retyped *one;

		if (place->twin == SQST_NO_PLACE) {
			check->removed++;
			continue;
		}
		is = all->is.place[place->twin].entry;
		check->kept += was->type == is->type && was->number == is->number;
		check->renumbered += was->type == is->type && was->number != is->number;
		if (was->type == is->type)
			continue;
		check->changed_type++;
		if (!reserve((void **)&check->retyped, check->n_retyped, &all->retyped_room,
			     sizeof(*one)))
			return false;
		one = &check->retyped[check->n_retyped];
		*one = (struct sqst_check_retyped){sqst_index_path(&all->was, i, check->arena),
						   was->type, is->type};
		if (!one->path)
			return false;
		check->n_retyped++;
	}
	check->added = all->is.count - (all->was.count - check->removed);
	return true;
}

/* What a UUID says is for people: no kernel knows it of a squashfs, so the verdict is by numbers.
 */
static void judge_lineage(struct sqst_check *check, const struct sqst_lineage *was,
			  const struct sqst_lineage *is)
{
	const bool both = !sqst_uuid_is_null(was->uuid) && !sqst_uuid_is_null(is->uuid);
	const bool equal = memcmp(was->uuid, is->uuid, SQST_UUID_SIZE) == 0;

	check->same_lineage = both && equal;
	check->other_lineage = both && !equal;
	check->shrunk = is->top < was->top;
	for (uint32_t i = 0; i < is->parents && !sqst_uuid_is_null(was->id); i++) {
		if (memcmp(is->parent[i], was->id, SQST_UUID_SIZE) == 0)
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

static bool compare_numbers(struct comparing *all)
{
	const struct sqst_numbers *was = all->was_release->numbers;
	const struct sqst_numbers *is = all->is_release->numbers;
	struct sqst_check *check = all->check;

	if (!sqst_index_make(&all->was, was) || !sqst_index_make(&all->is, is))
		return false;
	sqst_index_pair(&all->was, &all->is);
	if (!judge_paths(all) || !judge_numbers(all))
		return false;
	check->root_moved = was->root.number != is->root.number;
	check->undecodable = !all->was_release->exports || !all->is_release->exports;
	judge_lineage(check, &was->lineage, &is->lineage);
	check->verdict = verdict_of(check, all->was_release->exports, all->is_release->exports);
	return true;
}

int sqst_check_compare(const struct sqst_check_release *was, const struct sqst_check_release *is,
		       struct sqst_check **out, struct sqst_report *why)
{
	struct comparing all = {.was_release = was, .is_release = is};
	bool done;

	all.check = calloc(1, sizeof(*all.check));
	if (all.check)
		all.check->arena = sqst_arena_new();
	done = all.check && all.check->arena && compare_numbers(&all);
	sqst_index_release(&all.was);
	sqst_index_release(&all.is);
	if (!done) {
		sqst_check_free(all.check);
		return sqst_fail(why, SQST_ERR_NOMEM, is->numbers->source, "out of memory");
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
