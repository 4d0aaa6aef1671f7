/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata of an image: blocks, and the tables that are made of them. */
#ifndef LIB_IMAGE_META_H
#define LIB_IMAGE_META_H

#include "image/read.h"

/* ---- meta.c */

/* A metadata block. */
struct sqst_meta {
	/* Absolute positions of it, and of what is after it. */
	uint64_t at;
	uint64_t next;
	uint32_t size;
	/* Stored as it is. */
	bool raw;
	/* Valid until the next block is loaded. */
	const uint8_t *data;
};

/* Load the block at an absolute position, which must lie inside the area with all its bytes. */
int sqst_meta_load(struct sqst_image *image, const struct sqst_area *area, uint64_t at,
		   struct sqst_meta *block);

/* Count the blocks that follow one another from an area's start, by their headers alone. After
 * them may be what is no block. */
int sqst_meta_count(const struct sqst_image *image, const struct sqst_area *area, uint64_t *blocks);

/* Reads on from block to block. */
struct sqst_cursor {
	struct sqst_image *image;
	const struct sqst_area *area;
	/* Absolute position of the current block, and offset in it. */
	uint64_t at;
	uint32_t offset;
};

/* Where in an area: the position of the block relative to its start, shifted by 16, and the offset
 * in the unpacked block. Ascends with the unpacked table. */
#define SQST_REF(block, offset) ((uint64_t)(block) << 16 | (offset))

/* Refused: a block outside the area, an offset outside the block. */
int sqst_cursor_seek(struct sqst_cursor *cursor, struct sqst_image *image,
		     const struct sqst_area *area, uint64_t ref);

/* What the block at the cursor, or at its end the next one, still has: at least a byte, valid until
 * another block is loaded. */
int sqst_cursor_peek(struct sqst_cursor *cursor, const uint8_t **data, uint32_t *size);

int sqst_cursor_read(struct sqst_cursor *cursor, void *data, size_t size);

/* Move on. Returns 1 where that would lead past the reference `limit`. */
int sqst_cursor_skip(struct sqst_cursor *cursor, uint64_t size, uint64_t limit);

/* Move from the end of a block to the start of the next. *more: the area has one. */
int sqst_cursor_settle(struct sqst_cursor *cursor, bool *more);

/* ---- table.c */

/* A table of two levels: entries in metadata blocks, and an index of their positions. */
struct sqst_table {
	struct sqst_image *image;
	/* Where its blocks are. */
	struct sqst_area area;
	/* Absolute position of the index. */
	uint64_t index;
	uint32_t entries;
	uint32_t entry_size;
	uint32_t blocks;
	struct sqst_table_window *window;
};

/* Find a table with an index at `index`; its blocks end at or before `end`, which is the index or
 * stands before it. The index must ascend. To be released in any case. */
int sqst_table_open(struct sqst_table *table, struct sqst_image *image, const char *name,
		    uint64_t index, uint64_t end, uint32_t entries, uint32_t entry_size);

/* The entries of block number `block` from 0; it has no other bytes. Valid until the next block is
 * loaded. */
int sqst_table_block(const struct sqst_table *table, uint32_t block, const uint8_t **data,
		     uint32_t *entries);

/* Copy entry number `entry` from 0, which is below table->entries. */
int sqst_table_entry(const struct sqst_table *table, uint32_t entry, uint8_t *out);

void sqst_table_release(struct sqst_table *table);

/* Read the id table whole, into memory that is the caller's to free. */
int sqst_image_ids(struct sqst_image *image, uint32_t **out);

/* Where extended attributes are. Zero is none. */
struct sqst_xattr_table {
	/* Sets, 16 bytes each: a reference, how many attributes, their bytes. */
	struct sqst_table sets;
	/* Names and values. */
	struct sqst_area area;
};

/* Find the table, if there is one. To be released in any case. */
int sqst_xattr_table_open(struct sqst_xattr_table *xattrs, struct sqst_image *image);

void sqst_xattr_table_release(struct sqst_xattr_table *xattrs);

#endif
