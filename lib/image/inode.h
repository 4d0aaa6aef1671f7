/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that an inode of an image says. */
#ifndef LIB_IMAGE_INODE_H
#define LIB_IMAGE_INODE_H

#include <limits.h>

#include "image/meta.h"

struct sqst_image_inode {
	uint32_t number;
	/* An sqst_type. */
	uint8_t type;
	bool extended;
	/* Permissions, as in chmod(2). */
	uint16_t mode;
	/* Entries of the id table. */
	uint16_t uid;
	uint16_t gid;
	uint32_t mtime;
	/* The set of extended attributes, or SQST_NO_XATTR. A symbolic link's is known once its
	 * target has been read. */
	uint32_t xattr;
	/* Bytes that follow what was read: block sizes of a file, target of a symbolic link. A
	 * directory's index is not counted. */
	uint64_t tail;
	/* By type. */
	union {
		/* A file: its bytes, where its first block is, and how many of its blocks are not
		 * in a fragment. */
		struct {
			uint64_t size;
			uint64_t start;
			uint64_t blocks;
			uint32_t fragment;
			uint32_t fragment_offset;
		};
		/* A directory: its listing (0 bytes if empty), its parent's number, and the entries
		 * of its index, which follow too. */
		struct {
			uint64_t listing;
			uint32_t listing_size;
			uint32_t parent;
			uint32_t index;
		};
		/* A device, as the format packs it. */
		uint32_t device;
	};
};

/* Read the inode at a reference; the cursor is left at its tail. */
int sqst_image_inode_read(struct sqst_image *image, uint64_t ref, struct sqst_image_inode *inode,
			  struct sqst_cursor *cursor);

/* Read the inode that the cursor, settled, stands at; it is left at the tail. */
int sqst_image_inode_next(struct sqst_cursor *cursor, struct sqst_image_inode *inode);

/* Move the cursor from an inode's tail to the next inode. */
int sqst_image_inode_skip(struct sqst_cursor *cursor, const struct sqst_image_inode *inode);

/* Read the target of a symbolic link, and inode->xattr, with the cursor at its tail. */
int sqst_image_target(struct sqst_cursor *cursor, struct sqst_image_inode *inode,
		      char target[PATH_MAX]);

#endif
