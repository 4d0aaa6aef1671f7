/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip, that is zlib streams, made by libdeflate: smaller than zlib's and several times as fast. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <libdeflate.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "codec/codec.h"

#define NAME          "gzip"
#define LEVEL_MAX     12
#define LEVEL_DEFAULT 9
/* The highest that readers accept in the options block. */
#define LEVEL_STORED_MAX 9
#define WINDOW_BITS      15

/*
 * What libdeflate's levels mean beside zlib's.
 *
 * Promise: level N of 1 to 9 gives images no larger than zlib level N does, at a fraction of the
 * time. No one libdeflate level holds that against zlib 9 for all data: 7 is enough for machine
 * code and other data with many zero bytes in blocks of 128 KiB, text and small blocks need 8, and
 * blocks that are nearly all zeros need 10 (fast on these). So the block decides.
 *
FIGURES
 */
struct plan {
	uint8_t text;
	uint8_t binary;
	uint8_t sparse;
};

static const struct plan plans[LEVEL_MAX + 1] = {
    [1] = {2, 2, 2},  [2] = {3, 3, 3},     [3] = {3, 3, 3},     [4] = {5, 5, 10},
    [5] = {6, 6, 10}, [6] = {7, 7, 10},    [7] = {8, 7, 10},    [8] = {8, 7, 10},
    [9] = {8, 7, 10}, [10] = {10, 10, 10}, [11] = {11, 11, 11}, [12] = {12, 12, 12},
};

/* Blocks up to SMALL and above LARGE are never "binary"; what is sparse depends on SMALL too. */
#define SMALL 16384U
#define LARGE (256U * 1024U)

struct gzip_coder {
	struct sqst_coder base;
	struct plan plan;
	/* By level; the rest is NULL. */
	struct libdeflate_compressor *compressor[LEVEL_MAX + 1];
	struct libdeflate_decompressor *decompressor;
};

static void gzip_defaults(struct sqst_codec_config *config)
{
	config->level = LEVEL_DEFAULT;
}

static int gzip_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	return sqst_codec_check_level(NAME, config->level, LEVEL_MAX, why);
}

static size_t gzip_options(const struct sqst_codec_config *config,
			   uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	/* Levels 10 to 12 are stored as 9, unsquashfs refuses others: so they are the default. */
	if (config->level >= LEVEL_STORED_MAX)
		return 0;
	sqst_put32(out, (uint32_t)config->level);
	sqst_put16(out + 4, WINDOW_BITS);
	/* No strategies: the reader does not need to know them. */
	sqst_put16(out + 6, 0);
	return 8;
}

static void gzip_free(struct sqst_coder *base)
{
	struct gzip_coder *coder = (struct gzip_coder *)base;

	for (int level = 1; level <= LEVEL_MAX; level++)
		libdeflate_free_compressor(coder->compressor[level]);
	libdeflate_free_decompressor(coder->decompressor);
	free(coder);
}

static struct sqst_coder *gzip_compressor(const struct sqst_codec_config *config)
{
	struct gzip_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_gzip;
	coder->plan = plans[config->level];

	const uint8_t levels[] = {coder->plan.text, coder->plan.binary, coder->plan.sparse};

	for (size_t i = 0; i < sizeof(levels); i++) {
		struct libdeflate_compressor **at = &coder->compressor[levels[i]];

		if (!*at)
			*at = libdeflate_alloc_compressor(levels[i]);
		if (!*at) {
			gzip_free(&coder->base);
			return NULL;
		}
	}
	return &coder->base;
}

/* Counted in runs whose sum fits a byte, which compilers turn into vector code. */
static size_t count_zeros(const uint8_t *data, size_t size)
{
	size_t count = 0, at = 0;

	for (; size - at >= 64; at += 64) {
		uint8_t part = 0;

		for (size_t i = 0; i < 64; i++)
			part = (uint8_t)(part + (data[at + i] == 0));
		count += part;
	}
	for (; at < size; at++)
		count += data[at] == 0;
	return count;
}

static uint8_t level_for(const struct plan *plan, const uint8_t *in, size_t in_size)
{
	size_t zeros;

	if (plan->text == plan->binary && plan->text == plan->sparse)
		return plan->text;
	zeros = count_zeros(in, in_size);
	if (in_size <= SMALL)
		return zeros >= in_size / 2 ? plan->sparse : plan->text;
	if (zeros >= in_size / 4 * 3)
		return plan->sparse;
	return in_size <= LARGE && zeros >= in_size / 16 ? plan->binary : plan->text;
}

static int32_t gzip_compress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			     uint8_t *out, size_t out_size)
{
	struct gzip_coder *coder = (struct gzip_coder *)base;
	const uint8_t level = level_for(&coder->plan, in, in_size);

	return (int32_t)libdeflate_zlib_compress(coder->compressor[level], in, in_size, out,
						 out_size);
}

static struct sqst_coder *gzip_decompressor(uint32_t block_size)
{
	struct gzip_coder *coder = calloc(1, sizeof(*coder));

	(void)block_size;
	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_gzip;
	coder->decompressor = libdeflate_alloc_decompressor();
	if (!coder->decompressor) {
		gzip_free(&coder->base);
		return NULL;
	}
	return &coder->base;
}

static int32_t gzip_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			       uint8_t *out, size_t out_size)
{
	struct gzip_coder *coder = (struct gzip_coder *)base;
	size_t used, written;

	/* With `used`, bytes behind the stream are no error; the kernel does not look at them. */
	if (libdeflate_zlib_decompress_ex(coder->decompressor, in, in_size, out, out_size, &used,
					  &written) != LIBDEFLATE_SUCCESS)
		return -1;
	return (int32_t)written;
}

const struct sqst_codec sqst_codec_gzip = {
    .id = SQST_CODEC_GZIP,
    .name = NAME,
    .defaults = gzip_defaults,
    .check = gzip_check,
    .options = gzip_options,
    .compressor = gzip_compressor,
    .compress = gzip_compress,
    .decompressor = gzip_decompressor,
    .decompress = gzip_decompress,
    .free = gzip_free,
};
