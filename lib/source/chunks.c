/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are kept in a temporary file, compressed. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/report.h"
#include "base/scope.h"
#include "source/chunks.h"

/* What is compressed at once, and unpacked for each content that is in it. */
#define CHUNK_SIZE (128 * 1024)
#define NO_CHUNK   SIZE_MAX

#define NOT_WRITTEN "cannot write a temporary file (TMPDIR chooses its directory)"

struct sqst_chunk {
	uint64_t at;
	/* CHUNK_SIZE, or what the last one has: not compressed. */
	uint32_t size;
};

void sqst_chunks_begin(struct sqst_chunks *chunks, const char *beside)
{
	*chunks = (struct sqst_chunks){.beside = beside, .fd = -1};
	for (unsigned i = 0; i < SQST_CHUNKS_CACHED; i++)
		chunks->cached[i].index = NO_CHUNK;
}

uint64_t sqst_chunks_end(const struct sqst_chunks *chunks)
{
	return (uint64_t)chunks->count * CHUNK_SIZE + chunks->used;
}

/* ---- writing */

static int prepare(struct sqst_chunks *chunks, struct sqst_report *why)
{
	const struct sqst_codec *codec = sqst_codec_get(SQST_CODEC_LZ4);
	struct sqst_codec_config config;

	if (chunks->data)
		return 0;
	chunks->data = malloc(CHUNK_SIZE);
	chunks->packed = malloc(CHUNK_SIZE);
	if (!chunks->data || !chunks->packed)
		return sqst_no_memory(why, NULL);
	if (!codec)
		return 0;
	sqst_codec_defaults(&config, SQST_CODEC_LZ4, CHUNK_SIZE);
	chunks->compressor = codec->compressor(&config);
	chunks->decompressor = codec->decompressor(CHUNK_SIZE);
	return chunks->compressor && chunks->decompressor ? 0 : sqst_no_memory(why, NULL);
}

static int open_elsewhere(struct sqst_chunks *chunks, struct sqst_report *why)
{
	const char *directory;

	chunks->beside = NULL;
	chunks->fd = sqst_temporary_open(&directory);
	if (chunks->fd < 0)
		return sqst_fail_errno(
		    why, SQST_ERR_IO, errno, directory,
		    "cannot create a temporary file here (TMPDIR chooses the directory)");
	return 0;
}

static int open_first(struct sqst_chunks *chunks, struct sqst_report *why)
{
	if (chunks->beside)
		chunks->fd = sqst_temporary_open_beside(chunks->beside);
	return chunks->fd >= 0 ? 0 : open_elsewhere(chunks, why);
}

static bool write_chunk_at(int fd, uint64_t at, const uint8_t *data, size_t size)
{
	while (size > 0) {
		const ssize_t put = pwrite(fd, data, size, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			errno = put < 0 ? errno : ENOSPC;
			return false;
		}
		at += (uint64_t)put;
		data += put;
		size -= (size_t)put;
	}
	return true;
}

/* Take what is written to $TMPDIR, so that the image has the room beside the output. */
static int move(struct sqst_chunks *chunks, struct sqst_report *why)
{
	SQST_AUTO_FREE uint8_t *data = malloc(CHUNK_SIZE);
	SQST_AUTO_CLOSE const int from = chunks->fd;
	int rc;

	chunks->fd = -1;
	rc = data ? open_elsewhere(chunks, why) : sqst_no_memory(why, NULL);
	for (uint64_t at = 0; rc == 0 && at < chunks->end; at += CHUNK_SIZE) {
		const size_t size =
		    chunks->end - at < CHUNK_SIZE ? (size_t)(chunks->end - at) : CHUNK_SIZE;

		if (sqst_pread_full(from, data, size, at) != (ssize_t)size ||
		    !write_chunk_at(chunks->fd, at, data, size))
			rc = sqst_fail_errno(why, SQST_ERR_IO, errno, NULL, NOT_WRITTEN);
	}
	return rc;
}

static int put(struct sqst_chunks *chunks, const uint8_t *data, uint32_t size,
	       struct sqst_report *why)
{
	struct sqst_chunk *grown =
	    sqst_grow(chunks->chunk, chunks->count, &chunks->room, sizeof(*grown));
	bool written;
	int rc = 0;

	if (!grown)
		return sqst_no_memory(why, NULL);
	chunks->chunk = grown;
	if (chunks->fd < 0)
		rc = open_first(chunks, why);
	if (rc < 0)
		return rc;
	written = write_chunk_at(chunks->fd, chunks->end, data, size);
	if (!written && chunks->beside) {
		rc = move(chunks, why);
		if (rc < 0)
			return rc;
		written = write_chunk_at(chunks->fd, chunks->end, data, size);
	}
	if (!written)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, NULL, NOT_WRITTEN);
	grown[chunks->count++] = (struct sqst_chunk){chunks->end, size};
	chunks->end += size;
	return 0;
}

static int flush_chunk(struct sqst_chunks *chunks, struct sqst_report *why)
{
	const uint32_t used = (uint32_t)chunks->used;
	int32_t got = 0;
	int rc;

	if (used == 0)
		return 0;
	if (chunks->compressor)
		got = chunks->compressor->codec->compress(chunks->compressor, chunks->data, used,
							  chunks->packed, used - 1);
	rc = got > 0 ? put(chunks, chunks->packed, (uint32_t)got, why)
		     : put(chunks, chunks->data, used, why);
	/* The last one keeps its size: it tells whether it is compressed. */
	if (rc == 0 && used == CHUNK_SIZE)
		chunks->used = 0;
	return rc;
}

int sqst_chunks_write(struct sqst_chunks *chunks, const void *data, size_t size,
		      struct sqst_report *why)
{
	const uint8_t *from = data;
	int rc = prepare(chunks, why);

	while (rc == 0 && size > 0) {
		const size_t share =
		    size < CHUNK_SIZE - chunks->used ? size : CHUNK_SIZE - chunks->used;

		memcpy(chunks->data + chunks->used, from, share);
		chunks->used += share;
		from += share;
		size -= share;
		if (chunks->used == CHUNK_SIZE)
			rc = flush_chunk(chunks, why);
	}
	return rc;
}

int sqst_chunks_finish(struct sqst_chunks *chunks, struct sqst_report *why)
{
	const int rc = flush_chunk(chunks, why);

	sqst_coder_free(chunks->compressor);
	chunks->compressor = NULL;
	chunks->beside = NULL;
	return rc;
}

/* ---- reading */

static int load(struct sqst_chunks *chunks, size_t index, uint8_t *data, struct sqst_report *why)
{
	const struct sqst_chunk *chunk = &chunks->chunk[index];
	const bool last = index + 1 == chunks->count && chunks->used > 0;
	const uint32_t expected = last ? (uint32_t)chunks->used : CHUNK_SIZE;
	uint8_t *to = chunk->size == expected ? data : chunks->packed;
	const ssize_t got = sqst_pread_full(chunks->fd, to, chunk->size, chunk->at);

	if (got < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, NULL,
				       "cannot read a temporary file");
	if ((size_t)got != chunk->size || (to != data && chunks->decompressor->codec->decompress(
							     chunks->decompressor, to, chunk->size,
							     data, expected) != (int32_t)expected))
		return sqst_fail(why, SQST_ERR_IO, NULL,
				 "a temporary file lost data that was written to it");
	return 0;
}

static int find_chunk(struct sqst_chunks *chunks, size_t index, const uint8_t **out,
		      struct sqst_report *why)
{
	unsigned slot = 0;
	int rc;

	while (slot < SQST_CHUNKS_CACHED && chunks->cached[slot].index != index)
		slot++;
	if (slot == SQST_CHUNKS_CACHED) {
		slot = chunks->next++ % SQST_CHUNKS_CACHED;
		chunks->cached[slot].index = NO_CHUNK;
		if (!chunks->cached[slot].data)
			chunks->cached[slot].data = malloc(CHUNK_SIZE);
		if (!chunks->cached[slot].data)
			return sqst_no_memory(why, NULL);
		rc = load(chunks, index, chunks->cached[slot].data, why);
		if (rc < 0)
			return rc;
		chunks->cached[slot].index = index;
	}
	*out = chunks->cached[slot].data;
	return 0;
}

int sqst_chunks_read(struct sqst_chunks *chunks, uint64_t position, void *data, size_t size,
		     struct sqst_report *why)
{
	uint8_t *to = data;

	while (size > 0) {
		const size_t inside = (size_t)(position % CHUNK_SIZE);
		const size_t share = size < CHUNK_SIZE - inside ? size : CHUNK_SIZE - inside;
		const uint8_t *from = NULL;
		const int rc = find_chunk(chunks, (size_t)(position / CHUNK_SIZE), &from, why);

		if (rc < 0)
			return rc;
		memcpy(to, from + inside, share);
		to += share;
		position += share;
		size -= share;
	}
	return 0;
}

void sqst_chunks_release(struct sqst_chunks *chunks)
{
	if (chunks->fd >= 0)
		close(chunks->fd);
	for (unsigned i = 0; i < SQST_CHUNKS_CACHED; i++)
		free(chunks->cached[i].data);
	sqst_coder_free(chunks->compressor);
	sqst_coder_free(chunks->decompressor);
	free(chunks->chunk);
	free(chunks->data);
	free(chunks->packed);
	*chunks = (struct sqst_chunks){.fd = -1};
}
