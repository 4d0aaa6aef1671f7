/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that compress blocks. Blocks come back in whatever order; who submitted them takes them
 * in the order of submission (queue.h), so the bytes do not depend on the number of threads. */
#ifndef LIB_WRITE_POOL_H
#define LIB_WRITE_POOL_H

#include <pthread.h>

#include "codec/codec.h"

struct sqst_pool;

/* A block on its way through the pool. */
struct sqst_block {
	struct sqst_block *next;
	uint8_t *in;
	uint8_t *out;
	uint32_t in_size;
	/* After compression: bytes in out, 0 if it is to be stored as in `in`, or an error. */
	int32_t out_size;
	bool done;
	/* For the submitter. */
	bool fragment;
	uint32_t index;
	uint32_t align;
	struct sqst_extent *extent;
};

/* `jobs` threads, 0: one a processor that this process may use. Errors: SQST_ERR_NOMEM,
 * SQST_ERR_IO. */
int sqst_pool_new(const struct sqst_codec_config *config, unsigned jobs, struct sqst_pool **out,
		  struct sqst_report *why);

unsigned sqst_pool_jobs(const struct sqst_pool *pool);

/* Hand a block over; it is the pool's until sqst_pool_wait() returns for it. */
void sqst_pool_submit(struct sqst_pool *pool, struct sqst_block *block);

/* Wait until the block is done. */
void sqst_pool_wait(struct sqst_pool *pool, struct sqst_block *block);

/* All submitted blocks must have been waited for. NULL is allowed. */
void sqst_pool_free(struct sqst_pool *pool);

#endif
