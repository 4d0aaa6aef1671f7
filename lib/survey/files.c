/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each file takes in an image. Files share data blocks and fragments; each byte is counted for
 * one of them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "survey/survey.h"

struct file {
	/* Of the inode; the order of the table. */
	uint64_t ref;
	uint64_t start;
	uint64_t size;
	uint64_t stored;
	uint32_t number;
	uint32_t fragment;
	uint32_t offset;
	/* Bytes in the fragment. */
	uint32_t tail;
};

static int compare_u64s(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_inode_ref(const void *a, const void *b)
{
	return compare_u64s(((const struct file *)a)->ref, ((const struct file *)b)->ref);
}

static int by_survey_number(const void *a, const void *b)
{
	return compare_u64s(((const struct file *)a)->number, ((const struct file *)b)->number);
}

static int by_data_start(const void *a, const void *b)
{
	const struct file *left = a, *right = b;
	const int order = compare_u64s(left->start, right->start);

	return order ? order : by_survey_number(a, b);
}

static int by_fragment(const void *a, const void *b)
{
	const struct file *left = a, *right = b;
	int order = compare_u64s(left->fragment, right->fragment);

	if (order == 0)
		order = compare_u64s(left->offset, right->offset);
	return order ? order : by_survey_number(a, b);
}

static int survey_file(struct sqst_image *image, struct file *file)
{
	struct sqst_image_inode inode;
	struct sqst_cursor cursor;
	int rc = sqst_image_inode_read(image, file->ref, &inode, &cursor);

	if (rc < 0)
		return rc;
	file->size = inode.size;
	file->start = inode.start;
	file->fragment = inode.fragment;
	file->offset = inode.fragment_offset;
	if (inode.fragment != SQST_NO_FRAGMENT)
		file->tail = (uint32_t)(inode.size & (image->super.block_size - 1));
	/* sqst_image_check() saw that the list does not run into the next inode. */
	for (uint64_t i = 0; i < inode.blocks; i++) {
		uint8_t raw[4];

		rc = sqst_cursor_read(&cursor, raw, sizeof(raw));
		if (rc < 0)
			return rc;
		file->stored += sqst_stored_size(sqst_get32(raw));
	}
	return 0;
}

/* Of files whose blocks begin in one place, the first has them. */
static void settle_blocks(struct file *file, size_t files)
{
	const struct file *owner = NULL;

	qsort(file, files, sizeof(*file), by_data_start);
	for (size_t i = 0; i < files; i++) {
		if (file[i].stored == 0)
			continue;
		if (owner && owner->start == file[i].start)
			file[i].stored = 0;
		else
			owner = &file[i];
	}
}

/* Divide the fragment of file[first] to file[end - 1] among them. *live: bytes of it that they
 * have. */
static int divide_fragment(const struct sqst_fragments *fragments, struct file *file, size_t first,
			   size_t end, uint64_t *live)
{
	uint64_t used = 0, reached = 0;
	struct sqst_stored block;
	int rc = sqst_fragments_entry(fragments, file[first].fragment, &block);

	for (size_t i = first; i < end; i++) {
		const uint64_t from = file[i].offset, to = from + file[i].tail;

		if (to > reached) {
			*live += to - (from > reached ? from : reached);
			reached = to;
		}
		/* The same end as the one before. */
		if (i > first && file[i].offset == file[i - 1].offset)
			file[i].tail = 0;
		used += file[i].tail;
	}
	for (size_t i = first; rc == 0 && used > 0 && i < end; i++)
		file[i].stored += (uint64_t)sqst_stored_size(block.field) * file[i].tail / used;
	return rc;
}

/* What all fragment blocks hold, unpacked. */
static int fragment_bytes(struct sqst_fragments *fragments, struct sqst_ranges *ranges,
			  uint64_t *out)
{
	const struct sqst_image *image = fragments->image;
	uint64_t stored = 0;

	for (uint32_t i = 0; i < image->super.fragments; i++) {
		const struct sqst_unpacked *fragment = NULL;
		struct sqst_stored block;
		int rc = sqst_fragments_entry(fragments, i, &block);

		if (rc < 0)
			return rc;
		stored += sqst_stored_size(block.field);
		/* Time is to grow with the bytes of the image, not with what a table says of them.
		 */
		if (stored > image->super.bytes_used)
			return sqst_image_bad(image,
					      "its fragment blocks have more bytes than the image");
		rc = sqst_fragments_load(fragments, i, &fragment);
		if (rc == 0)
			rc =
			    sqst_ranges_add(ranges, image, block.at, sqst_stored_size(block.field));
		if (rc < 0)
			return rc;
		*out += fragment->size;
	}
	return 0;
}

static int settle_fragments(struct sqst_fragments *fragments, struct file *file, size_t files,
			    struct sqst_ranges *ranges, uint64_t *dead)
{
	uint64_t all = 0, live = 0;
	size_t end;
	int rc = fragment_bytes(fragments, ranges, &all);

	qsort(file, files, sizeof(*file), by_fragment);
	/* Files without one are last. */
	for (size_t i = 0; rc == 0 && i < files && file[i].fragment != SQST_NO_FRAGMENT; i = end) {
		for (end = i + 1; end < files && file[end].fragment == file[i].fragment;)
			end++;
		rc = divide_fragment(fragments, file, i, end, &live);
	}
	*dead = all > live ? all - live : 0;
	return rc;
}

int sqst_survey_files(struct sqst_image *image, struct sqst_fragments *fragments,
		      const struct sqst_names *names, struct sqst_survey *survey)
{
	SQST_AUTO_FREE struct file *file = calloc(names->count, sizeof(*file));
	SQST_CLEANUP(sqst_ranges_release) struct sqst_ranges ranges = {0};
	size_t files = 0;
	int rc = 0;

	if (!file)
		return sqst_image_nomem(image);
	for (size_t i = 0; i < names->count; i++) {
		const struct sqst_name *name = &names->name[i];

		if ((name->key & 15) == SQST_TYPE_FILE)
			file[files++] =
			    (struct file){.ref = name->key >> 4, .number = name->number};
	}
	qsort(file, files, sizeof(*file), by_inode_ref);
	for (size_t i = 0; rc == 0 && i < files; i++) {
		rc = survey_file(image, &file[i]);
		if (rc == 0)
			rc = sqst_ranges_add(&ranges, image, file[i].start, file[i].stored);
	}
	if (rc < 0)
		return rc;
	settle_blocks(file, files);
	rc = settle_fragments(fragments, file, files, &ranges, &survey->dead);
	if (rc == 0)
		rc = sqst_ranges_count_gaps(&ranges, image, &survey->unclaimed);
	if (rc < 0)
		return rc;
	qsort(file, files, sizeof(*file), by_survey_number);
	survey->file = calloc(files ? files : 1, sizeof(*survey->file));
	if (!survey->file)
		return sqst_image_nomem(image);
	for (size_t i = 0; i < files; i++)
		survey->file[i] =
		    (struct sqst_survey_file){file[i].number, file[i].size, file[i].stored};
	survey->files = files;
	return 0;
}
