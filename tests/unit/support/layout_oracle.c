/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of lib/data/layout.c, a second time: as slowly as they read, for few units. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "layout_oracle.h"

#define NOWHERE UINT64_MAX

/* The lowest offset not below `offset` that a unit may have. */
struct slow {
	struct sqst_layout *layout;
	struct sqst_unit *unit;
	size_t units;
	uint64_t align;
	/* Without the units' residues. */
	bool packed;
};

static uint64_t slow_up(const struct slow *slow, const struct sqst_unit *unit, uint64_t offset)
{
	uint64_t step = slow->align, residue = 0;

	if (!slow->packed && unit->old_place != NEW && unit->old_place % step == 0 &&
	    step <= 4096) {
		step = 4096;
		residue = unit->old_place % 4096;
	}
	return offset + (residue + step - offset % step) % step;
}

/* The unit in front of which a place is, or the last for NOWHERE; NULL if there is none. */
static struct sqst_unit *slow_before(const struct slow *slow, uint64_t place)
{
	struct sqst_unit *found = NULL;

	for (size_t i = 0; i < slow->units; i++) {
		struct sqst_unit *unit = &slow->unit[i];

		if (unit->place < place && (!found || unit->place > found->place))
			found = unit;
	}
	return found;
}

static uint64_t slow_end(const struct slow *slow, uint64_t place)
{
	const struct sqst_unit *unit = slow_before(slow, place);

	return unit ? unit->place + unit->size : slow->layout->start;
}

/* What a fresh build would have: its units are aligned too. */
uint64_t fresh(const struct sqst_layout *layout, const struct sqst_unit *unit, size_t units)
{
	const uint64_t align = layout->align ? layout->align : 1;
	uint64_t total = 0;

	for (size_t i = 0; i < units; i++)
		total += (unit[i].size + align - 1) / align * align;
	return total - layout->dead;
}

static uint64_t slow_waste(const struct slow *slow)
{
	const uint64_t used = slow_end(slow, NOWHERE) - slow->layout->start;
	const uint64_t wanted = fresh(slow->layout, slow->unit, slow->units);

	return used > wanted ? used - wanted : 0;
}

static uint64_t slow_limit(const struct slow *slow)
{
	return fresh(slow->layout, slow->unit, slow->units) * slow->layout->slack / 100;
}

static bool slow_fill(const struct slow *slow, struct sqst_unit *unit)
{
	uint64_t best = NOWHERE, best_start = 0, place = 0;

	for (size_t i = 0; i < slow->units; i++) {
		const uint64_t end = slow->unit[i].place;
		const uint64_t start = end == NOWHERE ? 0 : slow_end(slow, end);
		const uint64_t at = slow_up(slow, unit, start);

		if (end == NOWHERE || start >= end || at + unit->size > end)
			continue;
		if (end - start < best || (end - start == best && start < best_start)) {
			best = end - start;
			best_start = start;
			place = at;
		}
	}
	if (best != NOWHERE)
		unit->place = place;
	return best != NOWHERE;
}

static void slow_stay(const struct slow *slow)
{
	struct sqst_unit *next;
	bool seen[MANY] = {false};

	for (size_t i = 0; i < slow->units; i++)
		slow->unit[i].place = NOWHERE;
	do {
		next = NULL;
		for (size_t i = 0; i < slow->units; i++) {
			struct sqst_unit *unit = &slow->unit[i];

			if (!seen[i] && unit->old_place != NEW &&
			    unit->old_place >= slow->layout->start &&
			    unit->old_place % slow->align == 0 &&
			    (!next || unit->old_place < next->old_place))
				next = unit;
		}
		if (next && next->old_place >= slow_end(slow, NOWHERE))
			next->place = next->old_place;
		if (next)
			seen[next - slow->unit] = true;
	} while (next);
}

static void slow_rest(const struct slow *slow)
{
	for (;;) {
		struct sqst_unit *next = NULL;

		for (size_t i = 0; i < slow->units; i++) {
			struct sqst_unit *unit = &slow->unit[i];

			if (unit->place == NOWHERE &&
			    (!next || unit->size > next->size ||
			     (unit->size == next->size && unit->old_place < next->old_place)))
				next = unit;
		}
		if (!next)
			return;
		if (!slow_fill(slow, next))
			next->place = slow_up(slow, next, slow_end(slow, NOWHERE));
	}
}

/* Slide all from the `from`th on. */
static void slow_slide(const struct slow *slow, size_t from)
{
	uint64_t place = 0, end = slow->layout->start;

	for (size_t rank = 0; rank < slow->units; rank++) {
		struct sqst_unit *unit = NULL;

		for (size_t i = 0; i < slow->units; i++) {
			if (slow->unit[i].place >= place &&
			    (!unit || slow->unit[i].place < unit->place))
				unit = &slow->unit[i];
		}
		place = unit->place + 1;
		if (rank >= from)
			unit->place = slow_up(slow, unit, end);
		end = unit->place + unit->size;
	}
}

static unsigned slow_compact(struct slow *slow)
{
	const uint64_t limit = slow_limit(slow);
	struct sqst_unit before[MANY];

	if (slow->units == 0 || slow_waste(slow) <= limit)
		return SQST_LAYOUT_PLACED;
	while (slow_waste(slow) > limit / 2) {
		if (!slow_fill(slow, slow_before(slow, NOWHERE)))
			break;
	}
	if (slow_waste(slow) <= limit)
		return SQST_LAYOUT_FILLED;
	memcpy(before, slow->unit, slow->units * sizeof(before[0]));
	for (size_t from = slow->units; from-- > 0;) {
		memcpy(slow->unit, before, slow->units * sizeof(before[0]));
		slow_slide(slow, from);
		if (slow_waste(slow) <= limit)
			return SQST_LAYOUT_SLID;
	}
	slow->packed = true;
	slow_slide(slow, 0);
	return SQST_LAYOUT_PACKED;
}

unsigned slow_place(struct sqst_layout *layout, struct sqst_unit *unit, size_t units)
{
	struct slow slow = {layout, unit, units, layout->align ? layout->align : 1, false};

	slow_stay(&slow);
	slow_rest(&slow);
	return slow_compact(&slow);
}
