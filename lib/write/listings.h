/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form of each directory's inode, and the place of its listing in the directory table. */
#ifndef LIB_WRITE_LISTINGS_H
#define LIB_WRITE_LISTINGS_H

#include "write/listing.h"
#include "write/window.h"

/* A directory to write. */
struct sqst_dir {
	const struct sqst_node *node;
	uint32_t height;
	/* Position of the directory that it is in, in the array in tree order. */
	uint32_t parent;
	/* What the listings' writer works with: whether the inode must be an extended one, or may
	 * be; whether an index pays; and what window the listing needs then. */
	bool must_extend;
	bool may_extend;
	bool index_pays;
	bool waiting;
	uint64_t need;
	struct sqst_listing listing;
};

struct sqst_listings {
	struct sqst_stream *directories;
	const struct sqst_inode_places *inodes;
	struct sqst_report *why;
	struct sqst_listing_bytes bytes;
	struct sqst_window window;
	/* Directories that wait for a place, the least need first. */
	struct sqst_dir **waiting;
	size_t count;
	size_t room;
};

/* Write the listings of dir[from] to dir[to - 1], and fill dir->listing. All inodes of their
 * entries stand in settled blocks. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_listings_write(struct sqst_listings *listings, struct sqst_dir *dir, uint32_t from,
			uint32_t to);

/* Free what belongs to it. The streams and the directories are the caller's. */
void sqst_listings_release(struct sqst_listings *listings);

#endif
