/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of bytes of an image that is built on a parent: gathered, placed, copied. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/cancel.h"
#include "base/report.h"
#include "base/scope.h"
#include "data/runs.h"
#include "image/read.h"

static int runs_no_memory(const struct sqst_runs *runs)
{
	return sqst_no_memory(runs->why, NULL);
}

int sqst_runs_open(struct sqst_runs *runs, struct sqst_report *why)
{
	runs->why = why;
	return sqst_spool_open(&runs->spool, why);
}

/* ---- gathering */

/* Room for one more piece, and for one more run. */
static int grow_runs(struct sqst_runs *runs)
{
	struct sqst_piece *piece =
	    sqst_grow(runs->piece, runs->pieces, &runs->piece_room, sizeof(*piece));
	struct sqst_run *run = sqst_grow(runs->run, runs->count, &runs->room, sizeof(*run));

	if (piece)
		runs->piece = piece;
	if (run)
		runs->run = run;
	return piece && run ? 0 : runs_no_memory(runs);
}

static int add_run(struct sqst_runs *runs, struct sqst_extent *extent, uint32_t fragment,
		   struct sqst_piece piece)
{
	struct sqst_piece *last = NULL;
	struct sqst_run *run;
	const int rc = grow_runs(runs);

	if (rc < 0)
		return rc;
	if (!extent || runs->count == 0 || runs->run[runs->count - 1].extent != extent)
		runs->run[runs->count++] = (struct sqst_run){
		    .extent = extent, .fragment = fragment, .first_piece = runs->pieces};
	else
		last = &runs->piece[runs->pieces - 1];
	run = &runs->run[runs->count - 1];
	run->size += piece.size;
	if (last && last->spooled == piece.spooled && last->at + last->size == piece.at) {
		last->size += piece.size;
		return 0;
	}
	runs->piece[runs->pieces++] = piece;
	run->pieces++;
	return 0;
}

int sqst_runs_take(struct sqst_runs *runs, struct sqst_extent *extent, uint32_t fragment,
		   uint64_t at, uint64_t size)
{
	return add_run(runs, extent, fragment, (struct sqst_piece){at, size, false});
}

int sqst_runs_make(struct sqst_runs *runs, struct sqst_extent *extent, uint32_t fragment,
		   const void *data, uint32_t size)
{
	const struct sqst_piece piece = {runs->spool.end, size, true};
	int rc = sqst_spool_write(&runs->spool, runs->spool.end, data, size);

	runs->spool.end += size;
	if (rc == 0)
		rc = add_run(runs, extent, fragment, piece);
	return rc;
}

uint64_t sqst_runs_size(const struct sqst_runs *runs)
{
	uint64_t size = 0;

	for (size_t i = 0; i < runs->count; i++)
		size += runs->run[i].size;
	return size;
}

/* ---- placing */

/* Whether a run is bytes of the parent as they stand there. */
static bool is_of_parent(const struct sqst_runs *runs, const struct sqst_run *run)
{
	return run->pieces == 1 && !runs->piece[run->first_piece].spooled;
}

static uint64_t old_place(const struct sqst_runs *runs, const struct sqst_run *run)
{
	return is_of_parent(runs, run) ? runs->piece[run->first_piece].at : SQST_UNIT_NEW;
}

/* For qsort_r(): indexes of runs by their place in the parent; new ones after, as they were made.
 */
static int by_run_place(const void *a, const void *b, void *user)
{
	const struct sqst_runs *runs = user;
	const size_t one = *(const size_t *)a, two = *(const size_t *)b;
	const struct sqst_run *left = &runs->run[one], *right = &runs->run[two];

	if (old_place(runs, left) != old_place(runs, right))
		return old_place(runs, left) < old_place(runs, right) ? -1 : 1;
	if (is_of_parent(runs, left) && left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return one < two ? -1 : one > two;
}

/* Runs of the parent may share bytes there (equal files; other builders let one begin in another).
 * What overlaps stays together, as one unit. `order`: all runs, sorted by_place. */
static void make_units(struct sqst_runs *runs, const size_t *order)
{
	for (size_t i = 0; i < runs->count; i++) {
		struct sqst_run *run = &runs->run[order[i]];
		struct sqst_unit *last = runs->units > 0 ? &runs->unit[runs->units - 1] : NULL;
		const uint64_t at = old_place(runs, run);

		if (at != SQST_UNIT_NEW && last && at < last->old_place + last->size) {
			run->inside = at - last->old_place;
			if (run->inside + run->size > last->size)
				last->size = run->inside + run->size;
		} else {
			runs->source[runs->units] = order[i];
			runs->unit[runs->units++] =
			    (struct sqst_unit){.size = run->size, .old_place = at};
		}
		run->unit = runs->units - 1;
	}
}

int sqst_runs_place(struct sqst_runs *runs, struct sqst_layout *layout,
		    struct sqst_fragment *fragment)
{
	SQST_AUTO_FREE size_t *order = calloc(runs->count + 1, sizeof(*order));
	int rc;

	runs->unit = calloc(runs->count + 1, sizeof(*runs->unit));
	runs->source = calloc(runs->count + 1, sizeof(*runs->source));
	if (!order || !runs->unit || !runs->source)
		return runs_no_memory(runs);
	for (size_t i = 0; i < runs->count; i++)
		order[i] = i;
	qsort_r(order, runs->count, sizeof(*order), by_run_place, runs);
	make_units(runs, order);
	rc = sqst_layout_place(layout, runs->unit, runs->units, runs->why);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < runs->count; i++) {
		const struct sqst_run *run = &runs->run[i];
		const uint64_t place = runs->unit[run->unit].place + run->inside;

		if (run->extent)
			run->extent->start = place;
		else
			fragment[run->fragment].start = place;
	}
	return 0;
}

/* ---- copying */

/* A range that is being gathered, to be copied at once. */
struct range {
	struct sqst_output *output;
	const struct sqst_cancel *cancel;
	int from_fd[2];
	/* Where in it the parent, or the spool file, begins. */
	uint64_t from_base[2];
	/* Bytes of the parent are in the output, at their offsets there. */
	bool copied;
	uint64_t to;
	struct sqst_piece piece;
};

/* Bytes that are copied between two looks at whether the caller still wants it. */
#define STEP (UINT64_C(8) << 20)

static int flush_range(struct range *range, struct sqst_report *why)
{
	const struct sqst_piece *piece = &range->piece;
	const int fd = range->from_fd[piece->spooled];
	const uint64_t from = range->from_base[piece->spooled] + piece->at;
	const bool there = range->copied && !piece->spooled && piece->at == range->to;
	int rc = 0;

	for (uint64_t done = 0; rc == 0 && !there && done < piece->size; done += STEP) {
		const uint64_t left = piece->size - done;

		rc = sqst_canceled(range->cancel, why);
		if (rc == 0)
			rc = sqst_output_copy(range->output, range->to + done, fd, from + done,
					      left < STEP ? left : STEP, why);
	}
	range->to += piece->size;
	range->piece.size = 0;
	return rc;
}

static int copy_piece(struct range *range, uint64_t to, struct sqst_piece piece,
		      struct sqst_report *why)
{
	int rc = 0;

	if (range->to + range->piece.size == to && range->piece.spooled == piece.spooled &&
	    range->piece.at + range->piece.size == piece.at) {
		range->piece.size += piece.size;
		return 0;
	}
	rc = flush_range(range, why);
	if (rc == 0 && range->to < to)
		rc = sqst_output_zero(range->output, range->to, to - range->to, why);
	range->to = to;
	range->piece = piece;
	return rc;
}

/* For qsort_r(): indexes of units by place. */
static int by_new_place(const void *a, const void *b, void *user)
{
	const struct sqst_unit *unit = user;
	const size_t one = *(const size_t *)a, two = *(const size_t *)b;

	if (unit[one].place != unit[two].place)
		return unit[one].place < unit[two].place ? -1 : 1;
	return one < two ? -1 : one > two;
}

int sqst_runs_copy(struct sqst_runs *runs, const struct sqst_layout *layout,
		   const struct sqst_image *parent, bool copied, struct sqst_output *output)
{
	SQST_AUTO_FREE size_t *order = calloc(runs->units + 1, sizeof(*order));
	struct range range = {
	    .output = output,
	    .cancel = runs->cancel,
	    .from_fd = {parent->fd, runs->spool.fd},
	    .from_base = {parent->base, 0},
	    .copied = copied,
	    .to = layout->start,
	};
	int rc = order ? sqst_spool_finish(&runs->spool) : runs_no_memory(runs);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < runs->units; i++)
		order[i] = i;
	qsort_r(order, runs->units, sizeof(*order), by_new_place, runs->unit);
	for (size_t i = 0; rc == 0 && i < runs->units; i++) {
		const struct sqst_unit *unit = &runs->unit[order[i]];
		const struct sqst_run *run = &runs->run[runs->source[order[i]]];
		uint64_t to = unit->place;

		if (unit->old_place != SQST_UNIT_NEW) {
			const struct sqst_piece whole = {unit->old_place, unit->size, false};

			rc = copy_piece(&range, to, whole, runs->why);
			continue;
		}
		for (uint32_t k = 0; rc == 0 && k < run->pieces; k++) {
			rc = copy_piece(&range, to, runs->piece[run->first_piece + k], runs->why);
			to += runs->piece[run->first_piece + k].size;
		}
	}
	if (rc == 0)
		rc = flush_range(&range, runs->why);
	return rc == 0 ? sqst_output_cut(output, layout->end, runs->why) : rc;
}

void sqst_runs_count(const struct sqst_runs *runs, struct sqst_layout *layout)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct sqst_run *run = &runs->run[i];
		uint64_t to = runs->unit[run->unit].place;

		/* Those that are one piece are the layout's own. */
		for (uint32_t k = 0; run->pieces > 1 && k < run->pieces; k++) {
			const struct sqst_piece *piece = &runs->piece[run->first_piece + k];

			if (!piece->spooled && piece->at == to)
				layout->in_place += piece->size;
			else if (!piece->spooled)
				layout->moved += piece->size;
			to += piece->size;
		}
	}
}

void sqst_runs_release(struct sqst_runs *runs)
{
	sqst_spool_release(&runs->spool);
	free(runs->run);
	free(runs->piece);
	free(runs->unit);
	free(runs->source);
	*runs = (struct sqst_runs){.spool = {.fd = -1}};
}
