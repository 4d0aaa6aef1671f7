/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata blocks: found, checked, unpacked and kept for a while. A block is a little-endian 16-bit
 * header (length, bit 15: stored as it is) and at most 8 KiB. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "image/meta.h"

#define HEADER 2

/* Unpacked blocks that are kept, 2^CACHE_LOG, each in the one slot that its position gives. A walk
 * over the tree jumps between a directory and what is below it, which stand near to each other. */
#define CACHE_LOG 7

struct slot {
	/* 0: empty. The superblock is there, no block. */
	uint64_t at;
	uint32_t stored;
	uint32_t size;
	bool raw;
};

struct sqst_meta_cache {
	struct slot slot[1 << CACHE_LOG];
	uint8_t data[1 << CACHE_LOG][SQST_META_SIZE];
	uint8_t packed[HEADER + SQST_META_SIZE];
};

static size_t slot_of(uint64_t at)
{
	return (size_t)(at * UINT64_C(0x9E3779B97F4A7C15) >> (64 - CACHE_LOG));
}

/* The length that a header gives, checked. `left`: bytes of the area after the header. */
static int check_header(const struct sqst_image *image, const struct sqst_area *area, uint64_t at,
			uint32_t header, uint64_t left, uint32_t *length)
{
	*length = header & ~(uint32_t)SQST_META_RAW;
	if (*length == 0 || *length > SQST_META_SIZE)
		return sqst_image_bad(image,
				      "the block of the %s at offset 0x%" PRIx64
				      " has invalid size %" PRIu32 " (1 to %d)",
				      area->name, at, *length, SQST_META_SIZE);
	if (*length > left)
		return sqst_image_bad(image,
				      "the block of the %s at offset 0x%" PRIx64 " of %" PRIu32
				      " bytes runs past the end of the table at 0x%" PRIx64,
				      area->name, at, *length, area->end);
	return 0;
}

static int bad_place(const struct sqst_image *image, const struct sqst_area *area, uint64_t at)
{
	return sqst_image_bad(image,
			      "a block of the %s is referenced at offset 0x%" PRIx64
			      ", outside of 0x%" PRIx64 " to 0x%" PRIx64,
			      area->name, at, area->start, area->end);
}

static int unpack_meta(struct sqst_image *image, const struct sqst_area *area, uint64_t at,
		       const uint8_t *packed, uint32_t length, uint8_t *data, uint32_t *unpacked)
{
	int32_t size;

	if (!sqst_tools_unpacking(&image->tools, image->codec, image->super.block_size))
		return sqst_image_nomem(image);
	size = image->codec->decompress(image->tools.decompressor, packed, length, data,
					SQST_META_SIZE);
	if (size == SQST_ERR_NOMEM)
		return sqst_image_nomem(image);
	if (size <= 0 || size > SQST_META_SIZE)
		return sqst_image_bad(
		    image, "the block of the %s at offset 0x%" PRIx64 " does not decompress (%s)",
		    area->name, at, image->codec->name);
	*unpacked = (uint32_t)size;
	return 0;
}

static int fill_meta_cache(struct sqst_image *image, const struct sqst_area *area, uint64_t at,
			   size_t which)
{
	struct slot *slot = &image->cache->slot[which];
	uint8_t *packed = image->cache->packed, *data = image->cache->data[which];
	uint64_t left = area->end - at;
	uint32_t header, length;
	int rc;

	slot->at = 0;
	if (left > HEADER + SQST_META_SIZE)
		left = HEADER + SQST_META_SIZE;
	rc = sqst_image_pread(image, packed, (size_t)left, at);
	if (rc < 0)
		return rc;
	header = sqst_get16(packed);
	rc = check_header(image, area, at, header, left - HEADER, &length);
	if (rc < 0)
		return rc;
	if (header & SQST_META_RAW) {
		memcpy(data, packed + HEADER, length);
		slot->size = length;
	} else {
		rc = unpack_meta(image, area, at, packed + HEADER, length, data, &slot->size);
		if (rc < 0)
			return rc;
	}
	slot->stored = HEADER + length;
	slot->raw = (header & SQST_META_RAW) != 0;
	slot->at = at;
	return 0;
}

int sqst_meta_load(struct sqst_image *image, const struct sqst_area *area, uint64_t at,
		   struct sqst_meta *block)
{
	const size_t which = slot_of(at);
	const struct slot *slot;
	int rc;

	if (at < area->start || at > area->end || area->end - at < HEADER)
		return bad_place(image, area, at);
	if (!image->cache) {
		image->cache = malloc(sizeof(*image->cache));
		if (!image->cache)
			return sqst_image_nomem(image);
		memset(image->cache->slot, 0, sizeof(image->cache->slot));
	}
	slot = &image->cache->slot[which];
	if (slot->at != at && (rc = fill_meta_cache(image, area, at, which)) < 0)
		return rc;
	/* It may have been unpacked as a block of another table, which ends elsewhere. */
	if (slot->stored > area->end - at)
		return bad_place(image, area, at);
	*block = (struct sqst_meta){at, at + slot->stored, slot->size, slot->raw,
				    image->cache->data[which]};
	return 0;
}

int sqst_meta_count(const struct sqst_image *image, const struct sqst_area *area, uint64_t *blocks)
{
	const size_t window_size = 65536;
	SQST_AUTO_FREE uint8_t *window = malloc(window_size);
	uint64_t from = 0, to = 0, at = area->start;

	if (!window)
		return sqst_image_nomem(image);
	for (*blocks = 0; area->end - at > HEADER;) {
		uint32_t length;
		int rc;

		if (to < at + HEADER) {
			from = at;
			to = area->end - at < window_size ? area->end : at + window_size;
			rc = sqst_image_pread(image, window, (size_t)(to - from), from);
			if (rc < 0)
				return rc;
		}
		/* Also what is none: whoever needs it gets to say so. */
		(*blocks)++;
		length = sqst_get16(window + (at - from)) & ~(uint32_t)SQST_META_RAW;
		if (length == 0 || length > SQST_META_SIZE || length > area->end - at - HEADER)
			break;
		at += HEADER + length;
	}
	return 0;
}

int sqst_cursor_seek(struct sqst_cursor *cursor, struct sqst_image *image,
		     const struct sqst_area *area, uint64_t ref)
{
	const uint64_t block = ref >> 16;
	struct sqst_meta meta;
	int rc;

	/* 48 bits of block and a position in a file do not overflow together. */
	*cursor = (struct sqst_cursor){image, area, area->start + block, ref & 0xFFFF};
	rc = sqst_meta_load(image, area, cursor->at, &meta);
	if (rc < 0)
		return rc;
	if (cursor->offset >= meta.size)
		return sqst_image_bad(image,
				      "offset %" PRIu32
				      " is outside the block of the %s at offset 0x%" PRIx64
				      ", which has %" PRIu32 " bytes",
				      cursor->offset, area->name, cursor->at, meta.size);
	return 0;
}

int sqst_cursor_peek(struct sqst_cursor *cursor, const uint8_t **data, uint32_t *size)
{
	struct sqst_meta meta;
	int rc = sqst_meta_load(cursor->image, cursor->area, cursor->at, &meta);

	if (rc == 0 && cursor->offset >= meta.size) {
		if (meta.next == cursor->area->end)
			return sqst_image_bad(cursor->image,
					      "the %s ends at offset 0x%" PRIx64
					      " in the middle of an entry",
					      cursor->area->name, cursor->area->end);
		cursor->at = meta.next;
		cursor->offset = 0;
		rc = sqst_meta_load(cursor->image, cursor->area, cursor->at, &meta);
	}
	if (rc < 0)
		return rc;
	*data = meta.data + cursor->offset;
	*size = meta.size - cursor->offset;
	return 0;
}

int sqst_cursor_read(struct sqst_cursor *cursor, void *data, size_t size)
{
	uint8_t *to = data;

	while (size > 0) {
		const uint8_t *from = NULL;
		uint32_t share = 0;
		const int rc = sqst_cursor_peek(cursor, &from, &share);

		if (rc < 0)
			return rc;
		if (share > size)
			share = (uint32_t)size;
		memcpy(to, from, share);
		cursor->offset += share;
		to += share;
		size -= share;
	}
	return 0;
}

int sqst_cursor_skip(struct sqst_cursor *cursor, uint64_t size, uint64_t limit)
{
	uint64_t ref = SQST_REF(cursor->at - cursor->area->start, cursor->offset);

	while (size > 0 && ref <= limit) {
		const uint8_t *from;
		uint32_t share = 0;
		const int rc = sqst_cursor_peek(cursor, &from, &share);

		if (rc < 0)
			return rc;
		if (share > size)
			share = (uint32_t)size;
		cursor->offset += share;
		size -= share;
		ref = SQST_REF(cursor->at - cursor->area->start, cursor->offset);
	}
	return ref > limit;
}

int sqst_cursor_settle(struct sqst_cursor *cursor, bool *more)
{
	struct sqst_meta meta;
	int rc;

	*more = cursor->at < cursor->area->end;
	if (!*more)
		return 0;
	rc = sqst_meta_load(cursor->image, cursor->area, cursor->at, &meta);
	if (rc == 0 && cursor->offset >= meta.size) {
		cursor->at = meta.next;
		cursor->offset = 0;
		*more = cursor->at < cursor->area->end;
	}
	return rc;
}
