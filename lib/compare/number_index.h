/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths of a release as an array, with the way up, and sorted by number. */
#ifndef LIB_COMPARE_NUMBER_INDEX_H
#define LIB_COMPARE_NUMBER_INDEX_H

#include "base/arena.h"
#include "sqst/numbers.h"

#define SQST_NO_PLACE UINT32_MAX

struct sqst_indexed_path {
	const struct sqst_entry *entry;
	/* Of its directory; the root's is itself. */
	uint32_t parent;
	/* Of a directory: its first child; the others follow. */
	uint32_t child;
	/* The same path in the other release, SQST_NO_PLACE if it has none. */
	uint32_t twin;
};

struct sqst_index {
	/* Breadth first, so that the children of a directory stand side by side. */
	struct sqst_indexed_path *place;
	/* number << 32 | place, ascending: the paths of one number stand side by side. */
	uint64_t *by_number;
	uint32_t count;
};

/* False if memory is short. To be released in any case. */
bool sqst_index_make(struct sqst_index *index, const struct sqst_numbers *numbers);
void sqst_index_release(struct sqst_index *index);

/* Set the twins of both. */
void sqst_index_pair(struct sqst_index *was, struct sqst_index *is);

static inline uint32_t sqst_index_number(const struct sqst_index *index, uint32_t at)
{
	return (uint32_t)(index->by_number[at] >> 32);
}

static inline uint32_t sqst_index_place(const struct sqst_index *index, uint32_t at)
{
	return (uint32_t)index->by_number[at];
}

/* Where in by_number the paths of the number at `at` end. */
uint32_t sqst_index_end(const struct sqst_index *index, uint32_t at);

/* A place's path in the arena, "" for the root. NULL if memory is short. */
const char *sqst_index_path(const struct sqst_index *index, uint32_t place,
			    struct sqst_arena *arena);

#endif
