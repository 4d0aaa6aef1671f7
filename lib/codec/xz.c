/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz streams of one block, made with and without branch filters; the smallest is kept. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "codec/codec.h"
#include "codec/xz_filter.h"
#include "codec/xz_pool.h"

#define NAME           "xz"
#define DICT_SIZE_MIN  8192U
#define METADATA_BLOCK 8192U
/* What unsquashfs allows a decoder; untouched memory costs nothing. */
#define DECODER_MEMORY (64U * 1024U * 1024U)

struct xz_coder {
	struct sqst_coder base;
	struct sqst_xz_pool pool;
	lzma_allocator allocator;
	lzma_options_lzma options;
	/* The bits of enum sqst_xz_filter to try. */
	uint32_t filters;
	uint32_t dict_size;
	/* Where filters are tried, trial_size bytes; NULL without filters. */
	uint8_t *trial;
	size_t trial_size;
};

static void xz_defaults(struct sqst_codec_config *config)
{
	config->xz_filters = 0;
	config->xz_dict_size = 0;
	config->xz_preset = LZMA_PRESET_DEFAULT;
	config->xz_extreme = false;
	config->xz_lc = config->xz_lp = config->xz_pb = -1;
}

/* liblzma's own presets, with what was set apart. False if there is no such preset. */
static bool fill_options(const struct sqst_codec_config *config, lzma_options_lzma *options)
{
	const uint32_t extreme = config->xz_extreme ? LZMA_PRESET_EXTREME : 0;

	if (config->xz_preset < 0 || config->xz_preset > 9 ||
	    lzma_lzma_preset(options, (uint32_t)config->xz_preset | extreme))
		return false;
	if (config->xz_lc >= 0)
		options->lc = (uint32_t)config->xz_lc;
	if (config->xz_lp >= 0)
		options->lp = (uint32_t)config->xz_lp;
	if (config->xz_pb >= 0)
		options->pb = (uint32_t)config->xz_pb;
	return true;
}

/* The kernel (xz_dec_lzma2.c, lzma_props) has the same limits. */
static int check_bits(const struct sqst_codec_config *config, struct sqst_report *why)
{
	lzma_options_lzma options;

	if (!fill_options(config, &options))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": preset %d is out of range 0 to 9", config->xz_preset);
	if (config->xz_lc < -1 || options.lc > LZMA_LCLP_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": lc %d (literal context bits) is out of range 0 to 4",
				 config->xz_lc);
	if (config->xz_lp < -1 || options.lp > LZMA_LCLP_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": lp %d (literal position bits) is out of range 0 to 4",
				 config->xz_lp);
	if (options.lc + options.lp > LZMA_LCLP_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": lc %u and lp %u add up to more than 4 (lc defaults to 3)",
				 options.lc, options.lp);
	if (config->xz_pb < -1 || options.pb > LZMA_PB_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": pb %d (position bits) is out of range 0 to 4",
				 config->xz_pb);
	return 0;
}

/* The kernel (xz_wrapper.c) takes 2^n and 2^n + 2^(n+1), no other dictionary size. */
static bool dict_size_is_valid(uint32_t size)
{
	const uint32_t lowest = size & (~size + 1);

	return size == lowest || size == lowest + lowest * 2;
}

static int xz_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	const uint32_t dict = config->xz_dict_size;
	const uint32_t unknown = config->xz_filters & ~(uint32_t)SQST_XZ_FILTERS_ALL;

	if (unknown)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, NAME ": unknown filter bits 0x%x",
				 unknown);
	for (uint32_t bit = 1; bit <= SQST_XZ_FILTERS_ALL; bit <<= 1) {
		if ((config->xz_filters & bit) &&
		    !lzma_filter_encoder_is_supported(sqst_xz_filter_id(bit)))
			return sqst_fail(why, SQST_ERR_OPTION, NULL,
					 NAME ": this liblzma lacks the filter with bit 0x%x", bit);
	}
	if (check_bits(config, why) < 0)
		return SQST_ERR_OPTION;
	if (dict == 0)
		return 0;
	if (dict < DICT_SIZE_MIN || dict > config->block_size)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": dictionary size %u is out of range %u to %u (the block "
				      "size)",
				 dict, DICT_SIZE_MIN, config->block_size);
	if (!dict_size_is_valid(dict))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 NAME ": dictionary size %u is not of the form 2^n or 2^n+2^(n+1)",
				 dict);
	return 0;
}

static size_t xz_options(const struct sqst_codec_config *config,
			 uint8_t out[SQST_CODEC_OPTIONS_MAX])
{
	const uint32_t dict = config->xz_dict_size ? config->xz_dict_size : config->block_size;

	if (dict == config->block_size && config->xz_filters == 0)
		return 0;
	/* The kernel takes a stored size as it is, and metadata has blocks of 8 KiB. */
	sqst_put32(out, dict > METADATA_BLOCK ? dict : METADATA_BLOCK);
	sqst_put32(out + 4, config->xz_filters);
	return 8;
}

static void xz_free(struct sqst_coder *base)
{
	struct xz_coder *coder = (struct xz_coder *)base;

	sqst_xz_pool_clear(&coder->pool);
	free(coder->trial);
	free(coder);
}

static struct xz_coder *xz_new(void)
{
	struct xz_coder *coder = calloc(1, sizeof(*coder));

	if (!coder)
		return NULL;
	coder->base.codec = &sqst_codec_xz;
	coder->allocator = (lzma_allocator){
	    .alloc = sqst_xz_pool_alloc, .free = sqst_xz_pool_free, .opaque = &coder->pool};
	return coder;
}

static struct sqst_coder *xz_compressor(const struct sqst_codec_config *config)
{
	struct xz_coder *coder = xz_new();
	const uint32_t dict = config->xz_dict_size ? config->xz_dict_size : config->block_size;

	if (!coder)
		return NULL;
	coder->filters = config->xz_filters;
	coder->dict_size = dict > METADATA_BLOCK ? dict : METADATA_BLOCK;
	if (coder->filters) {
		coder->trial_size =
		    config->block_size > METADATA_BLOCK ? config->block_size : METADATA_BLOCK;
		coder->trial = malloc(coder->trial_size);
	}
	if ((coder->filters && !coder->trial) || !fill_options(config, &coder->options)) {
		xz_free(&coder->base);
		return NULL;
	}
	return &coder->base;
}

/* A dictionary longer than the block only costs time; readers take any up to the image's. */
static uint32_t dict_size_for(const struct xz_coder *coder, size_t in_size)
{
	uint32_t size = LZMA_DICT_SIZE_MIN;

	while (size < in_size && size < coder->dict_size)
		size <<= 1;
	return size < coder->dict_size ? size : coder->dict_size;
}

/* Returns as sqst_codec's compress(). `filter` is a bit of enum sqst_xz_filter, or 0. */
static int32_t encode(struct xz_coder *coder, uint32_t filter, const uint8_t *in, size_t in_size,
		      uint8_t *out, size_t out_size)
{
	lzma_filter filters[3];
	size_t count = 0, written = 0;
	lzma_ret rc;

	if (filter)
		filters[count++] = (lzma_filter){.id = sqst_xz_filter_id(filter)};
	filters[count++] = (lzma_filter){.id = LZMA_FILTER_LZMA2, .options = &coder->options};
	filters[count] = (lzma_filter){.id = LZMA_VLI_UNKNOWN};

	rc = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, &coder->allocator, in, in_size,
				       out, &written, out_size);
	if (rc == LZMA_OK)
		return (int32_t)written;
	return rc == LZMA_MEM_ERROR ? SQST_ERR_NOMEM : 0;
}

static int32_t xz_compress(struct sqst_coder *base, const uint8_t *in, size_t in_size, uint8_t *out,
			   size_t out_size)
{
	struct xz_coder *coder = (struct xz_coder *)base;
	int32_t best, got;

	coder->options.dict_size = dict_size_for(coder, in_size);
	best = encode(coder, 0, in, in_size, out, out_size);
	for (uint32_t bit = 1; bit <= coder->filters && best >= 0; bit <<= 1) {
		size_t room = best ? (size_t)best - 1 : out_size;

		if (base->unwanted && *base->unwanted)
			return SQST_ERR_CANCELED;
		if (!(coder->filters & bit) || !sqst_xz_filter_may_change(bit, in, in_size))
			continue;
		if (room > coder->trial_size)
			room = coder->trial_size;
		got = encode(coder, bit, in, in_size, coder->trial, room);
		if (got > 0)
			memcpy(out, coder->trial, (size_t)got);
		if (got)
			best = got;
	}
	return best;
}

static struct sqst_coder *xz_decompressor(uint32_t block_size)
{
	struct xz_coder *coder = xz_new();

	(void)block_size;
	return coder ? &coder->base : NULL;
}

static int32_t xz_decompress(struct sqst_coder *base, const uint8_t *in, size_t in_size,
			     uint8_t *out, size_t out_size)
{
	struct xz_coder *coder = (struct xz_coder *)base;
	uint64_t memory = DECODER_MEMORY;
	size_t used = 0, written = 0;
	const lzma_ret rc = lzma_stream_buffer_decode(&memory, 0, &coder->allocator, in, &used,
						      in_size, out, &written, out_size);

	/* LZMA_MEMLIMIT_ERROR, for a dictionary that no block of squashfs has, is damage. */
	if (rc == LZMA_MEM_ERROR)
		return SQST_ERR_NOMEM;
	if (rc != LZMA_OK)
		return SQST_ERR_PARENT;
	base->rest = used < in_size;
	return (int32_t)written;
}

const struct sqst_codec sqst_codec_xz = {
    .id = SQST_CODEC_XZ,
    .name = NAME,
    .defaults = xz_defaults,
    .check = xz_check,
    .options = xz_options,
    .compressor = xz_compressor,
    .compress = xz_compress,
    .decompressor = xz_decompressor,
    .decompress = xz_decompress,
    .free = xz_free,
};
