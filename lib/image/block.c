/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data blocks, and fragment blocks with their table. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "image/block.h"

int sqst_image_unpack(const struct sqst_image *image, struct sqst_tools *tools,
		      const struct sqst_stored *block, uint8_t *data, uint32_t room, uint32_t *size)
{
	const struct sqst_super *super = &image->super;
	const uint32_t stored = block->field & ~SQST_BLOCK_RAW;
	const bool raw = (block->field & SQST_BLOCK_RAW) != 0;
	int32_t got;
	int rc;

	if (stored == 0 || stored > super->block_size || block->at > super->bytes_used ||
	    stored > super->bytes_used - block->at || (raw && stored > room))
		return sqst_image_bad(image,
				      "invalid data block size %" PRIu32 " at offset 0x%" PRIx64,
				      stored, block->at);
	*size = stored;
	if (raw)
		return sqst_image_pread(image, data, stored, block->at);
	if (!sqst_tools_unpacking(tools, image->codec, super->block_size))
		return sqst_image_nomem(image);
	rc = sqst_image_pread(image, tools->packed, stored, block->at);
	if (rc < 0)
		return rc;
	got = image->codec->decompress(tools->decompressor, tools->packed, stored, data, room);
	if (got == SQST_ERR_NOMEM)
		return sqst_image_nomem(image);
	if (got < 0 || (uint32_t)got > room)
		return sqst_image_bad(
		    image, "the data block at offset 0x%" PRIx64 " does not decompress (%s)",
		    block->at, image->codec->name);
	*size = (uint32_t)got;
	return 0;
}

int sqst_fragments_open(struct sqst_fragments *fragments, struct sqst_image *image)
{
	const struct sqst_super *super = &image->super;

	*fragments = (struct sqst_fragments){.image = image};
	if (super->fragments == 0)
		return 0;
	return sqst_table_open(&fragments->table, image, "fragment table", super->fragment_table,
			       super->fragment_table, super->fragments, 16);
}

int sqst_fragments_entry(const struct sqst_fragments *fragments, uint32_t index,
			 struct sqst_stored *out)
{
	uint8_t raw[16];
	int rc;

	if (index >= fragments->table.entries)
		return sqst_image_bad(fragments->image,
				      "fragment index %" PRIu32
				      " is out of range; the image has %" PRIu32,
				      index, fragments->table.entries);
	rc = sqst_table_entry(&fragments->table, index, raw);
	if (rc == 0)
		*out = (struct sqst_stored){sqst_get64(raw), sqst_get32(raw + 8)};
	return rc;
}

int sqst_fragments_load(struct sqst_fragments *fragments, uint32_t index,
			const struct sqst_unpacked **out)
{
	struct sqst_image *image = fragments->image;
	const uint32_t room = image->super.block_size;
	struct sqst_unpacked *kept;
	struct sqst_stored stored;
	int rc = sqst_fragments_entry(fragments, index, &stored);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < SQST_FRAGMENTS_KEPT; i++) {
		*out = kept = &fragments->kept[i];
		if (kept->at == stored.at && stored.at != 0)
			return 0;
	}
	*out = kept = &fragments->kept[fragments->next++ % SQST_FRAGMENTS_KEPT];
	kept->at = 0;
	if (!kept->data)
		kept->data = malloc(room);
	if (!kept->data)
		return sqst_image_nomem(image);
	rc = sqst_image_unpack(image, &image->tools, &stored, kept->data, room, &kept->size);
	if (rc == 0)
		kept->at = stored.at;
	return rc;
}

void sqst_fragments_release(struct sqst_fragments *fragments)
{
	for (unsigned i = 0; i < SQST_FRAGMENTS_KEPT; i++)
		free(fragments->kept[i].data);
	sqst_table_release(&fragments->table);
}
