/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lz4: raw blocks of the format's version 1 ("legacy"), fast or of high compression. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <lz4.h>
#include <lz4hc.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "codec/codec.h"

#define NAME            "lz4"
#define OPTIONS_VERSION 1U
#define FLAG_HC         1U
#define FAST_NORMAL     1

struct lz4_coder {
	struct sqst_coder base;
	bool hc;
	/* LZ4_sizeofState() or LZ4_sizeofStateHC() bytes; NULL in a decompressor. */
	void *state;
};

static void lz4_defaults(struct sqst_codec_config *config)
{
	config->lz4_hc = false;
}

static size_t lz4_options(const struct sqst_codec_config *config,
			  uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	/* The kernel refuses an lz4 image without them (lz4_wrapper.c, lz4_comp_opts). */
	sqst_put32(out, OPTIONS_VERSION);
	sqst_put32(out + 4, config->lz4_hc ? FLAG_HC : 0);
	return 8;
}

static void lz4_free(struct sqst_coder *base)
{
	struct lz4_coder *coder = (struct lz4_coder *)base;

	free(coder->state);
	free(coder);
}

static struct sqst_coder *lz4_new(void)
{
	struct lz4_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_lz4;
	return &coder->base;
}

static struct sqst_coder *lz4_compressor(const struct sqst_codec_config *config)
{
	struct sqst_coder *base = lz4_new();
	struct lz4_coder *coder = (struct lz4_coder *)base;

	if (!coder)
		return NULL;
	coder->hc = config->lz4_hc;
	coder->state = malloc((size_t)(coder->hc ? LZ4_sizeofStateHC() : LZ4_sizeofState()));
	if (!coder->state) {
		lz4_free(base);
		return NULL;
	}
	return base;
}

static int32_t lz4_compress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			    uint8_t *out, size_t out_size)
{
	struct lz4_coder *coder = (struct lz4_coder *)base;
	const char *from = (const char *)in;
	int room = out_size < LZ4_MAX_INPUT_SIZE ? (int)out_size : LZ4_MAX_INPUT_SIZE;

	if (in_size > LZ4_MAX_INPUT_SIZE)
		return 0;
	if (coder->hc)
		return LZ4_compress_HC_extStateHC(coder->state, from, (char *)out, (int)in_size,
						  room, LZ4HC_CLEVEL_MAX);
	return LZ4_compress_fast_extState(coder->state, from, (char *)out, (int)in_size, room,
					  FAST_NORMAL);
}

static struct sqst_coder *lz4_decompressor(uint32_t block_size)
{
	(void)block_size;
	return lz4_new();
}

static int32_t lz4_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			      uint8_t *out, size_t out_size)
{
	const int room = out_size < LZ4_MAX_INPUT_SIZE ? (int)out_size : LZ4_MAX_INPUT_SIZE;
	int got;

	(void)base;
	if (in_size > LZ4_MAX_INPUT_SIZE)
		return SQST_ERR_PARENT;
	got = LZ4_decompress_safe((const char *)in, (char *)out, (int)in_size, room);
	return got < 0 ? SQST_ERR_PARENT : got;
}

const struct sqst_codec sqst_codec_lz4 = {
    .id = SQST_CODEC_LZ4,
    .name = NAME,
    .defaults = lz4_defaults,
    .options = lz4_options,
    .compressor = lz4_compressor,
    .compress = lz4_compress,
    .decompressor = lz4_decompressor,
    .decompress = lz4_decompress,
    .free = lz4_free,
};
