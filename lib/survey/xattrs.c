/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of extended attributes that are in the table, but of no inode: what a builder has read of
 * files that it left out. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/scope.h"
#include "survey/survey.h"

static int by_ref(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int sqst_survey_xattrs(struct sqst_source_image *source, const struct sqst_names *names,
		       struct sqst_survey *survey)
{
	const uint32_t sets = source->xattr_ids.entries;
	SQST_AUTO_FREE uint8_t *seen = calloc(sets / 8 + (size_t)1, 1);
	SQST_AUTO_FREE uint64_t *ref = calloc(names->count, sizeof(*ref));

	if (sets == 0)
		return 0;
	if (!seen || !ref)
		return sqst_image_nomem(&source->image);
	/* In the order of the table, so that each of its blocks is unpacked once. */
	for (size_t i = 0; i < names->count; i++)
		ref[i] = names->name[i].key >> 4;
	qsort(ref, names->count, sizeof(*ref), by_ref);
	survey->unused_xattrs = sets;
	for (size_t i = 0; i < names->count; i++) {
		uint32_t set;
		const int rc = sqst_source_xattr_index(source, ref[i], &set);

		if (rc < 0)
			return rc;
		if (set >= sets || seen[set / 8] & 1u << set % 8)
			continue;
		seen[set / 8] |= (uint8_t)(1u << set % 8);
		survey->unused_xattrs--;
	}
	return 0;
}
