/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a new release safe after an old one: each kind of difference, and random pairs of releases
 * against the definitions, written down once more without a sorted list. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sqst/check.h"
#include "sqst/image.h"
#include "support/numbering.h"

struct pair {
	struct sqst_numbers *was_numbers;
	struct sqst_numbers *is_numbers;
	struct sqst_check_release was;
	struct sqst_check_release is;
	struct sqst_check *check;
};

static void open_pair(struct pair *pair, const char *was, uint32_t was_top, const char *is,
		      uint32_t is_top)
{
	memset(pair, 0, sizeof(*pair));
	pair->was_numbers = numbers_of(was, was_top);
	pair->is_numbers = numbers_of(is, is_top);
	pair->was = (struct sqst_check_release){.numbers = pair->was_numbers, .exports = true};
	pair->is = (struct sqst_check_release){.numbers = pair->is_numbers, .exports = true};
}

static const struct sqst_check *compare(struct pair *pair)
{
	struct sqst_report why = {0};

	sqst_check_free(pair->check);
	pair->check = NULL;
	require(sqst_check_compare(&pair->was, &pair->is, &pair->check, &why), &why);
	return pair->check;
}

static void close_pair(struct pair *pair)
{
	sqst_check_free(pair->check);
	sqst_numbers_free(pair->was_numbers);
	sqst_numbers_free(pair->is_numbers);
}

/* Numbers with their paths, old and new: "3:a,b>c 5:d>". */
static char *list_text(const struct sqst_check_number *number, size_t count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s%u:", i ? " " : "", number[i].number);
		for (uint32_t n = 0; n < number[i].old_names.count; n++)
			fprintf(out, "%s%s", n ? "," : "", number[i].old_names.path[n]);
		fprintf(out, ">");
		for (uint32_t n = 0; n < number[i].new_names.count; n++)
			fprintf(out, "%s%s", n ? "," : "", number[i].new_names.path[n]);
	}
	fclose(out);
	return text;
}

static void expect_list(const struct sqst_check_number *number, size_t count, const char *wanted)
{
	char *text = list_text(number, count);

	assert_string_equal(text, wanted);
	free(text);
}

static void expect(const char *was, uint32_t was_top, const char *is, uint32_t is_top,
		   const char *verdict, const char *conflicts, const char *regrouped)
{
	const struct sqst_check *check;
	struct pair pair;

	open_pair(&pair, was, was_top, is, is_top);
	check = compare(&pair);
	assert_string_equal(sqst_verdict_name(check->verdict), verdict);
	expect_list(check->conflict, check->conflicts, conflicts);
	expect_list(check->regrouped, check->n_regrouped, regrouped);
	close_pair(&pair);
}

static void kept_and_new(void **state)
{
	struct pair pair;
	const struct sqst_check *check;

	(void)state;
	open_pair(&pair, "d.=1 fa=2 fb=3 dd=4 fd/x=5", 6, "d.=1 fa=2 lb=7 dd=4 fd/y=8", 9);
	check = compare(&pair);
	assert_int_equal(check->verdict, SQST_VERDICT_VALID);
	assert_int_equal(check->kept, 3);
	assert_int_equal(check->renumbered, 0);
	assert_int_equal(check->changed_type, 1);
	assert_int_equal(check->added, 1);
	assert_int_equal(check->removed, 1);
	assert_int_equal(check->fate[SQST_FATE_KEPT], 3);
	assert_int_equal(check->fate[SQST_FATE_RETIRED], 2);
	assert_int_equal(check->fate[SQST_FATE_NEW], 2);
	assert_int_equal(check->n_retyped, 1);
	assert_string_equal(check->retyped[0].path, "b");
	assert_int_equal(check->retyped[0].old_type, SQST_TYPE_FILE);
	assert_int_equal(check->retyped[0].new_type, SQST_TYPE_SYMLINK);
	assert_false(check->root_moved || check->shrunk || check->undecodable);
	close_pair(&pair);
}

static void another_file(void **state)
{
	(void)state;
	expect("d.=1 fa=2 fb=3", 3, "d.=1 f0=2 fa=3 fb=4", 4, "unsafe", "2:a>0 3:b>a", "");
	expect("d.=1 dd=2 fd/x=3", 3, "d.=1 de=2 fe/x=3", 3, "unsafe", "2:d>e 3:d/x>e/x", "");
	/* The same path, but of another type. */
	expect("d.=1 fa=2", 2, "d.=1 la=2", 2, "unsafe", "2:a>a", "");
	/* The number of the root. */
	expect("d.=1 fa=2", 2, "d.=2 fa=1", 2, "unsafe", "1:>a 2:a>", "");
}

static void nothing_is_kept(void **state)
{
	struct pair pair;

	(void)state;
	expect("d.=1 fa=2", 3, "d.=4 fa=5", 6, "refused", "", "");
	open_pair(&pair, "d.=1 fa=2", 3, "d.=4 fa=5", 6);
	assert_true(compare(&pair)->root_moved);
	assert_int_equal(pair.check->renumbered, 2);
	close_pair(&pair);
}

static void root_alone(void **state)
{
	(void)state;
	expect("d.=1 fa=2", 2, "d.=3 fa=2", 3, "unsafe", "", "");
	/* It was nothing's, so nothing names another file. */
	expect("d.=3 fa=2", 3, "d.=1 fa=2", 3, "unsafe", "", "");
}

static void hard_links(void **state)
{
	(void)state;
	expect("d.=1 fa=2", 2, "d.=1 fa=2 fb=2", 2, "unsafe", "", "2:a>a,b");
	expect("d.=1 fa=2 fb=2", 2, "d.=1 fb=2", 2, "unsafe", "", "2:a,b>b");
	expect("d.=1 fa=2 fb=2", 2, "d.=1 fa=2 fb=3", 3, "unsafe", "", "2:a,b>a");
	expect("d.=1 fa=2 fb=3", 3, "d.=1 fa=2 fb=2", 3, "unsafe", "", "2:a>a,b");
	expect("d.=1 fa=2 fb=2", 2, "d.=1 fa=2 fb=2", 2, "valid", "", "");
	/* What two steps with a common name each can lead to. */
	expect("d.=1 fa=2", 2, "d.=1 fb=2", 2, "unsafe", "2:a>b", "");
	/* A common path, but not of this number any more. */
	expect("d.=1 fa=2 fb=3", 3, "d.=1 fa=3 fb=2", 3, "unsafe", "2:a>b 3:b>a", "");
}

static void above_the_count(void **state)
{
	struct pair pair;
	const struct sqst_check *check;

	(void)state;
	open_pair(&pair, "d.=1 fa=2 fb=7 fc=5", 9, "d.=1 fa=2", 5);
	check = compare(&pair);
	assert_int_equal(check->verdict, SQST_VERDICT_VALID);
	assert_int_equal(check->fate[SQST_FATE_BEYOND], 1);
	assert_int_equal(check->fate[SQST_FATE_RETIRED], 1);
	assert_true(check->shrunk);
	close_pair(&pair);
}

static void used_again(void **state)
{
	struct pair pair;
	const struct sqst_check *check;

	(void)state;
	open_pair(&pair, "d.=1 fa=2", 5, "d.=1 fa=2 fb=4 fc=6", 6);
	check = compare(&pair);
	assert_int_equal(check->verdict, SQST_VERDICT_VALID);
	assert_int_equal(check->fate[SQST_FATE_REVIVED], 1);
	assert_int_equal(check->fate[SQST_FATE_NEW], 1);
	expect_list(check->revived, check->n_revived, "4:>b");
	close_pair(&pair);
}

static void without_exports(void **state)
{
	struct pair pair;

	(void)state;
	open_pair(&pair, "d.=1 fa=2", 2, "d.=1 fb=2", 2);
	pair.is.exports = false;
	assert_int_equal(compare(&pair)->verdict, SQST_VERDICT_REFUSED);
	assert_true(pair.check->undecodable);
	assert_int_equal(pair.check->conflicts, 1);
	pair.is.exports = true;
	pair.was.exports = false;
	assert_int_equal(compare(&pair)->verdict, SQST_VERDICT_REFUSED);
	close_pair(&pair);
	open_pair(&pair, "d.=1 fa=2", 2, "d.=1 fa=2", 2);
	pair.was.exports = false;
	assert_int_equal(compare(&pair)->verdict, SQST_VERDICT_VALID);
	pair.was.exports = true;
	pair.is.exports = false;
	assert_int_equal(compare(&pair)->verdict, SQST_VERDICT_REFUSED);
	close_pair(&pair);
}

static void strays(void **state)
{
	static const uint32_t stray[] = {3, 9};
	struct pair pair;
	const struct sqst_check *check;

	(void)state;
	open_pair(&pair, "d.=1 fa=2 fb=3", 3, "d.=1 fa=2", 9);
	pair.is.orphan = stray;
	pair.is.orphans = 2;
	check = compare(&pair);
	assert_int_equal(check->verdict, SQST_VERDICT_UNSAFE);
	expect_list(check->conflict, check->conflicts, "3:b>");
	assert_true(check->conflict[0].orphan);
	close_pair(&pair);
}

static void lineages(void **state)
{
	struct pair pair;
	const struct sqst_check *check;

	(void)state;
	open_pair(&pair, "d.=1", 1, "d.=1", 1);
	check = compare(&pair);
	assert_false(check->same_lineage || check->other_lineage || check->child);
	memset(pair.was_numbers->lineage.uuid, 7, SQST_UUID_SIZE);
	check = compare(&pair);
	assert_false(check->same_lineage || check->other_lineage);
	memset(pair.is_numbers->lineage.uuid, 7, SQST_UUID_SIZE);
	memset(pair.was_numbers->lineage.id, 9, SQST_UUID_SIZE);
	memset(pair.is_numbers->lineage.parent[1], 9, SQST_UUID_SIZE);
	pair.is_numbers->lineage.parents = 2;
	check = compare(&pair);
	assert_true(check->same_lineage && check->child);
	pair.is_numbers->lineage.uuid[0] = 8;
	check = compare(&pair);
	assert_true(check->other_lineage && !check->same_lineage);
	close_pair(&pair);
}

static void spans(void **state)
{
	static const struct sqst_check_span wanted[] = {
	    {1, 2, SQST_FATE_KEPT}, {3, 3, SQST_FATE_CONFLICT}, {4, 5, SQST_FATE_RETIRED},
	    {9, 9, SQST_FATE_NEW},  {11, 12, SQST_FATE_NEW},
	};
	struct pair pair;

	(void)state;
	open_pair(&pair, "d.=1 fa=2 fb=3 fc=4 fd=5", 6, "d.=1 fa=2 fx=3 fy=9 fz=11 fzz=12", 12);
	compare(&pair);
	assert_int_equal(pair.check->spans, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(pair.check->span[i].first, wanted[i].first);
		assert_int_equal(pair.check->span[i].last, wanted[i].last);
		assert_int_equal(pair.check->span[i].fate, wanted[i].fate);
	}
	close_pair(&pair);
}

/* ---- random releases */

#define PATHS 9
#define TOP   14
/* Of a release whose numbers begin above TOP, and that had to look for free ones. */
#define HIGHEST (3 * TOP)

static const char *const path_name[PATHS] = {".", "a", "b", "c", "d", "e", "e/a", "e/b", "e/c"};

struct release {
	/* 0: the path is not there. */
	unsigned number[PATHS];
	char type[PATHS];
};

static unsigned next_random(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

/* Any numbers, but one inode has one type, and a directory one name. */
static void make_release(unsigned *seed, const struct release *before, unsigned least,
			 struct release *release)
{
	char type_of[HIGHEST + 1] = {0};
	const unsigned steady = 1 + next_random(seed, 20);

	memset(release, 0, sizeof(*release));
	for (int i = 0; i < PATHS; i++) {
		const bool keep = before && before->number[i] && next_random(seed, steady + 1) > 0;
		unsigned number = keep ? before->number[i] : least + next_random(seed, TOP);
		char type = keep ? before->type[i] : "fffl"[next_random(seed, 4)];

		if (i == 0 || i == 5)
			type = 'd';
		if (i != 0 && i != 5 && next_random(seed, 5) == 0)
			continue;
		if (type_of[number] && (type_of[number] != type || type == 'd')) {
			for (number = least; type_of[number];)
				number++;
		}
		release->number[i] = number;
		release->type[i] = type_of[number] = type;
	}
}

static char *release_text(const struct release *release)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (int i = 0; i < PATHS; i++) {
		if (release->number[i])
			fprintf(out, "%s%c%s=%u", i ? " " : "", release->type[i], path_name[i],
				release->number[i]);
	}
	fclose(out);
	return text;
}

static enum sqst_verdict judge_plainly(const struct release *was, const struct release *is,
				       unsigned is_top, unsigned *fate)
{
	unsigned conflicts = 0, kept = 0, regrouped = 0;

	for (unsigned number = 1; number <= HIGHEST; number++) {
		bool before = false, after = false, common = false, differs = false;

		for (int i = 0; i < PATHS; i++) {
			before |= was->number[i] == number;
			after |= is->number[i] == number;
			common |= was->number[i] == number && is->number[i] == number &&
				  was->type[i] == is->type[i];
			differs |= (was->number[i] == number) != (is->number[i] == number);
		}
		fate[SQST_FATE_KEPT] += common;
		fate[SQST_FATE_CONFLICT] += before && after && !common;
		fate[SQST_FATE_RETIRED] += before && !after && number <= is_top;
		fate[SQST_FATE_BEYOND] += before && !after && number > is_top;
		fate[SQST_FATE_REVIVED] += !before && after && number <= TOP;
		fate[SQST_FATE_NEW] += !before && after && number > TOP;
		kept += common;
		regrouped += common && differs;
		conflicts += before && after && !common;
	}
	if (conflicts > 0 || regrouped > 0 || (kept > 0 && was->number[0] != is->number[0]))
		return SQST_VERDICT_UNSAFE;
	return kept > 0 ? SQST_VERDICT_VALID : SQST_VERDICT_REFUSED;
}

static void random_pairs(void **state)
{
	unsigned seed = 1, seen[3] = {0};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned fate[SQST_FATES] = {0}, is_top = 0;
		struct release was, is;
		struct pair pair;
		char *was_text, *is_text;
		enum sqst_verdict wanted;

		make_release(&seed, NULL, 1, &was);
		if (next_random(&seed, 8) > 0)
			make_release(&seed, &was, next_random(&seed, 2) ? 1 : TOP + 1, &is);
		else
			make_release(&seed, NULL, TOP - 3 + next_random(&seed, 5), &is);
		for (int i = 0; i < PATHS; i++)
			is_top = is.number[i] > is_top ? is.number[i] : is_top;
		was_text = release_text(&was);
		is_text = release_text(&is);
		open_pair(&pair, was_text, TOP, is_text, is_top);
		compare(&pair);
		wanted = judge_plainly(&was, &is, is_top, fate);
		if (pair.check->verdict != wanted)
			print_error("%s -> %s\n", was_text, is_text);
		assert_int_equal(pair.check->verdict, wanted);
		for (int i = 0; i < SQST_FATES; i++)
			assert_int_equal(pair.check->fate[i], fate[i]);
		seen[wanted]++;
		free(was_text);
		free(is_text);
		close_pair(&pair);
	}
	assert_true(seen[0] > 100 && seen[1] > 100 && seen[2] > 1000);
}

/* ---- blocks and growth */

static void blocks(void **state)
{
	struct sqst_survey_block old[] = {{1, 0}, {2, 0}, {3, 0}},
				 now[] = {{1, 0}, {3, 0}, {2, 1}, {1, 0}};
	struct sqst_survey was = {.block = old, .blocks = 3}, is = {.block = now, .blocks = 4};
	struct sqst_survey none = {0};
	struct sqst_block_map map;

	(void)state;
	assert_int_equal(sqst_survey_compare_blocks(&was, &is, &map, NULL), 0);
	assert_int_equal(map.fate[0], SQST_BLOCK_IN_PLACE);
	assert_int_equal(map.fate[1], SQST_BLOCK_MOVED);
	assert_int_equal(map.fate[2], SQST_BLOCK_NEW);
	assert_int_equal(map.fate[3], SQST_BLOCK_MOVED);
	assert_int_equal(map.count[SQST_BLOCK_MOVED], 2);
	free(map.fate);
	assert_int_equal(sqst_survey_compare_blocks(&none, &is, &map, NULL), 0);
	assert_int_equal(map.count[SQST_BLOCK_NEW], 4);
	free(map.fate);
	assert_int_equal(sqst_survey_compare_blocks(&was, &none, &map, NULL), 0);
	assert_int_equal(map.blocks, 0);
	free(map.fate);
}

static void growth(void **state)
{
	struct sqst_numbers *was = numbers_of("d.=1 du=2 du/l=3 du/l/m=4 fu/l/m/f=5 fu/g=6", 6);
	/* u/l/m/f has a second name that is higher up. */
	struct sqst_numbers *is =
	    numbers_of("d.=1 du=2 du/l=3 du/l/m=4 fu/l/m/f=5 fu/h=5 ft=7 fu/l/n=8", 8);
	struct sqst_survey_file old[] = {{5, 1, 100}, {6, 1, 7}},
				now[] = {{5, 1, 90}, {7, 1, 1}, {8, 1, 30}};
	struct sqst_survey before = {.file = old, .files = 2}, after = {.file = now, .files = 3};
	struct sqst_growth *rows = NULL;

	(void)state;
	assert_int_equal(sqst_survey_growth(was, &before, is, &after, &rows, NULL), 0);
	assert_int_equal(rows->rows, 3);
	assert_string_equal(rows->row[0].path, "u");
	assert_int_equal(rows->row[0].old_bytes, 7);
	assert_int_equal(rows->row[0].new_bytes, 90);
	assert_string_equal(rows->row[1].path, "u/l");
	assert_int_equal(rows->row[1].old_bytes, 100);
	assert_int_equal(rows->row[1].new_bytes, 30);
	assert_string_equal(rows->row[2].path, "");
	assert_int_equal(rows->row[2].new_bytes, 1);
	sqst_growth_free(rows);
	sqst_numbers_free(was);
	sqst_numbers_free(is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kept_and_new),    cmocka_unit_test(another_file),
	    cmocka_unit_test(nothing_is_kept), cmocka_unit_test(root_alone),
	    cmocka_unit_test(hard_links),      cmocka_unit_test(above_the_count),
	    cmocka_unit_test(used_again),      cmocka_unit_test(without_exports),
	    cmocka_unit_test(strays),          cmocka_unit_test(lineages),
	    cmocka_unit_test(spans),           cmocka_unit_test(random_pairs),
	    cmocka_unit_test(blocks),          cmocka_unit_test(growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
