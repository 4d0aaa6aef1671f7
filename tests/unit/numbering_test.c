/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules R1 to R9, one by one; see support/numbering.h for how trees are written. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbering/numbering.h"
#include "numbers/numbers.h"
#include "support/numbering_rules.h"
#include "tree/node.h"

static void no_parent_counts_in_tree_order(void **state)
{
	(void)state;
	CHECK(.tree = "d.=9 da=8 fa/x=7 fa-b=6 fa0=5", .numbers = "d.=1 da=2 fa/x=3 fa-b=4 fa0=5",
	      .top = 6);
	/* A hard link has the place of its first name. */
	CHECK(.tree = "d.=1 fa=5 fb=6 fc=5", .numbers = "d.=1 fa=2 fb=3 fc=2", .top = 4);
}

static void no_parent_root_alone(void **state)
{
	(void)state;
	CHECK(.tree = "d.=1", .numbers = "d.=1", .top = 1, .no_double = true);
}

static void r1_known_identities_keep_their_numbers(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=3 fa=9 lb=1 bc=2 cd=4 pe=5 sf=6 dg=7 fg/h=8", 10}},
	      .tree = "d.=1 fa=2 lb=3 bc=4 cd=5 pe=6 sf=7 dg=8 fg/h=9",
	      .numbers = "d.=3 fa=9 lb=1 bc=2 cd=4 pe=5 sf=6 dg=7 fg/h=8", .top = 10, .kept = 9);
}

static void r2_new_paths_get_numbers_above_top(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fm=2", 7}}, .tree = "d.=1 da=2 fa/x=3 fm=4 fz=5",
	      .numbers = "d.=1 da=8 fa/x=9 fm=2 fz=10", .top = 11, .kept = 2);
}

static void r2_another_type_is_another_identity(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 db=3 fb/c=4", 5}}, .tree = "d.=1 da=2 fa/x=3 lb=4",
	      .numbers = "d.=1 da=6 fa/x=7 lb=8", .top = 9, .kept = 1, .retyped = 2, .retired = 3);
}

static void r3_removed_numbers_are_not_given_out(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}}, .tree = "d.=1 fb=2 fc=3",
	      .numbers = "d.=1 fb=3 fc=5", .top = 6, .kept = 2, .retired = 1);
	/* Number 2 was a's; a comes back. */
	CHECK(.parent = {{"d.=1 fb=3 fc=5", 6}}, .tree = "d.=1 fa=2 fb=3 fc=4",
	      .numbers = "d.=1 fa=7 fb=3 fc=5", .top = 8, .kept = 3);
}

static void r3_a_removed_directory_retires_all_below(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 da=2 da/b=3 fa/b/c=4 fa/b/d=4", 5}}, .tree = "d.=1",
	      .numbers = "d.=1", .top = 5, .kept = 1, .retired = 3);
}

static void r4_top_never_shrinks(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2", 900}, {"d.=1 fa=2", 300}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=2", .top = 900, .kept = 2);
}

static void r6_root_keeps_its_number(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=5 fa=1", 6}}, .tree = "d.=1 fa=2 fb=3", .numbers = "d.=5 fa=1 fb=7",
	      .top = 8, .kept = 2);
}

static void r7_no_double_when_root_has_top(void **state)
{
	(void)state;
	/* As other tools number: the root last. */
	CHECK(.parent = {{"d.=3 fa=1 fb=2", 3}}, .tree = "d.=1 fa=2", .numbers = "d.=3 fa=1",
	      .top = 3, .no_double = true, .kept = 2, .retired = 1);
}

static void r7_double_comes_above_a_live_top(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=3 fa=1 fb=2", 3}}, .tree = "d.=1 fa=2 fc=3",
	      .numbers = "d.=3 fa=1 fc=4", .top = 5, .kept = 2, .retired = 1);
	/* An image of another tool whose highest number is a file's. */
	CHECK(.parent = {{"d.=1 fa=2", 2}}, .tree = "d.=1 fa=2", .numbers = "d.=1 fa=2", .top = 3,
	      .kept = 2);
}

static void r7_double_takes_a_top_that_is_not_live(void **state)
{
	(void)state;
	/* The parent's double. */
	CHECK(.parent = {{"d.=1 fa=2", 3}}, .tree = "d.=1 fa=2", .numbers = "d.=1 fa=2", .top = 3,
	      .kept = 2);
	/* A retired number. */
	CHECK(.parent = {{"d.=1 fa=2", 2}}, .tree = "d.=1", .numbers = "d.=1", .top = 2, .kept = 1,
	      .retired = 1);
}

static void r7_top_that_is_live_through_a_second_name(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=3 fb=3", 3}}, .tree = "d.=1 fa=2 fb=2",
	      .numbers = "d.=1 fa=3 fb=3", .top = 4, .kept = 3);
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=3 fb=3", 3}}, .tree = "d.=1 fb=2",
	      .numbers = "d.=1 fb=3", .top = 4, .kept = 2);
}

static void r8_parents_that_agree(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2 fc=5", 6}},
	      .tree = "d.=1 fa=2 fb=3 fc=4", .numbers = "d.=1 fa=2 fb=7 fc=5", .top = 8, .kept = 3,
	      .renumbered = 1, .retired = 1);
}

static void r8_number_with_two_meanings_is_retired(void **state)
{
	(void)state;
	/* Two siblings gave 5 to different paths. */
	CHECK(.parent = {{"d.=1 fa=5", 6}, {"d.=1 fb=5", 6}}, .tree = "d.=1 fa=2 fb=3",
	      .numbers = "d.=1 fa=7 fb=8", .top = 9, .kept = 1, .renumbered = 2, .retired = 1);
}

static void r8_number_retired_in_the_older_parent(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1", 6}, {"d.=1 fa=5", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=7", .top = 8, .kept = 1, .renumbered = 1, .retired = 1);
}

static void r8_number_retired_in_the_newer_parent(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=5", 6}, {"d.=1", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=7", .top = 8, .kept = 1, .renumbered = 1, .retired = 1);
}

static void r8_number_above_the_other_top(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1", 4}, {"d.=1 fa=5", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=5", .top = 6, .kept = 2);
	/* Just at the other's top it is not safe. */
	CHECK(.parent = {{"d.=1", 5}, {"d.=1 fa=5", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=7", .top = 8, .kept = 1, .renumbered = 1, .retired = 1);
	CHECK(.parent = {{"d.=1 fa=7", 8}, {"d.=1", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=7", .top = 8, .kept = 2);
}

static void r8_newest_number_wins_when_the_older_never_reached_it(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2", 4}, {"d.=1 fa=5", 6}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=5", .top = 6, .kept = 2, .retired = 1);
}

static void r8_no_fallback_to_an_older_number(void **state)
{
	(void)state;
	/* a is 2 in the older and 3 in the newer parent; 3 is b in the older. */
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=3", 4}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=5", .top = 6, .kept = 1, .renumbered = 1, .retired = 2);
}

static void r8_another_type_in_the_other_parent(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2", 3}, {"d.=1 la=2", 3}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=4", .top = 5, .kept = 1, .retyped = 1, .renumbered = 1,
	      .retired = 1);
}

static void r8_roots_that_differ(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=3 fa=1", 4}, {"d.=4 fa=1", 4}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=5 fa=1", .top = 5, .no_double = true, .kept = 1, .renumbered = 1,
	      .retired = 2);
}

static void r8_three_parents(void **state)
{
	(void)state;
	/* The middle one is in the way of b, the oldest in that of c. */
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2", 5}, {"d.=1 fa=2 fb=3 fc=4 fd=6", 7}},
	      .tree = "d.=1 fa=2 fb=3 fc=4 fd=5", .numbers = "d.=1 fa=2 fb=8 fc=9 fd=6", .top = 10,
	      .kept = 3, .renumbered = 2, .retired = 2);
}

static void r8_links_with_a_path_in_conflict(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2 fb=2", 4}}, .tree = "d.=1 fa=5 fb=5",
	      .numbers = "d.=1 fa=5 fb=5", .top = 6, .kept = 1, .renumbered = 2, .retired = 2);
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2 fb=2", 4}},
	      .tree = "d.=1 fa=5 fb=5", .numbers = "d.=1 fa=2 fb=2", .top = 4, .kept = 3,
	      .retired = 1);
	CHECK(.parent = {{"d.=1 fa=2 fb=3", 4}, {"d.=1 fa=2 fb=2", 4}}, .tree = "d.=1 fb=5",
	      .numbers = "d.=1 fb=5", .top = 6, .kept = 1, .renumbered = 1, .retired = 2);
}

static void r9_new_lineage_is_above_every_top(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2", 9}, {"d.=1 fa=2 fb=3", 4}}, .new_lineage = true,
	      .tree = "d.=1 fa=7 fb=3 fc=7", .numbers = "d.=10 fa=11 fb=12 fc=11", .top = 13,
	      .renumbered = 3, .retired = 3);
	CHECK(.parent = {{"d.=1 fa=2", 9}}, .new_lineage = true, .tree = "d.=1", .numbers = "d.=10",
	      .top = 10, .no_double = true, .renumbered = 1, .retired = 2);
}

static void r9_new_lineage_without_parents_starts_at_one(void **state)
{
	(void)state;
	CHECK(.new_lineage = true, .tree = "d.=5", .numbers = "d.=1", .top = 1, .no_double = true);
}

static void highest_number_can_be_used(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1", SQST_NUMBER_MAX - 2}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=1 fa=2147483646", .top = SQST_NUMBER_MAX, .kept = 1);
	CHECK(.parent = {{"d.=1", SQST_NUMBER_MAX}}, .tree = "d.=1", .numbers = "d.=1",
	      .top = SQST_NUMBER_MAX, .kept = 1);
	CHECK(.parent = {{"d.=2147483647 fa=1", SQST_NUMBER_MAX}}, .tree = "d.=1 fa=2",
	      .numbers = "d.=2147483647 fa=1", .top = SQST_NUMBER_MAX, .no_double = true,
	      .kept = 2);
}

static void refuse(const struct rule *rule, int code, const char *fragment)
{
	struct sqst_tree *tree = tree_of(rule->tree);
	struct sqst_numbering out = {.top = 77};
	struct sqst_report why = {0};

	assert_int_equal(assign(rule, tree, &out, &why), code);
	assert_int_equal(why.code, code);
	assert_non_null(strstr(why.message, fragment));
	assert_int_equal(out.top, 77);
	for (struct sqst_node *node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		assert_int_equal(node->inode->number, 0);
	sqst_tree_free(tree);
}

#define REFUSE(code, fragment, ...) refuse(&(const struct rule){__VA_ARGS__}, code, fragment)

static void limit_names_the_way_out(void **state)
{
	(void)state;
	/* A new path, the double alone, a new lineage. */
	REFUSE(SQST_ERR_LIMIT, "--new-lineage", .parent = {{"d.=1", SQST_NUMBER_MAX}},
	       .tree = "d.=1 fa=2");
	REFUSE(SQST_ERR_LIMIT, "parent: inode numbers are exhausted",
	       .parent = {{"d.=1", SQST_NUMBER_MAX - 1}}, .tree = "d.=1 fa=2");
	REFUSE(SQST_ERR_LIMIT, "--prev", .parent = {{"d.=1 fa=2147483647", SQST_NUMBER_MAX}},
	       .tree = "d.=1 fa=2");
	REFUSE(SQST_ERR_LIMIT, "2147483647", .parent = {{"d.=1", SQST_NUMBER_MAX}}, .tree = "d.=1",
	       .new_lineage = true);
}

static void parents_must_be_sound(void **state)
{
	struct sqst_tree *tree = tree_of("d.=1 fa=2");
	struct sqst_numbers *parent = numbers_of("d.=1 fa=2", 3);
	const struct sqst_numbers *parents = parent;
	struct sqst_numbering out;
	struct sqst_report why = {0};

	(void)state;
	parent->root.child[0].number = 0;
	assert_int_equal(sqst_numbering_assign(tree, &parents, 1, false, &out, &why),
			 SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "\"a\": inode number 0"));
	parent->root.child[0].number = 4;
	assert_int_equal(sqst_numbering_assign(tree, &parents, 1, false, &out, &why),
			 SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "\"a\": inode number 4"));
	parent->lineage.top = UINT32_MAX;
	assert_int_equal(sqst_numbering_assign(tree, &parents, 1, false, &out, &why),
			 SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "inode count 4294967295"));
	sqst_numbers_free(parent);
	sqst_tree_free(tree);
}

#define LEVELS 50000

/* Neither a deep tree nor a deep parent may use up the stack. */
static void a_deep_tree_is_numbered(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_tree *other = tree_of("d.=1");
	struct sqst_node *node = sqst_tree_root(tree);
	struct sqst_numbers *parent;
	const struct sqst_numbers *parents;
	struct sqst_numbering out;
	struct sqst_report why = {0};

	(void)state;
	for (uint32_t i = 1; i < LEVELS; i++)
		node = sqst_tree_add(tree, node, "d", SQST_TYPE_DIR);
	require(sqst_numbering_assign(tree, NULL, 0, false, &out, &why), &why);
	assert_int_equal(out.top, LEVELS + 1);
	assert_int_equal(node->inode->number, LEVELS);
	require(sqst_numbers_from_tree(tree, "deep", &parent, &why), &why);
	parent->lineage.top = out.top;
	parents = parent;
	require(sqst_numbering_assign(tree, &parents, 1, false, &out, &why), &why);
	assert_int_equal(out.stats.kept, LEVELS);
	require(sqst_numbering_assign(other, &parents, 1, false, &out, &why), &why);
	assert_int_equal(out.stats.retired, LEVELS - 1);
	sqst_numbers_free(parent);
	sqst_tree_free(tree);
	sqst_tree_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_parent_counts_in_tree_order),
	    cmocka_unit_test(no_parent_root_alone),
	    cmocka_unit_test(r1_known_identities_keep_their_numbers),
	    cmocka_unit_test(r2_new_paths_get_numbers_above_top),
	    cmocka_unit_test(r2_another_type_is_another_identity),
	    cmocka_unit_test(r3_removed_numbers_are_not_given_out),
	    cmocka_unit_test(r3_a_removed_directory_retires_all_below),
	    cmocka_unit_test(r4_top_never_shrinks),
	    cmocka_unit_test(r6_root_keeps_its_number),
	    cmocka_unit_test(r7_no_double_when_root_has_top),
	    cmocka_unit_test(r7_double_comes_above_a_live_top),
	    cmocka_unit_test(r7_double_takes_a_top_that_is_not_live),
	    cmocka_unit_test(r7_top_that_is_live_through_a_second_name),
	    cmocka_unit_test(r8_parents_that_agree),
	    cmocka_unit_test(r8_number_with_two_meanings_is_retired),
	    cmocka_unit_test(r8_number_retired_in_the_older_parent),
	    cmocka_unit_test(r8_number_retired_in_the_newer_parent),
	    cmocka_unit_test(r8_number_above_the_other_top),
	    cmocka_unit_test(r8_newest_number_wins_when_the_older_never_reached_it),
	    cmocka_unit_test(r8_no_fallback_to_an_older_number),
	    cmocka_unit_test(r8_another_type_in_the_other_parent),
	    cmocka_unit_test(r8_roots_that_differ),
	    cmocka_unit_test(r8_three_parents),
	    cmocka_unit_test(r8_links_with_a_path_in_conflict),
	    cmocka_unit_test(r9_new_lineage_is_above_every_top),
	    cmocka_unit_test(r9_new_lineage_without_parents_starts_at_one),
	    cmocka_unit_test(highest_number_can_be_used),
	    cmocka_unit_test(limit_names_the_way_out),
	    cmocka_unit_test(parents_must_be_sound),
	    cmocka_unit_test(a_deep_tree_is_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
