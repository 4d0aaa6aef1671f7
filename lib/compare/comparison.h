/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two numberings compared: what `sqfs-stable-map diff` and sqfs-stable-check both ask. */
#ifndef LIB_COMPARE_COMPARISON_H
#define LIB_COMPARE_COMPARISON_H

#include "numbers/beside.h"
#include "sqst/check.h"

/* The sides. */
enum {
	SQST_OLD,
	SQST_NEW,
};

/* The paths of one side, sorted by number: number << 32 | index of the path. */
struct sqst_by_number {
	uint64_t *path;
	uint32_t count;
};

struct sqst_comparison {
	/* All that one of them has, in tree order. */
	struct sqst_beside_path *path;
	uint32_t count;
	struct sqst_by_number by_number[2];
	/* Paths, by enum sqst_change_kind. */
	uint32_t paths[SQST_CHANGE_KINDS];
};

/* A number that one of them uses: in by_number[side].path, what is from `at` up to `end`. */
struct sqst_number_run {
	uint32_t number;
	uint32_t at[2];
	uint32_t end[2];
};

/* Released in any case. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_comparison_make(struct sqst_comparison *comparison, const struct sqst_numbers *old_numbers,
			 const struct sqst_numbers *new_numbers, struct sqst_report *why);

void sqst_comparison_release(struct sqst_comparison *comparison);

/* What became of a path. */
enum sqst_change_kind sqst_comparison_kind(const struct sqst_beside_path *path);

/* The next number, in ascending order; run is zero before the first. False after the last. */
bool sqst_comparison_next_number(const struct sqst_comparison *comparison,
				 struct sqst_number_run *run);

static inline uint32_t sqst_number_run_count(const struct sqst_number_run *run, int side)
{
	return run->end[side] - run->at[side];
}

/* The index in comparison->path of a place in by_number[side]. */
static inline uint32_t sqst_comparison_path(const struct sqst_comparison *comparison, int side,
					    uint32_t place)
{
	return (uint32_t)comparison->by_number[side].path[place];
}

#endif
