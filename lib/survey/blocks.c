/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as blocks of a device: which of them another image has, too. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/report.h"
#include "base/scope.h"
#include "survey/survey.h"

/* Blocks that are read at once. */
#define WINDOW 256

int sqst_survey_blocks(const struct sqst_image *image, struct sqst_survey *survey)
{
	const uint64_t blocks = (survey->bytes + SQST_SURVEY_BLOCK - 1) / SQST_SURVEY_BLOCK;
	SQST_AUTO_FREE uint8_t *data = malloc((size_t)WINDOW * SQST_SURVEY_BLOCK);

	survey->block = blocks > SIZE_MAX / sizeof(*survey->block)
			    ? NULL
			    : calloc((size_t)blocks, sizeof(*survey->block));
	if (!data || !survey->block)
		return sqst_image_nomem(image);
	while (survey->blocks < blocks) {
		const uint64_t at = (uint64_t)survey->blocks * SQST_SURVEY_BLOCK;
		const uint64_t left = survey->bytes - at;
		size_t size = (size_t)WINDOW * SQST_SURVEY_BLOCK;
		int rc;

		if (left < size) {
			size = (size_t)left;
			memset(data + size, 0, (0 - size) % SQST_SURVEY_BLOCK);
		}
		rc = sqst_image_pread(image, data, size, at);
		if (rc < 0)
			return rc;
		for (size_t i = 0; i < size; i += SQST_SURVEY_BLOCK) {
			const XXH128_hash_t hash = XXH3_128bits(data + i, SQST_SURVEY_BLOCK);

			survey->block[survey->blocks++] =
			    (struct sqst_survey_block){hash.high64, hash.low64};
		}
	}
	return 0;
}

static int by_block_hash(const void *a, const void *b)
{
	const struct sqst_survey_block *left = a, *right = b;

	if (left->high != right->high)
		return left->high < right->high ? -1 : 1;
	return (left->low > right->low) - (left->low < right->low);
}

int sqst_survey_compare_blocks(const struct sqst_survey *old_survey,
			       const struct sqst_survey *new_survey, struct sqst_block_map *map,
			       struct sqst_report *why)
{
	SQST_AUTO_FREE struct sqst_survey_block *sorted =
	    calloc(old_survey->blocks ? old_survey->blocks : 1, sizeof(*sorted));

	memset(map, 0, sizeof(*map));
	map->fate = malloc(new_survey->blocks ? new_survey->blocks : 1);
	if (!sorted || !map->fate) {
		/* The caller frees the map in any case. */
		free(map->fate);
		map->fate = NULL;
		return sqst_no_memory(why, NULL);
	}
	if (old_survey->blocks > 0)
		memcpy(sorted, old_survey->block, old_survey->blocks * sizeof(*sorted));
	qsort(sorted, old_survey->blocks, sizeof(*sorted), by_block_hash);
	map->blocks = new_survey->blocks;
	for (size_t i = 0; i < new_survey->blocks; i++) {
		const struct sqst_survey_block *block = &new_survey->block[i];
		enum sqst_block_fate fate = SQST_BLOCK_NEW;

		if (i < old_survey->blocks && by_block_hash(block, &old_survey->block[i]) == 0)
			fate = SQST_BLOCK_IN_PLACE;
		else if (bsearch(block, sorted, old_survey->blocks, sizeof(*sorted), by_block_hash))
			fate = SQST_BLOCK_MOVED;
		map->fate[i] = (uint8_t)fate;
		map->count[fate]++;
	}
	return 0;
}
