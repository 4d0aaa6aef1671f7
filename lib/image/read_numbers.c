/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the numbering of an image: the steps, and the record against what was found. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"
#include "image/tree.h"
#include "map/map_text.h"
#include "numbers/numbers.h"
#include "sqst/image.h"

/* The canonical map is made in memory to recompute the own id. No real image comes near this; a
 * hostile one could, with many long paths that compress well. */
#define PATH_BYTES_MAX sqst_limit_most(SQST_LIMIT_PATHS)

SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)

static int SQST_PRINTF(2, 3) rewritten(const struct sqst_image *image, const char *format, ...)
{
	char what[160];
	va_list list;

	va_start(list, format);
	vsnprintf(what, sizeof(what), format, list);
	va_end(list);
	return sqst_image_fail(image,
			       "the image was rewritten by another tool after sqfs-stable built "
			       "it: %s; use the original image or its map",
			       what);
}

/* The stable-numbering record against the superblock and the tree, whose highest number is given.
 */
static int check_record(const struct sqst_image *image, struct sqst_numbers *numbers,
			const struct sqst_names *names, uint32_t highest)
{
	struct sqst_lineage *lineage = &numbers->lineage;
	uint8_t id[SQST_UUID_SIZE];
	int rc;

	if (sqst_uuid_is_null(lineage->uuid))
		return sqst_image_bad(image, "the extra-information block has a stable-numbering "
					     "record, but no UUID");
	if (lineage->top != image->super.inodes)
		return rewritten(image,
				 "the stable-numbering record has inode count %" PRIu32
				 ", the superblock %" PRIu32,
				 lineage->top, image->super.inodes);
	if (lineage->root != numbers->root.number)
		return rewritten(image,
				 "the stable-numbering record has root number %" PRIu32
				 ", the root directory %" PRIu32,
				 lineage->root, numbers->root.number);
	/* R7: the double's number is no path's. */
	if (lineage->root_double && highest == lineage->top)
		return rewritten(image,
				 "the stable-numbering record reserves inode number %" PRIu32
				 " for the root's double, but a path has it",
				 highest);
	if (names->path_bytes > PATH_BYTES_MAX)
		return sqst_image_fail(
		    image, "the paths have %" PRIu64 " bytes in total; the limit is %" PRIu64,
		    names->path_bytes, PATH_BYTES_MAX);
	memcpy(id, lineage->id, sizeof(id));
	rc = sqst_lineage_name(numbers, image->why);
	if (rc == SQST_ERR_LIMIT)
		return sqst_image_fail(image,
				       "the canonical map of its paths is larger than 4 GiB");
	if (rc < 0)
		return rc;
	if (memcmp(id, lineage->id, sizeof(id)) != 0)
		return rewritten(image, "the image's own id does not match its paths and numbers");
	return 0;
}

static int read_numbers(struct sqst_image *image, struct sqst_numbers *numbers,
			struct sqst_names *names)
{
	struct sqst_lineage *lineage = &numbers->lineage;
	uint32_t highest;
	int rc = sqst_super_read(image);

	if (rc < 0)
		return rc;
	lineage->top = image->super.inodes;
	if ((rc = sqst_super_extra(image, lineage)) < 0 ||
	    (rc = sqst_image_walk(image, numbers, names)) < 0 ||
	    (rc = sqst_image_check(image, numbers, names)) < 0 ||
	    (rc = sqst_image_exports(image, numbers, names, lineage->recorded, NULL)) < 0)
		return rc;
	/* sqst_image_check() has sorted them by number. */
	highest = names->name[names->count - 1].number;
	/* No more is needed of it, and the canonical map wants room. */
	free(names->name);
	names->name = NULL;
	if (lineage->recorded)
		return check_record(image, numbers, names, highest);
	lineage->root = numbers->root.number;
	return 0;
}

int sqst_image_numbers(struct sqst_image *image, struct sqst_numbers **out, uint32_t *live)
{
	SQST_CLEANUP(sqst_scope_numbers)
	struct sqst_numbers *numbers = sqst_numbers_new(image->name);
	struct sqst_names names = {0};
	const int rc = numbers ? read_numbers(image, numbers, &names) : sqst_image_nomem(image);

	free(names.name);
	if (rc < 0)
		return rc;
	/* sqst_image_check() has left one name an inode. */
	*live = (uint32_t)names.count;
	*out = sqst_steal(&numbers);
	return 0;
}

int sqst_image_load_numbers(const char *path, const struct sqst_cancel *cancel,
			    struct sqst_numbers **out, struct sqst_report *why)
{
	struct sqst_image image;
	uint32_t live;
	int rc = sqst_image_open(&image, path, &sqst_image_role_parent, cancel, why);

	if (rc == 0)
		rc = sqst_image_numbers(&image, out, &live);
	sqst_image_close(&image);
	return rc;
}

int sqst_image_read_numbers(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	return sqst_image_load_numbers(path, NULL, out, why);
}

/* What the superblock alone says. */
static void fill_head(const struct sqst_image *image, struct sqst_image_head *head)
{
	const struct sqst_super *super = &image->super;

	*head = (struct sqst_image_head){
	    .file_size = image->size,
	    .bytes_used = super->bytes_used,
	    .time = super->mkfs_time,
	    .inodes = super->inodes,
	    .block_size = super->block_size,
	    .codec = super->codec,
	    .exports = super->export_table != SQST_NONE,
	};
}

int sqst_image_read_head(const char *path, struct sqst_image_head *head, struct sqst_report *why)
{
	struct sqst_image image;
	int rc = sqst_image_open(&image, path, &sqst_image_role_examined, NULL, why);

	if (rc == 0)
		rc = sqst_super_head(&image);
	if (rc == 0) {
		fill_head(&image, head);
		head->lineage.top = head->inodes;
		head->damaged = sqst_super_extra(&image, &head->lineage) < 0;
	}
	sqst_image_close(&image);
	return rc;
}

static void fill_facts(const struct sqst_image *image, struct sqst_image_facts *facts)
{
	fill_head(image, &facts->head);
	facts->export_bytes = facts->export_memory = 0;
	if (facts->head.exports) {
		facts->export_memory = sqst_index_size(image->super.inodes, 8);
		facts->export_bytes =
		    image->exports.end - image->exports.start + facts->export_memory;
	}
}

int sqst_image_examine(const char *path, struct sqst_image_facts *facts, struct sqst_numbers **out,
		       struct sqst_report *why)
{
	struct sqst_image image;
	int rc = sqst_image_open(&image, path, &sqst_image_role_examined, NULL, why);

	if (rc == 0)
		rc = sqst_image_numbers(&image, out, &facts->live);
	if (rc == 0) {
		fill_facts(&image, facts);
		facts->head.lineage = (*out)->lineage;
	}
	sqst_image_close(&image);
	return rc;
}
