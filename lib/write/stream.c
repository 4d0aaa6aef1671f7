/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of metadata blocks, compressed on all threads. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/cancel.h"
#include "write/stream.h"

#define BLOCKS_PER_JOB 16

/* Bytes that are written between two looks at whether to go on. */
#define WRITE_STEP ((size_t)1 << 20)

static bool grow_bytes(struct sqst_stream *meta, size_t size)
{
	uint8_t *grown = sqst_reserve(meta->bytes, meta->used + size, &meta->room, 1);

	if (!grown)
		return false;
	meta->bytes = grown;
	return true;
}

static bool grow_start(struct sqst_stream *meta)
{
	uint32_t *grown = sqst_grow(meta->start, meta->finished, &meta->start_room, sizeof(*grown));

	if (!grown)
		return false;
	meta->start = grown;
	return true;
}

static int finish_meta_block(void *user, struct sqst_block *block)
{
	struct sqst_stream *meta = user;
	const bool raw = block->out_size == 0 || meta->storing;
	const uint32_t size = raw ? block->in_size : (uint32_t)block->out_size;

	if (!grow_bytes(meta, size + 2) || !grow_start(meta))
		return sqst_fail(meta->why, SQST_ERR_NOMEM, NULL, "out of memory for metadata");
	/* References have 32 bits for a block's offset. */
	if (meta->used > UINT32_MAX - SQST_META_SIZE - 2)
		return sqst_fail(meta->why, SQST_ERR_LIMIT, NULL,
				 "the image needs more than 4 GiB of metadata");
	meta->storing = raw && meta->stored_last;
	meta->start[meta->finished++] = (uint32_t)meta->used;
	sqst_put16(meta->bytes + meta->used, raw ? size | SQST_META_RAW : size);
	memcpy(meta->bytes + meta->used + 2, raw ? block->in : block->out, size);
	meta->used += size + 2;
	return 0;
}

int sqst_stream_init(struct sqst_stream *meta, struct sqst_pool *pool, bool raw,
		     const struct sqst_cancel *cancel, struct sqst_report *why)
{
	meta->why = why;
	meta->raw = raw;
	meta->queue.finish = finish_meta_block;
	meta->queue.user = meta;
	meta->queue.cancel = cancel;
	return sqst_queue_init(&meta->queue, pool, SQST_META_SIZE,
			       sqst_pool_jobs(pool) * BLOCKS_PER_JOB, why);
}

static void submit(struct sqst_stream *meta)
{
	meta->filling->work = meta->work;
	meta->filling->task = meta->task;
	sqst_queue_submit(&meta->queue, meta->filling, meta->raw);
	meta->filling = NULL;
	meta->ordinal++;
}

static int begin_block(struct sqst_stream *meta)
{
	const int rc = sqst_queue_take(&meta->queue, &meta->filling, meta->why);

	if (rc == 0)
		meta->filling->in_size = 0;
	return rc;
}

int sqst_stream_append(struct sqst_stream *meta, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		size_t part;

		if (!meta->filling) {
			const int rc = begin_block(meta);

			if (rc < 0)
				return rc;
		}
		part = SQST_META_SIZE - meta->filling->in_size;
		if (part > size)
			part = size;
		memcpy(meta->filling->in + meta->filling->in_size, from, part);
		meta->filling->in_size += (uint32_t)part;
		from += part;
		size -= part;
		if (meta->filling->in_size == SQST_META_SIZE)
			submit(meta);
	}
	return 0;
}

void sqst_meta_fill(struct sqst_stream *meta)
{
	struct sqst_block *block = meta->filling;

	if (!block)
		return;
	memset(block->in + block->in_size, 0, SQST_META_SIZE - block->in_size);
	block->in_size = SQST_META_SIZE;
	submit(meta);
}

int sqst_meta_append_dead(struct sqst_stream *meta,
			  void (*work)(struct sqst_block *block, struct sqst_tools *tools),
			  void *task)
{
	struct sqst_block *block;
	const int rc = begin_block(meta);

	if (rc < 0)
		return rc;
	block = meta->filling;
	meta->filling = NULL;
	memset(block->in, 0, SQST_META_SIZE);
	block->in_size = SQST_META_SIZE;
	block->work = work;
	block->task = task;
	sqst_queue_submit(&meta->queue, block, work == NULL);
	meta->ordinal++;
	return 0;
}

int sqst_meta_start(struct sqst_stream *meta, uint64_t *start)
{
	const int rc = meta->finished < meta->ordinal ? sqst_stream_settle(meta) : 0;

	*start = meta->used;
	return rc;
}

uint64_t sqst_stream_place(const struct sqst_stream *meta)
{
	return (uint64_t)meta->ordinal << 16 | (meta->filling ? meta->filling->in_size : 0);
}

int sqst_stream_settle(struct sqst_stream *meta)
{
	return sqst_queue_drain(&meta->queue, meta->why);
}

uint64_t sqst_stream_reference(const struct sqst_stream *meta, uint64_t place)
{
	const uint32_t ordinal = (uint32_t)(place >> 16);
	const uint64_t start = ordinal < meta->finished ? meta->start[ordinal] : meta->used;

	return start << 16 | (place & 0xFFFF);
}

int sqst_stream_write(struct sqst_stream *meta, struct sqst_output *output, uint64_t *position)
{
	int rc;

	if (meta->filling)
		submit(meta);
	rc = sqst_stream_settle(meta);
	for (size_t at = 0; rc == 0 && at < meta->used; at += WRITE_STEP) {
		const size_t left = meta->used - at;

		rc = sqst_canceled(meta->queue.cancel, meta->why);
		if (rc == 0)
			rc = sqst_output_write(output, *position + at, meta->bytes + at,
					       left < WRITE_STEP ? left : WRITE_STEP, meta->why);
	}
	if (rc == 0)
		*position += meta->used;
	return rc;
}

void sqst_stream_release(struct sqst_stream *meta)
{
	if (meta->filling)
		sqst_queue_return(&meta->queue, meta->filling);
	if (meta->queue.pool)
		sqst_queue_release(&meta->queue);
	free(meta->bytes);
	free(meta->start);
}
