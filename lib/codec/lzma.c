/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lzma, the legacy compressor of vendors' patched kernels: reading only, by libsquashfs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/compressor.h>
#include <sqfs/error.h>
#include <sqfs/predef.h>
#include <stdlib.h>

#include "codec/codec.h"

/* The lzma header of a block: properties, dictionary size, size of the content. */
#define HEADER_SIZE 13U

struct lzma_coder {
	struct sqst_coder base;
	sqfs_compressor_t *decompressor;
};

static void lzma_defaults(struct sqst_codec_config *config)
{
	(void)config;
}

static int lzma_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	(void)config;
	return sqst_fail(why, SQST_ERR_OPTION, NULL,
			 "lzma: only legacy images can be read; use xz for new ones");
}

static size_t lzma_options(const struct sqst_codec_config *config,
			   uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	(void)config;
	(void)out;
	return 0;
}

static void lzma_free(struct sqst_coder *base)
{
	struct lzma_coder *coder = (struct lzma_coder *)base;

	if (coder->decompressor)
		sqfs_destroy(coder->decompressor);
	free(coder);
}

static struct sqst_coder *lzma_decompressor(uint32_t block_size)
{
	struct lzma_coder *coder = calloc(1, sizeof(*coder));
	sqfs_compressor_config_t config;

	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_lzma;
	if (sqfs_compressor_config_init(&config, SQFS_COMP_LZMA, block_size,
					SQFS_COMP_FLAG_UNCOMPRESS) != 0 ||
	    sqfs_compressor_create(&config, &coder->decompressor) != 0) {
		coder->decompressor = NULL;
		lzma_free(&coder->base);
		return NULL;
	}
	return &coder->base;
}

static int32_t lzma_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			       uint8_t *out, size_t out_size)
{
	struct lzma_coder *coder = (struct lzma_coder *)base;
	sqfs_s32 got;

	if (in_size <= HEADER_SIZE || in_size > INT32_MAX || out_size > INT32_MAX)
		return SQST_ERR_PARENT;
	got = coder->decompressor->do_block(coder->decompressor, in, (sqfs_u32)in_size, out,
					    (sqfs_u32)out_size);
	if (got == SQFS_ERROR_ALLOC)
		return SQST_ERR_NOMEM;
	/* 0 is what it says when out is too small. */
	return got <= 0 || (size_t)got > out_size ? SQST_ERR_PARENT : got;
}

const struct sqst_codec sqst_codec_lzma = {
    .id = SQST_CODEC_LZMA,
    .name = "lzma",
    .defaults = lzma_defaults,
    .check = lzma_check,
    .options = lzma_options,
    .decompressor = lzma_decompressor,
    .decompress = lzma_decompress,
    .free = lzma_free,
};
