/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bounded line of blocks in front of the pool. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/report.h"
#include "codec/queue.h"

int sqst_queue_init(struct sqst_queue *queue, struct sqst_pool *pool, uint32_t block_size,
		    unsigned limit, struct sqst_report *why)
{
	queue->pool = pool;
	queue->block_size = block_size;
	queue->limit = limit;
	if (queue->item_size == 0)
		queue->item_size = sizeof(struct sqst_block);
	queue->ring = calloc(limit, sizeof(struct sqst_block *));
	if (!queue->ring)
		return sqst_no_memory(why, NULL);
	return 0;
}

static struct sqst_block *block_new(const struct sqst_queue *queue)
{
	struct sqst_block *block = calloc(1, queue->item_size);

	if (!block)
		return NULL;
	block->in = malloc((size_t)queue->block_size * 2);
	if (!block->in) {
		free(block);
		return NULL;
	}
	block->out = block->in + queue->block_size;
	return block;
}

static int finish_oldest(struct sqst_queue *queue, struct sqst_report *why)
{
	struct sqst_block *block = queue->ring[queue->head];
	int rc = sqst_canceled(queue->cancel, why);

	if (rc < 0)
		return rc;
	sqst_pool_wait(queue->pool, block);
	queue->head = (queue->head + 1) % queue->limit;
	queue->count--;
	if (block->failure.code < 0)
		rc = sqst_failure_report(&block->failure, why);
	else
		rc = queue->finish(queue->user, block);
	sqst_queue_return(queue, block);
	return rc;
}

int sqst_queue_take(struct sqst_queue *queue, struct sqst_block **out, struct sqst_report *why)
{
	struct sqst_block *block, buffers;

	if (!queue->unused && queue->made < queue->limit) {
		block = block_new(queue);
		if (!block)
			return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory for a block");
		queue->made++;
		sqst_queue_return(queue, block);
	}
	while (!queue->unused) {
		const int rc = finish_oldest(queue, why);

		if (rc < 0)
			return rc;
	}
	block = queue->unused;
	queue->unused = block->next;
	buffers = *block;
	memset(block, 0, queue->item_size);
	block->in = buffers.in;
	block->out = buffers.out;
	*out = block;
	return 0;
}

void sqst_queue_return(struct sqst_queue *queue, struct sqst_block *block)
{
	block->next = queue->unused;
	queue->unused = block;
}

void sqst_queue_submit(struct sqst_queue *queue, struct sqst_block *block, bool raw)
{
	queue->ring[(queue->head + queue->count++) % queue->limit] = block;
	block->raw = raw;
	if (raw && !block->work) {
		block->out_size = 0;
		block->done = true;
		return;
	}
	sqst_pool_submit(queue->pool, block);
}

int sqst_queue_drain(struct sqst_queue *queue, struct sqst_report *why)
{
	while (queue->count > 0) {
		const int rc = finish_oldest(queue, why);

		if (rc < 0)
			return rc;
	}
	return 0;
}

void sqst_queue_abandon(struct sqst_queue *queue)
{
	/* What others have with the pool is not to be hurried for nothing. */
	if (queue->count == 0)
		return;
	sqst_pool_hurry(queue->pool, true);
	/* All of them first, so that no thread begins with one while another is waited for. */
	for (unsigned i = 0; i < queue->count; i++)
		sqst_pool_withdraw(queue->pool, queue->ring[(queue->head + i) % queue->limit]);
	for (; queue->count > 0; queue->count--) {
		struct sqst_block *block = queue->ring[queue->head];

		sqst_pool_wait(queue->pool, block);
		sqst_queue_return(queue, block);
		queue->head = (queue->head + 1) % queue->limit;
	}
	sqst_pool_hurry(queue->pool, false);
}

void sqst_queue_release(struct sqst_queue *queue)
{
	sqst_queue_abandon(queue);
	while (queue->unused) {
		struct sqst_block *block = queue->unused;

		queue->unused = block->next;
		free(block->in);
		free(block);
	}
	free(queue->ring);
	queue->ring = NULL;
}
