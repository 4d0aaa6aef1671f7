/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the listing of an extended directory may begin, so that U-Boot finds all names in it.
 *
 * U-Boot reads the size of a directory that it walks through from bytes 24 and 25 of its inode,
 * whatever its type (fs/squashfs/sqfs.c, sqfs_search_dir). In an extended directory's inode these
 * are the low half of start_block, the offset of the listing's first metadata block in the
 * directory table. So of that listing it sees as many bytes as this number says; a number below
 * that of a header's bytes wraps around zero, and it sees all. */
#ifndef LIB_WRITE_WINDOW_H
#define LIB_WRITE_WINDOW_H

#include "write/stream.h"

/* Zeros after the listing of an extended directory: U-Boot, which may see more than the listing,
 * takes them for a header and an entry of no type, and stops. */
#define SQST_WINDOW_END 21

/* What of start_block is needed for a listing of `size` bytes. Where U-Boot sees up to 3 bytes more
 * than the header after it, it reads an entry that it has freed. */
#define SQST_WINDOW_NEED(size) ((uint64_t)(size) + 16)

/* Dead blocks that are being made to a measure. Lives as long as the stream. */
struct sqst_window {
	uint32_t low;
	uint32_t high;
};

/* Whether U-Boot sees all of a listing with this need in a block that begins at `start`. */
bool sqst_window_fits(uint64_t start, uint64_t need);

/* Append dead bytes until the stream is at a block where the need is met. *start: that block's
 * offset. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_window_reach(struct sqst_stream *directories, struct sqst_window *window, uint64_t need,
		      uint64_t *start);

#endif
