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

static bool grow_bytes(struct sqst_stream *stream, size_t size)
{
	uint8_t *grown = sqst_reserve(stream->bytes, stream->used + size, &stream->room, 1);

	if (!grown)
		return false;
	stream->bytes = grown;
	return true;
}

static int finish_meta_block(void *user, struct sqst_block *block)
{
	struct sqst_stream *stream = user;
	const bool raw = block->out_size == 0 || stream->storing;
	const uint32_t size = raw ? block->in_size : (uint32_t)block->out_size;

	uint32_t *const start =
	    sqst_grow(stream->start, stream->finished, &stream->start_room, sizeof(*stream->start));

	if (start)
		stream->start = start;
	if (!start || !grow_bytes(stream, size + 2))
		return sqst_fail(stream->why, SQST_ERR_NOMEM, NULL, "out of memory for metadata");
	/* References have 32 bits for a block's offset. */
	if (stream->used > UINT32_MAX - SQST_META_SIZE - 2)
		return sqst_fail(stream->why, SQST_ERR_LIMIT, NULL,
				 "the image needs more than 4 GiB of metadata");
	stream->storing = raw && stream->stored_last;
	stream->start[stream->finished++] = (uint32_t)stream->used;
	sqst_put16(stream->bytes + stream->used, raw ? size | SQST_META_RAW : size);
	memcpy(stream->bytes + stream->used + 2, raw ? block->in : block->out, size);
	stream->used += size + 2;
	return 0;
}

int sqst_stream_init(struct sqst_stream *stream, struct sqst_pool *pool, bool raw,
		     const struct sqst_cancel *cancel, struct sqst_report *why)
{
	stream->why = why;
	stream->raw = raw;
	stream->queue.finish = finish_meta_block;
	stream->queue.user = stream;
	stream->queue.cancel = cancel;
	return sqst_queue_init(&stream->queue, pool, SQST_META_SIZE,
			       sqst_pool_jobs(pool) * BLOCKS_PER_JOB, why);
}

static void submit(struct sqst_stream *stream)
{
	stream->filling->work = stream->work;
	stream->filling->task = stream->task;
	sqst_queue_submit(&stream->queue, stream->filling, stream->raw);
	stream->filling = NULL;
	stream->ordinal++;
}

static int begin_block(struct sqst_stream *stream)
{
	const int rc = sqst_queue_take(&stream->queue, &stream->filling, stream->why);

	if (rc == 0)
		stream->filling->in_size = 0;
	return rc;
}

int sqst_stream_append(struct sqst_stream *stream, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		size_t part;

		if (!stream->filling) {
			const int rc = begin_block(stream);

			if (rc < 0)
				return rc;
		}
		part = SQST_META_SIZE - stream->filling->in_size;
		if (part > size)
			part = size;
		memcpy(stream->filling->in + stream->filling->in_size, from, part);
		stream->filling->in_size += (uint32_t)part;
		from += part;
		size -= part;
		if (stream->filling->in_size == SQST_META_SIZE)
			submit(stream);
	}
	return 0;
}

void sqst_stream_fill(struct sqst_stream *stream)
{
	struct sqst_block *block = stream->filling;

	if (!block)
		return;
	memset(block->in + block->in_size, 0, SQST_META_SIZE - block->in_size);
	block->in_size = SQST_META_SIZE;
	submit(stream);
}

int sqst_stream_append_dead(struct sqst_stream *stream,
			    void (*work)(struct sqst_block *block, struct sqst_tools *tools),
			    void *task)
{
	struct sqst_block *block;
	const int rc = begin_block(stream);

	if (rc < 0)
		return rc;
	block = stream->filling;
	stream->filling = NULL;
	memset(block->in, 0, SQST_META_SIZE);
	block->in_size = SQST_META_SIZE;
	block->work = work;
	block->task = task;
	sqst_queue_submit(&stream->queue, block, work == NULL);
	stream->ordinal++;
	return 0;
}

int sqst_stream_start(struct sqst_stream *stream, uint64_t *start)
{
	const int rc = stream->finished < stream->ordinal ? sqst_stream_settle(stream) : 0;

	*start = stream->used;
	return rc;
}

uint64_t sqst_stream_place(const struct sqst_stream *stream)
{
	return (uint64_t)stream->ordinal << 16 | (stream->filling ? stream->filling->in_size : 0);
}

int sqst_stream_settle(struct sqst_stream *stream)
{
	return sqst_queue_drain(&stream->queue, stream->why);
}

uint64_t sqst_stream_reference(const struct sqst_stream *stream, uint64_t place)
{
	const uint32_t ordinal = (uint32_t)(place >> 16);
	const uint64_t start = ordinal < stream->finished ? stream->start[ordinal] : stream->used;

	return start << 16 | (place & 0xFFFF);
}

int sqst_stream_write(struct sqst_stream *stream, struct sqst_output *output, uint64_t *position)
{
	int rc;

	if (stream->filling)
		submit(stream);
	rc = sqst_stream_settle(stream);
	for (size_t at = 0; rc == 0 && at < stream->used; at += WRITE_STEP) {
		const size_t left = stream->used - at;

		rc = sqst_canceled(stream->queue.cancel, stream->why);
		if (rc == 0)
			rc = sqst_output_write(output, *position + at, stream->bytes + at,
					       left < WRITE_STEP ? left : WRITE_STEP, stream->why);
	}
	if (rc == 0)
		*position += stream->used;
	return rc;
}

void sqst_stream_release(struct sqst_stream *stream)
{
	if (stream->filling)
		sqst_queue_return(&stream->queue, stream->filling);
	if (stream->queue.pool)
		sqst_queue_release(&stream->queue);
	free(stream->bytes);
	free(stream->start);
}
