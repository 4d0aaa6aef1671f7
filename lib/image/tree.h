/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory tree of an image: read, and checked. */
#ifndef LIB_IMAGE_TREE_H
#define LIB_IMAGE_TREE_H

#include <limits.h>

#include "image/inode.h"
#include "sqst/numbers.h"

/* The longest path below the root that is taken, NUL not counted: what Linux can name. It bounds
 * the depth of the tree, and the size of the canonical map. */
#define SQST_IMAGE_PATH_MAX (PATH_MAX - 1)
#define SQST_IMAGE_DEPTH    (SQST_IMAGE_PATH_MAX / 2 + 2)

/* What a name in the tree stands for, as its directory says. */
struct sqst_name {
	/* Inode reference shifted by 4, and the sqst_type. */
	uint64_t key;
	uint32_t number;
	/* How many names were found before it: says which entry it is, see sqst_names_path(). */
	uint32_t order;
};

#define SQST_NAME_KEY(ref, type) ((uint64_t)(ref) << 4 | (type))

struct sqst_names {
	struct sqst_name *name;
	size_t count;
	size_t room;
	/* Bytes of all paths. */
	uint64_t path_bytes;
};

/* ---- dir.c */

/* A listing's entries, the buffer of which is used from directory to directory. */
struct sqst_image_listing_buffer {
	struct sqst_entry *entry;
	size_t count;
	size_t room;
};

/* Read a directory's listing: entries with names in the arena, without children; their names are
 * put into `names`. `path` is the directory's, for messages, perhaps shortened; `prefix` counts
 * what stands before a name in its path below the root, the '/' included. */
int sqst_image_listing(struct sqst_image *image, const struct sqst_image_inode *dir,
		       const char *path, size_t prefix, struct sqst_arena *arena,
		       struct sqst_image_listing_buffer *listing, struct sqst_names *names);

/* Bytes for a path in a message; longer ones are cut in the middle. */
#define SQST_SHOWN_MAX 240

/* Append `name` to a path for a message. */
void sqst_shown_add(char shown[SQST_SHOWN_MAX], const char *name);

/* ---- walk.c */

/* Read the tree into numbers->root; every name is put into names, the root first. */
int sqst_image_walk(struct sqst_image *image, struct sqst_numbers *numbers,
		    struct sqst_names *names);

/* The path of the name that was found as the `order`th. */
void sqst_names_path(const struct sqst_numbers *numbers, uint32_t order,
		     char shown[SQST_SHOWN_MAX]);

/* ---- check.c */

/* Check every inode that has a name, and that numbers and inodes belong together one to one.
 * Afterwards names has one name an inode, sorted by number. */
int sqst_image_check(struct sqst_image *image, const struct sqst_numbers *numbers,
		     struct sqst_names *names);

/* ---- export.c */

/* Check the export table against names as sqst_image_check() left them. An entry that is not empty,
 * and whose number no name has, is handed to `orphan`, which returns 0 or an sqst_error; NULL: it
 * is damage. */
int sqst_image_exports(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_names *names,
		       int (*orphan)(struct sqst_image *image, uint32_t number, void *user),
		       void *user);

/* ---- read_numbers.c */

/* Read the numbers of an open image, as sqst_image_read_numbers() does, or SQST_ERR_CANCELED.
 * *live: numbers that a path has. */
int sqst_image_numbers(struct sqst_image *image, struct sqst_numbers **out, uint32_t *live);

/* Open the image for no longer than that. cancel may be NULL. */
int sqst_image_load_numbers(const char *path, const struct sqst_cancel *cancel,
			    struct sqst_numbers **out, struct sqst_report *why);

#endif
