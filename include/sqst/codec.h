/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file codec.h
 * The compressors of squashfs 4.0: what they are called, what can be set, and how their settings
 * are stored in an image.
 */
#ifndef SQST_CODEC_H
#define SQST_CODEC_H

#include "sqst/report.h"

/** Compressor identifiers, with the values of the superblock's compression_id. */
enum sqst_codec_id {
	SQST_CODEC_GZIP = 1,
	SQST_CODEC_LZMA = 2, /**< legacy; can be read only */
	SQST_CODEC_LZO = 3,
	SQST_CODEC_XZ = 4,
	SQST_CODEC_LZ4 = 5,
	SQST_CODEC_ZSTD = 6,
};

/** Filters of xz, with the bits that the format stores. */
enum sqst_xz_filter {
	SQST_XZ_X86 = 1,
	SQST_XZ_POWERPC = 2,
	SQST_XZ_IA64 = 4,
	SQST_XZ_ARM = 8,
	SQST_XZ_ARMTHUMB = 16,
	SQST_XZ_SPARC = 32,
};

/** Settings of a compressor; sqst_codec_defaults() fills them. Fields of others are ignored. */
struct sqst_codec_config {
	enum sqst_codec_id id;
	/** Bytes, a power of two from 4 KiB to 1 MiB. */
	uint32_t block_size;
	/** gzip 1 to 12 (default 9, see sqfs-stable-build(1) for what a level is), zstd 1 to 22
	 *  (default 15), lzo 1 to 9 (default 8). */
	int level;
	/** lz4: high compression. */
	bool lz4_hc;
	/** xz: filters to try besides none, an or of ::sqst_xz_filter; the smallest result is kept.
	 */
	uint32_t xz_filters;
	/** xz: bytes, 8 KiB to the block size, of the form 2^n or 2^n+2^(n+1); 0: the block size.
	 */
	uint32_t xz_dict_size;
	/** xz: preset 0 to 9 (default 6), and its slower "extreme" form. The dictionary is
	 *  xz_dict_size, whatever the preset. */
	int xz_preset;
	bool xz_extreme;
	/** xz: literal context bits, literal position bits (together at most 4), position bits (0
	 *  to 4); -1: the preset's. */
	int xz_lc;
	int xz_lp;
	int xz_pb;
	/** lzo: 0 lzo1x_1, 1 lzo1x_1_11, 2 lzo1x_1_12, 3 lzo1x_1_15, 4 lzo1x_999 (default). */
	int lzo_algorithm;
};

/** Defaults of a compressor, those of mksquashfs. */
SQST_API void sqst_codec_defaults(struct sqst_codec_config *config, enum sqst_codec_id id,
				  uint32_t block_size);

/** Find a compressor by name ("gzip", "xz", "lz4", "zstd", "lzo", "lzma"). 0 if there is none. */
SQST_API int sqst_codec_by_name(const char *name);

/** Its name; "unknown" for what is none. */
SQST_API const char *sqst_codec_name(int id);

/** Whether this build of the library can compress with it (lzma never, lzo if configured). */
SQST_API bool sqst_codec_can_compress(int id);

/**
 * Check settings.
 * @return 0 or SQST_ERR_OPTION, with what is out of range
 */
SQST_API int sqst_codec_check(const struct sqst_codec_config *config, struct sqst_report *why);

#endif
