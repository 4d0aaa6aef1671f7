/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file codec.h
 * The compressors of squashfs 4.0: their names, their settings, and which of them this build of the
 * library has.
 *
 * Thread rule: that of report.h. All functions here are pure; settings are passed by pointer and
 * never kept.
 *
 * Not promised: see report.h. In addition, that another version of a compressor's library gives the
 * same compressed bytes, or that the defaults stay what they are: they follow mksquashfs.
 */
#ifndef SQST_CODEC_H
#define SQST_CODEC_H

#include "sqst/report.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Compressor identifiers: compression_id of the superblock (fs/squashfs/squashfs_fs.h of Linux).
 */
enum sqst_codec_id {
	SQST_CODEC_GZIP = 1,
	SQST_CODEC_LZMA = 2, /**< legacy, read only */
	SQST_CODEC_LZO = 3,
	SQST_CODEC_XZ = 4,
	SQST_CODEC_LZ4 = 5,
	SQST_CODEC_ZSTD = 6,
};

/** Filters of xz, with the bits that the xz options in an image have (xz_wrapper.c of
 *  squashfs-tools). */
enum sqst_xz_filter {
	SQST_XZ_X86 = 1,
	SQST_XZ_POWERPC = 2,
	SQST_XZ_IA64 = 4,
	SQST_XZ_ARM = 8,
	SQST_XZ_ARMTHUMB = 16,
	SQST_XZ_SPARC = 32,
};

/** Settings of a compressor. Fill with sqst_codec_defaults(), then set what differs. Fields of
 *  other compressors are ignored. */
struct sqst_codec_config {
	enum sqst_codec_id id;
	/** Bytes of a data block, a power of two from 4 KiB to 1 MiB. */
	uint32_t block_size;
	/** gzip 1 to 12 (default 9; sqfs-stable-build(1) says what each level is), zstd 1 to 22
	 *  (default 15), lzo 1 to 9 (default 8). */
	int level;
	/** lz4: high compression. */
	bool lz4_hc;
	/** xz: filters to try in addition to none, an or of ::sqst_xz_filter; the smallest result
	 *  is kept. */
	uint32_t xz_filters;
	/** xz: dictionary size in bytes, 8 KiB to the block size, of the form 2^n or 2^n+2^(n+1);
	 *  0: the block size. */
	uint32_t xz_dict_size;
	/** xz: preset 0 to 9 (default 6), and its slower "extreme" variant. The dictionary size is
	 *  xz_dict_size, whatever the preset says. */
	int xz_preset;
	bool xz_extreme;
	/** xz: literal context bits and literal position bits (together at most 4), position bits
	 *  (0 to 4); -1: the preset's. */
	int xz_lc;
	int xz_lp;
	int xz_pb;
	/** lzo: 0 lzo1x_1, 1 lzo1x_1_11, 2 lzo1x_1_12, 3 lzo1x_1_15, 4 lzo1x_999 (default). */
	int lzo_algorithm;
	/** 0; for options to come. */
	uint64_t reserved[4];
};

/**
 * Fill in the defaults of a compressor, those of mksquashfs.
 * @param config      every field is set, whatever it held
 * @param id          one that this build does not have gets only id and block_size
 * @param block_size  bytes; checked by sqst_codec_check() only
 */
SQST_API void sqst_codec_defaults(struct sqst_codec_config *config, enum sqst_codec_id id,
				  uint32_t block_size);

/**
 * Find a compressor by name: "gzip", "lzma", "lzo", "xz", "lz4" or "zstd".
 * @return an ::sqst_codec_id, whether or not this build has it; 0 for any other name
 */
SQST_API int sqst_codec_by_name(const char *name);

/** The name of a compressor, "unknown" for any other number. Static text, never NULL. */
SQST_API const char *sqst_codec_name(int id);

/** Whether this build of the library can compress with it: lzma never, others as configured. False
 *  for a number that is no compressor. */
SQST_API bool sqst_codec_can_compress(int id);

/**
 * Check settings for compressing.
 * @return 0 or SQST_ERR_OPTION (the compressor is unknown, not in this build or lzma; a setting is
 *         out of range)
 */
SQST_API int sqst_codec_check(const struct sqst_codec_config *config, struct sqst_report *why);

#ifdef __cplusplus
}
#endif

#endif
