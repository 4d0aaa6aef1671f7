/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of metadata blocks: 8 KiB of content each, compressed on all threads.
 *
 * Where a block begins on disk is known only when all before it are compressed. So a place in the
 * stream is first a pair (ordinal of its block, offset in its content); after sqst_stream_settle()
 * the ordinal can be turned into the block's offset on disk, that of the unfinished block included.
 */
#ifndef LIB_WRITE_STREAM_H
#define LIB_WRITE_STREAM_H

#include "base/format.h"
#include "base/output.h"
#include "codec/queue.h"

struct sqst_stream {
	struct sqst_queue queue;
	struct sqst_report *why;
	bool raw;
	/* Set before sqst_stream_init(): what is done with a block, for a pool; NULL: it is
	 * compressed. */
	void (*work)(struct sqst_block *block, struct sqst_tools *tools);
	void *task;
	/* Set before sqst_stream_init(): after a block that is stored as it is, all are,
	 * compressible or not. U-Boot unpacks compressed blocks of the inode table one after the
	 * other, as if those were not there (fs/squashfs/sqfs.c, sqfs_read_inode_table). */
	bool stored_last;
	bool storing;
	/* The block being filled; NULL before the first byte of it. */
	struct sqst_block *filling;
	/* Blocks before the one being filled. */
	uint32_t ordinal;
	/* Finished blocks with their headers. */
	uint8_t *bytes;
	size_t used;
	size_t room;
	/* Offset of each finished block from the stream's start. */
	uint32_t *start;
	uint32_t finished;
	size_t start_room;
};

/* `stream` must be zero but for work and task. 0 or SQST_ERR_NOMEM. */
int sqst_stream_init(struct sqst_stream *stream, struct sqst_pool *pool, bool raw,
		     const struct sqst_cancel *cancel, struct sqst_report *why);

/* Append content. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (stream of 4 GiB), SQST_ERR_CANCELED. */
int sqst_stream_append(struct sqst_stream *stream, const void *data, size_t size);

/* Fill the unfinished block up with zeros; none is unfinished then. */
void sqst_stream_fill(struct sqst_stream *stream);

/* Append a whole block of zeros, when none is unfinished. `work`: what is done with it by the pool,
 * with `task`, which lives as long as the stream; NULL: it is stored as it is. */
int sqst_stream_append_dead(struct sqst_stream *stream,
			    void (*work)(struct sqst_block *block, struct sqst_tools *tools),
			    void *task);

/* Offset on disk, from the stream's start, of the block that the next byte goes to; settles if that
 * is not known. */
int sqst_stream_start(struct sqst_stream *stream, uint64_t *start);

/* Where the next byte goes: ordinal << 16 | offset. */
uint64_t sqst_stream_place(const struct sqst_stream *stream);

/* Wait for all full blocks. */
int sqst_stream_settle(struct sqst_stream *stream);

/* A place becomes a reference as the format stores it: offset on disk << 16 | offset in content.
 * The place must be in a block that was finished, or being filled, at the last settle. */
uint64_t sqst_stream_reference(const struct sqst_stream *stream, uint64_t place);

/* Finish the last block too and write all to the output at *position, which moves on. */
int sqst_stream_write(struct sqst_stream *stream, struct sqst_output *output, uint64_t *position);

void sqst_stream_release(struct sqst_stream *stream);

#endif
