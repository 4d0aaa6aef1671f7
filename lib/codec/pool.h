/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that compress blocks. Blocks come back in whatever order; who submitted them takes them
 * in the order of submission (queue.h), so the bytes do not depend on the number of threads. */
#ifndef LIB_CODEC_POOL_H
#define LIB_CODEC_POOL_H

#include <pthread.h>

#include "codec/tools.h"

struct sqst_pool;

/* A block on its way through the pool. Who submits it may have it as the first member of a struct
 * of their own (queue.h). */
struct sqst_block {
	struct sqst_block *next;
	/* What a thread does with it; NULL: sqst_block_compress(). */
	void (*work)(struct sqst_block *block, struct sqst_tools *tools);
	/* For the work. What it points to must stay until the block has been waited for. */
	void *task;
	uint8_t *in;
	uint8_t *out;
	uint32_t in_size;
	/* After compression: bytes in out, 0 if it is to be stored as in `in`. */
	int32_t out_size;
	struct sqst_failure failure;
	bool done;
	/* Not to be compressed. */
	bool raw;
};

/* Compress in to out, or fill the block's failure. */
void sqst_block_compress(struct sqst_block *block, struct sqst_tools *tools);

/* `jobs` threads, 0: one a processor that this process may use. Errors: SQST_ERR_NOMEM,
 * SQST_ERR_IO. */
int sqst_pool_new(const struct sqst_codec_config *config, unsigned jobs, struct sqst_pool **out,
		  struct sqst_report *why);

unsigned sqst_pool_jobs(const struct sqst_pool *pool);

/* Hand a block over; it is the pool's until sqst_pool_wait() returns for it. */
void sqst_pool_submit(struct sqst_pool *pool, struct sqst_block *block);

/* Wait until the block is done. */
void sqst_pool_wait(struct sqst_pool *pool, struct sqst_block *block);

/* Take a block back that no thread has begun with: it is done, without a result. One that a thread
 * works on is still to be waited for. */
void sqst_pool_withdraw(struct sqst_pool *pool, struct sqst_block *block);

/* While set, no result is of use: threads come to an end with their blocks where they can. */
void sqst_pool_hurry(struct sqst_pool *pool, bool hurry);

/* All submitted blocks must have been waited for. NULL is allowed. */
void sqst_pool_free(struct sqst_pool *pool);

#endif
