/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes as bytes of the inode table. */
#ifndef LIB_WRITE_INODE_RECORD_H
#define LIB_WRITE_INODE_RECORD_H

#include "tree/node.h"
#include "write/stream.h"

/* What a directory inode needs beside the tree: its listing, made before. */
struct sqst_listing {
	/* Place in the directory stream. */
	uint64_t place;
	/* Bytes of the listing. */
	uint32_t size;
	/* The directory's inode is an extended one: it has attributes or an index, or its listing
	 * is longer than a basic one can say. */
	bool extended;
	/* Index entries, encoded but for the blocks' offsets, which are ordinals (see directory.c).
	 */
	uint8_t *index;
	uint32_t index_size;
	uint16_t index_count;
};

/* Indexes of owners in the id table, and of the attributes in theirs (or SQST_NO_XATTR). */
struct sqst_owners {
	uint16_t uid;
	uint16_t gid;
	uint32_t xattr;
};

/* Append an inode that is not a directory. */
int sqst_inode_write(struct sqst_stream *stream, const struct sqst_inode *inode,
		     struct sqst_owners owners);

/* Append a directory's inode, numbered `number`. `directories`: the stream with its listing,
 * settled. `parent`: number of the directory that it is in. */
int sqst_inode_write_dir(struct sqst_stream *stream, const struct sqst_inode *inode,
			 uint32_t number, struct sqst_owners owners, uint32_t parent,
			 const struct sqst_stream *directories, const struct sqst_listing *listing);

/* Append a record that nothing refers to, for a number that nothing has: a FIFO's, which is the
 * shortest. */
int sqst_inode_write_filler(struct sqst_stream *stream, uint32_t number);

#endif
