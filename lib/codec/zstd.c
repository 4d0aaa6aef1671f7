/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zstd, with one context reused for all blocks of a thread. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/bytes.h"
#include "codec/codec.h"

#define NAME          "zstd"
#define LEVEL_MAX     22
#define LEVEL_DEFAULT 15

struct zstd_coder {
	struct sqst_coder base;
	int level;
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
};

static void zstd_defaults(struct sqst_codec_config *config)
{
	config->level = LEVEL_DEFAULT;
}

static int zstd_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	return sqst_codec_check_level(NAME, config->level, LEVEL_MAX, why);
}

static size_t zstd_options(const struct sqst_codec_config *config,
			   uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	if (config->level == LEVEL_DEFAULT)
		return 0;
	sqst_put32(out, (uint32_t)config->level);
	return 4;
}

static void zstd_free(struct sqst_coder *base)
{
	struct zstd_coder *coder = (struct zstd_coder *)base;

	ZSTD_freeCCtx(coder->compressor);
	ZSTD_freeDCtx(coder->decompressor);
	free(coder);
}

static struct sqst_coder *zstd_compressor(const struct sqst_codec_config *config)
{
	struct zstd_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_zstd;
	coder->level = config->level;
	coder->compressor = ZSTD_createCCtx();
	if (!coder->compressor) {
		zstd_free(&coder->base);
		return NULL;
	}
	return &coder->base;
}

static int32_t zstd_compress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			     uint8_t *out, size_t out_size)
{
	struct zstd_coder *coder = (struct zstd_coder *)base;
	const size_t got =
	    ZSTD_compressCCtx(coder->compressor, out, out_size, in, in_size, coder->level);

	if (!ZSTD_isError(got))
		return (int32_t)got;
	return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation ? SQST_ERR_NOMEM : 0;
}

static struct sqst_coder *zstd_decompressor(uint32_t block_size)
{
	struct zstd_coder *coder = calloc(1, sizeof(*coder));

	(void)block_size;
	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_zstd;
	coder->decompressor = ZSTD_createDCtx();
	if (!coder->decompressor) {
		zstd_free(&coder->base);
		return NULL;
	}
	return &coder->base;
}

static int32_t zstd_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			       uint8_t *out, size_t out_size)
{
	struct zstd_coder *coder = (struct zstd_coder *)base;
	const size_t got = ZSTD_decompressDCtx(coder->decompressor, out, out_size, in, in_size);

	if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
		return SQST_ERR_NOMEM;
	/* To libzstd, nothing is a valid stream of no frames. */
	return ZSTD_isError(got) || in_size == 0 ? SQST_ERR_PARENT : (int32_t)got;
}

const struct sqst_codec sqst_codec_zstd = {
    .id = SQST_CODEC_ZSTD,
    .name = NAME,
    .defaults = zstd_defaults,
    .check = zstd_check,
    .options = zstd_options,
    .compressor = zstd_compressor,
    .compress = zstd_compress,
    .decompressor = zstd_decompressor,
    .decompress = zstd_decompress,
    .free = zstd_free,
};
