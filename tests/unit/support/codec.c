/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of data, settings of every codec, and a pair of coders with buffers to try them with. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "codec.h"

/* Deterministic bytes: xorshift32. */
uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void fill_zero(uint8_t *data, size_t size)
{
	memset(data, 0, size);
}

void fill_random(uint8_t *data, size_t size)
{
	uint32_t state = 0x2545f491;

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(next(&state) >> 16);
}

void fill_text(uint8_t *data, size_t size)
{
	static const char *const words[] = {"inode ", "lookup ", "table ", "of ",  "the ",
					    "lower ", "image",   "\n",     "has ", "number "};
	uint32_t state = 0x9e3779b9;
	size_t at = 0;

	while (at < size) {
		const char *word = words[next(&state) % 10];
		size_t length = strlen(word);

		if (length > size - at)
			length = size - at;
		memcpy(data + at, word, length);
		at += length;
	}
}

/* Sparse records and calls of functions: all paths of gzip's choice and of xz' filters. */
static void fill_binary(uint8_t *data, size_t size)
{
	uint32_t state = 0x1234567;

	memset(data, 0, size);
	for (size_t at = 0; at + 16 < size; at += 12 + next(&state) % 24) {
		data[at] = 0xe8;
		data[at + 1] = (uint8_t)next(&state);
		data[at + 5] = (uint8_t)(next(&state) % 7);
		data[at + 9] = 0x89;
	}
}

static void fill_sparse(uint8_t *data, size_t size)
{
	uint32_t state = 0x7654321;

	memset(data, 0, size);
	for (size_t at = 0; at < size; at += 500 + next(&state) % 3000)
		data[at] = (uint8_t)next(&state);
}

void (*const fills[FILLS])(uint8_t *data, size_t size) = {fill_zero, fill_random, fill_text,
							  fill_binary, fill_sparse};

const struct setting settings[SETTINGS] = {
    {.id = SQST_CODEC_GZIP, .level = 1, .block_size = BLOCK},
    {.id = SQST_CODEC_GZIP, .level = 9, .block_size = BLOCK},
    {.id = SQST_CODEC_GZIP, .level = 9, .block_size = 1024 * 1024},
    {.id = SQST_CODEC_GZIP, .level = 12, .block_size = 4096},
    {.id = SQST_CODEC_ZSTD, .level = 1, .block_size = 4096},
    {.id = SQST_CODEC_ZSTD, .level = 15, .block_size = BLOCK},
    {.id = SQST_CODEC_ZSTD, .level = 22, .block_size = BLOCK},
    {.id = SQST_CODEC_XZ, .block_size = BLOCK},
    {.id = SQST_CODEC_XZ, .block_size = 4096},
    {.id = SQST_CODEC_XZ, .filters = SQST_XZ_X86 | SQST_XZ_ARM, .block_size = BLOCK},
    {.id = SQST_CODEC_XZ, .filters = 63, .dict_size = 24576, .block_size = 65536},
    {.id = SQST_CODEC_LZ4, .block_size = BLOCK},
    {.id = SQST_CODEC_LZ4, .hc = true, .block_size = BLOCK},
    {.id = SQST_CODEC_LZO, .algorithm = 0, .block_size = BLOCK},
    {.id = SQST_CODEC_LZO, .algorithm = 1, .block_size = 4096},
    {.id = SQST_CODEC_LZO, .algorithm = 2, .block_size = BLOCK},
    {.id = SQST_CODEC_LZO, .algorithm = 3, .block_size = BLOCK},
    {.id = SQST_CODEC_LZO, .algorithm = 4, .level = 8, .block_size = BLOCK},
};

struct sqst_codec_config config_of(const struct setting *setting)
{
	struct sqst_codec_config config;

	sqst_codec_defaults(&config, (enum sqst_codec_id)setting->id, setting->block_size);
	if (setting->level)
		config.level = setting->level;
	config.lz4_hc = setting->hc;
	config.xz_filters = setting->filters;
	config.xz_dict_size = setting->dict_size;
	if (setting->id == SQST_CODEC_LZO)
		config.lzo_algorithm = setting->algorithm;
	return config;
}

/* Exactly `size` bytes, so that a sanitizer sees one byte too many. */
uint8_t *bytes(size_t size)
{
	uint8_t *data = malloc(size ? size : 1);

	assert_non_null(data);
	return data;
}

bool bench_open(struct bench *bench, const struct setting *setting)
{
	const struct sqst_codec_config config = config_of(setting);
	struct sqst_report why = {0};

	bench->codec = sqst_codec_get(setting->id);
	if (!bench->codec)
		return false;
	if (sqst_codec_check(&config, &why) != 0)
		fail_msg("%s", why.message);
	bench->block_size = setting->block_size > METADATA ? setting->block_size : METADATA;
	bench->compressor = bench->codec->compressor(&config);
	bench->decompressor = bench->codec->decompressor(setting->block_size);
	assert_non_null(bench->compressor);
	assert_non_null(bench->decompressor);
	bench->plain = bytes(bench->block_size);
	bench->packed = bytes(bench->block_size);
	bench->back = bytes(bench->block_size);
	return true;
}

void bench_close(struct bench *bench)
{
	sqst_coder_free(bench->compressor);
	sqst_coder_free(bench->decompressor);
	free(bench->plain);
	free(bench->packed);
	free(bench->back);
}

int32_t pack(struct bench *bench, size_t size, uint8_t *out, size_t room)
{
	return bench->codec->compress(bench->compressor, bench->plain, size, out, room);
}

int32_t unpack(struct bench *bench, const uint8_t *in, size_t size, uint8_t *out, size_t room)
{
	return bench->codec->decompress(bench->decompressor, in, size, out, room);
}
