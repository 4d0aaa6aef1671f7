/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Joining two branches, and comparing two releases. SQST_SEED repeats a run of the random part,
 * SQST_ROUNDS makes it longer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/merge_oracle.h"

struct release {
	const char *paths;
	uint32_t top;
};

static struct sqst_numbers *release_of(const struct release *release, uint32_t generation)
{
	struct sqst_numbers *numbers;

	if (!release->paths)
		return NULL;
	numbers = numbers_of(release->paths, release->top);
	memcpy(numbers->lineage.uuid, world_uuid, SQST_UUID_SIZE);
	numbers->lineage.recorded = true;
	numbers->lineage.generation = generation;
	return numbers;
}

/* ---- one rule after the other; see support/numbering.h for how trees are written */

struct join {
	struct release base;
	struct release ours;
	struct release theirs;
	enum sqst_merge_side prefer;
	/* What must come out, NULL for conflicts; the root's double has the number top. */
	const char *joined;
	uint32_t top;
	uint32_t conflicts;
};

static const struct join joins[] = {
    /* Nothing happened. */
    {{"d.=1 fa=2", 3}, {"d.=1 fa=2", 3}, {"d.=1 fa=2", 3}, 0, "d.=1 fa=2", 3, 0},
    /* Both added: the numbers above the lower top are in doubt, and go. */
    {{"d.=1 fa=2", 3},
     {"d.=1 fa=2 fb=4", 5},
     {"d.=1 fa=2 fc=4", 5},
     0,
     "d.=1 fa=2 fb=6 fc=7",
     8,
     0},
    /* What only the longer branch reached stays. */
    {{"d.=1 fa=2", 3},
     {"d.=1 fa=2 fb=4", 5},
     {"d.=1 fa=2 fc=4 fd=5 fe=6", 7},
     0,
     "d.=1 fa=2 fb=8 fc=9 fd=10 fe=6",
     11,
     0},
    /* Both added the same path: ours has the say, and its number is in doubt for theirs. */
    {{"d.=1", 1}, {"d.=1 fa=2", 3}, {"d.=1 fa=2", 3}, 0, "d.=1 fa=2", 3, 0},
    {{"d.=1", 1}, {"d.=1 fa=2 fb=3", 4}, {"d.=1 fb=2", 3}, 0, "d.=1 fa=5 fb=6", 7, 0},
    {{"d.=1", 1}, {"d.=1 fb=4", 4}, {"d.=1 fb=2", 3}, 0, "d.=1 fb=4", 5, 0},
    /* Removed in either. */
    {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2", 4}, {"d.=1 fb=3 fc=5", 6}, 0, "d.=1 fc=5", 6, 0},
    /* Without a base nothing is known to be removed. */
    {{NULL, 0}, {"d.=1 fa=2", 4}, {"d.=1 fb=3", 4}, 0, "d.=1 fa=5 fb=6", 7, 0},
    /* A directory that one branch removed stays for what the other added below it. */
    {{"d.=1 dd=2 fd/a=3", 4},
     {"d.=1", 4},
     {"d.=1 dd=2 fd/a=3 fd/b=5", 6},
     0,
     "d.=1 dd=7 fd/b=5",
     8,
     0},
    /* A type that one changed is changed. */
    {{"d.=1 fa=2", 3}, {"d.=1 da=4 fa/b=5", 6}, {"d.=1 fa=2", 3}, 0, "d.=1 da=4 fa/b=5", 6, 0},
    /* Removed in one branch, retyped in the other. */
    {{"d.=1 fa=2", 3}, {"d.=1", 3}, {"d.=1 la=4", 5}, 0, "d.=1 la=4", 5, 0},
    /* Two types. */
    {{"d.=1 fa=2", 3}, {"d.=1 da=4", 5}, {"d.=1 la=4", 5}, 0, NULL, 0, 1},
    {{"d.=1 fa=2", 3}, {"d.=1 da=4", 5}, {"d.=1 la=4", 5}, SQST_MERGE_OURS, "d.=1 da=6", 7, 0},
    {{"d.=1 fa=2", 3}, {"d.=1 da=4", 5}, {"d.=1 la=4", 5}, SQST_MERGE_THEIRS, "d.=1 la=6", 7, 0},
    {{NULL, 0}, {"d.=1 sa=2 pb=3", 4}, {"d.=1 ba=2 cb=3", 4}, 0, NULL, 0, 2},
    /* One made a file of a directory to which the other added. */
    {{"d.=1 dd=2", 3}, {"d.=1 fd=4", 5}, {"d.=1 dd=2 fd/a=4", 5}, 0, NULL, 0, 1},
    {{"d.=1 dd=2", 3},
     {"d.=1 fd=4", 5},
     {"d.=1 dd=2 fd/a=4", 5},
     SQST_MERGE_OURS,
     "d.=1 fd=6",
     7,
     0},
    {{"d.=1 dd=2", 3},
     {"d.=1 fd=4", 5},
     {"d.=1 dd=2 fd/a=4", 5},
     SQST_MERGE_THEIRS,
     "d.=1 dd=6 fd/a=7",
     8,
     0},
    /* Hard links: a name added here, one taken apart there. */
    {{"d.=1 fa=2 fb=2", 3},
     {"d.=1 fa=2 fb=2 fc=2", 3},
     {"d.=1 fa=2 fb=4", 5},
     0,
     "d.=1 fa=6 fb=7 fc=6",
     8,
     0},
    /* Joined in one branch. */
    {{"d.=1 fa=2 fb=3", 4},
     {"d.=1 fa=2 fb=2", 4},
     {"d.=1 fa=2 fb=3 fc=5", 6},
     0,
     "d.=1 fa=7 fb=7 fc=5",
     8,
     0},
    /* The same new group in both, with one more name in theirs. */
    {{"d.=1", 1},
     {"d.=1 fa=2 fb=2", 3},
     {"d.=1 fx=2 fa=3 fb=3 fc=3", 4},
     0,
     "d.=1 fa=5 fb=5 fc=5 fx=6",
     7,
     0},
};

static void join_is(const struct join *join)
{
	struct sqst_numbers *base = release_of(&join->base, 3);
	struct sqst_numbers *ours = release_of(&join->ours, 7);
	struct sqst_numbers *theirs = release_of(&join->theirs, 5);
	const struct sqst_merge_options options = {.prefer = join->prefer};
	struct sqst_merge_result result;
	struct sqst_numbers *joined = NULL;
	struct sqst_report why = {0};
	const int rc = sqst_numbers_merge(base, ours, theirs, &options, &joined, &result, &why);

	assert_int_equal(result.conflicts, join->conflicts);
	if (!join->joined) {
		assert_int_equal(rc, SQST_ERR_PARENT);
		assert_null(joined);
	} else {
		struct sqst_numbers *expected = numbers_of(join->joined, join->top);
		char *should, *is;

		require(rc, &why);
		should = canonical(expected);
		is = canonical(joined);
		assert_string_equal(is, should);
		assert_int_equal(joined->lineage.top, join->top);
		assert_int_equal(joined->lineage.generation, 8);
		assert_memory_equal(joined->lineage.uuid, world_uuid, SQST_UUID_SIZE);
		assert_false(sqst_uuid_is_null(joined->lineage.id));
		free(should);
		free(is);
		sqst_numbers_free(expected);
	}
	sqst_numbers_free(base);
	sqst_numbers_free(ours);
	sqst_numbers_free(theirs);
	sqst_numbers_free(joined);
}

static void joins_by_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		print_message("join %zu: %s + %s\n", i, joins[i].ours.paths, joins[i].theirs.paths);
		join_is(&joins[i]);
	}
}

static void note_conflict(void *user, const struct sqst_merge_conflict *conflict)
{
	char *text = user;

	sprintf(text + strlen(text), "%s:%d:%d ", conflict->path, conflict->ours, conflict->theirs);
}

static void conflicts_are_told(void **state)
{
	const struct release one = {"d.=1 da=2 sa/b=3 fa/c=4", 9};
	const struct release two = {"d.=1 da=2 ba/b=3 pa/c=4", 9};
	struct sqst_numbers *ours = release_of(&one, 0), *theirs = release_of(&two, 0);
	char text[200] = "";
	const struct sqst_merge_options options = {.conflict = note_conflict, .user = text};
	struct sqst_numbers *joined = NULL;
	struct sqst_report why = {0};

	(void)state;
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, &options, &joined, NULL, &why),
			 SQST_ERR_PARENT);
	assert_string_equal(text, "a/b:7:4 a/c:2:6 ");
	sqst_numbers_free(ours);
	sqst_numbers_free(theirs);
}

/* ---- lineages */

static void lineages_must_be_one(void **state)
{
	const struct release one = {"d.=1 fa=2", 3};
	struct sqst_numbers *ours = release_of(&one, 1), *theirs = release_of(&one, 2);
	struct sqst_merge_options options = {0};
	struct sqst_numbers *joined = NULL;
	struct sqst_report why = {0};

	(void)state;
	theirs->lineage.uuid[3] ^= 1;
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, NULL, &joined, NULL, &why),
			 SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "is of another lineage"));
	options.uuid = theirs->lineage.uuid;
	require(sqst_numbers_merge(NULL, ours, theirs, &options, &joined, NULL, &why), &why);
	assert_memory_equal(joined->lineage.uuid, theirs->lineage.uuid, SQST_UUID_SIZE);
	sqst_numbers_free(joined);
	options.uuid = (const uint8_t *)"neither of these";
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, &options, &joined, NULL, &why),
			 SQST_ERR_OPTION);
	memset(theirs->lineage.uuid, 0, SQST_UUID_SIZE);
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, NULL, &joined, NULL, &why),
			 SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "has no lineage UUID"));
	memcpy(theirs->lineage.uuid, world_uuid, SQST_UUID_SIZE);
	theirs->lineage.generation = UINT32_MAX;
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, NULL, &joined, NULL, &why),
			 SQST_ERR_LIMIT);
	theirs->lineage.generation = 0;
	theirs->lineage.top = SQST_NUMBER_MAX;
	theirs->root.child[0].number = 3;
	assert_int_equal(sqst_numbers_merge(NULL, ours, theirs, NULL, &joined, NULL, &why),
			 SQST_ERR_LIMIT);
	sqst_numbers_free(ours);
	sqst_numbers_free(theirs);
}

static void changed_groups_are_counted(void **state)
{
	const struct release one = {"d.=1 fa=2 fb=2", 3}, two = {"d.=1 fa=2", 3};
	struct sqst_numbers *base = release_of(&two, 0), *theirs = release_of(&two, 1);
	struct sqst_numbers *ours = release_of(&one, 1), *joined = NULL;
	struct sqst_merge_options options = {0};
	struct sqst_merge_result result;
	struct sqst_report why = {0};
	char *text;

	(void)state;
	require(sqst_numbers_merge(base, ours, theirs, &options, &joined, &result, &why), &why);
	text = canonical(joined);
	assert_string_equal(text, ". type=dir inode=1\n./a type=file inode=4\n"
				  "./b type=file inode=4\n");
	assert_int_equal(result.regrouped, 0);
	assert_int_equal(result.renumbered, 2);
	sqst_numbers_free(joined);
	options.keep_links = true;
	require(sqst_numbers_merge(base, ours, theirs, &options, &joined, &result, &why), &why);
	assert_int_equal(result.regrouped, 1);
	assert_int_equal(result.kept, 3);
	free(text);
	sqst_numbers_free(joined);
	sqst_numbers_free(base);
	sqst_numbers_free(ours);
	sqst_numbers_free(theirs);
}

/* ---- what differs */

static void note_change(void *user, const struct sqst_change *change)
{
	char *text = user;

	sprintf(text + strlen(text), "%d %s %d=%u %d=%u\n", (int)change->kind, change->path,
		change->old_type, change->old_number, change->new_type, change->new_number);
}

static void differences_are_told(void **state)
{
	const struct release one = {"d.=1 fa=2 da-=3 da-/x=4 fb=5 fc=5 fd=9", 9};
	const struct release two = {"d.=1 fa=2 fa-=10 fb=5 fc=11 fd=9 fe=9", 12};
	struct sqst_numbers *before = release_of(&one, 0), *after = release_of(&two, 1);
	struct sqst_numbers_difference out;
	struct sqst_report why = {0};
	char text[1000] = "";

	(void)state;
	require(sqst_numbers_compare(before, after, note_change, text, &out, &why), &why);
	assert_string_equal(text, "0  1=1 1=1\n"
				  "0 a 2=2 2=2\n"
				  "3 a- 1=3 2=10\n"
				  "2 a-/x 1=4 0=0\n"
				  "0 b 2=5 2=5\n"
				  "4 c 2=5 2=11\n"
				  "0 d 2=9 2=9\n"
				  "1 e 0=0 2=9\n");
	assert_int_equal(out.paths[SQST_CHANGE_KEPT], 4);
	assert_int_equal(out.retired, 2);
	assert_int_equal(out.given, 2);
	sqst_numbers_free(before);
	sqst_numbers_free(after);
}

/* ---- random branches */

#define STEPS     8
#define ANCESTORS (2 + 4 * STEPS)

/* All releases so far. Those that come later hold the promises of all that they come from. */
struct past {
	struct world world[ANCESTORS];
	/* Bits of their ancestors, themselves among them. */
	uint64_t above[ANCESTORS];
	size_t count;
};

static struct world *past_add(struct past *past, uint64_t above)
{
	assert_true(past->count < ANCESTORS);
	past->above[past->count] = above | UINT64_C(1) << past->count;
	return &past->world[past->count++];
}

static void check_past(const struct past *past, size_t child)
{
	for (size_t i = 0; i < child; i++) {
		if (past->above[child] & UINT64_C(1) << i)
			check_safe(&past->world[child], &past->world[i], false);
	}
}

static size_t branch(struct past *past, size_t from, bool links)
{
	struct world *to = past_add(past, past->above[from]);

	world_branch(&past->world[from], to, links);
	check_past(past, past->count - 1);
	return past->count - 1;
}

/* Without hard links each number is known. */
static void check_numbers(const struct world *joined, const struct world *ours,
			  const struct world *theirs)
{
	const uint32_t top = ours->top > theirs->top ? ours->top : theirs->top;

	for (size_t i = 0; i < PATHS; i++) {
		const uint32_t number = joined_number(i, joined->type[i], ours, theirs);

		if (!joined->type[i])
			continue;
		if (number)
			assert_int_equal(joined->number[i], number);
		else
			assert_true(joined->number[i] > top && joined->number[i] <= joined->top);
	}
}

/* Paths that are one file in base and in both branches, or two in all of them, stay so. */
static void check_links(const struct world *joined, const struct world *base,
			const struct world *ours, const struct world *theirs)
{
	for (size_t i = 0; i < PATHS; i++) {
		for (size_t j = 0; j < i; j++) {
			const bool there = joined->type[i] && joined->type[i] == joined->type[j] &&
					   base->type[i] == joined->type[i] &&
					   base->type[j] == joined->type[i] && ours->type[i] &&
					   theirs->type[i] && ours->type[j] && theirs->type[j];
			const bool one = base->number[i] == base->number[j];

			if (there && one && ours->number[i] == base->number[i] &&
			    ours->number[j] == base->number[i] &&
			    theirs->number[i] == theirs->number[j])
				assert_int_equal(joined->number[i], joined->number[j]);
		}
	}
}

/* Returns whether there was a join. */
static bool join_worlds(struct past *past, size_t base, size_t ours, size_t theirs, bool links)
{
	const struct world *w = past->world;
	const struct sqst_merge_options options = {
	    .prefer = (enum sqst_merge_side)chance(3),
	    .keep_links = chance(2),
	};
	struct sqst_merge_result result;
	struct sqst_numbers *joined = NULL;
	struct sqst_report why = {0};
	uint8_t type[PATHS];
	const uint32_t conflicts = joined_types(&w[base], &w[ours], &w[theirs], type);
	struct world *child;
	const int rc = sqst_numbers_merge(w[base].numbers, w[ours].numbers, w[theirs].numbers,
					  &options, &joined, &result, &why);

	if (conflicts > 0 && options.prefer == SQST_MERGE_NEITHER) {
		assert_int_equal(rc, SQST_ERR_PARENT);
		assert_int_equal(result.conflicts, conflicts);
		return false;
	}
	require(rc, &why);
	child = past_add(past, past->above[ours] | past->above[theirs]);
	world_take(child, joined);
	if (conflicts == 0)
		assert_memory_equal(child->type, type, sizeof(type));
	if (!links)
		check_numbers(child, &w[ours], &w[theirs]);
	else if (conflicts == 0)
		check_links(child, &w[base], &w[ours], &w[theirs]);
	check_safe(child, &w[ours], true);
	check_safe(child, &w[theirs], true);
	check_past(past, past->count - 1);
	return true;
}

static void random_history(bool links)
{
	struct past *past = calloc(1, sizeof(*past));
	size_t base = 0, ours, theirs;

	assert_non_null(past);
	past_add(past, 0);
	past->world[0].type[0] = SQST_TYPE_DIR;
	for (size_t i = 0; i < PATHS; i++)
		past->world[0].leader[i] = (uint8_t)i;
	for (int i = 0; i < 30; i++)
		world_change(&past->world[0], links);
	world_release(&past->world[0], NULL, 0);
	ours = theirs = base;
	for (int step = 0; step < STEPS; step++) {
		ours = branch(past, ours, links);
		theirs = branch(past, theirs, links);
		if (chance(3) == 0)
			theirs = branch(past, theirs, links);
		/* Theirs is merged into ours and lives on, so it is the next base. Now and then the
		 * base is any release, which must not matter for safety. */
		if (!join_worlds(past, chance(8) ? base : chance((uint32_t)past->count), ours,
				 theirs, links))
			break;
		base = theirs;
		ours = past->count - 1;
	}
	for (size_t i = 0; i < past->count; i++)
		sqst_numbers_free(past->world[i].numbers);
	free(past);
}

static void random_branches(void **state)
{
	const char *seed_text = getenv("SQST_SEED"), *rounds_text = getenv("SQST_ROUNDS");
	const uint64_t seed = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t)time(NULL);
	const unsigned long rounds = rounds_text ? strtoul(rounds_text, NULL, 0) : 300;

	(void)state;
	print_message("SQST_SEED=%llu SQST_ROUNDS=%lu\n", (unsigned long long)seed, rounds);
	chance_state = seed;
	for (unsigned long i = 0; i < rounds; i++)
		random_history(i % 2 == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(joins_by_the_rules),   cmocka_unit_test(conflicts_are_told),
	    cmocka_unit_test(lineages_must_be_one), cmocka_unit_test(changed_groups_are_counted),
	    cmocka_unit_test(differences_are_told), cmocka_unit_test(random_branches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
