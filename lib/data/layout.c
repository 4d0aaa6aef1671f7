/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the data of an update goes: what can stay stays, the rest takes the best fitting gap or
 * the end; then, while too much room is wasted, the last units fill gaps, units slide down, and at
 * last all is packed. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/report.h"
#include "base/scope.h"
#include "data/gaps.h"
#include "data/layout.h"

#define OFFSET_MAX ((uint64_t)INT64_MAX)

/* A unit may be moved into a gap more than once, as the end comes down to where it went. In real
 * images few are; this bounds the work for others, sliding does the rest. */
#define MOVES_A_UNIT 4

/* What a unit is sorted by; no two are equal. */
struct key {
	uint64_t first;
	uint64_t second;
	uint32_t index;
};

struct layout_job {
	const struct sqst_layout *layout;
	struct sqst_unit *unit;
	uint32_t units;
	uint64_t align;
	/* Alignment is all that counts. */
	bool packed;
	struct sqst_gaps gaps;
	/* Room for one a unit. */
	struct key *key;
	/* Sum of sizes; and with what alignment adds to each, for a fresh build's units are aligned
	 * too. */
	uint64_t total;
	uint64_t aligned;
	/* Dead bytes, as far as there are any: where units overlapped in a hostile parent, the
	 * caller may have counted more. */
	uint64_t dead;
	uint64_t end;
};

static int too_large(struct sqst_report *why)
{
	return sqst_fail(why, SQST_ERR_LIMIT, NULL, "the data ends past the largest file offset");
}

static int compare_keys(const void *a, const void *b)
{
	const struct key *left = a, *right = b;

	if (left->first != right->first)
		return left->first < right->first ? -1 : 1;
	if (left->second != right->second)
		return left->second < right->second ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

static void add_key(struct layout_job *job, size_t *count, uint64_t first, uint64_t second,
		    uint32_t index)
{
	job->key[(*count)++] = (struct key){first, second, index};
}

static void sort_keys(struct layout_job *job, size_t count)
{
	qsort(job->key, count, sizeof(*job->key), compare_keys);
}

static struct sqst_grid grid_of(const struct layout_job *job, const struct sqst_unit *unit)
{
	if (job->packed || job->align > SQST_GAP_BLOCK || unit->old_place == SQST_UNIT_NEW ||
	    unit->old_place % job->align != 0)
		return (struct sqst_grid){job->align, 0};
	return (struct sqst_grid){SQST_GAP_BLOCK, unit->old_place % SQST_GAP_BLOCK};
}

static uint64_t unit_end(const struct sqst_unit *unit)
{
	return unit->place + unit->size;
}

/* How many bytes more than a fresh build's there are up to `end`. */
static uint64_t waste(const struct layout_job *job, uint64_t end)
{
	const uint64_t used = end - job->layout->start + job->dead;

	return used > job->aligned ? used - job->aligned : 0;
}

/* The waste that may be. */
static uint64_t limit_of(const struct layout_job *job)
{
	const uint64_t fresh = job->aligned - job->dead, slack = job->layout->slack;
	uint64_t limit;

	if (sqst_mul_overflows(fresh / 100, slack, &limit) ||
	    sqst_add_overflows(limit, fresh % 100 * slack / 100, &limit))
		return UINT64_MAX;
	return limit;
}

static int check_sizes(struct layout_job *job, struct sqst_report *why)
{
	const struct sqst_grid aligned = {job->align, 0};

	if (job->layout->start > OFFSET_MAX)
		return too_large(why);
	for (uint32_t i = 0; i < job->units; i++) {
		const struct sqst_unit *unit = &job->unit[i];
		uint64_t end;

		if (unit->size > OFFSET_MAX ||
		    sqst_add_overflows(job->aligned, sqst_grid_up(aligned, unit->size),
				       &job->aligned) ||
		    job->aligned > OFFSET_MAX)
			return too_large(why);
		job->total += unit->size;
		if (unit->old_place != SQST_UNIT_NEW &&
		    (sqst_add_overflows(unit->old_place, unit->size, &end) || end > OFFSET_MAX))
			return too_large(why);
	}
	job->dead = job->layout->dead < job->aligned ? job->layout->dead : job->aligned;
	return 0;
}

static void set_place(struct layout_job *job, uint32_t index, uint64_t place, uint64_t gap)
{
	job->unit[index].place = place;
	sqst_gaps_add(&job->gaps, index, place, gap);
}

/* Leave units where they were; the others have UINT64_MAX for a place afterwards. */
static void keep_places(struct layout_job *job)
{
	size_t count = 0;

	for (uint32_t i = 0; i < job->units; i++) {
		struct sqst_unit *unit = &job->unit[i];

		unit->place = UINT64_MAX;
		if (unit->old_place != SQST_UNIT_NEW && unit->old_place >= job->layout->start &&
		    unit->old_place % job->align == 0)
			add_key(job, &count, unit->old_place, 0, i);
	}
	sort_keys(job, count);
	for (size_t i = 0; i < count; i++) {
		const uint32_t index = job->key[i].index;
		const uint64_t place = job->unit[index].old_place;

		if (place < job->end)
			continue;
		set_place(job, index, place, place - job->end);
		job->end = unit_end(&job->unit[index]);
	}
}

/* Put a unit into a gap, and out of where it is. It has no place yet, or is the last: the room that
 * it leaves is then after the end. */
static bool fill_gap(struct layout_job *job, uint32_t index)
{
	struct sqst_unit *unit = &job->unit[index];
	const struct sqst_grid grid = grid_of(job, unit);
	const uint32_t behind = sqst_gaps_find(&job->gaps, unit->size, grid);
	uint64_t start, end, place;

	if (behind == SQST_GAP_NONE)
		return false;
	end = job->unit[behind].place;
	start = end - sqst_gaps_take(&job->gaps, behind);
	place = sqst_grid_up(grid, start);
	if (behind != index) {
		sqst_gaps_take(&job->gaps, index);
		sqst_gaps_add(&job->gaps, behind, end, end - place - unit->size);
	}
	set_place(job, index, place, place - start);
	return true;
}

/* Find places for the units that have none: the largest first, as small ones fit anywhere. */
static int place_rest(struct layout_job *job, struct sqst_report *why)
{
	size_t count = 0;

	for (uint32_t i = 0; i < job->units; i++) {
		if (job->unit[i].place == UINT64_MAX)
			add_key(job, &count, ~job->unit[i].size, job->unit[i].old_place, i);
	}
	sort_keys(job, count);
	for (size_t i = 0; i < count; i++) {
		const uint32_t index = job->key[i].index;
		const struct sqst_unit *unit = &job->unit[index];
		uint64_t place;

		if (fill_gap(job, index))
			continue;
		/* Cannot overflow: sizes and the end are below 2^63, steps below 2^32. */
		place = sqst_grid_up(grid_of(job, unit), job->end);
		if (place > OFFSET_MAX || unit->size > OFFSET_MAX - place)
			return too_large(why);
		set_place(job, index, place, place - job->end);
		job->end = unit_end(unit);
	}
	return 0;
}

/* Bring down the first of a heap. */
static void sift(struct key *heap, size_t count)
{
	size_t at = 0;

	for (;;) {
		size_t least = at, child = 2 * at + 1;
		struct key swap;

		for (size_t i = child; i < count && i <= child + 1; i++) {
			if (compare_keys(&heap[i], &heap[least]) < 0)
				least = i;
		}
		if (least == at)
			return;
		swap = heap[at];
		heap[at] = heap[least];
		heap[least] = swap;
		at = least;
	}
}

/* Move the last unit into a gap, again and again, until the waste is no more than `goal` or the
 * last unit fits into none. */
static void fill_from_end(struct layout_job *job, uint64_t goal)
{
	uint64_t moves = (uint64_t)job->units * MOVES_A_UNIT;
	size_t count = 0;

	for (uint32_t i = 0; i < job->units; i++)
		add_key(job, &count, ~job->unit[i].place, 0, i);
	/* What is sorted is a heap. */
	sort_keys(job, count);
	while (waste(job, job->end) > goal && moves-- > 0) {
		if (!fill_gap(job, job->key[0].index))
			return;
		job->key[0].first = ~job->unit[job->key[0].index].place;
		sift(job->key, count);
		job->end = unit_end(&job->unit[job->key[0].index]);
	}
}

/* Slide down all units from the `from`th on, keys being in order of place; only see where the end
 * would be unless `apply`. */
static uint64_t slide(struct layout_job *job, size_t from, bool apply)
{
	uint64_t end = job->layout->start;

	if (from > 0)
		end = unit_end(&job->unit[job->key[from - 1].index]);
	for (size_t i = from; i < job->units; i++) {
		struct sqst_unit *unit = &job->unit[job->key[i].index];
		const uint64_t place = sqst_grid_up(grid_of(job, unit), end);

		if (apply)
			unit->place = place;
		end = place + unit->size;
	}
	return end;
}

/* Slide down as few of the last units as will do. False if all are too few: nothing is changed. */
static bool slide_enough(struct layout_job *job, uint64_t limit)
{
	size_t low = 0, high = job->units;

	if (waste(job, slide(job, 0, false)) > limit)
		return false;
	/* From `low` on it is enough, from `high` on it is not. */
	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;

		if (waste(job, slide(job, middle, false)) <= limit)
			low = middle;
		else
			high = middle;
	}
	job->end = slide(job, low, true);
	return true;
}

static enum sqst_layout_level compact_units(struct layout_job *job)
{
	const uint64_t limit = limit_of(job);
	size_t count = 0;

	if (waste(job, job->end) <= limit)
		return SQST_LAYOUT_PLACED;
	fill_from_end(job, limit / 2);
	if (waste(job, job->end) <= limit)
		return SQST_LAYOUT_FILLED;
	for (uint32_t i = 0; i < job->units; i++)
		add_key(job, &count, job->unit[i].place, 0, i);
	sort_keys(job, count);
	if (slide_enough(job, limit))
		return SQST_LAYOUT_SLID;
	job->packed = true;
	job->end = slide(job, 0, true);
	return SQST_LAYOUT_PACKED;
}

static void count_run_bytes(const struct layout_job *job, struct sqst_layout *layout)
{
	layout->end = job->end;
	layout->gaps = job->end - layout->start - job->total;
	layout->in_place = layout->moved = 0;
	for (uint32_t i = 0; i < job->units; i++) {
		const struct sqst_unit *unit = &job->unit[i];

		if (unit->old_place == SQST_UNIT_NEW)
			continue;
		if (unit->place == unit->old_place)
			layout->in_place += unit->size;
		else
			layout->moved += unit->size;
	}
}

static int run_layout(struct layout_job *job, struct sqst_layout *layout, struct sqst_report *why)
{
	int rc = check_sizes(job, why);

	if (rc < 0)
		return rc;
	keep_places(job);
	rc = place_rest(job, why);
	if (rc < 0)
		return rc;
	/* Without units there is no waste, whatever the slack. */
	layout->level = job->units ? compact_units(job) : SQST_LAYOUT_PLACED;
	count_run_bytes(job, layout);
	return 0;
}

int sqst_layout_place(struct sqst_layout *layout, struct sqst_unit *unit, size_t units,
		      struct sqst_report *why)
{
	SQST_AUTO_FREE struct key *key = NULL;
	struct layout_job job = {
	    .layout = layout,
	    .unit = unit,
	    .units = (uint32_t)units,
	    .align = layout->align ? layout->align : 1,
	    .end = layout->start,
	};
	int rc;

	if (units >= SQST_GAP_NONE || units > SIZE_MAX / sizeof(*key) - 1)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "too many files");
	job.key = key = malloc((units + 1) * sizeof(*key));
	if (!key || !sqst_gaps_init(&job.gaps, job.units))
		return sqst_no_memory(why, NULL);
	rc = run_layout(&job, layout, why);
	sqst_gaps_release(&job.gaps);
	return rc;
}
