/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directory listings as bytes of the directory table. */
#ifndef LIB_WRITE_LISTING_H
#define LIB_WRITE_LISTING_H

#include "write/inode_record.h"

/* The longest listing that a basic directory inode can have: its size field has 16 bits, and counts
 * 3 bytes more. */
#define SQST_LISTING_BASIC_MAX (UINT16_MAX - 3)

/* An index pays for listings that are longer: so does mksquashfs. */
#define SQST_LISTING_PLAIN_MAX SQST_META_SIZE

/* A directory with so few entries has no listing that is longer, whatever their names are. */
#define SQST_LISTING_PLAIN_ENTRIES 29

/* A listing in the making. Zero at first; the buffer goes from listing to listing. */
struct sqst_listing_bytes {
	uint8_t *data;
	size_t used;
	size_t room;
};

/* Where inodes are. */
struct sqst_inode_places {
	/* The inode table, settled as far as it is asked. */
	const struct sqst_stream *stream;
	/* By the index of an inode: its place in the stream, or SQST_NO_PLACE. */
	uint64_t *place;
};

#define SQST_NO_PLACE UINT64_MAX

/* The reference of an inode that stands in a block of the stream that settled. */
static inline uint64_t sqst_inode_reference(const struct sqst_inode_places *places,
					    const struct sqst_inode *inode)
{
	return sqst_stream_reference(places->stream, places->place[inode->index]);
}

/* Make the bytes of a directory's listing, as they are at listing->place, with an index if
 * `indexed`; listing->size and the index are set. All its children's inodes stand in settled
 * blocks. listing->index is the caller's to free, and made anew if it is there. 0,
 * SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_listing_make(struct sqst_listing_bytes *bytes, const struct sqst_inode_places *places,
		      const struct sqst_inode *dir, bool indexed, struct sqst_listing *listing,
		      struct sqst_report *why);

/* Append the index after a directory's inode. */
int sqst_listing_write_index(struct sqst_stream *inodes, const struct sqst_stream *directories,
			     const struct sqst_listing *listing);

#endif
