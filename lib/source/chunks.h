/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are kept in a temporary file, compressed by lz4 if this build has it: written one
 * after the other, then read anywhere. The file is made when something is written, beside the
 * output; when there is no room for it there, it moves to $TMPDIR. */
#ifndef LIB_SOURCE_CHUNKS_H
#define LIB_SOURCE_CHUNKS_H

#include "codec/codec.h"

#define SQST_CHUNKS_CACHED 8

struct sqst_chunk;

struct sqst_chunks {
	/* Which output; NULL for none, or when $TMPDIR is used. */
	const char *beside;
	int fd;
	uint64_t end;
	struct sqst_chunk *chunk;
	size_t count;
	size_t room;
	/* The chunk that is being filled. */
	uint8_t *data;
	size_t used;
	uint8_t *packed;
	struct sqst_coder *compressor;
	struct sqst_coder *decompressor;
	/* Chunks that were read last. */
	struct {
		uint8_t *data;
		size_t index;
	} cached[SQST_CHUNKS_CACHED];
	unsigned next;
};

/* `beside` may be NULL, and must outlive the writing. */
void sqst_chunks_begin(struct sqst_chunks *chunks, const char *beside);

/* Where the next byte goes. */
uint64_t sqst_chunks_end(const struct sqst_chunks *chunks);

/* SQST_ERR_NOMEM, SQST_ERR_IO. */
int sqst_chunks_write(struct sqst_chunks *chunks, const void *data, size_t size,
		      struct sqst_report *why);

/* All is written. SQST_ERR_NOMEM, SQST_ERR_IO. */
int sqst_chunks_finish(struct sqst_chunks *chunks, struct sqst_report *why);

/* Read bytes that were written, after sqst_chunks_finish(). SQST_ERR_NOMEM, SQST_ERR_IO. */
int sqst_chunks_read(struct sqst_chunks *chunks, uint64_t position, void *data, size_t size,
		     struct sqst_report *why);

void sqst_chunks_release(struct sqst_chunks *chunks);

#endif
