/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of two levels: metadata blocks of entries, and an index of 64-bit positions, one a block.
 *
 * The index must ascend, as every builder writes it and the kernel demands (squashfs_read_*_table
 * in fs/squashfs): then each block is a part of the file of its own, and no table can have more
 * blocks than the file has bytes for, whatever it says of itself. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/xattr.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "image/meta.h"

/* Positions that are read at once. */
#define WINDOW 512

struct sqst_table_window {
	uint32_t first;
	uint32_t count;
	uint64_t at[WINDOW + 1];
};

/* Let the window have the position of a block, and where the block ends. */
static int load_window(const struct sqst_table *table, uint32_t block)
{
	struct sqst_table_window *window = table->window;
	const uint32_t first = block / WINDOW * WINDOW;
	const uint32_t left = table->blocks - first;
	const uint32_t count = left < WINDOW ? left : WINDOW;
	/* One more, for the end of the last. */
	const uint32_t reads = left > WINDOW ? WINDOW + 1 : count;
	int rc;

	if (window->count > 0 && window->first == first)
		return 0;
	window->count = 0;
	rc = sqst_image_pread(table->image, window->at, 8 * (size_t)reads,
			      table->index + 8 * (uint64_t)first);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < reads; i++)
		window->at[i] = sqst_get64((const uint8_t *)&window->at[i]);
	if (reads == count)
		window->at[count] = table->area.end;
	for (uint32_t i = 0; i < count; i++) {
		if (window->at[i] < table->area.start || window->at[i] >= window->at[i + 1] ||
		    window->at[i + 1] > table->area.end)
			return sqst_image_bad(
			    table->image,
			    "the index of the %s at offset 0x%" PRIx64 " is not ascending",
			    table->area.name, table->index + 8 * ((uint64_t)first + i));
	}
	window->first = first;
	window->count = count;
	return 0;
}

int sqst_table_open(struct sqst_table *table, struct sqst_image *image, const char *name,
		    uint64_t index, uint64_t end, uint32_t entries, uint32_t entry_size)
{
	*table = (struct sqst_table){
	    .image = image,
	    .area = {name, 0, end},
	    .index = index,
	    .entries = entries,
	    .entry_size = entry_size,
	    .blocks = (uint32_t)(sqst_index_size(entries, entry_size) / 8),
	};
	table->window = calloc(1, sizeof(*table->window));
	if (!table->window)
		return sqst_image_nomem(image);
	/* All of it once, so that a table that is refused is refused before anything is made of it.
	 */
	for (uint32_t block = 0; block < table->blocks; block += WINDOW) {
		const int rc = load_window(table, block);

		if (rc < 0)
			return rc;
		if (block == 0)
			table->area.start = table->window->at[0];
	}
	return 0;
}

int sqst_table_block(const struct sqst_table *table, uint32_t block, const uint8_t **data,
		     uint32_t *entries)
{
	const uint32_t per = SQST_META_SIZE / table->entry_size;
	const uint32_t left = table->entries - block * per;
	struct sqst_area area = table->area;
	struct sqst_meta meta;
	int rc = load_window(table, block);
	uint32_t i;

	if (rc < 0)
		return rc;
	i = block - table->window->first;
	area.end = table->window->at[i + 1];
	rc = sqst_meta_load(table->image, &area, table->window->at[i], &meta);
	if (rc < 0)
		return rc;
	*data = meta.data;
	*entries = left < per ? left : per;
	if (meta.size != *entries * table->entry_size)
		return sqst_image_bad(table->image,
				      "the block of the %s at offset 0x%" PRIx64
				      " unpacks to %" PRIu32 " bytes instead of %" PRIu32,
				      area.name, meta.at, meta.size, *entries * table->entry_size);
	return 0;
}

int sqst_table_entry(const struct sqst_table *table, uint32_t entry, uint8_t *out)
{
	const uint32_t per = SQST_META_SIZE / table->entry_size;
	const uint8_t *data = NULL;
	uint32_t entries;
	const int rc = sqst_table_block(table, entry / per, &data, &entries);

	if (rc == 0)
		memcpy(out, data + entry % per * table->entry_size, table->entry_size);
	return rc;
}

void sqst_table_release(struct sqst_table *table)
{
	free(table->window);
	table->window = NULL;
}

int sqst_image_ids(struct sqst_image *image, uint32_t **out)
{
	const struct sqst_super *super = &image->super;
	SQST_AUTO_FREE uint32_t *id = calloc(super->ids, sizeof(*id));
	struct sqst_table table;
	int rc = sqst_table_open(&table, image, "id table", super->id_table, super->id_table,
				 super->ids, sizeof(*id));

	if (rc == 0 && !id)
		rc = sqst_image_nomem(image);
	for (uint32_t i = 0; rc == 0 && i < table.entries; i++) {
		uint8_t raw[sizeof(*id)];

		rc = sqst_table_entry(&table, i, raw);
		if (rc == 0)
			id[i] = sqst_get32(raw);
	}
	sqst_table_release(&table);
	if (rc == 0)
		*out = sqst_steal(&id);
	return rc;
}

int sqst_xattr_table_open(struct sqst_xattr_table *xattrs, struct sqst_image *image)
{
	const struct sqst_super *super = &image->super;
	const uint64_t index = super->xattr_table;
	uint8_t raw[sizeof(sqfs_xattr_id_table_t)];
	uint64_t start;
	uint32_t count;
	int rc;

	*xattrs = (struct sqst_xattr_table){0};
	if (index == SQST_NONE)
		return 0;
	rc = sqst_image_pread(image, raw, sizeof(raw), index);
	if (rc < 0)
		return rc;
	start = sqst_get64(raw);
	count = sqst_get32(raw + 8);
	if (count == 0)
		return 0;
	if (sqst_index_size(count, 16) > super->bytes_used - index - sizeof(raw))
		return sqst_image_bad(image,
				      "the extended attribute table has %" PRIu32
				      " sets, more than the image has room for",
				      count);
	/* The header stands between the blocks and the index. */
	rc = sqst_table_open(&xattrs->sets, image, "table of sets of extended attributes",
			     index + sizeof(raw), index, count, 16);
	if (rc < 0)
		return rc;
	if (start > xattrs->sets.area.start)
		return sqst_image_bad(image,
				      "the extended attributes at offset 0x%" PRIx64
				      " do not precede the table of their sets",
				      start);
	xattrs->area =
	    (struct sqst_area){"extended attribute table", start, xattrs->sets.area.start};
	return 0;
}

void sqst_xattr_table_release(struct sqst_xattr_table *xattrs)
{
	sqst_table_release(&xattrs->sets);
}
