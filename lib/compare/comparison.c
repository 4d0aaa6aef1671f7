/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two numberings side by side: by path, and by number. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/report.h"
#include "compare/comparison.h"

static int by_value(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool is_sorted(const struct sqst_by_number *by_number)
{
	for (uint32_t i = 1; i < by_number->count; i++) {
		if (by_number->path[i - 1] > by_number->path[i])
			return false;
	}
	return true;
}

static bool sort_by_number(struct sqst_comparison *comparison, int side, uint32_t paths)
{
	struct sqst_by_number *by_number = &comparison->by_number[side];

	by_number->path = malloc(paths * sizeof(*by_number->path));
	if (!by_number->path)
		return false;
	for (uint32_t i = 0; i < comparison->count; i++) {
		const struct sqst_entry *entry = comparison->path[i].entry[side];

		if (entry)
			by_number->path[by_number->count++] = (uint64_t)entry->number << 32 | i;
	}
	/* A first image has its numbers in tree order, and an update most of them. */
	if (!is_sorted(by_number))
		qsort(by_number->path, by_number->count, sizeof(*by_number->path), by_value);
	return true;
}

int sqst_comparison_make(struct sqst_comparison *comparison, const struct sqst_numbers *old_numbers,
			 const struct sqst_numbers *new_numbers, struct sqst_report *why)
{
	const struct sqst_numbers *const side[] = {old_numbers, new_numbers};
	const int rc = sqst_beside_collect(side, 2, &comparison->path, &comparison->count, why);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < comparison->count; i++)
		comparison->paths[sqst_comparison_kind(&comparison->path[i])]++;
	if (!sort_by_number(comparison, SQST_OLD, old_numbers->paths) ||
	    !sort_by_number(comparison, SQST_NEW, new_numbers->paths))
		return sqst_no_memory(why, NULL);
	return 0;
}

void sqst_comparison_release(struct sqst_comparison *comparison)
{
	free(comparison->path);
	free(comparison->by_number[SQST_OLD].path);
	free(comparison->by_number[SQST_NEW].path);
}

enum sqst_change_kind sqst_comparison_kind(const struct sqst_beside_path *path)
{
	const struct sqst_entry *before = path->entry[SQST_OLD], *after = path->entry[SQST_NEW];

	if (!before)
		return SQST_CHANGE_NEW;
	if (!after)
		return SQST_CHANGE_GONE;
	if (before->type != after->type)
		return SQST_CHANGE_RETYPED;
	return before->number == after->number ? SQST_CHANGE_KEPT : SQST_CHANGE_RENUMBERED;
}

static uint64_t number_at(const struct sqst_by_number *by_number, uint32_t at)
{
	return at < by_number->count ? by_number->path[at] >> 32 : UINT64_MAX;
}

bool sqst_comparison_next_number(const struct sqst_comparison *comparison,
				 struct sqst_number_run *run)
{
	uint64_t number = UINT64_MAX;

	for (int side = SQST_OLD; side <= SQST_NEW; side++) {
		run->at[side] = run->end[side];
		if (number_at(&comparison->by_number[side], run->at[side]) < number)
			number = number_at(&comparison->by_number[side], run->at[side]);
	}
	if (number == UINT64_MAX)
		return false;
	for (int side = SQST_OLD; side <= SQST_NEW; side++) {
		while (number_at(&comparison->by_number[side], run->end[side]) == number)
			run->end[side]++;
	}
	run->number = (uint32_t)number;
	return true;
}
