/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bounded line of blocks in front of the pool: buffers are made once and go round, and finished
 * blocks leave in the order in which they were submitted. */
#ifndef LIB_CODEC_QUEUE_H
#define LIB_CODEC_QUEUE_H

#include "codec/pool.h"
#include "sqst/cancel.h"

struct sqst_queue {
	struct sqst_pool *pool;
	uint32_t block_size;
	/* Set before sqst_queue_init(): bytes of the struct whose first member each block is; 0: it
	 * is no more than a block. */
	size_t item_size;
	/* Blocks that may exist; made when first needed. */
	unsigned limit;
	unsigned made;
	struct sqst_block *unused;
	/* Submitted, oldest first. `next` is the pool's, so the line is a ring of pointers. */
	struct sqst_block **ring;
	unsigned head;
	unsigned count;
	/* Takes a finished block; called in the order of submission. */
	int (*finish)(void *user, struct sqst_block *block);
	void *user;
	/* Asked before each block is waited for; may be NULL. */
	const struct sqst_cancel *cancel;
};

/* `limit` blocks of block_size bytes at most. 0 or SQST_ERR_NOMEM. */
int sqst_queue_init(struct sqst_queue *queue, struct sqst_pool *pool, uint32_t block_size,
		    unsigned limit, struct sqst_report *why);

/* A block to fill, all zero but for its buffers; finishes older ones if none is free. Fails as
 * finish() does, or with SQST_ERR_NOMEM or SQST_ERR_CANCELED. */
int sqst_queue_take(struct sqst_queue *queue, struct sqst_block **out, struct sqst_report *why);

/* Give a block back that was not submitted. */
void sqst_queue_return(struct sqst_queue *queue, struct sqst_block *block);

/* Put a block in line. `raw`: it is not to be compressed (but other work is done). */
void sqst_queue_submit(struct sqst_queue *queue, struct sqst_block *block, bool raw);

/* Finish all that is in line. */
int sqst_queue_drain(struct sqst_queue *queue, struct sqst_report *why);

/* Drop all that is in line: wait for threads that work on it, finish nothing. Whoever frees what
 * tasks of blocks point to calls this before, since on an error there may be some in line. */
void sqst_queue_abandon(struct sqst_queue *queue);

/* Abandon what is in line and free all buffers. */
void sqst_queue_release(struct sqst_queue *queue);

#endif
