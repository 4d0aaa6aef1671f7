/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of a tree: removing, merging, overrides, times kept from a parent. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support/edit.h"

/* ---- removing */

static void remove_keeps_counts_and_order(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree), *d, *f;

	(void)state;
	d = sqst_tree_add(tree, root, "d", SQST_TYPE_DIR);
	f = sqst_tree_add(tree, d, "f", SQST_TYPE_FILE);
	sqst_tree_add(tree, sqst_tree_add(tree, d, "e", SQST_TYPE_DIR), "g", SQST_TYPE_FIFO);
	sqst_tree_link(tree, root, "z", f->inode);
	sqst_tree_add(tree, root, "a", SQST_TYPE_FIFO);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	sqst_tree_remove(tree, root);
	assert_paths(tree, "a d/ d/e/ d/e/g d/f z ");
	assert_int_equal(sqst_tree_inodes(tree), 6);
	sqst_tree_remove(tree, d);
	assert_paths(tree, "a z ");
	assert_int_equal(sqst_tree_inodes(tree), 3);
	assert_int_equal(f->inode->nlink, 1);
	/* Adding again finds room where there was some. */
	for (char name[] = "b"; name[0] < 'm'; name[0]++)
		assert_non_null(sqst_tree_add(tree, root, name, SQST_TYPE_FIFO));
	sqst_tree_remove(tree, get(tree, "a"));
	assert_paths(tree, "z b c d e f g h i j k l ");
	sqst_tree_free(tree);
}

/* ---- merging */

static void merge_replaces_and_takes_away(void **state)
{
	struct sqst_tree *tree = NULL;
	struct stat st;

	(void)state;
	dir("low"), dir("low/d"), dir("low/opaque"), dir("low/was_dir"), dir("low/keep");
	file("low/d/a", "low"), file("low/d/b", "low"), file("low/gone", ""), file("low/was", "");
	file("low/opaque/x", ""), file("low/was_dir/y", ""), file("low/keep/z", "low z");
	dir("up"), dir("up/d"), dir("up/opaque"), dir("up/was"), dir("up/new"), dir("up/aufs");
	file("up/d/a", "up"), file("up/.wh.gone", ""), file("up/opaque/.wh..wh..opq", "");
	file("up/opaque/n", "n"), file("up/was_dir", "file"), file("up/was/in", "in");
	file("up/new/f", "f"), file("up/.wh..wh.aufs", "");
	assert_int_equal(link("up/d/a", "up/new/same"), 0);
	assert_int_equal(symlink("target", "up/link"), 0);
	assert_int_equal(chmod("up/d", 0700), 0);
	assert_int_equal(stat("up/d", &st), 0);
	assert_int_equal(sqst_tree_scan("low", NULL, NULL, &tree, NULL), 0);
	assert_int_equal(sqst_tree_merge(tree, "up", NULL, NULL, NULL), 0);
	assert_paths(tree, "aufs/ d/ d/a d/b keep/ keep/z link new/ new/f new/same opaque/ "
			   "opaque/n was/ was/in was_dir ");
	assert_text(tree, "d/a", "up");
	assert_text(tree, "d/b", "low");
	assert_text(tree, "keep/z", "low z");
	assert_text(tree, "was_dir", "file");
	assert_text(tree, "new/same", "up");
	assert_string_equal(get(tree, "link")->inode->u.symlink.target, "target");
	assert_ptr_equal(get(tree, "new/same")->inode, get(tree, "d/a")->inode);
	assert_int_equal(get(tree, "d")->inode->mode, 0700);
	assert_int_equal(get(tree, "d")->inode->mtime, (uint32_t)st.st_mtim.tv_sec);
	sqst_tree_free(tree);
}

static void merge_reads_marks_of_overlayfs(void **state)
{
	struct sqst_tree *tree = sqst_tree_new(), *upper = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree), *d, *node;
	struct sqst_xattr opaque[] = {{"user.kept", "1", 1}, {"trusted.overlay.opaque", "y", 1}};
	const struct sqst_xattr *list;
	size_t count;

	(void)state;
	d = sqst_tree_add(tree, root, "d", SQST_TYPE_DIR);
	sqst_tree_add(tree, d, "old", SQST_TYPE_FIFO);
	sqst_tree_add(tree, root, "gone", SQST_TYPE_FIFO);
	sqst_tree_add(tree, root, "zero", SQST_TYPE_FIFO);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	root = sqst_tree_root(upper);
	d = sqst_tree_add(upper, root, "d", SQST_TYPE_DIR);
	assert_int_equal(sqst_tree_set_xattrs(upper, d->inode, opaque, 2, NULL), 0);
	sqst_tree_add(upper, d, "new", SQST_TYPE_SOCKET);
	sqst_tree_add(upper, root, "gone", SQST_TYPE_CHAR);
	node = sqst_tree_add(upper, root, "zero", SQST_TYPE_CHAR);
	node->inode->u.device = 0x105;
	assert_int_equal(sqst_tree_finish(upper, NULL), 0);
	assert_int_equal(sqst_tree_lay(tree, upper, NULL), 0);
	sqst_tree_free(upper);
	assert_paths(tree, "d/ d/new zero ");
	assert_int_equal(get(tree, "zero")->inode->u.device, 0x105);
	list = sqst_tree_xattr_set(tree, get(tree, "d")->inode->xattr, &count);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "user.kept");
	sqst_tree_free(tree);
}

/* Each name of the upper tree replaces one of the lower. With the square of their number, this
 * would take minutes. */
static void merge_of_many_names(void **state)
{
	struct sqst_tree *tree[2] = {sqst_tree_new(), sqst_tree_new()};
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned k = 0; k < 500000; k++) {
			snprintf(name, sizeof(name), "%u", k);
			assert_non_null(
			    sqst_tree_add(tree[i], sqst_tree_root(tree[i]), name, SQST_TYPE_FIFO));
		}
		assert_int_equal(sqst_tree_finish(tree[i], NULL), 0);
	}
	alarm(60);
	assert_int_equal(sqst_tree_lay(tree[0], tree[1], NULL), 0);
	alarm(0);
	sqst_tree_free(tree[1]);
	assert_int_equal(sqst_tree_names(tree[0]), 500001);
	assert_int_equal(sqst_tree_inodes(tree[0]), 500001);
	sqst_tree_free(tree[0]);
}

/* ---- overrides */

static void modes_as_chmod(void **state)
{
	static const struct {
		const char *text;
		bool directory;
		unsigned before, after;
	} cases[] = {
	    {"644", false, 0777, 0644},         {"04755", false, 0, 04755},
	    {"u=rwX,go=rX", false, 0600, 0644}, {"u=rwX,go=rX", true, 0600, 0755},
	    {"u=rwX,go=rX", false, 0700, 0755}, {"+x", false, 0644, 0755},
	    {"go-w", false, 0666, 0644},        {"g=u", false, 0640, 0660},
	    {"u+s,o+t", false, 0755, 05755},    {"a=", false, 07777, 0},
	    {"o=g-x", false, 0750, 0754},       {"u+w-x", false, 0555, 0655},
	};
	static const char *const bad[] = {"", "8", "17777", "u", "u+q", "+,", "u=rw,", "0644x"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t mode = (uint16_t)cases[i].before;

		assert_int_equal(sqst_mode_apply(cases[i].text, cases[i].directory, &mode, NULL),
				 0);
		if (mode != cases[i].after)
			fail_msg("%s: 0%o", cases[i].text, mode);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint16_t mode = 0644;

		if (sqst_mode_apply(bad[i], false, &mode, NULL) != SQST_ERR_OPTION)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_int_equal(mode, 0644);
	}
}

static void attributes_are_decoded(void **state)
{
	static const struct {
		const char *text, *value;
		uint32_t size;
	} cases[] = {
	    {"user.a=text=1", "text=1", 6},
	    {"user.a=", "", 0},
	    {"security.x=0x00fF", "\0\xff", 2},
	    {"trusted.b=0sAAEC", "\0\1\2", 3},
	    {"user.a=0SYQ==", "a", 1},
	    {"user.a=0sYQ", "a", 1},
	    {"user.a=0ta\\001\\\\b", "a\1\\b", 4},
	    {"user.a=0b0x", "0x", 2},
	    {"user.a=0", "0", 1},
	};
	static const char *const bad[] = {"user.a",         "=x",           "user.=x",
					  "system.posix=x", "user.a=0x1",   "user.a=0xzz",
					  "user.a=0s!",     "user.a=0t\\9", "user.a=0t\\777",
					  "user.a=0sYQ=",   "user.a=0sY",   "nothing=x"};
	struct sqst_override_xattr out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sqst_xattr_parse(cases[i].text, &out, NULL), 0);
		assert_int_equal(strlen(out.name), strcspn(cases[i].text, "="));
		assert_int_equal(out.size, cases[i].size);
		assert_memory_equal(out.value, cases[i].value, out.size);
		free(out.name);
		free(out.value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (sqst_xattr_parse(bad[i], &out, NULL) != SQST_ERR_OPTION)
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

/* root: d/{f}, link l of d/f, s */
static struct sqst_tree *small(void)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree), *d, *f;

	d = sqst_tree_add(tree, root, "d", SQST_TYPE_DIR);
	f = sqst_tree_add(tree, d, "f", SQST_TYPE_FILE);
	sqst_tree_link(tree, root, "l", f->inode);
	sqst_tree_add(tree, root, "s", SQST_TYPE_SYMLINK)->inode->mode = 0777;
	f->inode->mode = 0600;
	d->inode->mode = 0700;
	f->inode->uid = 5;
	f->inode->mtime = 1000;
	d->inode->mtime = 10;
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	return tree;
}

static void overrides_win(void **state)
{
	struct sqst_overrides all = {.set = SQST_OVERRIDE_UID | SQST_OVERRIDE_ROOT_UID |
					    SQST_OVERRIDE_ROOT_GID | SQST_OVERRIDE_ROOT_MODE |
					    SQST_OVERRIDE_ROOT_TIME | SQST_OVERRIDE_CLAMP,
				     .uid = 7,
				     .root_uid = 8,
				     .root_gid = 9,
				     .root_mode = 0751,
				     .root_time = 5000,
				     .clamp = 500,
				     .id_offset = 100,
				     .file_mode = "go+r"};
	struct sqst_tree *tree = small();

	(void)state;
	assert_int_equal(sqst_tree_override(tree, &all, NULL), 0);
	assert_int_equal(get(tree, "")->inode->uid, 107);
	assert_int_equal(get(tree, "")->inode->gid, 109);
	assert_int_equal(get(tree, "")->inode->mode, 0751);
	assert_int_equal(get(tree, "")->inode->mtime, 5000);
	assert_int_equal(get(tree, "l")->inode->uid, 107);
	assert_int_equal(get(tree, "l")->inode->gid, 100);
	assert_int_equal(get(tree, "l")->inode->mode, 0644);
	assert_int_equal(get(tree, "l")->inode->mtime, 500);
	assert_int_equal(get(tree, "d")->inode->mode, 0700);
	assert_int_equal(get(tree, "d")->inode->mtime, 10);
	all.set |= SQST_OVERRIDE_TIME;
	all.time = 9000;
	all.dir_mode = "0500";
	assert_int_equal(sqst_tree_override(tree, &all, NULL), 0);
	assert_int_equal(get(tree, "")->inode->mtime, 9000);
	assert_int_equal(get(tree, "")->inode->mode, 0500);
	all.id_offset = UINT32_MAX;
	assert_int_equal(sqst_tree_override(tree, &all, NULL), SQST_ERR_LIMIT);
	all.file_mode = "u+q";
	assert_int_equal(sqst_tree_override(tree, &all, NULL), SQST_ERR_OPTION);
	sqst_tree_free(tree);
}

static void attributes_are_added(void **state)
{
	const struct sqst_override_xattr ours[] = {
	    {(char *)"user.a", (char *)"new", 3},
	    {(char *)"security.b", (char *)"b", 1},
	};
	const struct sqst_overrides all = {.xattr = ours, .xattrs = 2};
	struct sqst_xattr old[] = {{"user.a", "old", 3}, {"user.z", "z", 1}};
	struct sqst_tree *tree = small();
	const struct sqst_xattr *list;
	size_t count;

	(void)state;
	assert_int_equal(sqst_tree_set_xattrs(tree, get(tree, "l")->inode, old, 2, NULL), 0);
	assert_int_equal(sqst_tree_override(tree, &all, NULL), 0);
	list = sqst_tree_xattr_set(tree, get(tree, "d/f")->inode->xattr, &count);
	assert_int_equal(count, 3);
	assert_string_equal(list[1].name, "user.a");
	assert_memory_equal(list[1].value, "new", 3);
	assert_string_equal(list[2].name, "user.z");
	list = sqst_tree_xattr_set(tree, get(tree, "s")->inode->xattr, &count);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].name, "security.b");
	assert_int_equal(get(tree, "d")->inode->xattr, get(tree, "")->inode->xattr);
	sqst_tree_free(tree);
}

/* ---- times from a parent */

static void touch(const char *path, long seconds)
{
	const struct timespec times[2] = {{seconds, 0}, {seconds, 0}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void times_of_equal_paths_are_kept(void **state)
{
	/* The first KEPT are equal in both. */
	enum { KEPT = 4, ALL = 8 };
	static const char *const path[ALL] = {"d/same",  "d/link", "d/empty", "d",
					      "d/other", "d/mode", "d/size",  "e"};
	struct sqst_tree *parent = NULL, *tree = NULL;
	struct sqst_keep_stats stats;

	(void)state;
	for (const char *top = "pt"; *top; top++) {
		char root[2] = {*top, '\0'};

		dir(root);
		assert_int_equal(chdir(root), 0);
		dir("d"), dir("e");
		file("d/same", "text"), file("d/empty", ""), file("d/mode", "m");
		file("d/other", *top == 'p' ? "abc" : "abd");
		file("d/size", *top == 'p' ? "abc" : "abcd");
		assert_int_equal(symlink("x", "d/link"), 0);
		if (*top == 't') {
			assert_int_equal(chmod("d/mode", 0600), 0);
			file("e/more", "");
		}
		for (size_t i = 0; i < ALL; i++)
			touch(path[i], *top == 'p' ? 1000 : 2000);
		assert_int_equal(chdir(".."), 0);
	}
	assert_int_equal(sqst_tree_scan("p", NULL, NULL, &parent, NULL), 0);
	assert_int_equal(sqst_tree_scan("t", NULL, NULL, &tree, NULL), 0);
	assert_int_equal(sqst_tree_keep_times(tree, parent, 0, NULL, &stats, NULL), 0);
	for (size_t i = 0; i < ALL; i++) {
		if (get(tree, path[i])->inode->mtime != (i < KEPT ? 1000 : 2000))
			fail_msg("%s", path[i]);
	}
	assert_int_equal(stats.kept, KEPT);
	assert_int_equal(stats.compared, 2);
	sqst_tree_free(parent);
	sqst_tree_free(tree);
}

static void times_of_links_need_all_names(void **state)
{
	struct sqst_tree *parent = small(), *tree = small();
	struct sqst_node *more;

	(void)state;
	get(tree, "l")->inode->mtime = 2000;
	assert_int_equal(sqst_tree_keep_times(tree, parent, 0, NULL, NULL, NULL), 0);
	assert_int_equal(get(tree, "l")->inode->mtime, 1000);
	/* A further name that the parent does not have. */
	more = sqst_tree_link(tree, sqst_tree_root(tree), "more", get(tree, "l")->inode);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	more->inode->mtime = 2000;
	assert_int_equal(sqst_tree_keep_times(tree, parent, 0, NULL, NULL, NULL), 0);
	assert_int_equal(get(tree, "l")->inode->mtime, 2000);
	sqst_tree_remove(tree, more);
	assert_int_equal(sqst_tree_keep_times(tree, parent, 0, NULL, NULL, NULL), 0);
	assert_int_equal(get(tree, "l")->inode->mtime, 1000);
	sqst_tree_free(parent);
	sqst_tree_free(tree);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(remove_keeps_counts_and_order),
	    cmocka_unit_test_setup_teardown(merge_replaces_and_takes_away, enter, leave),
	    cmocka_unit_test(merge_reads_marks_of_overlayfs),
	    cmocka_unit_test(merge_of_many_names),
	    cmocka_unit_test(modes_as_chmod),
	    cmocka_unit_test(attributes_are_decoded),
	    cmocka_unit_test(overrides_win),
	    cmocka_unit_test(attributes_are_added),
	    cmocka_unit_test_setup_teardown(times_of_equal_paths_are_kept, enter, leave),
	    cmocka_unit_test(times_of_links_need_all_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
