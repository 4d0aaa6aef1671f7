/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of files of pseudo definitions, with and without content, and of what is refused. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/pseudo.h"

static void file_of_definitions(void **state)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "   / d 755 0 0\n"
				   "\t# another \\\n"
				   "f f 644 0 0 not this\n"
				   "f f 644 0 0 printf a; \\\n"
				   "printf b\n"
				   "g f 644 0 0 printf 'x\\\\'\n"
				   "h s 777 0 0 end";
	struct scratch *scratch = *state;

	assert_int_equal(load(scratch, text), 0);
	assert_int_equal(sqst_pseudo_count(scratch->pseudo), 4);
	must_apply(scratch);
	assert_content(scratch, "f", "ab", 2);
	assert_content(scratch, "g", "x\\", 2);
	assert_string_equal(inode_at(scratch, "h")->u.symlink.target, "end");
}

/* With nothing before it there is no text yet, not even an empty one. */
static void empty_lines(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n", "\\\n", "\\"};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(load(scratch, texts[i]), 0);
	assert_int_equal(sqst_pseudo_count(scratch->pseudo), 0);
}

static const char with_data[] = "/ D 1 755 0 0\n"
				"a R 2 644 1 2 6 0\n"
				"b R 3 600 0 0 9 6 0\n"
				"c L a\n"
				"empty R 3 600 0 0 0 15 1\n"
				"sp\\ ace\\\"q\\\\b R 4 644 0 0 3 12\n"
				"#\n"
				"# START OF DATA - DO NOT MODIFY\n"
				"#\n"
				"hello\ntwo words";

static void check_data(const struct scratch *scratch)
{
	assert_content(scratch, "a", "hello\n", 6);
	assert_owner(scratch, "a", 0644, 1, 2);
	assert_int_equal(inode_at(scratch, "a")->mtime, 2);
	assert_content(scratch, "b", "two words", 9);
	assert_ptr_equal(inode_at(scratch, "a"), inode_at(scratch, "c"));
	assert_content(scratch, "empty", "", 0);
	assert_content(scratch, "sp ace\"q\\b", "rds", 3);
}

static void data_in_the_file(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(load(scratch, with_data), 0);
	must_apply(scratch);
	/* The tree needs neither the list nor the name of the file any more. */
	sqst_pseudo_free(scratch->pseudo);
	scratch->pseudo = NULL;
	assert_int_equal(unlink(at(scratch, "list")), 0);
	check_data(scratch);
}

static void data_in_a_pipe(void **state)
{
	struct scratch *scratch = *state;
	int ends[2];
	const int input = dup(STDIN_FILENO);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], with_data, sizeof(with_data) - 1),
			 (ssize_t)sizeof(with_data) - 1);
	close(ends[1]);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	close(ends[0]);
	assert_int_equal(sqst_pseudo_load(scratch->pseudo, "-", &scratch->why), 0);
	assert_true(dup2(input, STDIN_FILENO) >= 0);
	close(input);
	must_apply(scratch);
	check_data(scratch);
}

static void data_that_changes(void **state)
{
	struct scratch *scratch = *state;
	struct sqst_content content;
	int fd;

	assert_int_equal(load(scratch, with_data), 0);
	must_apply(scratch);
	fd = open(at(scratch, "list"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
	assert_int_equal(
	    sqst_content_open(&content, scratch->tree, find(scratch, "a"), &scratch->why),
	    SQST_ERR_CHANGED);
	sqst_content_close(&content);
	assert_said(scratch->why.message, "list");
}

static void refused_files(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *said;
	} cases[] = {
#define CASE(text, said) {text, sizeof(text) - 1, said}
	    CASE("/ d 755 0 0\n\nx q 1 2 3\n", "line 3"),
	    CASE("x d 755 0 \\\n\\\n", "line 1"),
	    CASE("a b\0c\n", "NUL"),
	    CASE("a R 1 644 0 0 1 0\n", "START OF DATA"),
	    CASE("a R 1 644 0 0 1 0\n# START OF DATA - DO NOT MODIFY\n", "damaged"),
	    CASE("a R 1 644 0 0 1 0\n# START OF DATA - DO NOT MODIFY\n#", "damaged"),
	    CASE("a R 1 644 0 0 1 0\n# START OF DATA - DO NOT MODIFY\n#\n", "truncated"),
	    CASE("a R 1 644 0 0 2 9223372036854775807\n# START OF DATA - DO NOT MODIFY\n#\nxx",
		 "truncated"),
	    CASE("a R 1 644 0 0 9223372036854775807 1\n# START OF DATA - DO NOT MODIFY\n#\nxx",
		 "truncated"),
	    CASE("a R 1 644 0 0 9223372036854775808 1\n", "length"),
	    CASE("a R 1 644 0 0 -1 1\n", "length"),
	    CASE("a R 1 644 0 0 1\n", "offset"),
	    CASE("a R 1 644 0 0 1 1 2\n", "sparse"),
	    CASE("a R 1 644 0 0 1 1 1 1\n", "unexpected text"),
#undef CASE
	};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sqst_pseudo_free(scratch->pseudo);
		scratch->pseudo = sqst_pseudo_new();
		assert_int_equal(load_bytes(scratch, cases[i].text, cases[i].size),
				 SQST_ERR_SOURCE);
		assert_said(scratch->why.message, cases[i].said);
		assert_said(scratch->why.message, "list");
	}
	assert_int_equal(sqst_pseudo_load(scratch->pseudo, at(scratch, "missing"), &scratch->why),
			 SQST_ERR_SOURCE);
	assert_int_equal(sqst_pseudo_load(scratch->pseudo, scratch->directory, &scratch->why),
			 SQST_ERR_SOURCE);
}

static void refused_definitions(void **state)
{
	static const struct {
		const char *definition, *said;
	} cases[] = {
	    {"", "the name"},
	    {"a", "type"},
	    {"a z 755 0 0", "unknown type \"z\""},
	    {"a dd 755 0 0", "unknown type \"dd\""},
	    {"a r 755 0 0", "unknown type"},
	    {"a H x", "unknown type"},
	    {"a X x", "unknown type"},
	    {"\"a d 755 0 0", "quotes"},
	    {"a d", "mode"},
	    {"a d 758 0 0", "mode"},
	    {"a d 10000 0 0", "mode"},
	    {"a d 777777777777777777777777 0 0", "mode"},
	    {"a d u+rwx 0 0", "mode"},
	    {"a d 755", "uid"},
	    {"a d 755 0", "gid"},
	    {"a d 755 4294967296 0", "uid"},
	    {"a d 755 99999999999999999999999 0", "uid"},
	    {"a d 755 -1 0", "-1"},
	    {"a d 755 no-such-user 0", "no user \"no-such-user\""},
	    {"a d 755 0 no-such-group", "no group \"no-such-group\""},
	    {"a d 755 0 0 0", "unexpected text"},
	    {"a m 755 0 0 junk", "unexpected text"},
	    {"a c 755 0 0", "major"},
	    {"a c 755 0 0 1", "minor"},
	    {"a c 755 0 0 4096 1", "major"},
	    {"a c 755 0 0 1 1048576", "minor"},
	    {"a c 755 0 0 x 1", "major"},
	    {"a b 755 0 0 1 1 1", "unexpected text"},
	    {"a i 755 0 0", "socket"},
	    {"a i 755 0 0 x", "\"x\""},
	    {"a i 755 0 0 sf", "\"sf\""},
	    {"a f 755 0 0", "command"},
	    {"a f 755 0 0   ", "command"},
	    {"a s 755 0 0", "target"},
	    {"a D 4294967296 755 0 0", "time"},
	    {"a D", "time"},
	    {"a D 1", "mode"},
	    {"a l", "path"},
	    {"a l x y", "unexpected text"},
	    {"a h", "path"},
	    {"a R 1 644 0 0 1 0", "-pf"},
	    {"../a d 755 0 0", "invalid component"},
	    {"a/./b d 755 0 0", "invalid component"},
	    {"a/.. d 755 0 0", "invalid component"},
	};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(add(scratch, cases[i].definition), SQST_ERR_OPTION);
		assert_said(scratch->why.message, cases[i].said);
	}
	assert_int_equal(sqst_pseudo_count(scratch->pseudo), 0);
	assert_int_equal(add(scratch, "/ m 755 0 0"), 0);
	assert_int_equal(sqst_pseudo_count(scratch->pseudo), 0);
	must_add(scratch, "/ d 711 0 0");
	must_apply(scratch);
	assert_said(scratch->warnings, "(the root) can only");
	assert_owner(scratch, "", 0711, 0, 0);
}

static void lengths(void **state)
{
	struct scratch *scratch = *state;
	char text[8300];

	memset(text, 'n', 255);
	strcpy(text + 255, " d 755 0 0");
	assert_int_equal(add(scratch, text), 0);
	memset(text, 'm', 256);
	strcpy(text + 256, " d 755 0 0");
	assert_int_equal(add(scratch, text), SQST_ERR_OPTION);
	strcpy(text, "a s 777 0 0 ");
	memset(text + 12, 't', 4095);
	text[12 + 4095] = '\0';
	assert_int_equal(add(scratch, text), 0);
	strcpy(text + 12 + 4095, "t");
	text[0] = 'b';
	assert_int_equal(add(scratch, text), SQST_ERR_OPTION);
	for (size_t i = 0; i < 4096; i++)
		memcpy(text + 2 * i, "a/", 2);
	strcpy(text + 8191, " d 755 0 0");
	assert_int_equal(add(scratch, text), SQST_ERR_OPTION);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(file_of_definitions), TEST(empty_lines),       TEST(data_in_the_file),
	    TEST(data_in_a_pipe),      TEST(data_that_changes), TEST(refused_files),
	    TEST(refused_definitions), TEST(lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
