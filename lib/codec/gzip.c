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
 * What a level is in libdeflate's levels.
 *
 * Promise: level N of 1 to 9 gives images no larger than zlib's level N does, in less time. No one
 * libdeflate level holds that against zlib 9 for all data: 7 is enough for machine code and other
 * data with many zero bytes in blocks of 128 KiB; text, metadata and blocks of 1 MiB need 8; blocks
 * that are nearly all zeros need 10, which is fast on these. So the share of zero bytes decides.
 *
 * Measured with libdeflate 1.14 and zlib 1.2.13 on a root file system of 311 MB, every ninth block:
 * bytes and time as a share of zlib's at the same level (10 to 12: of its level 9).
 *
 *     level           1     2     3     4     5     6     7     8     9    10    11    12
 *     128 KiB size  0.939 0.951 0.965 0.968 0.980 0.984 0.985 0.987 0.987 0.961 0.959 0.959
 *             time  0.76  0.71  0.47  0.73  0.50  0.52  0.47  0.32  0.23  0.64  0.91  1.02
 *     1 MiB   size  0.936 0.947 0.962 0.968 0.981 0.986 0.985 0.987 0.988 0.962 0.961 0.961
 *             time  0.62  0.67  0.53  0.69  0.59  0.45  0.79  0.51  0.32  0.68  0.83  1.06
 *
 * The promise was tried on 28 kinds of data (programs, archives of objects, bytecode, sources,
 * text, markup, logs, tables, fonts, locales, packed files, metadata) with blocks of 4 KiB, 8 KiB,
 * 128 KiB and 1 MiB. What misses it: tables of raw 32-bit integers or floats (by at most 0.1 % at
 * level 9, 0.3 % at 4 to 6), a generated gradient bitmap in blocks of 4 KiB (0.2 %), and packed
 * files in blocks of 4 and 8 KiB, by a few bytes in all. Blocks of 4 and 8 KiB take a quarter
 * longer than zlib at levels 4 and 5.
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
static size_t count_zero_bytes(const uint8_t *data, size_t size)
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
	zeros = count_zero_bytes(in, in_size);
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

	/* With `used`, bytes after the stream are no error; the kernel does not look at them. */
	if (libdeflate_zlib_decompress_ex(coder->decompressor, in, in_size, out, out_size, &used,
					  &written) != LIBDEFLATE_SUCCESS)
		return SQST_ERR_PARENT;
	base->rest = used < in_size;
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
