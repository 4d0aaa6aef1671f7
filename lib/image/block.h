/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data and fragment blocks of an image. */
#ifndef LIB_IMAGE_BLOCK_H
#define LIB_IMAGE_BLOCK_H

#include "image/meta.h"

/* Where a block stands, and its size field: the bytes there, and whether they are as they were. */
struct sqst_stored {
	uint64_t at;
	uint32_t field;
};

/* Bytes that a block takes in the image. */
static inline uint32_t sqst_stored_size(uint32_t field)
{
	return field & (SQST_BLOCK_RAW - 1);
}

/* Read a block into `data`, of which *size bytes, at most `room`, are used. What is unpacked was in
 * tools->packed. The tools are the image's, or a thread's own. */
int sqst_image_unpack(const struct sqst_image *image, struct sqst_tools *tools,
		      const struct sqst_stored *block, uint8_t *data, uint32_t room,
		      uint32_t *size);

/* Fragment blocks that are kept unpacked. */
#define SQST_FRAGMENTS_KEPT 4

struct sqst_unpacked {
	/* 0: empty. */
	uint64_t at;
	uint32_t size;
	uint8_t *data;
};

/* The fragment table, and some of its blocks. Zero is none. */
struct sqst_fragments {
	struct sqst_image *image;
	struct sqst_table table;
	struct sqst_unpacked kept[SQST_FRAGMENTS_KEPT];
	unsigned next;
};

/* Find the table, if there is one. To be released in any case. */
int sqst_fragments_open(struct sqst_fragments *fragments, struct sqst_image *image);

/* Where fragment `index` is. */
int sqst_fragments_entry(const struct sqst_fragments *fragments, uint32_t index,
			 struct sqst_stored *out);

/* Unpack fragment `index`; it stays until some more are unpacked. */
int sqst_fragments_load(struct sqst_fragments *fragments, uint32_t index,
			const struct sqst_unpacked **out);

void sqst_fragments_release(struct sqst_fragments *fragments);

#endif
