/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lzo, the five variants of lzo1x that squashfs names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/codec.h"

#define NAME           "lzo"
#define ALGORITHM_999  4
#define LEVEL_MAX      9
#define LEVEL_DEFAULT  8
#define METADATA_BLOCK 8192U

struct lzo_coder {
	struct sqst_coder base;
	int algorithm;
	int level;
	size_t block_size;
	/* What the compressor works in. */
	lzo_voidp work;
	/* lzo cannot be told where out ends, so it writes here first; then block_size bytes for
	 * lzo1x_optimize() to unpack into. */
	uint8_t *packed;
	uint8_t *unpacked;
};

static const struct {
	int (*compress)(const lzo_bytep in, lzo_uint in_size, lzo_bytep out, lzo_uintp out_size,
			lzo_voidp work);
	size_t work_size;
} algorithms[] = {
    {lzo1x_1_compress, LZO1X_1_MEM_COMPRESS},
    {lzo1x_1_11_compress, LZO1X_1_11_MEM_COMPRESS},
    {lzo1x_1_12_compress, LZO1X_1_12_MEM_COMPRESS},
    {lzo1x_1_15_compress, LZO1X_1_15_MEM_COMPRESS},
    [ALGORITHM_999] = {lzo1x_999_compress, LZO1X_999_MEM_COMPRESS},
};

static void lzo_defaults(struct sqst_codec_config *config)
{
	config->lzo_algorithm = ALGORITHM_999;
	config->level = LEVEL_DEFAULT;
}

static int lzo_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	if (config->lzo_algorithm < 0 || config->lzo_algorithm > ALGORITHM_999)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": algorithm %d is out of range 0 to %d",
				 config->lzo_algorithm, ALGORITHM_999);
	if (config->lzo_algorithm != ALGORITHM_999)
		return 0;
	return sqst_codec_check_level(NAME, config->level, LEVEL_MAX, why);
}

static size_t lzo_options(const struct sqst_codec_config *config,
			  uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	const bool has_level = config->lzo_algorithm == ALGORITHM_999;

	if (has_level && config->level == LEVEL_DEFAULT)
		return 0;
	sqst_put32(out, (uint32_t)config->lzo_algorithm);
	/* unsquashfs refuses a level with the algorithms that have none. */
	sqst_put32(out + 4, has_level ? (uint32_t)config->level : 0);
	return 8;
}

static void lzo_free(struct sqst_coder *base)
{
	struct lzo_coder *coder = (struct lzo_coder *)base;

	free(coder->work);
	free(coder->packed);
	free(coder->unpacked);
	free(coder);
}

static struct sqst_coder *lzo_new(void)
{
	struct lzo_coder *coder;

	/* Only compares the sizes of types of the library and of this build. */
	if (lzo_init() != LZO_E_OK)
		return NULL;
	coder = calloc(1, sizeof(*coder));
	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_lzo;
	return &coder->base;
}

static struct sqst_coder *lzo_compressor(const struct sqst_codec_config *config)
{
	struct sqst_coder *base = lzo_new();
	struct lzo_coder *coder = (struct lzo_coder *)base;
	size_t size;

	if (!coder)
		return NULL;
	size = config->block_size > METADATA_BLOCK ? config->block_size : METADATA_BLOCK;
	coder->block_size = size;
	coder->algorithm = config->lzo_algorithm;
	coder->level = config->level;
	coder->work = malloc(algorithms[coder->algorithm].work_size);
	/* The most that lzo's manual says it writes. */
	coder->packed = malloc(size + size / 16 + 64 + 3);
	coder->unpacked = malloc(size);
	if (!coder->work || !coder->packed || !coder->unpacked) {
		lzo_free(base);
		return NULL;
	}
	return base;
}

static int32_t lzo_compress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			    uint8_t *out, size_t out_size)
{
	struct lzo_coder *coder = (struct lzo_coder *)base;
	lzo_uint size = 0, unpacked = in_size;
	int rc;

	if (in_size > coder->block_size)
		return 0;
	if (coder->algorithm == ALGORITHM_999)
		rc = lzo1x_999_compress_level(in, in_size, coder->packed, &size, coder->work, NULL,
					      0, NULL, coder->level);
	else
		rc = algorithms[coder->algorithm].compress(in, in_size, coder->packed, &size,
							   coder->work);
	if (rc != LZO_E_OK || size > out_size)
		return 0;
	/* Changes some tokens to ones that unpack faster; the size stays. */
	if (lzo1x_optimize(coder->packed, size, coder->unpacked, &unpacked, NULL) != LZO_E_OK)
		return 0;
	memcpy(out, coder->packed, size);
	return (int32_t)size;
}

static struct sqst_coder *lzo_decompressor(uint32_t block_size)
{
	(void)block_size;
	return lzo_new();
}

static int32_t lzo_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			      uint8_t *out, size_t out_size)
{
	lzo_uint size = out_size;

	(void)base;
	if (lzo1x_decompress_safe(in, in_size, out, &size, NULL) != LZO_E_OK)
		return SQST_ERR_PARENT;
	return (int32_t)size;
}

const struct sqst_codec sqst_codec_lzo = {
    .id = SQST_CODEC_LZO,
    .name = NAME,
    .defaults = lzo_defaults,
    .check = lzo_check,
    .options = lzo_options,
    .compressor = lzo_compressor,
    .compress = lzo_compress,
    .decompressor = lzo_decompressor,
    .decompress = lzo_decompress,
    .free = lzo_free,
};
