/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of compressors: which there are, which this build has, and their settings. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "codec/codec.h"

#define BLOCK_SIZE_MIN 4096U
#define BLOCK_SIZE_MAX (1024U * 1024U)

/* Indexed by the superblock's compression_id. A name without a codec: not in this build. */
static const struct {
	const char *name;
	const struct sqst_codec *codec;
} codecs[] = {
    [SQST_CODEC_GZIP] = {.name = "gzip",
#ifdef HAVE_GZIP
			 .codec = &sqst_codec_gzip
#endif
    },
    [SQST_CODEC_LZMA] = {.name = "lzma", .codec = &sqst_codec_lzma},
    [SQST_CODEC_LZO] = {.name = "lzo",
#ifdef HAVE_LZO
			.codec = &sqst_codec_lzo
#endif
    },
    [SQST_CODEC_XZ] = {.name = "xz",
#ifdef HAVE_XZ
		       .codec = &sqst_codec_xz
#endif
    },
    [SQST_CODEC_LZ4] = {.name = "lz4",
#ifdef HAVE_LZ4
			.codec = &sqst_codec_lz4
#endif
    },
    [SQST_CODEC_ZSTD] = {.name = "zstd",
#ifdef HAVE_ZSTD
			 .codec = &sqst_codec_zstd
#endif
    },
};

#define CODEC_COUNT ((int)(sizeof(codecs) / sizeof(codecs[0])))

const struct sqst_codec *sqst_codec_get(int id)
{
	return id > 0 && id < CODEC_COUNT ? codecs[id].codec : NULL;
}

int sqst_codec_by_name(const char *name)
{
	for (int id = 1; id < CODEC_COUNT; id++) {
		if (strcmp(name, codecs[id].name) == 0)
			return id;
	}
	return 0;
}

const char *sqst_codec_name(int id)
{
	return id > 0 && id < CODEC_COUNT ? codecs[id].name : "unknown";
}

bool sqst_codec_can_compress(int id)
{
	const struct sqst_codec *codec = sqst_codec_get(id);

	return codec && codec->compressor;
}

bool sqst_codec_can_decompress(int id)
{
	const struct sqst_codec *codec = sqst_codec_get(id);
	struct sqst_coder *coder;

	if (!codec || !codec->decompressor)
		return false;
	if (codec != &sqst_codec_lzma)
		return true;
	/* Only libsquashfs knows whether it was built with lzma. */
	coder = codec->decompressor(BLOCK_SIZE_MIN);
	sqst_coder_free(coder);
	return coder != NULL;
}

void sqst_codec_defaults(struct sqst_codec_config *config, enum sqst_codec_id id,
			 uint32_t block_size)
{
	const struct sqst_codec *codec = sqst_codec_get((int)id);

	*config = (struct sqst_codec_config){.id = id, .block_size = block_size};
	if (codec)
		codec->defaults(config);
}

int sqst_codec_check(const struct sqst_codec_config *config, struct sqst_report *why)
{
	const int id = (int)config->id;
	const uint32_t block_size = config->block_size;

	if (id <= 0 || id >= CODEC_COUNT)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "unknown compressor %d", id);
	if (!codecs[id].codec)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "%s: not included in this build",
				 codecs[id].name);
	if (block_size < BLOCK_SIZE_MIN || block_size > BLOCK_SIZE_MAX ||
	    (block_size & (block_size - 1)) != 0)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "block size %u is not a power of two from %u to %u", block_size,
				 BLOCK_SIZE_MIN, BLOCK_SIZE_MAX);
	return codecs[id].codec->check ? codecs[id].codec->check(config, why) : 0;
}
