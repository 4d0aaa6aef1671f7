/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree in memory: order, walking, hard links, attribute sets, and reading a small directory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/unit.h"
#include "tree/sources.h"
#include "tree/tree.h"

static struct sqst_node *add(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
			     enum sqst_type type)
{
	struct sqst_node *node = sqst_tree_add(tree, dir, name, type);

	assert_non_null(node);
	return node;
}

/* root: a/{x,y/z}, a-b, B, and \xff last, since names are unsigned bytes */
static struct sqst_tree *sample(void)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree);
	struct sqst_node *a, *y;

	add(tree, root, "\xff", SQST_TYPE_FIFO);
	add(tree, root, "a-b", SQST_TYPE_FILE);
	a = add(tree, root, "a", SQST_TYPE_DIR);
	add(tree, root, "B", SQST_TYPE_SYMLINK);
	y = add(tree, a, "y", SQST_TYPE_DIR);
	add(tree, y, "z", SQST_TYPE_FILE);
	add(tree, a, "x", SQST_TYPE_FILE);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	return tree;
}

static void walk_is_in_tree_order(void **state)
{
	static const char *const expected[] = {"", "B", "a", "a/x", "a/y", "a/y/z", "a-b", "\xff"};
	struct sqst_tree *tree = sample();
	size_t at = 0;

	(void)state;
	for (struct sqst_node *node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		char path[64];

		assert_int_equal(sqst_node_path(node, path, sizeof(path)), strlen(expected[at]));
		assert_string_equal(path, expected[at++]);
	}
	assert_int_equal(at, 8);
	assert_int_equal(sqst_tree_names(tree), 8);
	sqst_tree_free(tree);
}

static void path_needs_room(void **state)
{
	struct sqst_tree *tree = sample();
	struct sqst_node *y = sqst_tree_find(sqst_tree_find(sqst_tree_root(tree), "a"), "y");
	char path[4];

	(void)state;
	assert_int_equal(sqst_node_path(y, path, 3), 3);
	assert_int_equal(sqst_node_path(y, path, 4), 3);
	assert_string_equal(path, "a/y");
	sqst_tree_free(tree);
}

static const char *path_of(const struct sqst_tree *tree, const char *wanted)
{
	static char path[64];
	const struct sqst_node *node = sqst_tree_look_up(tree, wanted, strlen(wanted));

	if (!node)
		return "none";
	sqst_node_path(node, path, sizeof(path));
	return path;
}

static void look_up_follows_names_only(void **state)
{
	struct sqst_tree *tree = sample();
	char *path = calloc(1, SQST_NAME_MAX + 2);

	(void)state;
	assert_string_equal(path_of(tree, ""), "");
	assert_string_equal(path_of(tree, "a/y/z"), "a/y/z");
	assert_string_equal(path_of(tree, "/./a//y/."), "a/y");
	assert_string_equal(path_of(tree, "a/../a"), "none");
	assert_string_equal(path_of(tree, "a-b/x"), "none");
	assert_string_equal(path_of(tree, "b"), "none");
	memset(path, 'a', SQST_NAME_MAX + 1);
	assert_string_equal(path_of(tree, path), "none");
	assert_ptr_equal(sqst_tree_look_up(tree, "a/y/z", 3), sqst_tree_look_up(tree, "a/y", 3));
	free(path);
	sqst_tree_free(tree);
}

static void find_sees_every_child_and_no_other(void **state)
{
	struct sqst_tree *tree = sample();
	struct sqst_node *root = sqst_tree_root(tree);

	(void)state;
	for (uint32_t i = 0; i < root->inode->u.dir.count; i++) {
		struct sqst_node *child = root->inode->u.dir.child[i];

		assert_ptr_equal(sqst_tree_find(root, child->name), child);
	}
	assert_null(sqst_tree_find(root, "A"));
	assert_null(sqst_tree_find(root, ""));
	assert_null(sqst_tree_find(sqst_tree_find(root, "B"), "x"));
	sqst_tree_free(tree);
}

static void names_are_checked(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree);
	struct sqst_report why = {0};
	char name[SQST_NAME_MAX + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[SQST_NAME_MAX + 1] = '\0';
	assert_null(sqst_tree_add(tree, root, name, SQST_TYPE_FILE));
	name[SQST_NAME_MAX] = '\0';
	assert_non_null(sqst_tree_add(tree, root, name, SQST_TYPE_FILE));
	assert_null(sqst_tree_add(tree, root, "", SQST_TYPE_FILE));
	assert_null(sqst_tree_add(tree, root, ".", SQST_TYPE_FILE));
	assert_null(sqst_tree_add(tree, root, "..", SQST_TYPE_FILE));
	assert_null(sqst_tree_add(tree, root, "a/b", SQST_TYPE_FILE));
	add(tree, root, "twice", SQST_TYPE_FILE);
	add(tree, root, "twice", SQST_TYPE_FIFO);
	assert_int_equal(sqst_tree_finish(tree, &why), SQST_ERR_SOURCE);
	assert_non_null(strstr(why.message, "twice"));
	sqst_tree_free(tree);
}

static void links_share_an_inode(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree);
	struct sqst_node *one = add(tree, root, "one", SQST_TYPE_FILE);
	struct sqst_node *two = sqst_tree_link(tree, root, "two", one->inode);

	(void)state;
	assert_ptr_equal(one->inode, two->inode);
	assert_int_equal(one->inode->nlink, 2);
	assert_int_equal(sqst_tree_names(tree), 3);
	assert_int_equal(sqst_tree_inodes(tree), 2);
	sqst_tree_free(tree);
}

static void equal_attribute_sets_are_kept_once(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *root = sqst_tree_root(tree);
	struct sqst_node *other = add(tree, root, "other", SQST_TYPE_FILE);
	struct sqst_xattr list[] = {{"user.b", "2", 1}, {"user.a", "1", 1}};
	struct sqst_xattr same[] = {{"user.a", "1", 1}, {"user.b", "2", 1}};
	struct sqst_xattr different[] = {{"user.a", "1", 1}, {"user.b", "3", 1}};
	struct sqst_xattr foreign[] = {{"system.posix_acl_access", "x", 1}};
	const struct sqst_xattr *set;
	size_t count;

	(void)state;
	assert_int_equal(sqst_tree_set_xattrs(tree, root->inode, list, 2, NULL), 0);
	assert_int_equal(sqst_tree_set_xattrs(tree, other->inode, same, 2, NULL), 0);
	assert_int_equal(root->inode->xattr, other->inode->xattr);
	assert_int_equal(sqst_tree_set_xattrs(tree, other->inode, different, 2, NULL), 0);
	assert_int_equal(sqst_tree_xattr_sets(tree), 2);
	set = sqst_tree_xattr_set(tree, other->inode->xattr, &count);
	assert_int_equal(count, 2);
	assert_string_equal(set[0].name, "user.a");
	assert_memory_equal(set[1].value, "3", 1);
	assert_int_equal(sqst_tree_set_xattrs(tree, other->inode, foreign, 1, NULL),
			 SQST_ERR_SOURCE);
	assert_int_equal(other->inode->xattr, SQST_NO_XATTR);
	/* Many sets: the table grows. */
	for (uint32_t i = 0; i < 1000; i++) {
		struct sqst_xattr one = {"user.n", &i, sizeof(i)};

		assert_int_equal(sqst_tree_set_xattrs(tree, root->inode, &one, 1, NULL), 0);
		assert_int_equal(root->inode->xattr, 2 + i);
	}
	sqst_tree_free(tree);
}

static void deep_trees_need_no_stack(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *dir = sqst_tree_root(tree);
	uint32_t count = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		dir = add(tree, dir, "d", SQST_TYPE_DIR);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	for (struct sqst_node *node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		count++;
	assert_int_equal(count, 100001);
	sqst_tree_free(tree);
}

/* ---- reading a directory */

static char source[PATH_MAX];

static int make_source(void **state)
{
	(void)state;
	strcpy(source, "/tmp/sqst-tree-XXXXXX");
	return mkdtemp(source) && chdir(source) == 0 ? 0 : -1;
}

static int remove_source(void **state)
{
	(void)state;
	unlink("b");
	unlink("a");
	unlink("link");
	unlink("fifo");
	if (chdir("/") != 0)
		return -1;
	return rmdir(source);
}

static void put(const char *name, const char *text, int64_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
	const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void count_warning(void *user, const char *message)
{
	(void)message;
	++*(int *)user;
}

static void scan_reads_what_is_there(void **state)
{
	int warnings = 0;
	struct sqst_report why = {.warn = count_warning, .user = &warnings};
	struct sqst_tree *tree = NULL;
	struct sqst_node *root, *node;

	(void)state;
	put("a", "text", 1000000000);
	assert_int_equal(link("a", "b"), 0);
	assert_int_equal(symlink("to", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(sqst_tree_scan(source, NULL, NULL, &tree, &why), 0);
	root = sqst_tree_root(tree);
	assert_int_equal(root->inode->u.dir.count, 4);
	node = sqst_tree_find(root, "a");
	assert_int_equal(node->inode->type, SQST_TYPE_FILE);
	assert_int_equal(node->inode->u.file.size, 4);
	assert_int_equal(node->inode->nlink, 2);
	assert_int_equal(node->inode->mtime, 1000000000);
	assert_ptr_equal(node->inode, sqst_tree_find(root, "b")->inode);
	assert_string_equal(sqst_tree_find(root, "link")->inode->u.symlink.target, "to");
	assert_int_equal(sqst_tree_find(root, "fifo")->inode->type, SQST_TYPE_FIFO);
	assert_int_equal(warnings, 0);
	sqst_tree_free(tree);
}

static void scan_clamps_times_and_warns_once(void **state)
{
	int warnings = 0;
	struct sqst_report why = {.warn = count_warning, .user = &warnings};
	struct sqst_tree *tree = NULL;
	struct stat st;

	(void)state;
	put("a", "", -5);
	put("b", "", INT64_C(4294967296));
	/* A file system with 32-bit times cannot hold these. */
	if (stat("a", &st) != 0 || st.st_mtime != -5)
		skip();
	assert_int_equal(sqst_tree_scan(source, NULL, NULL, &tree, &why), 0);
	assert_int_equal(sqst_tree_find(sqst_tree_root(tree), "a")->inode->mtime, 0);
	assert_true(sqst_tree_find(sqst_tree_root(tree), "b")->inode->mtime == UINT32_MAX);
	assert_int_equal(warnings, 1);
	sqst_tree_free(tree);
}

static void content_notices_a_change(void **state)
{
	struct sqst_report why = {0};
	struct sqst_tree *tree = NULL;
	struct sqst_node *node;
	struct sqst_content content;

	(void)state;
	put("a", "text", 1000);
	assert_int_equal(sqst_tree_scan(source, NULL, NULL, &tree, &why), 0);
	node = sqst_tree_find(sqst_tree_root(tree), "a");
	assert_int_equal(sqst_content_open(&content, tree, node, &why), 0);
	assert_int_equal(sqst_content_check(&content, &why), 0);
	put("a", "text, longer", 1000);
	assert_int_equal(sqst_content_check(&content, &why), SQST_ERR_CHANGED);
	sqst_content_close(&content);
	put("a", "xtet", 1001);
	assert_int_equal(sqst_content_open(&content, tree, node, &why), SQST_ERR_CHANGED);
	sqst_content_close(&content);
	unlink("a");
	assert_int_equal(sqst_content_open(&content, tree, node, &why), SQST_ERR_CHANGED);
	sqst_content_close(&content);
	assert_int_equal(mkfifo("a", 0600), 0);
	assert_int_equal(sqst_content_open(&content, tree, node, &why), SQST_ERR_CHANGED);
	sqst_content_close(&content);
	sqst_tree_free(tree);
}

static bool always(void *user)
{
	(void)user;
	return true;
}

static void scan_refuses_what_is_no_directory(void **state)
{
	struct sqst_report why = {0};
	struct sqst_tree *tree = NULL;
	const struct sqst_cancel cancel = {.asked = always};

	(void)state;
	put("a", "", 0);
	assert_int_equal(sqst_tree_scan("a", NULL, NULL, &tree, &why), SQST_ERR_SOURCE);
	assert_int_equal(sqst_tree_scan("none", NULL, NULL, &tree, &why), SQST_ERR_SOURCE);
	assert_string_equal(why.message, "none: cannot read the source: No such file or directory");
	assert_int_equal(sqst_tree_scan(source, NULL, &cancel, &tree, &why), SQST_ERR_CANCELED);
	assert_null(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(walk_is_in_tree_order),
	    cmocka_unit_test(path_needs_room),
	    cmocka_unit_test(look_up_follows_names_only),
	    cmocka_unit_test(find_sees_every_child_and_no_other),
	    cmocka_unit_test(names_are_checked),
	    cmocka_unit_test(links_share_an_inode),
	    cmocka_unit_test(equal_attribute_sets_are_kept_once),
	    cmocka_unit_test(deep_trees_need_no_stack),
	    cmocka_unit_test_setup_teardown(scan_reads_what_is_there, make_source, remove_source),
	    cmocka_unit_test_setup_teardown(scan_clamps_times_and_warns_once, make_source,
					    remove_source),
	    cmocka_unit_test_setup_teardown(content_notices_a_change, make_source, remove_source),
	    cmocka_unit_test_setup_teardown(scan_refuses_what_is_no_directory, make_source,
					    remove_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
