/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where data goes in an update: each step by hand, then random layouts and chains of releases
 * against the promises of layout.h and against the steps of layout_oracle.h. SQST_SEED repeats a
 * run, SQST_ROUNDS makes it longer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/layout_oracle.h"
#include "support/unit.h"

/* ---- the promises */

static int by_place(const void *a, const void *b)
{
	const struct sqst_unit *left = a, *right = b;

	return (left->place > right->place) - (left->place < right->place);
}

/* Units do not overlap, and what is said of them is so. */
static void check_sums(const struct sqst_layout *layout, const struct sqst_unit *unit, size_t units)
{
	struct sqst_unit *sorted = malloc((units + 1) * sizeof(*sorted));
	uint64_t end = layout->start, gaps = 0, in_place = 0, moved = 0;

	assert_non_null(sorted);
	for (size_t i = 0; i < units; i++)
		sorted[i] = unit[i];
	qsort(sorted, units, sizeof(*sorted), by_place);
	for (size_t i = 0; i < units; i++) {
		assert_true(sorted[i].place >= end);
		gaps += sorted[i].place - end;
		end = sorted[i].place + sorted[i].size;
		if (sorted[i].old_place != NEW && sorted[i].place == sorted[i].old_place)
			in_place += sorted[i].size;
		else if (sorted[i].old_place != NEW)
			moved += sorted[i].size;
	}
	free(sorted);
	assert_int_equal(layout->end, end);
	assert_int_equal(layout->gaps, gaps);
	assert_int_equal(layout->in_place, in_place);
	assert_int_equal(layout->moved, moved);
}

/* `apart`: the units of the parent did not overlap, so what may stay stays. */
static void check(const struct sqst_layout *layout, const struct sqst_unit *unit, size_t units,
		  bool apart)
{
	const uint64_t align = layout->align ? layout->align : 1;
	uint64_t spare;

	check_sums(layout, unit, units);
	for (size_t i = 0; i < units; i++) {
		const bool parent = unit[i].old_place != NEW, fits = unit[i].old_place % align == 0;

		assert_int_equal(unit[i].place % align, 0);
		if (parent && fits && align <= 4096 && layout->level != SQST_LAYOUT_PACKED)
			assert_int_equal(unit[i].place % 4096, unit[i].old_place % 4096);
		if (parent && fits && apart && unit[i].old_place >= layout->start &&
		    layout->level == SQST_LAYOUT_PLACED)
			assert_int_equal(unit[i].place, unit[i].old_place);
	}
	spare = fresh(layout, unit, units);
	if (layout->level != SQST_LAYOUT_PACKED)
		assert_true(layout->end - layout->start <= spare + spare * layout->slack / 100);
	else if (align == 1)
		assert_int_equal(layout->gaps, 0);
	else
		assert_true(layout->gaps < align * (units + 1));
}

static void place(struct sqst_layout *layout, struct sqst_unit *unit, size_t units, bool apart)
{
	struct sqst_report why = {0};
	int rc;

	layout->level = 77;
	rc = sqst_layout_place(layout, unit, units, &why);
	if (rc < 0)
		print_error("%s\n", why.message);
	assert_int_equal(rc, 0);
	check(layout, unit, units, apart);
}

/* ---- by hand */

/* Rows are size, old place, and the place that must come out. */
static void expect(struct sqst_layout layout, const struct sqst_unit *row, size_t rows,
		   unsigned level)
{
	struct sqst_unit unit[MANY] = {0};

	for (size_t i = 0; i < rows; i++)
		unit[i] = (struct sqst_unit){row[i].size, row[i].old_place, 0};
	place(&layout, unit, rows, false);
	for (size_t i = 0; i < rows; i++)
		assert_int_equal(unit[i].place, row[i].place);
	assert_int_equal(layout.level, level);
}

#define EXPECT(level, layout, ...)                                                                 \
	expect((struct sqst_layout)layout, (const struct sqst_unit[]){__VA_ARGS__},                \
	       sizeof((const struct sqst_unit[]){__VA_ARGS__}) / sizeof(struct sqst_unit),         \
	       SQST_LAYOUT_##level)
#define IN(...)                                                                                    \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static void no_units_and_one(void **state)
{
	struct sqst_layout layout = {.start = 96};

	(void)state;
	place(&layout, NULL, 0, true);
	assert_int_equal(layout.end, 96);
	assert_int_equal(layout.level, SQST_LAYOUT_PLACED);
	EXPECT(PLACED, IN(.start = 96), {7, NEW, 96});
	EXPECT(PLACED, IN(.start = 96, .slack = 58), {7, 100, 100});
	EXPECT(PACKED, IN(.start = 96, .slack = 57), {7, 100, 96});
}

static void what_can_stay_stays_and_the_rest_fits_best(void **state)
{
	(void)state;
	/* Gaps of 104, 50, 80, 80: the lower of two, the smallest, the end. */
	EXPECT(PLACED, IN(.start = 96, .slack = 100), {100, 350, 350}, {100, 200, 200},
	       {70, 530, 530}, {200, 680, 680}, {45, NEW, 300}, {60, NEW, 600}, {80, NEW, 450},
	       {110, NEW, 880});
	/* What remains of a gap is a gap. */
	EXPECT(PLACED, IN(.slack = 100), {100, 0, 0}, {100, 140, 140}, {10, NEW, 130},
	       {30, NEW, 100});
	/* Of equal sizes the parent's goes first, then as the caller has them. */
	EXPECT(PLACED, IN(.start = 4096), {9, NEW, 4105}, {9, NEW, 4114}, {9, 0, 4096});
}

static void a_longer_head_displaces_by_whole_blocks(void **state)
{
	(void)state;
	/* The last one goes into the padding in front of the first. */
	EXPECT(PLACED, IN(.start = 5000, .slack = 100), {5000, 4100, 20484}, {6000, 9100, 9100},
	       {5000, 15100, 15100}, {100, 4000, 20384});
}

static void units_that_overlapped_are_parted(void **state)
{
	(void)state;
	EXPECT(PLACED, IN(.slack = 100), {5000, 0, 0}, {5000, 4999, 9095}, {3000, 5000, 5000});
	/* One that is displaced itself is in nobody's way. */
	EXPECT(PLACED, IN(.slack = 100), {5000, 0, 0}, {9000, 4000, 8096}, {10, 6000, 6000});
	EXPECT(PLACED, IN(.slack = 100), {50, 0, 0}, {50, 0, 12288}, {8192, NEW, 50});
}

static void the_last_units_move_into_gaps(void **state)
{
	(void)state;
	EXPECT(PLACED, IN(.slack = 57), {10000, 0, 0}, {20000, 30000, 30000}, {5000, 50000, 50000},
	       {100, 55000, 55000});
	EXPECT(FILLED, IN(.slack = 50), {10000, 0, 0}, {20000, 30000, 30000}, {5000, 50000, 17232},
	       {100, 55000, 14040});
	/* At half of the slack it ends: the one of 1000 would fit, too. */
	EXPECT(FILLED, IN(.slack = 34), {10000, 0, 0}, {12000, 20000, 20000}, {1000, 32000, 32000},
	       {6000, 33000, 12520});
	/* One may move within the gap in front of it. */
	EXPECT(FILLED, IN(.slack = 50), {100, 0, 0}, {5000, 10000, 1808});
}

static void chains_slide_down_by_whole_blocks(void **state)
{
	(void)state;
	/* As few as will do. */
	EXPECT(SLID, IN(.slack = 4), {40000, 0, 0}, {40000, 45000, 45000}, {40000, 90000, 85904},
	       {40000, 130000, 125904});
	EXPECT(SLID, IN(.slack = 3), {40000, 0, 0}, {40000, 45000, 40904}, {40000, 90000, 81808},
	       {40000, 130000, 121808});
	/* After the gaps are filled. */
	EXPECT(SLID, IN(.slack = 30), {10000, 0, 0}, {10000, 30000, 21808}, {5000, 40000, 15424},
	       {100, 45000, 12232});
}

static void tiny_images_are_packed(void **state)
{
	(void)state;
	EXPECT(PACKED, IN(.start = 96, .slack = 10), {100, 300, 196}, {100, 200, 96},
	       {105, NEW, 296});
	EXPECT(PACKED, IN(.slack = 20), {10000, 0, 0}, {10000, 30000, 15100}, {5000, 40000, 10100},
	       {100, 45000, 10000});
	EXPECT(PACKED, IN(.start = 96, .align = 512), {100, 5120, 1536}, {513, 1024, 512});
}

static void alignment_is_kept(void **state)
{
	(void)state;
	EXPECT(PLACED, IN(.start = 96, .align = 512, .slack = 200), {600, NEW, 512},
	       {100, NEW, 1536});
	/* With alignment a displaced unit keeps its place in a block if it was aligned. */
	EXPECT(PLACED, IN(.start = 1000, .align = 512, .slack = 10000), {100, 512, 4608},
	       {50, 1001, 1024});
	EXPECT(PLACED, IN(.start = 96, .align = 4096, .slack = 10000), {100, 8192, 8192},
	       {100, NEW, 4096});
	EXPECT(PLACED, IN(.start = 96, .align = 65536, .slack = 100000), {100, 65536, 65536},
	       {100, 69632, 131072}, {100, NEW, 196608});
	EXPECT(PLACED, IN(.start = 70000, .align = 65536, .slack = 100000), {100, 65536, 131072});
}

static void dead_tails_are_waste(void **state)
{
	(void)state;
	EXPECT(PLACED, IN(.start = 1000, .slack = 5), {1000, 1000, 1000}, {1000, 2100, 2100});
	EXPECT(PACKED, IN(.start = 1000, .slack = 5, .dead = 1), {1000, 1000, 1000},
	       {1000, 2100, 2000});
	EXPECT(PLACED, IN(.start = 1000, .slack = 6, .dead = 1), {1000, 1000, 1000},
	       {1000, 2100, 2100});
	EXPECT(PACKED, IN(.dead = 20), {10, 0, 0}, {10, 10, 10});
}

static void offsets_fit_into_an_image(void **state)
{
	const uint64_t top = INT64_MAX;
	static const struct sqst_unit bad[][2] = {
	    {{11, NEW, 0}, {1, 0, 0}},
	    {{1, INT64_MAX, 0}, {1, NEW, 0}},
	    {{1, NEW, 0}, {1, UINT64_MAX - 1, 0}},
	    {{UINT64_MAX, NEW, 0}, {1, NEW, 0}},
	    {{INT64_MAX, NEW, 0}, {INT64_MAX, NEW, 0}},
	};

	(void)state;
	EXPECT(PLACED, IN(.start = top - 10, .slack = UINT32_MAX), {10, NEW, top - 10});
	EXPECT(FILLED, IN(.slack = UINT32_MAX), {10, top - 10, 4085}, {1, NEW, 0});
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sqst_unit unit[2] = {bad[i][0], bad[i][1]};
		struct sqst_layout layout = {.start = top - 10};
		struct sqst_report why = {0};

		assert_int_equal(sqst_layout_place(&layout, unit, 2, &why), SQST_ERR_LIMIT);
		assert_non_null(strstr(why.message, "largest file offset"));
		assert_int_equal(sqst_layout_place(&layout, unit, 2, NULL), SQST_ERR_LIMIT);
	}
}

/* ---- at random */

static uint64_t below(uint64_t *random, uint64_t limit)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*random >> 33) % limit;
}

static uint64_t random_size(uint64_t *random)
{
	static const uint64_t most[] = {4, 300, 4096, 20000, 300000};

	return 1 + below(random, most[below(random, 5)]);
}

static void random_layout(struct sqst_layout *layout, uint64_t *random)
{
	static const uint32_t align[] = {0, 0, 1, 512, 4096, 65536};
	static const uint32_t slack[] = {0, 1, 5, 10, 20, 50, 100, 1000};

	*layout = (struct sqst_layout){
	    .start = below(random, 10000),
	    .align = align[below(random, 6)],
	    .slack = slack[below(random, 8)],
	};
}

/* What a parent may have had, with holes; returns whether no two overlap. */
static bool random_units(const struct sqst_layout *layout, struct sqst_unit *unit, size_t units,
			 uint64_t *random)
{
	const bool apart = below(random, 8) > 0;
	const uint64_t hole = random_size(random);
	uint64_t end = layout->start / (1 + below(random, 2));

	for (size_t i = 0; i < units; i++) {
		const size_t other = below(random, i + 1);
		const uint64_t step =
		    layout->align && below(random, 8) ? layout->align : 1 + below(random, 2);
		const uint64_t old_place =
		    (end + below(random, 3) / 2 * below(random, hole) + step - 1) / step * step;
		struct sqst_unit next = {random_size(random), old_place, 0};

		if (below(random, 4) == 0)
			next.old_place = NEW;
		else
			end = old_place + (apart ? next.size : below(random, next.size + 1));
		unit[i] = unit[other];
		unit[other] = next;
	}
	return apart;
}

static uint64_t seed(unsigned long *rounds)
{
	const char *seed_text = getenv("SQST_SEED"), *rounds_text = getenv("SQST_ROUNDS");
	const uint64_t number = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t)time(NULL);

	*rounds = rounds_text ? strtoul(rounds_text, NULL, 0) : 1000;
	print_message("SQST_SEED=%llu SQST_ROUNDS=%lu\n", (unsigned long long)number, *rounds);
	return number;
}

static void random_layouts_match_the_slow_ones(void **state)
{
	unsigned long rounds;
	uint64_t random = seed(&rounds);

	(void)state;
	for (unsigned long round = 0; round < 4 * rounds; round++) {
		struct sqst_unit unit[MANY] = {0}, again[MANY], slow[MANY];
		struct sqst_layout layout, twice;
		const size_t units = below(&random, MANY / (1 + below(&random, 8)));
		bool apart;

		random_layout(&layout, &random);
		apart = random_units(&layout, unit, units, &random);
		for (size_t i = 0; i < units && below(&random, 2); i++)
			layout.dead += below(&random, unit[i].size + 1) / 16;
		memcpy(again, unit, sizeof(unit));
		memcpy(slow, unit, sizeof(unit));
		twice = layout;
		place(&layout, unit, units, apart);
		place(&twice, again, units, apart);
		assert_memory_equal(&layout, &twice, sizeof(layout));
		assert_memory_equal(unit, again, sizeof(unit));
		assert_int_equal(slow_place(&twice, slow, units), layout.level);
		assert_memory_equal(unit, slow, sizeof(unit));
	}
}

/* Releases that lose and gain units, each one's places being what the next one starts from. */
static void chains_of_releases_stay_within_the_slack(void **state)
{
	unsigned long rounds;
	uint64_t random = seed(&rounds);

	(void)state;
	for (unsigned long round = 0; round < rounds / 10; round++) {
		struct sqst_unit unit[400];
		struct sqst_layout layout;
		size_t units = 0;

		random_layout(&layout, &random);
		for (int release = 0; release < 50; release++) {
			size_t left = 0, more = below(&random, release ? 20 : 200);
			const uint64_t chance = 2 + below(&random, 20);

			for (size_t i = 0; i < units; i++) {
				if (below(&random, chance) > 0)
					unit[left++] =
					    (struct sqst_unit){unit[i].size, unit[i].place, 0};
			}
			for (units = left; more > 0 && units < 400; more--)
				unit[units++] = (struct sqst_unit){random_size(&random), NEW, 0};
			/* The head now and then gets longer. */
			layout.start += below(&random, 10) / 9 * below(&random, 500);
			place(&layout, unit, units, true);
		}
	}
}

/* Each search finds thousands of gaps that are large enough and begin a byte off. */
static void gaps_in_the_wrong_place_are_left_in_time(void **state)
{
	enum { PAIRS = 10000 };
	const uint64_t base = UINT64_C(1) << 30;
	struct sqst_unit *unit = calloc(2 * PAIRS, sizeof(*unit));
	struct sqst_layout layout = {.slack = 60};

	(void)state;
	assert_non_null(unit);
	for (uint64_t i = 0; i < PAIRS; i++) {
		unit[i] = (struct sqst_unit){4192, base + i * 8192 + 1905, 0};
		unit[PAIRS + i] =
		    (struct sqst_unit){4000, base + PAIRS * 8192 + i * 4096 + 2000, 0};
	}
	place(&layout, unit, (size_t)2 * PAIRS, true);
	assert_int_equal(layout.level, SQST_LAYOUT_FILLED);
	free(unit);
}

static void large_images_take_little_time(void **state)
{
	enum { UNITS = 200000 };
	struct sqst_unit *unit = calloc(UNITS, sizeof(*unit));
	struct sqst_layout layout = {.slack = 10};
	unsigned long rounds;
	uint64_t random = seed(&rounds), end = 0;

	(void)state;
	assert_non_null(unit);
	for (size_t i = 0; i < UNITS; i++) {
		unit[i] = (struct sqst_unit){random_size(&random), i % 5 ? end : NEW, 0};
		end += i % 5 ? unit[i].size + below(&random, 3) / 2 * random_size(&random) : 0;
	}
	place(&layout, unit, UNITS, true);
	free(unit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_units_and_one),
	    cmocka_unit_test(what_can_stay_stays_and_the_rest_fits_best),
	    cmocka_unit_test(a_longer_head_displaces_by_whole_blocks),
	    cmocka_unit_test(units_that_overlapped_are_parted),
	    cmocka_unit_test(the_last_units_move_into_gaps),
	    cmocka_unit_test(chains_slide_down_by_whole_blocks),
	    cmocka_unit_test(tiny_images_are_packed),
	    cmocka_unit_test(alignment_is_kept),
	    cmocka_unit_test(dead_tails_are_waste),
	    cmocka_unit_test(offsets_fit_into_an_image),
	    cmocka_unit_test(random_layouts_match_the_slow_ones),
	    cmocka_unit_test(chains_of_releases_stay_within_the_slack),
	    cmocka_unit_test(gaps_in_the_wrong_place_are_left_in_time),
	    cmocka_unit_test(large_images_take_little_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
