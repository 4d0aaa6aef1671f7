/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of an image that only its content needs: owners and fragments. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "source/image_source.h"

static int read_ids(struct sqst_source_image *source)
{
	const struct sqst_super *super = &source->image.super;
	struct sqst_table table;
	uint32_t *to;
	int rc = sqst_table_open(&table, &source->image, "id table", super->id_table,
				 super->id_table, super->ids, 4);

	to = source->id = calloc(super->ids, sizeof(*source->id));
	if (rc == 0 && !source->id)
		rc = sqst_image_nomem(&source->image);
	for (uint32_t i = 0; rc == 0 && i < table.blocks; i++) {
		struct sqst_meta block;
		uint32_t entries = 0;

		rc = sqst_table_block(&table, i, &block, &entries);
		for (uint32_t k = 0; rc == 0 && k < entries; k++)
			*to++ = sqst_get32(block.data + k * (size_t)4);
	}
	sqst_table_release(&table);
	return rc;
}

int sqst_source_tables(struct sqst_source_image *source)
{
	const struct sqst_super *super = &source->image.super;
	int rc = read_ids(source);

	if (rc == 0 && super->fragments > 0)
		rc = sqst_table_open(&source->fragments, &source->image, "fragment table",
				     super->fragment_table, super->fragment_table, super->fragments,
				     16);
	return rc == 0 ? sqst_source_find_xattrs(source) : rc;
}

int sqst_source_fragment_entry(struct sqst_source_image *source, uint32_t index, uint64_t *start,
			       uint32_t *field)
{
	uint8_t raw[16];
	int rc;

	if (index >= source->image.super.fragments)
		return sqst_image_bad(&source->image,
				      "fragment %" PRIu32 " is not below the %" PRIu32
				      " that there are",
				      index, source->image.super.fragments);
	rc = sqst_table_entry(&source->fragments, index, raw);
	*start = sqst_get64(raw);
	*field = sqst_get32(raw + 8);
	return rc;
}
