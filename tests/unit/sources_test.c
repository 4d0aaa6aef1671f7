/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is taken from the file system: filters, several sources, attributes by name. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <locale.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "support/edit.h"
#include "tree/filter.h"
#include "tree/sources.h"

/* ---- filters */

static bool excludes(const char *pattern, unsigned flags, const char *path)
{
	struct sqst_filter *filter = sqst_filter_new();
	bool out;

	assert_int_equal(sqst_filter_add(filter, pattern, flags, NULL), 0);
	out = sqst_filter_excludes(filter, path);
	sqst_filter_free(filter);
	return out;
}

static void filters_match_component_by_component(void **state)
{
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *path;
		bool out;
	} cases[] = {
	    {"a/b", SQST_FILTER_PLAIN, "a/b", true},
	    {"a/b", SQST_FILTER_PLAIN, "a/b/c", true},
	    {"a/b", SQST_FILTER_PLAIN, "a", false},
	    {"a//./b/", SQST_FILTER_PLAIN, "a/b", true},
	    {"/a/b", SQST_FILTER_PLAIN, "a/b", true},
	    {"*", SQST_FILTER_PLAIN, "a", false},
	    {"*", SQST_FILTER_WILDCARDS, "a/b", true},
	    {"*", SQST_FILTER_WILDCARDS, ".a", false},
	    {"*.gz", SQST_FILTER_WILDCARDS, "d/x.gz", false},
	    {"... *.gz", SQST_FILTER_WILDCARDS, "d/x.gz", true},
	    {"... *.gz", SQST_FILTER_WILDCARDS, "x.gz", true},
	    {"... d/x.gz", SQST_FILTER_WILDCARDS, "e/d/x.gz", true},
	    {"... d/x.gz", SQST_FILTER_WILDCARDS, "d/y", false},
	    {"d/*", SQST_FILTER_WILDCARDS, "d", false},
	    {"d/*", SQST_FILTER_WILDCARDS, "d/e/f", true},
	    {"!(a|b)", SQST_FILTER_WILDCARDS, "a", false},
	    {"!(a|b)", SQST_FILTER_WILDCARDS, "c", true},
	    {"[ab]/?", SQST_FILTER_WILDCARDS, "b/c", true},
	    {"b", SQST_FILTER_REGEX, "abc", true},
	    {"^b", SQST_FILTER_REGEX, "abc", false},
	    {"^a$/(x|y)", SQST_FILTER_REGEX, "a/by", true},
	    {"... ^z$", SQST_FILTER_REGEX, "a/b/z", true},
	    {".", SQST_FILTER_REGEX, "a", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (excludes(cases[i].pattern, cases[i].flags, cases[i].path) != cases[i].out)
			fail_msg("%s on %s", cases[i].pattern, cases[i].path);
	}
}

/* Names are bytes: no locale changes what matches. C.UTF-8 is in every glibc of today. */
static void filters_know_no_locale(void **state)
{
	static const char *const locales[] = {"C",           "C.UTF-8",     "C.UTF8",
					      "en_US.UTF-8", "de_DE.UTF-8", "de_DE.ISO-8859-1",
					      "tr_TR.UTF-8"};
	unsigned known = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
		if (!setlocale(LC_ALL, locales[i]))
			continue;
		known++;
		/* An a with dots, as UTF-8 and as Latin-1. */
		assert_false(excludes("?", SQST_FILTER_WILDCARDS, "\303\244"));
		assert_true(excludes("??", SQST_FILTER_WILDCARDS, "\303\244"));
		assert_true(excludes("?", SQST_FILTER_WILDCARDS, "\344"));
		assert_false(excludes("[[:alpha:]]*", SQST_FILTER_WILDCARDS, "\344x"));
		assert_false(excludes("[a-z]", SQST_FILTER_WILDCARDS, "B"));
		assert_false(excludes("^.$", SQST_FILTER_REGEX, "\303\244"));
		assert_true(excludes("^..$", SQST_FILTER_REGEX, "\303\244"));
		assert_true(excludes("^.$", SQST_FILTER_REGEX, "\344"));
		assert_false(excludes("[[:alpha:]]", SQST_FILTER_REGEX, "\303\244\344"));
		assert_false(excludes("^[a-z]$", SQST_FILTER_REGEX, "B"));
	}
	setlocale(LC_ALL, "C");
	if (known < 2)
		skip();
}

static void filters_refuse(void **state)
{
	static const char *const bad[] = {"/a", "./a", "../a", ""};
	struct sqst_filter *filter = sqst_filter_new();
	struct sqst_report why = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sqst_filter_add(filter, bad[i], SQST_FILTER_WILDCARDS, &why),
				 SQST_ERR_OPTION);
	assert_int_equal(sqst_filter_add(filter, "a/[", SQST_FILTER_REGEX, &why), SQST_ERR_OPTION);
	assert_non_null(strstr(why.message, "regular expression"));
	assert_int_equal(sqst_filter_add(filter, "//", SQST_FILTER_PLAIN, &why), SQST_ERR_OPTION);
	assert_int_equal(sqst_filter_add(filter, "a", 7, &why), SQST_ERR_OPTION);
	assert_int_equal(sqst_filter_load(filter, "no such file", 0, &why), SQST_ERR_SOURCE);
	file("bad", "x\n\n[\n");
	assert_int_equal(sqst_filter_load(filter, "bad", SQST_FILTER_REGEX, &why), SQST_ERR_OPTION);
	assert_non_null(strstr(why.message, "line 3"));
	assert_int_equal(sqst_filter_count(filter), 1);
	sqst_filter_free(filter);
}

static void filter_file_has_comments_and_backslashes(void **state)
{
	struct sqst_filter *filter = sqst_filter_new();

	(void)state;
	file("ef", "# comment\n\n  a\n\\#b\n\\ c\nlast");
	assert_int_equal(sqst_filter_load(filter, "ef", SQST_FILTER_PLAIN, NULL), 0);
	assert_int_equal(sqst_filter_count(filter), 4);
	assert_true(sqst_filter_excludes(filter, "a"));
	assert_true(sqst_filter_excludes(filter, "#b"));
	assert_true(sqst_filter_excludes(filter, " c"));
	assert_true(sqst_filter_excludes(filter, "last/x"));
	assert_false(sqst_filter_excludes(filter, "comment"));
	sqst_filter_free(filter);
}

static struct sqst_tree *scan(const char *const *source, size_t count, unsigned flags,
			      const struct sqst_scan_options *options)
{
	struct sqst_report why = {0};
	struct sqst_tree *tree = NULL;

	if (sqst_tree_scan_sources(source, count, flags, options, NULL, &tree, &why) != 0)
		fail_msg("%s", why.message);
	return tree;
}

static void scan_leaves_out(void **state)
{
	static const char *const source[] = {"s", "t"};
	struct sqst_filter *plain = sqst_filter_new(), *wild = sqst_filter_new();
	int warnings = 0;
	struct sqst_report why = {.warn = warn, .user = &warnings};
	struct sqst_scan_options options = {.filter = plain};
	struct sqst_tree *tree;

	(void)state;
	dir("s"), dir("s/a"), dir("t"), dir("t/a");
	file("s/a/x", "x"), file("s/y", "y"), file("t/a/x", "x"), file("t/z", "z");
	assert_int_equal(link("s/a/x", "s/hard"), 0);
	/* A plain path holds below each source and takes all names of the file with it. */
	assert_int_equal(sqst_filter_add(plain, "a/x", SQST_FILTER_PLAIN, NULL), 0);
	assert_int_equal(sqst_filter_add(plain, "./t/z", SQST_FILTER_PLAIN, NULL), 0);
	assert_int_equal(sqst_filter_add(plain, "./nothing", SQST_FILTER_PLAIN, NULL), 0);
	assert_int_equal(sqst_tree_scan_sources(source, 2, 0, &options, NULL, &tree, &why), 0);
	assert_paths(tree, "s/ s/a/ s/y t/ t/a/ ");
	assert_int_equal(warnings, 0);
	sqst_filter_end(plain, &why);
	assert_int_equal(warnings, 1);
	sqst_tree_free(tree);
	/* A pattern holds below the root of the image. */
	options.filter = wild;
	assert_int_equal(sqst_filter_add(wild, "s/?", SQST_FILTER_WILDCARDS, NULL), 0);
	tree = scan(source, 2, 0, &options);
	assert_paths(tree, "s/ s/hard t/ t/a/ t/a/x t/z ");
	sqst_tree_filter(tree, wild);
	assert_int_equal(sqst_filter_add(wild, "... ?", SQST_FILTER_WILDCARDS, NULL), 0);
	sqst_tree_filter(tree, wild);
	assert_paths(tree, "");
	sqst_tree_free(tree);
	sqst_filter_free(plain);
	sqst_filter_free(wild);
}

/* ---- several sources */

static void sources_become_entries(void **state)
{
	static const char *const source[] = {"s", "./t/s/", "one", "t/one", "t/dangling"};
	const struct sqst_scan_options options = {.all_root = true};
	int warnings = 0;
	struct sqst_report why = {.warn = warn, .user = &warnings};
	struct sqst_tree *tree = NULL;

	(void)state;
	dir("s"), dir("s/d"), dir("t"), dir("t/s");
	file("s/d/f", "first"), file("t/s/f", "second"), file("one", "1"), file("t/one", "2");
	assert_int_equal(link("t/s/f", "s/shared"), 0);
	assert_int_equal(symlink("nowhere", "t/dangling"), 0);
	assert_int_equal(sqst_tree_scan_sources(source, 5, 0, &options, NULL, &tree, &why), 0);
	assert_int_equal(warnings, 2);
	assert_paths(tree, "dangling one one_1 s/ s/d/ s/d/f s/shared s_1/ s_1/f ");
	assert_text(tree, "s/d/f", "first");
	assert_text(tree, "s_1/f", "second");
	assert_text(tree, "s/shared", "second");
	assert_text(tree, "one", "1");
	assert_text(tree, "one_1", "2");
	assert_ptr_equal(get(tree, "s_1/f")->inode, get(tree, "s/shared")->inode);
	assert_int_equal(get(tree, "")->inode->mode, 0777);
	assert_int_equal(get(tree, "")->inode->mtime, get(tree, "dangling")->inode->mtime);
	/* What remains of a hard link group when its first name goes is still found. */
	sqst_tree_remove(tree, get(tree, "s"));
	assert_text(tree, "s_1/f", "second");
	sqst_tree_free(tree);
}

static void single_sources(void **state)
{
	static const char *const one[] = {"s"}, *const only[] = {"s/f"}, *const none[] = {"x"};
	static const char *const two[] = {"s/f", "x"}, *const root[] = {"s", "/"};
	struct sqst_tree *tree;

	(void)state;
	dir("s"), file("s/f", "f");
	tree = scan(one, 1, 0, NULL);
	assert_paths(tree, "f ");
	sqst_tree_free(tree);
	tree = scan(one, 1, SQST_SOURCES_KEEP_DIRECTORY, NULL);
	assert_paths(tree, "s/ s/f ");
	assert_text(tree, "s/f", "f");
	sqst_tree_free(tree);
	tree = scan(only, 1, 0, NULL);
	assert_paths(tree, "f ");
	assert_text(tree, "f", "f");
	sqst_tree_free(tree);
	assert_int_equal(sqst_tree_scan_sources(none, 1, 0, NULL, NULL, &tree, NULL),
			 SQST_ERR_SOURCE);
	assert_int_equal(sqst_tree_scan_sources(two, 2, 0, NULL, NULL, &tree, NULL),
			 SQST_ERR_SOURCE);
	assert_int_equal(sqst_tree_scan_sources(root, 2, 0, NULL, NULL, &tree, NULL),
			 SQST_ERR_SOURCE);
	assert_int_equal(sqst_tree_scan_sources(none, 0, 0, NULL, NULL, &tree, NULL),
			 SQST_ERR_OPTION);
}

static void sources_keep_their_path(void **state)
{
	static const char *const source[] = {"./a/b/f", "a/c", "a/b"}, *const dots[] = {"a/../a"};
	static const char *const names[] = {".", "a", "a/c", "a/c/g"};
	struct sqst_tree *tree;

	(void)state;
	dir("a"), dir("a/b"), dir("a/c");
	file("a/b/f", "f"), file("a/b/e", "e"), file("a/c/g", "g"), file("a/h", "h");
	tree = scan(source, 2, SQST_SOURCES_NO_STRIP, NULL);
	assert_paths(tree, "a/ a/b/ a/b/f a/c/ a/c/g ");
	assert_text(tree, "a/b/f", "f");
	sqst_tree_free(tree);
	tree = scan(source, 3, SQST_SOURCES_NO_STRIP, NULL);
	assert_paths(tree, "a/ a/b/ a/b/e a/b/f a/c/ a/c/g ");
	assert_int_not_equal(get(tree, "")->inode->mode, 0777);
	sqst_tree_free(tree);
	tree = scan(names, 4, SQST_SOURCES_NO_DESCENT, NULL);
	assert_paths(tree, "a/ a/c/ a/c/g ");
	sqst_tree_free(tree);
	assert_int_equal(
	    sqst_tree_scan_sources(dots, 1, SQST_SOURCES_NO_STRIP, NULL, NULL, &tree, NULL),
	    SQST_ERR_SOURCE);
	assert_int_equal(
	    sqst_tree_scan_sources(names, 1, SQST_SOURCES_NO_STRIP, NULL, NULL, &tree, NULL),
	    SQST_ERR_SOURCE);
}

static void no_hard_links_on_request(void **state)
{
	const struct sqst_scan_options options = {.no_hardlinks = true};
	static const char *const source[] = {"s"};
	struct sqst_tree *tree;

	(void)state;
	dir("s"), file("s/a", "text");
	assert_int_equal(link("s/a", "s/b"), 0);
	tree = scan(source, 1, 0, &options);
	assert_int_equal(sqst_tree_inodes(tree), 3);
	assert_text(tree, "b", "text");
	sqst_tree_free(tree);
}

static size_t attributes_of(const struct sqst_scan_options *options, const char **first)
{
	struct sqst_tree *tree = NULL;
	size_t count = 0;
	uint32_t set;

	assert_int_equal(sqst_tree_scan("s", options, NULL, &tree, NULL), 0);
	set = get(tree, "a")->inode->xattr;
	if (set != SQST_NO_XATTR)
		*first = strrchr(sqst_tree_xattr_set(tree, set, &count)[0].name, '.');
	*first = count > 0 ? (strcmp(*first, ".one") == 0 ? "one" : "two") : "";
	sqst_tree_free(tree);
	return count;
}

static void attributes_are_chosen_by_name(void **state)
{
	struct sqst_scan_options options = {0};
	struct sqst_tree *tree = NULL;
	const char *first;

	(void)state;
	dir("s"), file("s/a", "");
	if (setxattr("s/a", "user.one", "1", 1, 0) != 0)
		skip();
	assert_int_equal(setxattr("s/a", "user.two", "2", 1, 0), 0);
	assert_int_equal(attributes_of(&options, &first), 2);
	options.xattrs_include = "o$";
	assert_int_equal(attributes_of(&options, &first), 1);
	assert_string_equal(first, "two");
	options.xattrs_exclude = "w";
	assert_int_equal(attributes_of(&options, &first), 0);
	options.xattrs_include = NULL;
	assert_int_equal(attributes_of(&options, &first), 1);
	assert_string_equal(first, "one");
	options.xattrs_exclude = "(";
	assert_int_equal(sqst_tree_scan("s", &options, NULL, &tree, NULL), SQST_ERR_OPTION);
}

/* Needs the right to mount. */
static void other_file_systems_stay_out(void **state)
{
	struct sqst_scan_options options = {.one_file_system = true};
	int warnings = 0;
	struct sqst_report why = {.warn = warn, .user = &warnings};
	struct sqst_tree *tree = NULL, *without = NULL;
	int rc;

	(void)state;
	dir("s"), dir("s/m");
	if (mount("none", "s/m", "tmpfs", 0, NULL) != 0)
		skip();
	file("s/m/in", "");
	rc = sqst_tree_scan("s", &options, NULL, &tree, &why);
	options.one_file_system_x = true;
	if (rc == 0)
		rc = sqst_tree_scan("s", &options, NULL, &without, &why);
	assert_int_equal(umount("s/m"), 0);
	assert_int_equal(rc, 0);
	assert_paths(tree, "m/ ");
	assert_paths(without, "");
	assert_int_equal(warnings, 2);
	sqst_tree_free(tree);
	sqst_tree_free(without);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(filters_match_component_by_component),
	    cmocka_unit_test(filters_know_no_locale),
	    cmocka_unit_test_setup_teardown(filters_refuse, enter, leave),
	    cmocka_unit_test_setup_teardown(filter_file_has_comments_and_backslashes, enter, leave),
	    cmocka_unit_test_setup_teardown(scan_leaves_out, enter, leave),
	    cmocka_unit_test_setup_teardown(sources_become_entries, enter, leave),
	    cmocka_unit_test_setup_teardown(single_sources, enter, leave),
	    cmocka_unit_test_setup_teardown(sources_keep_their_path, enter, leave),
	    cmocka_unit_test_setup_teardown(no_hard_links_on_request, enter, leave),
	    cmocka_unit_test_setup_teardown(attributes_are_chosen_by_name, enter, leave),
	    cmocka_unit_test_setup_teardown(other_file_systems_stay_out, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
