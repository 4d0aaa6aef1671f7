/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands between the data of files: zeros, or what another builder left there. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/scope.h"
#include "survey/survey.h"

/* Bytes that are read at once. */
#define WINDOW 65536

struct sqst_range {
	uint64_t start;
	uint64_t end;
};

int sqst_ranges_add(struct sqst_ranges *ranges, const struct sqst_image *image, uint64_t start,
		    uint64_t size)
{
	struct sqst_range *grown;

	if (size == 0)
		return 0;
	grown = sqst_grow(ranges->range, ranges->count, &ranges->room, sizeof(*grown));
	if (!grown)
		return sqst_image_nomem(image);
	ranges->range = grown;
	/* Of a file that is not read, nobody has looked at where its data is. */
	grown[ranges->count++] =
	    (struct sqst_range){start, size > UINT64_MAX - start ? UINT64_MAX : start + size};
	return 0;
}

void sqst_ranges_release(struct sqst_ranges *ranges)
{
	free(ranges->range);
}

static int by_start(const void *a, const void *b)
{
	const struct sqst_range *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static int count_bytes(const struct sqst_image *image, uint64_t from, uint64_t to, uint64_t *count)
{
	SQST_AUTO_FREE uint8_t *data = malloc(WINDOW);

	if (!data)
		return sqst_image_nomem(image);
	while (from < to) {
		const size_t size = to - from < WINDOW ? (size_t)(to - from) : WINDOW;
		const int rc = sqst_image_pread(image, data, size, from);

		if (rc < 0)
			return rc;
		for (size_t i = 0; i < size; i++)
			*count += data[i] != 0;
		from += size;
	}
	return 0;
}

int sqst_ranges_count_gaps(struct sqst_ranges *ranges, struct sqst_image *image, uint64_t *count)
{
	const uint64_t end = image->super.inode_table;
	uint64_t at;
	int rc = sqst_super_head_end(image, &at);

	*count = 0;
	if (ranges->count > 0)
		qsort(ranges->range, ranges->count, sizeof(*ranges->range), by_start);
	for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
		const struct sqst_range *range = &ranges->range[i];

		if (range->start > at)
			rc = count_bytes(image, at, range->start < end ? range->start : end, count);
		if (range->end > at)
			at = range->end;
	}
	return rc < 0 || at >= end ? rc : count_bytes(image, at, end, count);
}
