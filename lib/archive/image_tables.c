/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of an image that only its content needs: owners, fragments, extended attributes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/xattr.h>
#include <stdlib.h>
#include <string.h>

#include "archive/image.h"
#include "base/bytes.h"

#define IDS_PER_BLOCK 2048u
#define PER_BLOCK     512u
#define ENTRY_SIZE    16u

/* What one inode's attributes may have together; a scan takes no larger values. */
#define XATTR_BYTES_MAX (UINT32_C(16) * 1024 * 1024)

/* Where a table's `block`th block is, by its index. */
static int block_place(const struct sqst_source_image *source, uint64_t index, uint64_t block,
		       uint64_t *at)
{
	uint8_t raw[8];
	const int rc =
	    sqst_image_pread(&source->image, raw, sizeof(raw), index + block * sizeof(raw));

	*at = sqst_get64(raw);
	return rc;
}

/* The blocks of a table stand before its index, the first where the index says. */
static int find_area(const struct sqst_source_image *source, const char *name, uint64_t index,
		     struct sqst_area *area)
{
	uint64_t first;
	const int rc = block_place(source, index, 0, &first);

	if (rc < 0)
		return rc;
	if (first > index)
		return sqst_image_bad(&source->image, "the %s's first block is behind its index",
				      name);
	*area = (struct sqst_area){name, first, index};
	return 0;
}

/* Entry number `entry` of a table with `per` entries of `size` bytes a block. */
static int read_entry(struct sqst_source_image *source, const struct sqst_area *area,
		      uint32_t entry, uint32_t per, uint32_t size, uint8_t *out)
{
	const uint32_t offset = entry % per * size;
	struct sqst_meta block;
	uint64_t at;
	int rc = block_place(source, area->end, entry / per, &at);

	if (rc == 0)
		rc = sqst_meta_load(&source->image, area, at, &block);
	if (rc < 0)
		return rc;
	if (block.size < offset + size)
		return sqst_image_bad(&source->image,
				      "the block of the %s at offset 0x%" PRIx64
				      " is shorter than its entries",
				      area->name, at);
	memcpy(out, block.data + offset, size);
	return 0;
}

static int read_ids(struct sqst_source_image *source)
{
	const uint32_t count = source->image.super.ids;
	struct sqst_area area;
	int rc = find_area(source, "id table", source->image.super.id_table, &area);

	source->id = calloc(count, sizeof(*source->id));
	if (!source->id)
		return sqst_image_nomem(&source->image);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		uint8_t raw[4];

		rc = read_entry(source, &area, i, IDS_PER_BLOCK, sizeof(raw), raw);
		source->id[i] = rc == 0 ? sqst_get32(raw) : 0;
	}
	return rc;
}

static int find_xattrs(struct sqst_source_image *source)
{
	const struct sqst_super *super = &source->image.super;
	uint64_t index = super->xattr_table, keys;
	uint8_t raw[sizeof(sqfs_xattr_id_table_t)];
	uint32_t count;
	int rc;

	if (index == SQST_NONE)
		return 0;
	rc = sqst_image_pread(&source->image, raw, sizeof(raw), index);
	if (rc < 0)
		return rc;
	keys = sqst_get64(raw);
	count = sqst_get32(raw + 8);
	if (count == 0)
		return 0;
	index += sizeof(raw);
	if (((uint64_t)count + PER_BLOCK - 1) / PER_BLOCK * 8 > super->bytes_used - index)
		return sqst_image_bad(&source->image,
				      "the extended attribute table has %" PRIu32
				      " sets, for which the image is too short",
				      count);
	rc = find_area(source, "table of sets of extended attributes", index, &source->xattr_ids);
	if (rc < 0)
		return rc;
	if (keys > source->xattr_ids.start)
		return sqst_image_bad(&source->image,
				      "the extended attributes at offset 0x%" PRIx64
				      " are not before their sets",
				      keys);
	/* The header stands between the blocks and the index. */
	source->xattr_count = count;
	source->xattrs =
	    (struct sqst_area){"extended attribute table", keys, source->xattr_ids.start};
	return 0;
}

int sqst_source_tables(struct sqst_source_image *source)
{
	int rc = read_ids(source);

	if (rc == 0 && source->image.super.fragments > 0)
		rc = find_area(source, "fragment table", source->image.super.fragment_table,
			       &source->fragments);
	return rc == 0 ? find_xattrs(source) : rc;
}

int sqst_source_fragment_entry(struct sqst_source_image *source, uint32_t index, uint64_t *start,
			       uint32_t *field)
{
	uint8_t raw[ENTRY_SIZE];
	int rc;

	if (index >= source->image.super.fragments)
		return sqst_image_bad(&source->image,
				      "fragment %" PRIu32 " is not below the %" PRIu32
				      " that there are",
				      index, source->image.super.fragments);
	rc = read_entry(source, &source->fragments, index, PER_BLOCK, sizeof(raw), raw);
	*start = sqst_get64(raw);
	*field = sqst_get32(raw + 8);
	return rc;
}

/* ---- extended attributes */

struct pair {
	char name[16 + UINT16_MAX + 1];
	uint32_t size;
};

static int read_name(const struct sqst_source_image *source, struct sqst_cursor *cursor,
		     struct pair *pair, bool *elsewhere)
{
	static const char *const space[] = {"user.", "trusted.", "security."};
	uint8_t raw[4];
	unsigned type, length;
	size_t prefix;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	type = sqst_get16(raw);
	length = sqst_get16(raw + 2);
	*elsewhere = (type & SQFS_XATTR_FLAG_OOL) != 0;
	type &= SQFS_XATTR_PREFIX_MASK;
	if (type >= sizeof(space) / sizeof(space[0]))
		return sqst_image_bad(&source->image,
				      "an extended attribute is of namespace %u, which there is "
				      "not",
				      type);
	prefix = strlen(space[type]);
	memcpy(pair->name, space[type], prefix);
	rc = sqst_cursor_read(cursor, pair->name + prefix, length);
	pair->name[prefix + length] = '\0';
	if (rc == 0 && strlen(pair->name) != prefix + length)
		return sqst_image_bad(&source->image,
				      "an extended attribute's name has a NUL byte");
	return rc;
}

/* Take the value at the cursor, or skip it with a NULL attribute. */
static int read_value(struct sqst_source_image *source, struct sqst_stage *stage,
		      struct sqst_cursor *cursor, uint32_t *left, struct sqst_xattr *to)
{
	uint8_t raw[4];
	uint32_t size;
	char *value;
	bool passed;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	size = sqst_get32(raw);
	if (size > *left)
		return sqst_image_bad(&source->image, "an inode's extended attributes have more "
						      "than 16 MiB");
	*left -= size;
	if (!to)
		return sqst_cursor_skip(cursor, size, UINT64_MAX, &passed);
	/* Zeroed room; strndup would read what is not there. */
	value = sqst_arena_alloc(stage->arena, size ? size : 1);
	if (!value)
		return sqst_stage_nomem(stage);
	to->value = value;
	to->size = size;
	return sqst_cursor_read(cursor, value, size);
}

/* A value that another attribute has too stands where that one is, and here its reference. */
static int read_elsewhere(struct sqst_source_image *source, struct sqst_stage *stage,
			  struct sqst_cursor *cursor, uint32_t *left, struct sqst_xattr *to)
{
	struct sqst_cursor there;
	uint8_t raw[12];
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0 || !to)
		return rc;
	rc = sqst_cursor_seek(&there, &source->image, &source->xattrs,
			      sqst_get64(raw + 4) & UINT64_C(0xFFFFFFFFFFFF));
	return rc == 0 ? read_value(source, stage, &there, left, to) : rc;
}

static int read_set(struct sqst_source_image *source, struct sqst_stage *stage,
		    struct sqst_cursor *cursor, uint32_t count, struct sqst_stage_body *body)
{
	uint32_t left = XATTR_BYTES_MAX;
	size_t room = 0;
	struct pair pair;

	for (uint32_t i = 0; i < count; i++) {
		struct sqst_xattr *to = NULL;
		bool elsewhere;
		int rc = read_name(source, cursor, &pair, &elsewhere);

		if (rc < 0)
			return rc;
		/* Each takes 8 bytes of the table at least, so that the count means no harm. */
		if (body->xattrs == room) {
			struct sqst_xattr *grown =
			    sqst_arena_array(stage->arena, room * 2 + 4, sizeof(*grown));

			if (!grown)
				return sqst_stage_nomem(stage);
			if (room > 0)
				memcpy(grown, body->xattr, room * sizeof(*grown));
			body->xattr = grown;
			room = room * 2 + 4;
		}
		if (sqst_stage_wants_xattr(stage, pair.name)) {
			to = &body->xattr[body->xattrs++];
			to->name = sqst_arena_strndup(stage->arena, pair.name, strlen(pair.name));
			if (!to->name)
				return sqst_stage_nomem(stage);
		}
		rc = elsewhere ? read_elsewhere(source, stage, cursor, &left, to)
			       : read_value(source, stage, cursor, &left, to);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sqst_source_xattrs(struct sqst_source_image *source, struct sqst_stage *stage, uint32_t index,
		       struct sqst_stage_body *body)
{
	struct sqst_cursor cursor;
	uint8_t raw[ENTRY_SIZE];
	uint64_t ref;
	int rc;

	if (index == SQST_NO_XATTR || (stage->scan->no_xattrs && !stage->scan->overlay_marks))
		return 0;
	if (index >= source->xattr_count)
		return sqst_image_bad(&source->image,
				      "set %" PRIu32 " of extended attributes is not below the "
				      "%" PRIu32 " that there are",
				      index, source->xattr_count);
	rc = read_entry(source, &source->xattr_ids, index, PER_BLOCK, sizeof(raw), raw);
	if (rc < 0)
		return rc;
	ref = sqst_get64(raw);
	if (ref >> 48 != 0)
		return sqst_image_bad(&source->image,
				      "set %" PRIu32 " of extended attributes is at reference "
				      "0x%" PRIx64 ", which is none",
				      index, ref);
	rc = sqst_cursor_seek(&cursor, &source->image, &source->xattrs, ref);
	return rc == 0 ? read_set(source, stage, &cursor, sqst_get32(raw + 8), body) : rc;
}
