/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R5: hard links, by the rule and as --keep-links has it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/numbering_rules.h"

static void r5_links_have_one_number(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=2 fc=3", 4}}, .tree = "d.=1 fa=5 fb=5 fc=6",
	      .numbers = "d.=1 fa=2 fb=2 fc=3", .top = 4, .kept = 4);
}

static void r5_a_name_that_joins_ends_a_number(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fb=2", 3}}, .tree = "d.=1 fa=5 fb=5", .numbers = "d.=1 fa=4 fb=4",
	      .top = 5, .kept = 1, .renumbered = 1, .retired = 1);
	CHECK(.parent = {{"d.=1 fa=2 fb=3 fc=3", 4}}, .tree = "d.=1 fa=5 fb=5 fc=5",
	      .numbers = "d.=1 fa=5 fb=5 fc=5", .top = 6, .kept = 1, .renumbered = 3, .retired = 2);
}

static void r5_a_name_that_leaves_ends_a_number(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=2", 3}}, .tree = "d.=1 fb=2", .numbers = "d.=1 fb=4",
	      .top = 5, .kept = 1, .renumbered = 1, .retired = 1);
	/* With another type it is another identity. */
	CHECK(.parent = {{"d.=1 fa=2 fb=2", 3}}, .tree = "d.=1 la=5 fb=2",
	      .numbers = "d.=1 la=4 fb=5", .top = 6, .kept = 1, .retyped = 1, .renumbered = 1,
	      .retired = 1);
}

static void r5_each_part_of_a_split_is_new(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=2 fc=2", 3}}, .tree = "d.=1 fa=5 fb=6 fc=6",
	      .numbers = "d.=1 fa=4 fb=5 fc=5", .top = 6, .kept = 1, .renumbered = 3, .retired = 1);
}

static void r5_groups_that_swap_names_are_new(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=2 fc=3 fd=3", 4}}, .tree = "d.=1 fa=5 fc=5 fb=6 fd=6",
	      .numbers = "d.=1 fa=5 fc=5 fb=6 fd=6", .top = 7, .kept = 1, .renumbered = 4,
	      .retired = 2);
}

static void r5_every_parent_has_the_set(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 fa=2 fb=2 fc=2", 4}, {"d.=1 fa=2 fb=2", 4}},
	      .tree = "d.=1 fa=2 fb=2", .numbers = "d.=1 fa=5 fb=5", .top = 6, .kept = 1,
	      .renumbered = 2, .retired = 1);
	/* One that never reached the number has no say. */
	CHECK(.parent = {{"d.=1 fb=2", 3}, {"d.=1 fa=4 fb=4", 5}}, .tree = "d.=1 fa=2 fb=2",
	      .numbers = "d.=1 fa=4 fb=4", .top = 5, .kept = 3, .retired = 1);
}

static void r5_root_and_directories_are_no_groups(void **state)
{
	(void)state;
	CHECK(.parent = {{"d.=1 da=2 fa/x=3 fa/y=3", 4}}, .tree = "d.=1 da=2 fa/x=3",
	      .numbers = "d.=1 da=2 fa/x=5", .top = 6, .kept = 2, .renumbered = 1, .retired = 1);
}

static void keep_links_group_takes_the_number_of_most_paths(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=3 fc=3", 4}},
	      .tree = "d.=1 fa=5 fb=5 fc=5", .numbers = "d.=1 fa=3 fb=3 fc=3", .top = 4, .kept = 3,
	      .renumbered = 1, .retired = 1);
}

static void keep_links_group_tie_takes_the_lowest_number(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=3 fb=2", 4}}, .tree = "d.=1 fa=5 fb=5",
	      .numbers = "d.=1 fa=2 fb=2", .top = 4, .kept = 2, .renumbered = 1, .retired = 1);
}

static void keep_links_split_goes_to_most_old_paths(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=2 fc=2", 3}},
	      .tree = "d.=1 fa=5 fb=6 fc=6", .numbers = "d.=1 fa=4 fb=2 fc=2", .top = 5, .kept = 3,
	      .renumbered = 1);
}

static void keep_links_split_tie_goes_to_the_first_path(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=2", 3}}, .tree = "d.=1 fa=5 fb=6",
	      .numbers = "d.=1 fa=2 fb=4", .top = 5, .kept = 2, .renumbered = 1);
	/* First in tree order: a/x stands before a-b. */
	CHECK(.keep_links = true, .parent = {{"d.=1 da=3 fa/x=2 fa-b=2", 4}},
	      .tree = "d.=1 da=2 fa/x=5 fa-b=6", .numbers = "d.=1 da=3 fa/x=2 fa-b=5", .top = 6,
	      .kept = 3, .renumbered = 1);
	/* The group's first path counts, though it is new. */
	CHECK(.keep_links = true, .parent = {{"d.=1 fb=2 fc=2", 3}}, .tree = "d.=1 fa=5 fb=6 fc=5",
	      .numbers = "d.=1 fa=2 fb=4 fc=2", .top = 5, .kept = 2, .renumbered = 1);
}

static void keep_links_join_retires_the_losers(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=4 fb=4 fc=2 fd=3", 5}},
	      .tree = "d.=1 fa=5 fb=5 fc=5 fd=5", .numbers = "d.=1 fa=4 fb=4 fc=4 fd=4", .top = 5,
	      .kept = 3, .renumbered = 2, .retired = 2);
	/* A new name that joins is neither retyped nor renumbered. */
	CHECK(.keep_links = true, .parent = {{"d.=1 fb=2", 3}}, .tree = "d.=1 fa=5 fb=5",
	      .numbers = "d.=1 fa=2 fb=2", .top = 3, .kept = 2);
}

static void keep_links_second_choice_that_nobody_else_has(void **state)
{
	(void)state;
	/* Both groups want 2 most; b, c, d get it. a's other name was 3. */
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=2 fc=2 fd=2 fe=3", 4}},
	      .tree = "d.=1 fa=5 fe=5 fb=6 fc=6 fd=6", .numbers = "d.=1 fa=3 fe=3 fb=2 fc=2 fd=2",
	      .top = 4, .kept = 5, .renumbered = 1);
}

static void keep_links_a_number_stays_live_through_another_path(void **state)
{
	(void)state;
	CHECK(.keep_links = true, .parent = {{"d.=1 fa=2 fb=2", 3}}, .tree = "d.=1 fb=2",
	      .numbers = "d.=1 fb=2", .top = 3, .kept = 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(r5_links_have_one_number),
	    cmocka_unit_test(r5_a_name_that_joins_ends_a_number),
	    cmocka_unit_test(r5_a_name_that_leaves_ends_a_number),
	    cmocka_unit_test(r5_each_part_of_a_split_is_new),
	    cmocka_unit_test(r5_groups_that_swap_names_are_new),
	    cmocka_unit_test(r5_every_parent_has_the_set),
	    cmocka_unit_test(r5_root_and_directories_are_no_groups),
	    cmocka_unit_test(keep_links_group_takes_the_number_of_most_paths),
	    cmocka_unit_test(keep_links_group_tie_takes_the_lowest_number),
	    cmocka_unit_test(keep_links_split_goes_to_most_old_paths),
	    cmocka_unit_test(keep_links_split_tie_goes_to_the_first_path),
	    cmocka_unit_test(keep_links_join_retires_the_losers),
	    cmocka_unit_test(keep_links_second_choice_that_nobody_else_has),
	    cmocka_unit_test(keep_links_a_number_stays_live_through_another_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
