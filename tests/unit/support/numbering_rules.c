/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One rule, one case: parents, a tree, and the numbers that must come out. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbering_rules.h"

int assign(const struct rule *rule, struct sqst_tree *tree, struct sqst_numbering *out,
	   struct sqst_report *why)
{
	struct sqst_numbers *parent[PARENTS] = {0};
	size_t count = 0;
	int rc;

	while (count < PARENTS && rule->parent[count].paths) {
		parent[count] = numbers_of(rule->parent[count].paths, rule->parent[count].top);
		count++;
	}
	rc = sqst_numbering_assign(tree, (const struct sqst_numbers *const *)parent, count,
				   (rule->new_lineage ? SQST_NUMBERING_NEW_LINEAGE : 0u) |
				       (rule->keep_links ? SQST_NUMBERING_KEEP_LINKS : 0u),
				   out, why);
	for (size_t i = 0; i < count; i++)
		sqst_numbers_free(parent[i]);
	return rc;
}

void check(const struct rule *rule)
{
	struct sqst_tree *tree = tree_of(rule->tree);
	struct sqst_numbers *expected = numbers_of(rule->numbers, rule->top);
	struct sqst_numbering out = {0};
	struct sqst_report why = {0};
	char *is, *should;

	require(assign(rule, tree, &out, &why), &why);
	is = canonical_of_tree(tree);
	should = canonical(expected);
	assert_string_equal(is, should);
	assert_int_equal(out.top, rule->top);
	assert_int_equal(out.root, expected->root.number);
	assert_int_equal(out.root_double, !rule->no_double);
	assert_int_equal(out.stats.kept, rule->kept);
	assert_int_equal(out.stats.added, sqst_tree_names(tree) - rule->kept);
	assert_int_equal(out.stats.retyped, rule->retyped);
	assert_int_equal(out.stats.renumbered, rule->renumbered);
	assert_int_equal(out.stats.retired, rule->retired);
	assert_int_equal(out.stats.live, sqst_tree_inodes(tree));
	free(is);
	free(should);
	sqst_numbers_free(expected);
	sqst_tree_free(tree);
}
