/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The export table: an inode reference for each number, which is what the kernel goes by when it
 * meets a number in a file handle. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>

#include "base/bytes.h"
#include "image/read.h"

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

static int check_blocks(struct table *table, const struct sqst_table *exports)
{
	uint32_t number = 1;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < exports->blocks; i++) {
		struct sqst_meta block;
		uint32_t entries = 0;

		rc = sqst_table_block(exports, i, &block, &entries);
		for (uint32_t k = 0; rc == 0 && k < entries; k++)
			rc = check_entry(table, number++, sqst_get64(block.data + 8 * (size_t)k));
	}
	return rc;
}

int sqst_image_exports(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_names *names, bool strict)
{
	struct table table = {image, numbers, names->name, names->count, strict};
	struct sqst_table exports;
	int rc;

	if (image->super.export_table == SQST_NONE)
		return 0;
	rc = sqst_table_open(&exports, image, image->exports.name, image->super.export_table,
			     image->exports.end, image->super.inodes, 8);
	if (rc == 0)
		rc = check_blocks(&table, &exports);
	sqst_table_release(&exports);
	return rc;
}
