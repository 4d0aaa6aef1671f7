/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directory listings. Entries stand in runs of up to 256 after a header that names the metadata
 * block of their inodes and a base number. Inode numbers are no neighbours here (they outlive
 * builds), so a run also ends where the signed 16-bit difference to the base would overflow. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/report.h"
#include "write/listing.h"

#define RUN_MAX     256
#define HEADER_SIZE 12
#define ENTRY_SIZE  8
#define INDEX_SIZE  12
/* More is of no use: an index of 32,768 blocks covers a listing of 256 MiB. */
#define INDEX_MAX INT16_MAX

/* A listing that is being made. */
struct maker {
	struct sqst_listing_bytes *bytes;
	struct sqst_listing *listing;
	struct sqst_report *why;
	bool indexed;
	/* Entries after a header at most. */
	uint32_t limit;
	/* The run that is being gathered: where its header is, and what that will say. */
	size_t header;
	uint32_t count;
	uint32_t base;
	uint32_t block;
	/* Of the metadata block in which the last header is. */
	uint32_t ordinal;
};

/* *out: `size` more bytes of the listing. */
static int extend(struct maker *maker, size_t size, uint8_t **out)
{
	struct sqst_listing_bytes *bytes = maker->bytes;
	uint8_t *grown;
	const int rc =
	    sqst_limit_check(SQST_LIMIT_LISTING, bytes->used + (uint64_t)size, NULL, maker->why);

	if (rc < 0)
		return rc;
	grown = sqst_reserve(bytes->data, bytes->used + size, &bytes->room, 1);
	if (!grown)
		return sqst_no_memory(maker->why, NULL);
	bytes->data = grown;
	*out = bytes->data + bytes->used;
	bytes->used += size;
	return 0;
}

/* Content of the stream in front of a byte of the listing, counted from its first block. */
static uint64_t content_before(const struct maker *maker, size_t at)
{
	return (maker->listing->place & 0xFFFF) + at;
}

static bool fits(const struct maker *maker, uint64_t reference, uint32_t number)
{
	const int64_t difference = (int64_t)number - (int64_t)maker->base;
	const size_t used = maker->bytes->used - maker->header;

	if (maker->count == maker->limit || maker->block != (uint32_t)(reference >> 16))
		return false;
	if (difference < INT16_MIN || difference > INT16_MAX)
		return false;
	/* For an index, a run that passes the end of a metadata block ends there, so that the next
	 * one, which the index names, begins in the next block. */
	return !maker->indexed ||
	       content_before(maker, maker->header) % SQST_META_SIZE + used < SQST_META_SIZE;
}

static int add_to_header(struct maker *maker, const struct sqst_node *node, uint64_t reference)
{
	const size_t length = strlen(node->name);
	uint8_t *to;
	const int rc = extend(maker, ENTRY_SIZE + length, &to);

	if (rc < 0)
		return rc;
	to = sqst_put16(to, (uint32_t)(reference & 0xFFFF));
	to = sqst_put16(to, node->inode->number - maker->base);
	to = sqst_put16(to, node->inode->type);
	to = sqst_put16(to, (uint32_t)length - 1);
	memcpy(to, node->name, length);
	maker->count++;
	return 0;
}

/* What the header of a run says is known at its end. */
static void finish_run(struct maker *maker)
{
	uint8_t *to;

	if (maker->count == 0)
		return;
	to = maker->bytes->data + maker->header;
	to = sqst_put32(to, maker->count - 1);
	to = sqst_put32(to, maker->block);
	sqst_put32(to, maker->base);
	maker->count = 0;
}

/* One index entry for each metadata block but the first, at the first header in it. */
static int add_index(struct maker *maker, const struct sqst_node *node)
{
	struct sqst_listing *listing = maker->listing;
	const size_t length = strlen(node->name);
	uint8_t *grown, *to;

	if (listing->index_count == INDEX_MAX)
		return 0;
	/* No more than is needed: each directory keeps its own. */
	grown = realloc(listing->index, listing->index_size + INDEX_SIZE + length);
	if (!grown)
		return sqst_no_memory(maker->why, NULL);
	listing->index = grown;
	to = grown + listing->index_size;
	to = sqst_put32(to, (uint32_t)maker->header);
	to = sqst_put32(to, maker->ordinal);
	to = sqst_put32(to, (uint32_t)length - 1);
	memcpy(to, node->name, length);
	listing->index_size += (uint32_t)(INDEX_SIZE + length);
	listing->index_count++;
	return 0;
}

static int begin_run(struct maker *maker, const struct sqst_node *node, uint64_t reference)
{
	uint32_t ordinal;
	uint8_t *to;
	int rc;

	finish_run(maker);
	maker->header = maker->bytes->used;
	maker->base = node->inode->number;
	maker->block = (uint32_t)(reference >> 16);
	rc = extend(maker, HEADER_SIZE, &to);
	if (rc < 0)
		return rc;
	ordinal = (uint32_t)((maker->listing->place >> 16) +
			     content_before(maker, maker->header) / SQST_META_SIZE);
	if (!maker->indexed || ordinal == maker->ordinal)
		return 0;
	maker->ordinal = ordinal;
	return add_index(maker, node);
}

static int make_headers(struct maker *maker, const struct sqst_inode_places *places,
			const struct sqst_inode *dir)
{
	int rc = 0;

	maker->bytes->used = maker->listing->index_size = maker->listing->index_count = 0;
	maker->count = 0;
	maker->ordinal = (uint32_t)(maker->listing->place >> 16);
	for (uint32_t i = 0; i < dir->u.dir.count && rc == 0; i++) {
		const struct sqst_node *node = dir->u.dir.child[i];
		const uint64_t reference = sqst_inode_reference(places, node->inode);

		if (maker->count == 0 || !fits(maker, reference, node->inode->number))
			rc = begin_run(maker, node, reference);
		if (rc == 0)
			rc = add_to_header(maker, node, reference);
	}
	if (rc == 0)
		finish_run(maker);
	maker->listing->size = (uint32_t)maker->bytes->used;
	return rc;
}

int sqst_listing_make(struct sqst_listing_bytes *bytes, const struct sqst_inode_places *places,
		      const struct sqst_inode *dir, bool indexed, struct sqst_listing *listing,
		      struct sqst_report *why)
{
	struct maker maker = {
	    .bytes = bytes, .listing = listing, .why = why, .indexed = indexed, .limit = RUN_MAX};
	int rc = make_headers(&maker, places, dir);

	/* Of an extended directory's size U-Boot looks at the low half to see if it is empty
	 * (fs/squashfs/sqfs_dir.c, sqfs_is_empty_dir). More headers make another size. */
	while (rc == 0 && listing->size > 0 && listing->size % 65536 == 0 && maker.limit > 1) {
		maker.limit /= 2;
		rc = make_headers(&maker, places, dir);
	}
	return rc;
}

int sqst_listing_write_index(struct sqst_stream *inodes, const struct sqst_stream *directories,
			     const struct sqst_listing *listing)
{
	const uint8_t *entry = listing->index;

	for (uint32_t i = 0; i < listing->index_count; i++) {
		const uint64_t place = (uint64_t)sqst_get32(entry + 4) << 16;
		const size_t length = (size_t)sqst_get32(entry + 8) + 1;
		uint8_t bytes[INDEX_SIZE];
		int rc;

		memcpy(bytes, entry, INDEX_SIZE);
		sqst_put32(bytes + 4, (uint32_t)(sqst_stream_reference(directories, place) >> 16));
		rc = sqst_stream_append(inodes, bytes, INDEX_SIZE);
		if (rc == 0)
			rc = sqst_stream_append(inodes, entry + INDEX_SIZE, length);
		if (rc < 0)
			return rc;
		entry += INDEX_SIZE + length;
	}
	return 0;
}
