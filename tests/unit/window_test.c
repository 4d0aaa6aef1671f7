/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place where U-Boot sees a listing whole is reached from wherever the stream is, with every
 * compressor and without, by few dead bytes. SQST_SEED repeats a run, SQST_ROUNDS makes it longer.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/unit.h"
#include "write/window.h"

#define ROUNDS 25

/* What U-Boot computes from a listing that begins in a block at `start`: the bytes that it takes
 * its entries from. dirs->size is a size_t. */
static uint64_t seen(uint64_t start)
{
	return (uint64_t)(uint16_t)start - 12;
}

static void fits(void **state)
{
	(void)state;
	for (uint64_t start = 0; start < 3 * 65536; start++) {
		for (uint64_t size = 1; size < 70000; size += size < 20 ? 1 : 977) {
			if (sqst_window_fits(start, SQST_WINDOW_NEED(size)))
				assert_true(seen(start) >= size - 12 + 16);
		}
		assert_true(sqst_window_fits(start, 0));
	}
	assert_true(sqst_window_fits(0, UINT32_MAX));
	assert_true(sqst_window_fits(65536 + 11, UINT32_MAX));
	assert_false(sqst_window_fits(65536 + 12, UINT32_MAX));
	assert_false(sqst_window_fits(65535, 65536));
}

struct random {
	uint64_t state;
};

static uint32_t draw(struct random *random, uint32_t below)
{
	random->state = random->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(random->state >> 33) % below;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Content that compresses more or less. */
static void append(struct sqst_stream *meta, struct random *random)
{
	uint32_t left = draw(random, 30000);
	const uint32_t kinds = 1 + draw(random, 255);

	for (; left > 0; left--) {
		const uint8_t byte = (uint8_t)draw(random, kinds);

		assert_int_equal(sqst_stream_append(meta, &byte, 1), 0);
	}
}

static uint64_t draw_need(struct random *random)
{
	switch (draw(random, 4)) {
	case 0:
		return SQST_WINDOW_NEED(65536 + draw(random, 1000000));
	case 1:
		return 65535 - draw(random, 40);
	default:
		return SQST_WINDOW_NEED(1 + draw(random, 65519));
	}
}

static void reach(enum sqst_codec_id id, bool raw)
{
	struct sqst_codec_config config;
	struct sqst_report why = {0};
	struct sqst_window window;
	struct sqst_pool *pool;
	struct sqst_stream meta = {0};
	struct random random = {number_from("SQST_SEED", 1) + (uint64_t)id};

	sqst_codec_defaults(&config, id, 131072);
	assert_int_equal(sqst_pool_new(&config, 1, &pool, &why), 0);
	assert_int_equal(sqst_stream_init(&meta, pool, raw, NULL, &why), 0);
	for (uint64_t i = 0; i < number_from("SQST_ROUNDS", ROUNDS); i++) {
		const uint64_t need = draw_need(&random);
		uint64_t before, start, reached;

		append(&meta, &random);
		assert_int_equal(sqst_stream_start(&meta, &before), 0);
		assert_int_equal(sqst_window_reach(&meta, &window, need, &reached), 0);
		assert_int_equal(sqst_stream_place(&meta) & 0xFFFF, 0);
		assert_int_equal(sqst_stream_start(&meta, &start), 0);
		assert_int_equal(start, reached);
		assert_true(sqst_window_fits(start, need));
		assert_int_equal(sqst_stream_reference(&meta, sqst_stream_place(&meta)) >> 16,
				 start);
		/* Once around, and once more where it was too near. */
		assert_true(start - before < 2 * 65536 + 3 * 8194);
	}
	sqst_stream_release(&meta);
	sqst_pool_free(pool);
}

static void reach_with_all(void **state)
{
	(void)state;
	for (int id = SQST_CODEC_GZIP; id <= SQST_CODEC_ZSTD; id++) {
		if (!sqst_codec_can_compress(id))
			continue;
		reach((enum sqst_codec_id)id, false);
		reach((enum sqst_codec_id)id, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fits),
	    cmocka_unit_test(reach_with_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
