/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the content of a regular file is in an image. */
#ifndef LIB_WRITE_EXTENT_H
#define LIB_WRITE_EXTENT_H

#include <stdint.h>

/* No fragment (the format's value). */
#define SQST_NO_FRAGMENT UINT32_C(0xFFFFFFFF)

/* In a block's or fragment's size field: it is stored as it is, not compressed. */
#define SQST_BLOCK_RAW (UINT32_C(1) << 24)

struct sqst_extent {
	/* Offset of the first block that is stored; 0 if none is. */
	uint64_t start;
	/* Bytes of blocks of zeros, which are not stored. */
	uint64_t sparse;
	uint32_t fragment;
	uint32_t fragment_offset;
	uint32_t blocks;
	/* Bytes on disk of each block, or-ed with SQST_BLOCK_RAW; 0 for a block of zeros. */
	uint32_t size[];
};

#endif
