/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as a source: inside of its parts. Everything here treats it as hostile. */
#ifndef LIB_SOURCE_IMAGE_SOURCE_H
#define LIB_SOURCE_IMAGE_SOURCE_H

#include "image/read.h"
#include "source/stage.h"

/* Fragment blocks that are kept unpacked. */
#define SQST_SOURCE_FRAGMENTS 4

struct sqst_source_fragment {
	/* 0: empty. */
	uint64_t at;
	uint32_t size;
	uint8_t *data;
};

struct sqst_source_set;
struct sqst_source_value;

struct sqst_source_image {
	struct sqst_image image;
	uint32_t *id;
	struct sqst_table fragments;
	struct sqst_table xattr_ids;
	struct sqst_area xattrs;
	/* Sets of attributes, each read once, and values that several of them share. */
	struct sqst_source_set *set;
	struct sqst_source_value *value;
	size_t values;
	size_t value_slots;
	/* Bytes that may still be read of sets, and of shared values: no more than the table has.
	 */
	uint64_t xattr_left;
	uint64_t elsewhere_left;
	/* A block as it is stored. */
	uint8_t *packed;
	struct sqst_source_fragment fragment[SQST_SOURCE_FRAGMENTS];
	unsigned fragment_next;
};

/* What a file's inode says of its content. */
struct sqst_source_file {
	uint64_t size;
	uint64_t start;
	uint32_t fragment;
	uint32_t fragment_offset;
	/* Blocks that are not in a fragment. */
	uint64_t blocks;
};

/* ---- image_source.c */

/* Open an image; `source` is zero, but for image.fd, which is -1. */
int sqst_source_image_open(struct sqst_source_image *source, const char *path,
			   struct sqst_report *why);

/* ---- image_content.c */

/* SQST_ERR_PARENT becomes SQST_ERR_SOURCE: the same readers serve both. */
int sqst_source_code(int rc, struct sqst_report *why);

/* Bytes of a fragment block, unpacked. */
int sqst_source_fragment_size(struct sqst_source_image *source, uint32_t index, uint32_t *out);

/* ---- image_tables.c */

/* Find and check the id, fragment and xattr tables. */
int sqst_source_tables(struct sqst_source_image *source);

/* Where a fragment block is, and its size field. */
int sqst_source_fragment_entry(struct sqst_source_image *source, uint32_t index, uint64_t *start,
			       uint32_t *field);

/* ---- image_xattrs.c */

/* Find the extended attributes, for sqst_source_tables(). */
int sqst_source_find_xattrs(struct sqst_source_image *source);

/* The attributes of a set, for a body of the stage; bodies with one set share them. */
int sqst_source_xattrs(struct sqst_source_image *source, struct sqst_stage *stage, uint32_t index,
		       struct sqst_stage_body *body);

/* ---- image_inode.c */

/* Read the inode at a reference into a new body. */
int sqst_source_body(struct sqst_source_image *source, struct sqst_stage *stage, uint64_t ref,
		     struct sqst_stage_body **out);

/* The set of attributes of the inode at a reference; SQST_NO_XATTR for none. */
int sqst_source_xattr_index(struct sqst_source_image *source, uint64_t ref, uint32_t *out);

/* Read the inode of a regular file; the cursor is left at its block sizes. */
int sqst_source_file_read(struct sqst_source_image *source, uint64_t ref,
			  struct sqst_source_file *file, struct sqst_cursor *cursor);

/* ---- image_content.c */

/* key[0]: the inode's reference. The origin's state is a struct sqst_source_image, which it frees.
 */
extern const struct sqst_origin_type sqst_origin_image;

void sqst_source_image_free(struct sqst_source_image *source);

#endif
