/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of extended attributes that are in the table, but of no inode: what a builder has read of
 * files that it left out. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>

#include "base/scope.h"
#include "image/xattr_table.h"
#include "survey/survey.h"

static int by_ref(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static int mark_sets(struct sqst_image *image, uint64_t *ref, size_t count, uint32_t sets,
		     uint32_t *unused)
{
	SQST_AUTO_FREE uint8_t *seen = calloc(sets / 8 + (size_t)1, 1);
	char target[PATH_MAX];

	if (!seen)
		return sqst_image_nomem(image);
	*unused = sets;
	for (size_t i = 0; i < count; i++) {
		struct sqst_image_inode inode;
		struct sqst_cursor cursor;
		int rc = sqst_image_inode_read(image, ref[i], &inode, &cursor);

		if (rc == 0 && inode.type == SQST_TYPE_SYMLINK)
			rc = sqst_image_target(&cursor, &inode, target);
		if (rc < 0)
			return rc;
		if (inode.xattr >= sets || seen[inode.xattr / 8] & 1u << inode.xattr % 8)
			continue;
		seen[inode.xattr / 8] |= (uint8_t)(1u << inode.xattr % 8);
		--*unused;
	}
	return 0;
}

int sqst_survey_xattrs(struct sqst_image *image, const struct sqst_names *names,
		       struct sqst_survey *survey)
{
	SQST_AUTO_FREE uint64_t *ref = calloc(names->count, sizeof(*ref));
	SQST_CLEANUP(sqst_xattr_table_release) struct sqst_xattr_table xattrs;
	int rc = sqst_xattr_table_open(&xattrs, image);

	if (rc < 0 || xattrs.sets.entries == 0)
		return rc;
	if (!ref)
		return sqst_image_nomem(image);
	/* In the order of the table, so that each of its blocks is unpacked once. */
	for (size_t i = 0; i < names->count; i++)
		ref[i] = names->name[i].key >> 4;
	qsort(ref, names->count, sizeof(*ref), by_ref);
	return mark_sets(image, ref, names->count, xattrs.sets.entries, &survey->unused_xattrs);
}
