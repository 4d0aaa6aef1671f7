/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as a source: inside of its parts. Everything here treats it as hostile. */
#ifndef LIB_SOURCE_IMAGE_SOURCE_H
#define LIB_SOURCE_IMAGE_SOURCE_H

#include "base/hash.h"
#include "image/block.h"
#include "image/inode.h"
#include "source/stage.h"

struct sqst_source_set;
struct sqst_source_value;

struct sqst_source_image {
	struct sqst_image image;
	uint32_t *id;
	struct sqst_fragments fragments;
	struct sqst_xattr_table xattrs;
	/* Sets of attributes, each read once, and values that several of them share. */
	struct sqst_source_set *set;
	struct sqst_source_value *value;
	uint32_t values;
	size_t value_room;
	struct sqst_hash by_ref;
	/* Bytes that may still be read of sets, and of shared values: no more than the table has.
	 */
	uint64_t xattr_left;
	uint64_t elsewhere_left;
};

/* ---- image_source.c */

/* As sqst_tree_read_image(), of an image that is open, which need not stay so. */
int sqst_tree_from_image(const struct sqst_image *image, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why);

/* ---- image_xattrs.c */

/* Find the extended attributes. */
int sqst_source_find_xattrs(struct sqst_source_image *source);

/* The attributes of a set, for a body of the stage; bodies with one set share them. */
int sqst_source_xattrs(struct sqst_source_image *source, struct sqst_stage *stage, uint32_t index,
		       struct sqst_stage_body *body);

/* ---- image_content.c */

/* key[0]: the inode's reference. The origin's state is a struct sqst_source_image, which it frees.
 */
extern const struct sqst_origin_type sqst_origin_image;

void sqst_source_image_free(struct sqst_source_image *source);

#endif
