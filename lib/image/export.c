/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The export table: an inode reference for each number, which is what the kernel goes by when it
 * meets a number in a file handle. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>

#include "base/array.h"
#include "base/bytes.h"
#include "image/tree.h"

static int check_live(const struct sqst_image *image, const struct sqst_numbers *numbers,
		      const struct sqst_name *name, uint64_t entry)
{
	const uint64_t ref = name->key >> 4;
	char path[SQST_SHOWN_MAX];

	if (entry == ref)
		return 0;
	sqst_names_path(numbers, name->order, path);
	return sqst_image_bad(image,
			      "the export table has 0x%" PRIx64 " for number %" PRIu32
			      ", but %s has that number and its inode is at 0x%" PRIx64,
			      entry, name->number, path, ref);
}

static int add_orphan(const struct sqst_image *image, uint32_t number, struct sqst_orphans *orphans)
{
	uint32_t *grown =
	    sqst_grow(orphans->number, orphans->count, &orphans->room, sizeof(*grown));

	if (!grown)
		return sqst_image_nomem(image);
	orphans->number = grown;
	orphans->number[orphans->count++] = number;
	return 0;
}

int sqst_image_exports(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_names *names, bool strict, struct sqst_orphans *orphans)
{
	const struct sqst_name *name = names->name, *const end = name + names->count;
	struct sqst_table table;
	uint32_t number = 1;
	int rc;

	if (image->super.export_table == SQST_NONE)
		return 0;
	rc = sqst_table_open(&table, image, image->exports.name, image->super.export_table,
			     image->exports.end, image->super.inodes, 8);
	for (uint32_t block = 0; rc == 0 && block < table.blocks; block++) {
		const uint8_t *data = NULL;
		uint32_t entries = 0;

		rc = sqst_table_block(&table, block, &data, &entries);
		for (uint32_t i = 0; rc == 0 && i < entries; i++, number++) {
			const uint64_t entry = sqst_get64(data + 8 * (size_t)i);

			if (name < end && name->number == number)
				rc = check_live(image, numbers, name++, entry);
			else if (entry != SQST_NONE && strict)
				rc = sqst_image_bad(image,
						    "the export table has 0x%" PRIx64
						    " for number %" PRIu32
						    ", which no path has; the entry must be empty",
						    entry, number);
			else if (entry != SQST_NONE && orphans)
				rc = add_orphan(image, number, orphans);
		}
	}
	sqst_table_release(&table);
	return rc;
}
