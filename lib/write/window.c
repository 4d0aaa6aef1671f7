/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the listing of an extended directory may begin. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/bytes.h"
#include "write/window.h"

/* The half of start_block that U-Boot looks at, and what it takes off for a header. */
#define WRAP   65536u
#define HEADER 12u

/* On disk: a metadata block that is stored as it is. */
#define STORED (2u + SQST_META_SIZE)

/* Sizes that every compressor can be brought to by mixing noise and zeros. */
#define SIZED_MIN 1024u
#define SIZED_MAX 7168u

/* No compressor is out by so much that it takes more. */
#define TRIES      64
#define BLOCKS_MAX 256

bool sqst_window_fits(uint64_t start, uint64_t need)
{
	const uint64_t seen = start % WRAP;

	return need == 0 || seen < HEADER || seen >= need;
}

/* Bytes that do not compress: xorshift64. */
static void put_noise(uint8_t *to, uint32_t size)
{
	uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

	for (uint32_t i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		to[i] = (uint8_t)(state >> 32);
	}
}

/* A pool's work: a dead block whose size on disk, its header counted, is in the range. */
static void make_sized(struct sqst_block *block, struct sqst_tools *tools)
{
	const struct sqst_window *window = block->task;
	const int64_t wanted = ((int64_t)window->low + window->high) / 2;
	int64_t noise = wanted;

	for (int i = 0; i < TRIES; i++) {
		int64_t size;

		put_noise(block->in, (uint32_t)noise);
		memset(block->in + noise, 0, (size_t)(SQST_META_SIZE - noise));
		sqst_block_compress(block, tools);
		if (block->out_size < 0)
			return;
		size = block->out_size > 0 ? (int64_t)block->out_size + 2 : STORED;
		if (size >= window->low && size <= window->high)
			return;
		noise += wanted - size;
		if (noise < 0)
			noise = 0;
		else if (noise > SQST_META_SIZE)
			noise = SQST_META_SIZE;
	}
}

static int append_sized(struct sqst_stream *directories, struct sqst_window *window, uint32_t low,
			uint32_t high)
{
	*window = (struct sqst_window){low, high};
	return sqst_stream_append_dead(directories, make_sized, window);
}

/* One dead block on the way to a start that is `low` to `high` bytes away. */
static int append_window(struct sqst_stream *directories, struct sqst_window *window, uint32_t low,
			 uint32_t high)
{
	const uint32_t least = low > SIZED_MIN ? low : SIZED_MIN;

	if (low > STORED + SIZED_MIN || (low <= STORED && high >= STORED))
		return sqst_stream_append_dead(directories, NULL, NULL);
	if (low > SIZED_MAX)
		return append_sized(directories, window, low / 2, low / 2 + HEADER);
	if (least + HEADER - 1 <= high)
		return append_sized(directories, window, least, high);
	/* Too near: once more around. */
	return sqst_stream_append_dead(directories, NULL, NULL);
}

int sqst_window_reach(struct sqst_stream *directories, struct sqst_window *window, uint64_t need,
		      uint64_t *start)
{
	/* Where U-Boot's number is large enough, or wraps: up to the next multiple and a little. */
	const uint32_t first = need < WRAP ? (uint32_t)need : WRAP;
	int rc;

	sqst_stream_fill(directories);
	rc = sqst_stream_start(directories, start);
	for (int i = 0; rc == 0 && !sqst_window_fits(*start, need); i++) {
		const uint32_t at = (uint32_t)(*start % WRAP);

		if (i == BLOCKS_MAX)
			return sqst_fail(directories->why, SQST_ERR_LIMIT, NULL,
					 "no position in the directory table makes a directory "
					 "visible to U-Boot");
		rc = append_window(directories, window, first - at, WRAP + HEADER - 1 - at);
		if (rc == 0)
			rc = sqst_stream_start(directories, start);
	}
	return rc;
}
