/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the content of regular files is in an image. */
#ifndef LIB_DATA_EXTENT_H
#define LIB_DATA_EXTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/format.h"

/* Of one file, or of several equal ones. */
struct sqst_extent {
	/* Offset of the first block that is stored; 0 if none is. */
	uint64_t start;
	/* Bytes of blocks of zeros, which are not stored. */
	uint64_t sparse;
	uint32_t fragment;
	uint32_t fragment_offset;
	uint32_t blocks;
	/* The fragment's index is to be looked up in a new numbering. */
	bool renumber;
	/* Bytes on disk of each block, or-ed with SQST_BLOCK_RAW; 0 for a block of zeros. */
	uint32_t size[];
};

/* A fragment block, as the fragment table has it. */
struct sqst_fragment {
	uint64_t start;
	uint32_t size;
	/* Bytes in it, uncompressed; 0: a free entry, which only the table of an update has, and
	 * only until its end. */
	uint32_t content;
};

struct sqst_arena;

/* Of all files: each inode points to its extent. */
struct sqst_places {
	struct sqst_arena *extents;
	/* The fragment table. */
	struct sqst_fragment *fragment;
	uint32_t fragments;
	size_t fragments_room;
	uint32_t block_size;
	/* The first offset after the data. */
	uint64_t end;
};

void sqst_places_release(struct sqst_places *places);

#endif
