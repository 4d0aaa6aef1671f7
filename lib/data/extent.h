/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the content of a regular file is in an image. */
#ifndef LIB_DATA_EXTENT_H
#define LIB_DATA_EXTENT_H

#include <stdbool.h>

#include "base/format.h"

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

#endif
