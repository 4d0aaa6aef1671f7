/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codecs: what goes in comes out, damaged input is refused, settings are stored as the format
 * says and refused when they are out of range. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/codec.h"

static void round_trip(struct bench *bench, size_t size, bool may_not_fit)
{
	const size_t room = size < 2 ? bench->block_size : size - 1;
	int32_t packed, again;

	packed = pack(bench, size, bench->packed, room);
	assert_in_range(packed, may_not_fit ? 0 : 1, room);
	if (packed == 0)
		return;
	memset(bench->back, 0xa5, size);
	assert_int_equal(unpack(bench, bench->packed, (size_t)packed, bench->back, size), size);
	assert_memory_equal(bench->plain, bench->back, size);
	/* A coder carries nothing from one block to the next. */
	again = pack(bench, size, bench->back, room);
	assert_int_equal(again, packed);
	assert_memory_equal(bench->packed, bench->back, (size_t)packed);
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = {1, 2, 100, 4096, METADATA, 20000, 0};
	struct bench bench;

	(void)state;
	for (size_t s = 0; s < SETTINGS; s++) {
		if (!bench_open(&bench, &settings[s]))
			continue;
		for (size_t f = 0; f < FILLS; f++) {
			for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
				const size_t size = sizes[i] ? sizes[i] : bench.block_size;

				if (size > bench.block_size)
					continue;
				fills[f](bench.plain, size);
				round_trip(&bench, size, size < 4096 || fills[f] == fill_random);
			}
		}
		bench_close(&bench);
	}
}

/* No byte is written behind out_size: the buffers are exactly as long, for the sanitizer. */
static void test_no_room(void **state)
{
	struct bench bench;

	(void)state;
	for (size_t s = 0; s < SETTINGS; s++) {
		int32_t packed;

		if (!bench_open(&bench, &settings[s]))
			continue;
		fill_random(bench.plain, METADATA);
		assert_int_equal(pack(&bench, METADATA, bench.packed, METADATA - 1), 0);
		fill_text(bench.plain, METADATA);
		packed = pack(&bench, METADATA, bench.packed, METADATA - 1);
		assert_in_range(packed, 1, METADATA - 1);
		for (size_t room = 0; room < (size_t)packed; room = room * 2 + 1) {
			uint8_t *out = bytes(room);

			assert_int_equal(pack(&bench, METADATA, out, room), 0);
			free(out);
		}
		for (size_t room = 0; room < METADATA; room = room * 2 + 1) {
			uint8_t *out = bytes(room);

			assert_int_equal(unpack(&bench, bench.packed, (size_t)packed, out, room),
					 SQST_ERR_PARENT);
			free(out);
		}
		/* The coder still works after a refusal. */
		round_trip(&bench, METADATA, false);
		bench_close(&bench);
	}
}

/* What damage does to the content is the format's matter (lz4 and lzo have no checksum); that the
 * coder stays in its bounds and works on is ours. */
static void damage(struct bench *bench, const uint8_t *in, size_t size, size_t room)
{
	uint8_t *copy = bytes(size), *out = bytes(room);
	int32_t got;

	memcpy(copy, in, size);
	got = unpack(bench, copy, size, out, room);
	assert_true(got == SQST_ERR_PARENT || (got >= 0 && (size_t)got <= room));
	free(copy);
	free(out);
}

static void test_damage(void **state)
{
	uint32_t seed = 0xdecafbad;
	struct bench bench;

	(void)state;
	for (size_t s = 0; s < SETTINGS; s++) {
		size_t packed;
		int32_t got;

		if (!bench_open(&bench, &settings[s]))
			continue;
		fill_text(bench.plain, METADATA);
		got = pack(&bench, METADATA, bench.packed, METADATA - 1);
		assert_in_range(got, 1, METADATA - 1);
		packed = (size_t)got;

		for (size_t cut = 0; cut < packed; cut += 1 + cut / 16) {
			damage(&bench, bench.packed, cut, METADATA);
			/* lz4 has no mark of its end. */
			if (settings[s].id != SQST_CODEC_LZ4)
				assert_int_equal(
				    unpack(&bench, bench.packed, cut, bench.back, METADATA),
				    SQST_ERR_PARENT);
		}
		for (int i = 0; i < 2000; i++) {
			const size_t at = next(&seed) % (i % 2 ? packed : 16 % packed);
			const uint8_t old = bench.packed[at];

			bench.packed[at] ^= (uint8_t)(1 + next(&seed) % 255);
			damage(&bench, bench.packed, packed, 1 + next(&seed) % METADATA);
			damage(&bench, bench.packed, packed, METADATA);
			bench.packed[at] = old;
		}
		for (int i = 0; i < 200; i++) {
			for (size_t at = 0; at < 64; at++)
				bench.back[at] = (uint8_t)(next(&seed) >> 16);
			damage(&bench, bench.back, next(&seed) % 64, METADATA);
		}
		assert_int_equal(unpack(&bench, bench.packed, packed, bench.back, METADATA),
				 METADATA);
		assert_memory_equal(bench.plain, bench.back, METADATA);
		bench_close(&bench);
	}
}

/* Formats with a checksum notice every changed byte of the content. */
static void test_checksum(void **state)
{
	static const int ids[] = {SQST_CODEC_GZIP, SQST_CODEC_XZ};
	struct bench bench;

	(void)state;
	for (size_t s = 0; s < sizeof(ids) / sizeof(ids[0]); s++) {
		const struct setting setting = {.id = ids[s], .block_size = BLOCK};
		int32_t packed;

		if (!bench_open(&bench, &setting))
			continue;
		fill_text(bench.plain, METADATA);
		packed = pack(&bench, METADATA, bench.packed, METADATA - 1);
		assert_in_range(packed, 64, METADATA - 1);
		for (size_t at = 32; at < (size_t)packed; at += 29) {
			bench.packed[at] ^= 0x10;
			assert_int_equal(
			    unpack(&bench, bench.packed, (size_t)packed, bench.back, METADATA),
			    SQST_ERR_PARENT);
			bench.packed[at] ^= 0x10;
		}
		bench_close(&bench);
	}
}

struct golden {
	struct setting setting;
	size_t size;
	uint8_t bytes[8];
};

static void test_options(void **state)
{
	static const struct golden goldens[] = {
	    {{.id = SQST_CODEC_GZIP, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_GZIP, .level = 6, .block_size = BLOCK}, 8, {6, 0, 0, 0, 15}},
	    {{.id = SQST_CODEC_GZIP, .level = 10, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_GZIP, .level = 12, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_ZSTD, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_ZSTD, .level = 22, .block_size = BLOCK}, 4, {22}},
	    {{.id = SQST_CODEC_XZ, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_XZ, .dict_size = BLOCK, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_XZ, .dict_size = 24576, .block_size = BLOCK}, 8, {0, 0x60}},
	    {{.id = SQST_CODEC_XZ, .filters = SQST_XZ_ARM, .block_size = BLOCK},
	     8,
	     {0, 0, 2, 0, 8}},
	    {{.id = SQST_CODEC_XZ, .filters = SQST_XZ_X86, .block_size = 4096},
	     8,
	     {0, 0x20, 0, 0, 1}},
	    {{.id = SQST_CODEC_LZ4, .block_size = BLOCK}, 8, {1}},
	    {{.id = SQST_CODEC_LZ4, .hc = true, .block_size = BLOCK}, 8, {1, 0, 0, 0, 1}},
	    {{.id = SQST_CODEC_LZO, .algorithm = 4, .block_size = BLOCK}, 0, {0}},
	    {{.id = SQST_CODEC_LZO, .algorithm = 4, .level = 9, .block_size = BLOCK},
	     8,
	     {4, 0, 0, 0, 9}},
	    {{.id = SQST_CODEC_LZO, .algorithm = 3, .block_size = BLOCK}, 8, {3}},
	    {{.id = SQST_CODEC_LZO, .algorithm = 0, .level = 5, .block_size = BLOCK}, 8, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		const struct sqst_codec_config config = config_of(&goldens[i].setting);
		const struct sqst_codec *codec = sqst_codec_get(goldens[i].setting.id);
		uint8_t out[SQST_CODEC_OPTIONS_MAX];

		if (!codec)
			continue;
		assert_int_equal(codec->options(&config, out), goldens[i].size);
		assert_memory_equal(out, goldens[i].bytes, goldens[i].size);
	}
}

static void refused(const struct setting *setting, const char *message)
{
	const struct sqst_codec_config config = config_of(setting);
	struct sqst_report why = {0};

	if (setting->id != SQST_CODEC_LZMA && sqst_codec_name(setting->id)[0] != 'u' &&
	    !sqst_codec_get(setting->id))
		return;
	assert_int_equal(sqst_codec_check(&config, &why), SQST_ERR_OPTION);
	assert_int_equal(why.code, SQST_ERR_OPTION);
	assert_string_equal(why.message, message);
}

static void test_refused(void **state)
{
	static const struct {
		struct setting setting;
		const char *message;
	} cases[] = {
	    {{.id = SQST_CODEC_ZSTD, .level = 30, .block_size = BLOCK},
	     "zstd: compression level 30 is out of range 1 to 22"},
	    {{.id = SQST_CODEC_ZSTD, .level = -1, .block_size = BLOCK},
	     "zstd: compression level -1 is out of range 1 to 22"},
	    {{.id = SQST_CODEC_GZIP, .level = 13, .block_size = BLOCK},
	     "gzip: compression level 13 is out of range 1 to 12"},
	    {{.id = SQST_CODEC_LZO, .level = 10, .algorithm = 4, .block_size = BLOCK},
	     "lzo: compression level 10 is out of range 1 to 9"},
	    {{.id = SQST_CODEC_LZO, .algorithm = 5, .block_size = BLOCK},
	     "lzo: algorithm 5 is out of range 0 to 4"},
	    {{.id = SQST_CODEC_XZ, .dict_size = 4096, .block_size = BLOCK},
	     "xz: dictionary size 4096 is out of range 8192 to 131072 (the block size)"},
	    {{.id = SQST_CODEC_XZ, .dict_size = 262144, .block_size = BLOCK},
	     "xz: dictionary size 262144 is out of range 8192 to 131072 (the block size)"},
	    {{.id = SQST_CODEC_XZ, .dict_size = 40960, .block_size = BLOCK},
	     "xz: dictionary size 40960 is not of the form 2^n or 2^n+2^(n+1)"},
	    {{.id = SQST_CODEC_XZ, .filters = 65, .block_size = BLOCK},
	     "xz: unknown filter bits 0x40"},
	    {{.id = SQST_CODEC_GZIP, .block_size = 5000},
	     "block size 5000 is not a power of two from 4096 to 1048576"},
	    {{.id = SQST_CODEC_ZSTD, .block_size = 2048},
	     "block size 2048 is not a power of two from 4096 to 1048576"},
	    {{.id = SQST_CODEC_XZ, .block_size = 2097152},
	     "block size 2097152 is not a power of two from 4096 to 1048576"},
	    {{.id = SQST_CODEC_LZMA, .block_size = BLOCK},
	     "lzma: only legacy images can be read; use xz for new ones"},
	    {{.id = 7, .block_size = BLOCK}, "unknown compressor 7"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(&cases[i].setting, cases[i].message);
}

static void test_names(void **state)
{
	static const char *const names[] = {"gzip", "lzma", "lzo", "xz", "lz4", "zstd"};

	(void)state;
	for (int id = 1; id <= 6; id++) {
		const struct sqst_codec *codec = sqst_codec_get(id);

		assert_string_equal(sqst_codec_name(id), names[id - 1]);
		assert_int_equal(sqst_codec_by_name(names[id - 1]), id);
		assert_int_equal(sqst_codec_can_compress(id), codec && id != SQST_CODEC_LZMA);
		if (!codec)
			continue;
		assert_int_equal(codec->id, id);
		assert_string_equal(codec->name, names[id - 1]);
		if (id != SQST_CODEC_LZMA)
			assert_true(sqst_codec_can_decompress(id));
	}
	assert_string_equal(sqst_codec_name(0), "unknown");
	assert_string_equal(sqst_codec_name(7), "unknown");
	assert_string_equal(sqst_codec_name(-1), "unknown");
	assert_int_equal(sqst_codec_by_name("bzip2"), 0);
	assert_int_equal(sqst_codec_by_name(""), 0);
	assert_null(sqst_codec_get(0));
	assert_null(sqst_codec_get(7));
	assert_false(sqst_codec_can_decompress(0));
	sqst_coder_free(NULL);
}

/* Defaults are those of mksquashfs and pass their own check. */
static void test_defaults(void **state)
{
	struct sqst_codec_config config;

	(void)state;
	for (int id = 1; id <= 6; id++) {
		sqst_codec_defaults(&config, (enum sqst_codec_id)id, BLOCK);
		assert_int_equal(config.id, id);
		assert_int_equal(config.block_size, BLOCK);
		if (sqst_codec_can_compress(id))
			assert_int_equal(sqst_codec_check(&config, NULL), 0);
	}
}

/* "abcabc…" of 600 bytes as lzma_alone, the length in its header. */
static const uint8_t lzma_stream[] = {
    0x5d, 0x00, 0x00, 0x02, 0x00, 0x58, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x30, 0x98,
    0x88, 0xad, 0x4b, 0x37, 0x12, 0xa2, 0xa2, 0xcd, 0x1c, 0xcf, 0xff, 0xff, 0xda, 0xd3, 0x00, 0x00,
};

static void test_lzma(void **state)
{
	struct sqst_coder *coder;
	uint8_t out[600], copy[sizeof(lzma_stream)];
	uint32_t seed = 0x51ed270b;

	(void)state;
	if (!sqst_codec_can_decompress(SQST_CODEC_LZMA))
		skip();
	coder = sqst_codec_lzma.decompressor(BLOCK);
	assert_non_null(coder);
	assert_int_equal(
	    sqst_codec_lzma.decompress(coder, lzma_stream, sizeof(lzma_stream), out, sizeof(out)),
	    sizeof(out));
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], "abc"[i % 3]);
	assert_int_equal(
	    sqst_codec_lzma.decompress(coder, lzma_stream, sizeof(lzma_stream), out, 599),
	    SQST_ERR_PARENT);
	for (size_t cut = 0; cut <= 13; cut++)
		assert_int_equal(
		    sqst_codec_lzma.decompress(coder, lzma_stream, cut, out, sizeof(out)),
		    SQST_ERR_PARENT);
	for (int i = 0; i < 3000; i++) {
		int32_t got;

		memcpy(copy, lzma_stream, sizeof(copy));
		copy[next(&seed) % sizeof(copy)] ^= (uint8_t)(1 + next(&seed) % 255);
		got = sqst_codec_lzma.decompress(
		    coder, copy, 14 + next(&seed) % (sizeof(copy) - 13), out, sizeof(out));
		if (got != SQST_ERR_PARENT)
			assert_in_range(got, 0, sizeof(out));
	}
	sqst_coder_free(coder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),      cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_options),    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_damage),     cmocka_unit_test(test_checksum),
	    cmocka_unit_test(test_lzma),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
