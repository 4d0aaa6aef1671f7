/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of sizes of files, sorted: which are worth a look. */
#ifndef LIB_DATA_SIZES_H
#define LIB_DATA_SIZES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct sqst_sizes {
	uint64_t *size;
	size_t count;
};

/* For qsort() and bsearch(). */
static inline int sqst_sizes_compare(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static inline void sqst_sizes_sort(struct sqst_sizes *sizes)
{
	if (sizes->count > 0)
		qsort(sizes->size, sizes->count, sizeof(uint64_t), sqst_sizes_compare);
}

static inline bool sqst_sizes_have(const struct sqst_sizes *sizes, uint64_t size)
{
	return sizes->count > 0 && bsearch(&size, sizes->size, sizes->count, sizeof(uint64_t),
					   sqst_sizes_compare) != NULL;
}

static inline void sqst_sizes_release(struct sqst_sizes *sizes)
{
	free(sizes->size);
}

#endif
