/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The export table: an inode reference for each number, which is what the kernel goes by when it
 * meets a number in a file handle. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>

#include "base/bytes.h"
#include "image/read.h"

#define PER_BLOCK (SQST_META_SIZE / 8)
/* Positions of blocks that are read at once. */
#define WINDOW 512

struct table {
	struct sqst_image *image;
	const struct sqst_numbers *numbers;
	/* Names that are not checked yet. */
	const struct sqst_name *name;
	size_t names;
	bool strict;
};

static int check_entry(struct table *table, uint32_t number, uint64_t entry)
{
	struct sqst_image *image = table->image;
	char path[SQST_SHOWN_MAX];
	uint64_t ref;

	if (table->names == 0 || table->name->number != number) {
		if (entry == SQST_NONE)
			return 0;
		if (!table->strict)
			return image->stray ? image->stray(image, number, image->stray_user) : 0;
		return sqst_image_bad(image,
				      "the export table has 0x%" PRIx64 " for number %" PRIu32
				      ", which no path has, and must be empty",
				      entry, number);
	}
	ref = table->name->key >> 4;
	if (entry != ref) {
		sqst_names_path(table->numbers, table->name->order, path);
		return sqst_image_bad(image,
				      "the export table has 0x%" PRIx64 " for number %" PRIu32
				      ", but %s has that number and its inode is at 0x%" PRIx64,
				      entry, number, path, ref);
	}
	table->name++;
	table->names--;
	return 0;
}

/* The block at `at`, for the numbers from `first` on, of which there are `count`. `end`: where the
 * next one starts. */
static int check_block(struct table *table, uint64_t at, uint64_t end, uint32_t first,
		       uint32_t count)
{
	struct sqst_image *image = table->image;
	const struct sqst_area area = {image->exports.name, image->exports.start, end};
	struct sqst_meta block;
	int rc = sqst_meta_load(image, &area, at, &block);

	if (rc < 0)
		return rc;
	if (block.size != count * 8)
		return sqst_image_bad(image,
				      "the block of the export table at offset 0x%" PRIx64
				      " has %" PRIu32 " bytes where %" PRIu32 " are due",
				      at, block.size, count * 8);
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = check_entry(table, first + i, sqst_get64(block.data + 8 * (size_t)i));
	return rc;
}

int sqst_image_exports(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_names *names, bool strict)
{
	struct table table = {image, numbers, names->name, names->count, strict};
	const uint32_t inodes = image->super.inodes;
	const uint32_t blocks = (inodes + PER_BLOCK - 1) / PER_BLOCK;
	uint8_t window[(WINDOW + 1) * 8];

	if (image->super.export_table == SQST_NONE)
		return 0;
	for (uint32_t block = 0; block < blocks; block++) {
		const uint32_t i = block % WINDOW, first = block * PER_BLOCK + 1;
		const uint32_t left = inodes - (first - 1);
		uint64_t at, end = image->exports.end;
		int rc = 0;

		/* One more than is gone through, for the end of the last. */
		if (i == 0) {
			const uint32_t rest = blocks - block;

			rc = sqst_image_pread(image, window,
					      8 * (size_t)(rest <= WINDOW ? rest : WINDOW + 1),
					      image->super.export_table + 8 * (uint64_t)block);
		}
		if (rc < 0)
			return rc;
		at = sqst_get64(window + 8 * (size_t)i);
		if (block + 1 < blocks)
			end = sqst_get64(window + 8 * (size_t)(i + 1));
		if (at >= end || end > image->exports.end)
			return sqst_image_bad(image,
					      "the export table's index at offset 0x%" PRIx64
					      " is not ascending",
					      image->super.export_table + 8 * (uint64_t)block);
		rc = check_block(&table, at, end, first, left < PER_BLOCK ? left : PER_BLOCK);
		if (rc < 0)
			return rc;
	}
	return 0;
}
