/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pseudo-file definitions: every letter, names, files of definitions, links, and what is refused.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/pseudo.h"
#include "tree/sources.h"

static void every_letter(void **state)
{
	struct scratch *scratch = *state;
	const struct sqst_inode *inode;

	must_add(scratch, "/ d 711 5 6");
	must_add(scratch, "/dev/ d 750 1 2");
	must_add(scratch, "dev/b b 640 3 4294967295 4095 1048575");
	must_add(scratch, "//dev//c c 600 0 0 5 1");
	must_add(scratch, "f f 4755 7 8 printf 'a  b'; echo '\"'  ");
	must_add(scratch, "s s 000 9 10 a \"b  ");
	must_add(scratch, "so i 777 0 0 s");
	must_add(scratch, "fi i 0777 0 0 f");
	must_apply(scratch);
	assert_owner(scratch, "", 0711, 5, 6);
	assert_int_equal(inode_at(scratch, "")->mtime, 1234);
	assert_owner(scratch, "dev", 0750, 1, 2);
	assert_int_equal(inode_at(scratch, "dev")->type, SQST_TYPE_DIR);
	inode = inode_at(scratch, "dev/b");
	assert_int_equal(inode->type, SQST_TYPE_BLOCK);
	assert_int_equal(inode->u.device, 0xFFFFFFFF);
	assert_owner(scratch, "dev/b", 0640, 3, UINT32_MAX);
	inode = inode_at(scratch, "dev/c");
	assert_int_equal(inode->type, SQST_TYPE_CHAR);
	assert_int_equal(inode->u.device, 0x501);
	assert_owner(scratch, "f", 04755, 7, 8);
	assert_int_equal(inode_at(scratch, "f")->mtime, 1234);
	assert_content(scratch, "f", "a  b\"\n", 6);
	assert_owner(scratch, "s", 0777, 9, 10);
	assert_string_equal(inode_at(scratch, "s")->u.symlink.target, "a \"b  ");
	assert_int_equal(inode_at(scratch, "so")->type, SQST_TYPE_SOCKET);
	assert_int_equal(inode_at(scratch, "fi")->type, SQST_TYPE_FIFO);
	assert_string_equal(scratch->warnings, "");
}

static void times(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ D 0 755 0 0");
	must_add(scratch, "d D \"1 jan 1980 UTC\" 0755 0 0");
	must_add(scratch, "d2 D 1\\ jan\\ 1980\\ UTC 755 0 0");
	must_add(scratch, "b B 1 600 0 0 1 2");
	must_add(scratch, "c C 2 600 0 0 1 2");
	must_add(scratch, "f F 3 600 0 0 true");
	must_add(scratch, "s S 4 600 0 0 x");
	must_add(scratch, "i I 4294967295 600 0 0 f");
	must_apply(scratch);
	assert_int_equal(inode_at(scratch, "")->mtime, 0);
	assert_int_equal(inode_at(scratch, "d")->mtime, 315532800);
	assert_int_equal(inode_at(scratch, "d2")->mtime, 315532800);
	assert_int_equal(inode_at(scratch, "b")->mtime, 1);
	assert_int_equal(inode_at(scratch, "c")->mtime, 2);
	assert_int_equal(inode_at(scratch, "f")->mtime, 3);
	assert_int_equal(inode_at(scratch, "f")->u.file.size, 0);
	assert_int_equal(inode_at(scratch, "s")->mtime, 4);
	assert_int_equal(inode_at(scratch, "i")->mtime, UINT32_MAX);
}

static void time_that_is_none(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "d D \"no such day\" 0755 0 0");
	assert_int_equal(apply(scratch), SQST_ERR_OPTION);
	assert_said(scratch->why.message, "\"d\"");
	assert_said(scratch->why.message, "no such day");
}

static void names_and_owners(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "a\\ b\\\"\\\\ d 755 root root");
	must_add(scratch, "\"c d\" d 755 0 0");
	must_add(scratch, "e\"f g\"h\td\t755  0\t0   ");
	must_add(scratch, "  \xff\xfe d 755 0 0");
	must_apply(scratch);
	assert_owner(scratch, "a b\"\\", 0755, 0, 0);
	assert_non_null(find(scratch, "c d"));
	assert_non_null(find(scratch, "ef gh"));
	assert_non_null(find(scratch, "\xff\xfe"));
}

static void order_is_free(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "a/b/c/d f 644 0 0 echo deep");
	must_add(scratch, "a/b/c d 755 0 0");
	must_add(scratch, "a/b d 755 0 0");
	must_add(scratch, "z d 755 0 0");
	must_add(scratch, "a d 755 0 0");
	must_add(scratch, "/ d 755 0 0");
	must_apply(scratch);
	assert_content(scratch, "a/b/c/d", "deep\n", 5);
	assert_non_null(find(scratch, "z"));
	assert_int_equal(sqst_tree_names(scratch->tree), 6);
}

static void first_definition_holds(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "a d 700 1 1");
	must_add(scratch, "/a c 600 0 0 1 1");
	must_add(scratch, "/ d 711 2 2");
	must_apply(scratch);
	assert_owner(scratch, "a", 0700, 1, 1);
	/* Of the root it is the last. */
	assert_owner(scratch, "", 0711, 2, 2);
	assert_said(scratch->warnings, "\"a\" is defined twice");
}

static void modify(void **state)
{
	struct scratch *scratch = *state;
	uint32_t before;

	scan_source(scratch);
	before = inode_at(scratch, "d")->mtime;
	must_add(scratch, "d m 2700 1 2");
	must_add(scratch, "hard m 4711 3 4");
	must_add(scratch, "p M 99 600 5 6");
	must_add(scratch, "none m 600 5 6");
	must_apply(scratch);
	assert_owner(scratch, "d", 02700, 1, 2);
	assert_int_equal(inode_at(scratch, "d")->mtime, before);
	assert_owner(scratch, "d/a", 04711, 3, 4);
	assert_owner(scratch, "hard", 04711, 3, 4);
	assert_owner(scratch, "p", 0600, 5, 6);
	assert_int_equal(inode_at(scratch, "p")->mtime, 99);
	assert_said(scratch->warnings, "\"none\" is to be modified");
	assert_content(scratch, "d/a", "hello\n", 6);
}

static void source_wins(void **state)
{
	struct scratch *scratch = *state;
	struct sqst_inode d;

	scan_source(scratch);
	d = *inode_at(scratch, "d");
	must_add(scratch, "/ d 700 1 1");
	must_add(scratch, "d d 700 1 1");
	must_add(scratch, "d/a f 600 0 0 echo other; exit 1");
	must_add(scratch, "copy L d/a");
	must_add(scratch, "d/new c 600 0 0 5 1");
	/* The copy's command is run, so that it must not fail. */
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	sqst_tree_free(scratch->tree);
	scratch->tree = NULL;
	sqst_pseudo_free(scratch->pseudo);
	scratch->pseudo = sqst_pseudo_new();
	assert_int_equal(
	    sqst_tree_scan(at(scratch, "s"), NULL, NULL, &scratch->tree, &scratch->why), 0);
	scratch->warnings[0] = '\0';
	must_add(scratch, "/ d 700 1 1");
	must_add(scratch, "d d 700 1 1");
	must_add(scratch, "d/a f 600 0 0 echo other");
	must_add(scratch, "copy L d/a");
	must_add(scratch, "d/new c 600 0 0 5 1");
	must_apply(scratch);
	assert_owner(scratch, "d", d.mode, d.uid, d.gid);
	assert_content(scratch, "d/a", "hello\n", 6);
	assert_content(scratch, "copy", "other\n", 6);
	assert_non_null(find(scratch, "d/new"));
	assert_said(scratch->warnings, "\"d\" is skipped");
	assert_said(scratch->warnings, "\"d/a\" is skipped");
	assert_said(scratch->warnings, "(the root)");
}

static void missing_directory(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "a/b c 600 0 0 1 1");
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "\"a/b\"");
	assert_said(scratch->why.message, "-pd");
}

static void not_a_directory(void **state)
{
	struct scratch *scratch = *state;

	scan_source(scratch);
	must_add(scratch, "hard/b c 600 0 0 1 1");
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "not a directory");
}

static void default_directory(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(
	    sqst_pseudo_default_directory(scratch->pseudo, "D @77 2711 3 4", &scratch->why), 0);
	must_add(scratch, "a/b/c c 600 0 0 1 1");
	must_add(scratch, "a/x/y c 600 0 0 1 1");
	must_add(scratch, "a/x d 700 0 0");
	must_apply(scratch);
	assert_owner(scratch, "", 02711, 3, 4);
	assert_owner(scratch, "a", 02711, 3, 4);
	assert_owner(scratch, "a/b", 02711, 3, 4);
	assert_int_equal(inode_at(scratch, "a/b")->mtime, 77);
	assert_owner(scratch, "a/x", 0700, 0, 0);
	assert_int_equal(sqst_pseudo_default_directory(scratch->pseudo, "m 711 3 4", &scratch->why),
			 SQST_ERR_OPTION);
	assert_int_equal(
	    sqst_pseudo_default_directory(scratch->pseudo, "d 711 3 4 5", &scratch->why),
	    SQST_ERR_OPTION);
}

static void no_root(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "a d 755 0 0");
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "no pseudo definition of the root");
}

static void links_to_definitions(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "f f 644 0 0 echo once >>\"$TRACE\"; echo x");
	must_add(scratch, "a L f");
	must_add(scratch, "d/b L /a");
	must_add(scratch, "d d 755 0 0");
	assert_int_equal(add(scratch, "e L none"), SQST_ERR_OPTION);
	assert_said(scratch->why.message, "\"none\"");
	assert_int_equal(add(scratch, "e L d"), SQST_ERR_OPTION);
	assert_int_equal(add(scratch, "e L"), SQST_ERR_OPTION);
	setenv("TRACE", at(scratch, "trace"), 1);
	must_apply(scratch);
	assert_ptr_equal(inode_at(scratch, "f"), inode_at(scratch, "d/b"));
	assert_int_equal(inode_at(scratch, "a")->nlink, 3);
	assert_content(scratch, "d/b", "x\n", 2);
	put_file(scratch, "check", "", 0);
	{
		struct stat st;

		assert_int_equal(stat(at(scratch, "trace"), &st), 0);
		assert_int_equal(st.st_size, 5);
	}
}

static void links_to_files(void **state)
{
	struct scratch *scratch = *state;
	char text[PATH_MAX * 2];

	scan_source(scratch);
	put_file(scratch, "out side", "outside", 7);
	assert_int_equal(chmod(at(scratch, "out side"), 0640), 0);
	assert_int_equal(link(at(scratch, "out side"), at(scratch, "other")), 0);
	assert_int_equal(symlink("out side", at(scratch, "sym")), 0);
	/* By the place in the source, by a further name of it elsewhere, a link, a FIFO. */
	assert_int_equal(link(at(scratch, "s/d/a"), at(scratch, "elsewhere")), 0);
	snprintf(text, sizeof(text), "in l %s/s/d/a", scratch->directory);
	must_add(scratch, text);
	snprintf(text, sizeof(text), "in2 l %s", at(scratch, "elsewhere"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "d/sym l %s", at(scratch, "s/l"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "pipe l %s", at(scratch, "s/p"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "o1 l \"%s\"", at(scratch, "out side"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "o2 l %s", at(scratch, "other"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "y1 l %s", at(scratch, "sym"));
	must_add(scratch, text);
	snprintf(text, sizeof(text), "y2 h %s", at(scratch, "sym"));
	must_add(scratch, text);
	must_add(scratch, "o3 L o1");
	must_apply(scratch);
	assert_ptr_equal(inode_at(scratch, "in"), inode_at(scratch, "d/a"));
	assert_ptr_equal(inode_at(scratch, "in2"), inode_at(scratch, "hard"));
	assert_int_equal(inode_at(scratch, "in")->nlink, 4);
	assert_content(scratch, "in2", "hello\n", 6);
	assert_ptr_equal(inode_at(scratch, "d/sym"), inode_at(scratch, "l"));
	assert_ptr_equal(inode_at(scratch, "pipe"), inode_at(scratch, "p"));
	assert_ptr_equal(inode_at(scratch, "o1"), inode_at(scratch, "o2"));
	assert_ptr_equal(inode_at(scratch, "o1"), inode_at(scratch, "o3"));
	assert_ptr_equal(inode_at(scratch, "o1"), inode_at(scratch, "y2"));
	assert_int_equal(inode_at(scratch, "o1")->mode, 0640);
	assert_content(scratch, "o2", "outside", 7);
	assert_string_equal(inode_at(scratch, "y1")->u.symlink.target, "out side");
}

static void links_to_nothing(void **state)
{
	struct scratch *scratch = *state;
	char text[PATH_MAX * 2];

	scan_source(scratch);
	snprintf(text, sizeof(text), "x l %s", at(scratch, "none"));
	must_add(scratch, text);
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "No such file");
	sqst_pseudo_free(scratch->pseudo);
	scratch->pseudo = sqst_pseudo_new();
	snprintf(text, sizeof(text), "x l %s", at(scratch, "s"));
	must_add(scratch, text);
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "directory");
}

static void attributes(void **state)
{
	struct scratch *scratch = *state;
	const struct sqst_xattr *set;
	size_t count;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "f x user.a=one two");
	must_add(scratch, "f f 644 0 0 true");
	must_add(scratch, "/f x security.b=0x00ff");
	must_add(scratch, "f x user.a=three");
	must_add(scratch, "/ x user.root=0sAAE=");
	assert_int_equal(add(scratch, "f x user.a"), SQST_ERR_OPTION);
	must_apply(scratch);
	set = sqst_tree_xattr_set(scratch->tree, inode_at(scratch, "f")->xattr, &count);
	assert_int_equal(count, 2);
	assert_string_equal(set[0].name, "security.b");
	assert_int_equal(set[0].size, 2);
	assert_memory_equal(set[0].value, "\x00\xff", 2);
	assert_string_equal(set[1].name, "user.a");
	assert_memory_equal(set[1].value, "three", 5);
	set = sqst_tree_xattr_set(scratch->tree, inode_at(scratch, "")->xattr, &count);
	assert_int_equal(count, 1);
	assert_memory_equal(set[0].value, "\x00\x01", 2);
}

static void attribute_of_nothing(void **state)
{
	struct scratch *scratch = *state;

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "f x user.a=one");
	assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
	assert_said(scratch->why.message, "\"f\"");
}

static void commands_that_fail(void **state)
{
	static const struct {
		const char *definition, *said;
	} cases[] = {
	    {"f f 644 0 0 echo a; exit 3", "status 3"},
	    {"f f 644 0 0 no-such-command-anywhere 2>/dev/null", "status 127"},
	    {"f f 644 0 0 kill -9 $$", "signal 9"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scratch *scratch = *state;

		sqst_pseudo_free(scratch->pseudo);
		sqst_tree_free(scratch->tree);
		scratch->tree = NULL;
		scratch->pseudo = sqst_pseudo_new();
		must_add(scratch, "/ d 755 0 0");
		must_add(scratch, cases[i].definition);
		assert_int_equal(apply(scratch), SQST_ERR_SOURCE);
		assert_said(scratch->why.message, cases[i].said);
		assert_said(scratch->why.message, "\"f\"");
	}
}

static void many_contents(void **state)
{
	struct scratch *scratch = *state;
	struct sqst_content content;
	char data[3];

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "a f 644 0 0 printf 123");
	must_add(scratch, "b f 644 0 0 head -c 300000 /dev/zero; printf end");
	/* What stays in the background belongs to the file until it ends. */
	must_add(scratch, "c f 644 0 0 printf x; (sleep 0.2; printf y) &");
	must_apply(scratch);
	assert_content(scratch, "a", "123", 3);
	assert_content(scratch, "c", "xy", 2);
	assert_int_equal(inode_at(scratch, "b")->u.file.size, 300003);
	assert_int_equal(sqst_content_open(&content, scratch->tree, find(scratch, "b"), NULL), 0);
	assert_int_equal(sqst_content_read(&content, 300000, data, 3, NULL), 0);
	sqst_content_close(&content);
	assert_memory_equal(data, "end", 3);
}

static bool always(void *user)
{
	(void)user;
	return true;
}

static void canceled(void **state)
{
	struct scratch *scratch = *state;
	const struct sqst_cancel cancel = {.asked = always};
	const struct sqst_pseudo_options options = {.no_source = true, .cancel = &cancel};

	must_add(scratch, "/ d 755 0 0");
	must_add(scratch, "a f 644 0 0 sleep 100");
	scratch->tree = sqst_tree_new();
	assert_int_equal(sqst_pseudo_apply(scratch->pseudo, scratch->tree, &options, &scratch->why),
			 SQST_ERR_CANCELED);
}

static void owners_again(void **state)
{
	struct scratch *scratch = *state;

	scan_source(scratch);
	must_add(scratch, "d m 700 1 2");
	must_add(scratch, "new c 600 3 4 1 1");
	must_add(scratch, "hard f 600 5 6 true");
	must_apply(scratch);
	for (struct sqst_node *node = sqst_tree_root(scratch->tree); node;
	     node = sqst_tree_next(node))
		node->inode->uid = node->inode->gid = 1000;
	sqst_pseudo_restore_owners(scratch->pseudo, scratch->tree);
	assert_owner(scratch, "d", 0700, 1, 2);
	assert_owner(scratch, "new", 0600, 3, 4);
	assert_int_equal(inode_at(scratch, "hard")->uid, 1000);
	assert_int_equal(inode_at(scratch, "")->uid, 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(every_letter),
	    TEST(times),
	    TEST(time_that_is_none),
	    TEST(names_and_owners),
	    TEST(order_is_free),
	    TEST(first_definition_holds),
	    TEST(modify),
	    TEST(source_wins),
	    TEST(missing_directory),
	    TEST(not_a_directory),
	    TEST(default_directory),
	    TEST(no_root),
	    TEST(links_to_definitions),
	    TEST(links_to_files),
	    TEST(links_to_nothing),
	    TEST(attributes),
	    TEST(attribute_of_nothing),
	    TEST(commands_that_fail),
	    TEST(many_contents),
	    TEST(canceled),
	    TEST(owners_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
