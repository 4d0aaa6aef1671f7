/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the codecs: one const table of functions a compressor, one file each. */
#ifndef LIB_CODEC_H
#define LIB_CODEC_H

#include <stdatomic.h>

#include "sqst/codec.h"

/* Longest options block content that any compressor stores (xz: 8, gzip: 8, lzo: 8). */
#define SQST_CODEC_OPTIONS_MAX 16

/* One coder: one thread's state. Use it from one thread at a time. */
struct sqst_coder {
	const struct sqst_codec *codec;
	/* The last decompress() left bytes after the end of the stream. Readers differ in what
	 * they make of them: the kernel does not look, unsquashfs refuses them with xz. */
	bool rest;
	/* If set and true, the result of compress() is of no use any more; what takes long may look
	 * and return SQST_ERR_CANCELED. May be NULL. */
	const atomic_bool *unwanted;
};

struct sqst_codec {
	enum sqst_codec_id id;
	const char *name;

	void (*defaults)(struct sqst_codec_config *config);
	/* 0 or SQST_ERR_OPTION. NULL: nothing can be set wrong. */
	int (*check)(const struct sqst_codec_config *config, struct sqst_report *why);

	/* Bytes that the options block holds, written to out; 0 when all is default and the format
	 * allows to leave them out (lz4's never may be). */
	size_t (*options)(const struct sqst_codec_config *config,
			  uint8_t out[SQST_CODEC_OPTIONS_MAX]);

	/* NULL if memory is short. NULL function: cannot compress. */
	struct sqst_coder *(*compressor)(const struct sqst_codec_config *config);
	/* Compress in_size bytes into out, at most out_size. Returns bytes written; 0 if they would
	 * not fit in out_size (store it then); negative ::sqst_error. in_size is at most the block
	 * size (8 KiB for metadata). */
	int32_t (*compress)(struct sqst_coder *coder, const uint8_t *in, size_t in_size,
			    uint8_t *out, size_t out_size);

	/* NULL if memory is short. NULL function: cannot decompress. */
	struct sqst_coder *(*decompressor)(uint32_t block_size);
	/* Returns bytes written, at most out_size; SQST_ERR_PARENT on damaged or overlong input,
	 * SQST_ERR_NOMEM. Must be safe on hostile input. */
	int32_t (*decompress)(struct sqst_coder *coder, const uint8_t *in, size_t in_size,
			      uint8_t *out, size_t out_size);

	void (*free)(struct sqst_coder *coder);
};

extern const struct sqst_codec sqst_codec_gzip;
extern const struct sqst_codec sqst_codec_lzma;
extern const struct sqst_codec sqst_codec_xz;
extern const struct sqst_codec sqst_codec_lz4;
extern const struct sqst_codec sqst_codec_zstd;
#ifdef HAVE_LZO
extern const struct sqst_codec sqst_codec_lzo;
#endif

/* For check(): 0 if level is 1 to max, else SQST_ERR_OPTION with the range. */
static inline int sqst_codec_check_level(const char *name, int level, int max,
					 struct sqst_report *why)
{
	if (level >= 1 && level <= max)
		return 0;
	return sqst_fail(why, SQST_ERR_OPTION, NULL,
			 "%s: compression level %d is out of range 1 to %d", name, level, max);
}

/* NULL if this build does not have it. */
const struct sqst_codec *sqst_codec_get(int id);

static inline void sqst_coder_free(struct sqst_coder *coder)
{
	if (coder)
		coder->codec->free(coder);
}

/** Whether this build of the library can decompress it. */
bool sqst_codec_can_decompress(int id);

#endif
