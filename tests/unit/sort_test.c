/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sort files: what their lines say, what is refused, and which file each rule is about. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <locale.h>
#include <string.h>

#include "data/order.h"
#include "support/unit.h"

static int parse(struct sqst_sort *sort, const char *text, struct sqst_report *why)
{
	*why = (struct sqst_report){0};
	return sqst_sort_parse(sort, "list", text, strlen(text), why);
}

static void lines_are_rules(void **state)
{
	struct sqst_sort sort = {0};
	struct sqst_report why;

	(void)state;
	assert_int_equal(parse(&sort,
			       "# first\n\n   \t \nboot/vmlinuz 32767\nusr/a\\ b\t-32768  \r\n"
			       "  etc +7\nback\\\\slash\\# 0\nlast 1",
			       &why),
			 0);
	assert_int_equal(sort.rules, 5);
	assert_string_equal(sort.rule[0].path, "boot/vmlinuz");
	assert_int_equal(sort.rule[0].priority, 32767);
	assert_int_equal(sort.rule[0].line, 4);
	assert_string_equal(sort.rule[0].file, "list");
	assert_string_equal(sort.rule[1].path, "usr/a b");
	assert_int_equal(sort.rule[1].priority, -32768);
	assert_string_equal(sort.rule[2].path, "etc");
	assert_int_equal(sort.rule[2].priority, 7);
	assert_string_equal(sort.rule[3].path, "back\\slash#");
	assert_string_equal(sort.rule[4].path, "last");
	assert_int_equal(sort.rule[4].line, 8);
	sqst_sort_release(&sort);
	assert_int_equal(sort.rules, 0);
}

static void flags_are_read(void **state)
{
	struct sqst_sort sort = {0};
	struct sqst_report why;

	(void)state;
	assert_int_equal(parse(&sort,
			       "a 1 [align]\nb 2[ dont_fragment , dont_compress ]\n"
			       "c\\*\\ d 3 [glob,nosparse,dont_deduplicate]\ne* 4 [glob_no_path]\n",
			       &why),
			 0);
	assert_int_equal(sort.rule[0].flags, SQST_SORT_ALIGN);
	assert_int_equal(sort.rule[1].flags, SQST_SORT_NO_FRAGMENT | SQST_SORT_RAW);
	assert_int_equal(sort.rule[1].match, SQST_SORT_PATH);
	assert_int_equal(sort.rule[2].flags, SQST_SORT_NO_SPARSE | SQST_SORT_NO_DUPLICATE);
	assert_int_equal(sort.rule[2].match, SQST_SORT_GLOB);
	/* A pattern keeps its backslashes: fnmatch() takes them. */
	assert_string_equal(sort.rule[2].path, "c\\*\\ d");
	assert_int_equal(sort.rule[3].flags, 0);
	assert_int_equal(sort.rule[3].match, SQST_SORT_GLOB_ANY);
	sqst_sort_release(&sort);
}

static void bad_lines_are_refused_with_their_number(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
	    {"a 1\nb\n", "line 2"},
	    {"a b 1\n", "backslash"},
	    {"a 32768\n", "32767"},
	    {"a -32769\n", "-32768"},
	    {"a 99999999999999999999\n", "32767"},
	    {"a -\n", "priority"},
	    {"a 1 x\n", "after the priority"},
	    {"a 1x\n", "after the priority"},
	    {"a 1 [\n", "align"},
	    {"a 1 []\n", "align"},
	    {"a 1 [align\n", "]"},
	    {"a 1 [align,]\n", "align"},
	    {"a 1 [alig]\n", "align"},
	    {"a 1 [align] x\n", "after the priority"},
	    {"a 1 [align dont_compress]\n", "]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sqst_sort sort = {0};
		struct sqst_report why;

		assert_int_equal(parse(&sort, bad[i].text, &why), SQST_ERR_OPTION);
		assert_non_null(strstr(why.message, "list"));
		assert_non_null(strstr(why.message, "line "));
		assert_non_null(strstr(why.message, bad[i].word));
		sqst_sort_release(&sort);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	struct sqst_sort sort = {0};
	struct sqst_report why = {0};

	(void)state;
	assert_int_equal(sqst_sort_parse(&sort, "list", "a\0b 1\n", 6, &why), SQST_ERR_OPTION);
	sqst_sort_release(&sort);
}

static void a_missing_file_is_refused(void **state)
{
	struct sqst_sort sort = {0};
	struct sqst_report why = {0};

	(void)state;
	assert_int_equal(sqst_sort_load(&sort, "/nonexistent/list", NULL, &why), SQST_ERR_SOURCE);
	assert_int_equal(sqst_sort_load(&sort, "/", NULL, &why), SQST_ERR_SOURCE);
}

/* ---- order */

static unsigned warnings;

static void count_warning(void *user, const char *message)
{
	(void)user;
	(void)message;
	warnings++;
}

/* The names of the files in the order that a sort file asks for, as "a b c". */
static void expect(struct sqst_tree *tree, const char *text, const char *names, unsigned warned)
{
	struct sqst_report why = {.warn = count_warning};
	struct sqst_sort sort = {0};
	struct sqst_order order = {.tree = tree};
	char got[256] = "";

	warnings = 0;
	assert_int_equal(sqst_sort_parse(&sort, "list", text, strlen(text), &why), 0);
	assert_int_equal(sqst_order_make(&order, &sort, NULL, 0, &why), 0);
	for (size_t i = 0; i < order.count; i++) {
		strcat(got, i ? " " : "");
		strcat(got, order.place[i].node->name);
	}
	assert_string_equal(got, names);
	assert_int_equal(warnings, warned);
	sqst_order_release(&order);
	sqst_sort_release(&sort);
}

/* a, d/b, d/c, d/e/f (also named z), g */
static struct sqst_tree *make(void)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree), *d, *e, *f;

	sqst_tree_add(tree, root, "a", SQST_TYPE_FILE);
	sqst_tree_add(tree, root, "g", SQST_TYPE_FILE);
	sqst_tree_add(tree, root, "link", SQST_TYPE_SYMLINK);
	d = sqst_tree_add(tree, root, "d", SQST_TYPE_DIR);
	sqst_tree_add(tree, d, "b", SQST_TYPE_FILE);
	sqst_tree_add(tree, d, "c", SQST_TYPE_FILE);
	e = sqst_tree_add(tree, d, "e", SQST_TYPE_DIR);
	f = sqst_tree_add(tree, e, "f", SQST_TYPE_FILE);
	sqst_tree_link(tree, root, "z", f->inode);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	return tree;
}

static void rules_order_files(void **state)
{
	struct sqst_tree *tree = make();

	(void)state;
	expect(tree, "# none\na 0\n", "a b c f g", 0);
	expect(tree, "g 1\n", "g a b c f", 0);
	expect(tree, "a -1\n", "b c f g a", 0);
	expect(tree, "/g 1\n./d//c/ 2\n", "c g a b f", 0);
	/* A directory's line holds for all below it that has none of its own. */
	expect(tree, "d 5\n", "b c f a g", 0);
	expect(tree, "d -5\nd/e 5\nd/c 6\n", "c f a g b", 0);
	/* The last line about a name wins. */
	expect(tree, "g 9\ng -9\n", "a b c f g", 0);
	/* A second name counts; its own line wins over what another name inherits. */
	expect(tree, "z 1\n", "f a b c g", 0);
	expect(tree, "d 7\nz -1\n", "b c a g f", 0);
	expect(tree, "d -7\n", "a f g b c", 0);
	expect(tree, "d/* 1 [glob]\n", "b c f a g", 0);
	expect(tree, "[bg] 1 [glob]\n", "g a b c f", 0);
	expect(tree, "d*f 1 [glob_no_path]\n", "f a b c g", 0);
	expect(tree, "d*f 1 [glob]\n", "a b c f g", 1);
	expect(tree, "none 1\nd/none 2\nlink/x 3\n../x 4\n", "a b c f g", 1);
	sqst_tree_free(tree);
}

static void patterns_know_no_locale(void **state)
{
	static const char *const locales[] = {"C", "C.UTF-8"};
	struct sqst_tree *tree = sqst_tree_new();

	(void)state;
	sqst_tree_add(tree, sqst_tree_root(tree), "a", SQST_TYPE_FILE);
	sqst_tree_add(tree, sqst_tree_root(tree), "\303\244", SQST_TYPE_FILE);
	sqst_tree_add(tree, sqst_tree_root(tree), "zz", SQST_TYPE_FILE);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	for (size_t i = 0; i < 2 && setlocale(LC_ALL, locales[i]); i++) {
		expect(tree, "?? 1 [glob]\n", "zz \303\244 a", 0);
		expect(tree, "[[:alpha:]] 1 [glob]\n", "a zz \303\244", 0);
	}
	setlocale(LC_ALL, "C");
	sqst_tree_free(tree);
}

static void flags_reach_the_files(void **state)
{
	const char *text = "d 1 [dont_fragment]\nd/c 1\ng 0 [align]\n";
	struct sqst_tree *tree = make();
	struct sqst_sort sort = {0};
	struct sqst_order order = {.tree = tree};

	(void)state;
	assert_int_equal(sqst_sort_parse(&sort, "list", text, strlen(text), NULL), 0);
	assert_int_equal(sqst_order_make(&order, &sort, NULL, 0, NULL), 0);
	assert_int_equal(order.count, 5);
	assert_string_equal(order.place[0].node->name, "b");
	assert_int_equal(order.place[0].flags, SQST_SORT_NO_FRAGMENT);
	assert_string_equal(order.place[1].node->name, "c");
	assert_int_equal(order.place[1].flags, 0);
	assert_string_equal(order.place[4].node->name, "g");
	assert_int_equal(order.place[4].flags, SQST_SORT_ALIGN);
	sqst_order_release(&order);
	sqst_sort_release(&sort);
	sqst_tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_rules),
	    cmocka_unit_test(flags_are_read),
	    cmocka_unit_test(bad_lines_are_refused_with_their_number),
	    cmocka_unit_test(a_nul_byte_is_refused),
	    cmocka_unit_test(a_missing_file_is_refused),
	    cmocka_unit_test(rules_order_files),
	    cmocka_unit_test(patterns_know_no_locale),
	    cmocka_unit_test(flags_reach_the_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
