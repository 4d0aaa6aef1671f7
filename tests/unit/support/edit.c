/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of edits share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "edit.h"

/* ---- a directory to work in, and what is in a tree */

int enter(void **state)
{
	char *path = strdup("/tmp/edit_test.XXXXXX");

	if (!path || !mkdtemp(path) || chdir(path) != 0)
		return -1;
	umask(022);
	*state = path;
	return 0;
}

int leave(void **state)
{
	char command[64];
	int rc;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	rc = chdir("/") == 0 ? system(command) : -1;
	free(*state);
	return rc;
}

void dir(const char *path)
{
	assert_int_equal(mkdir(path, 0755), 0);
}

void file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

void warn(void *user, const char *message)
{
	(void)message;
	++*(int *)user;
}

/* All paths in tree order, a space behind each; directories end in a slash. */
void assert_paths(const struct sqst_tree *tree, const char *expected)
{
	char all[2048] = "";
	uint32_t names = 1;

	for (struct sqst_node *node = sqst_tree_next(sqst_tree_root(tree)); node;
	     node = sqst_tree_next(node)) {
		const size_t at = strlen(all);
		const size_t size = sqst_node_path(node, all + at, sizeof(all) - at);

		assert_true(at + size + 3 < sizeof(all));
		strcat(all, node->inode->type == SQST_TYPE_DIR ? "/ " : " ");
		names++;
	}
	assert_string_equal(all, expected);
	assert_int_equal(names, sqst_tree_names(tree));
}

struct sqst_node *get(const struct sqst_tree *tree, const char *path)
{
	struct sqst_node *node = sqst_tree_root(tree);
	char *copy = strdup(path), *rest = NULL;

	for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		node = sqst_tree_find(node, part);
		assert_non_null(node);
	}
	free(copy);
	return node;
}

void assert_text(const struct sqst_tree *tree, const char *path, const char *expected)
{
	const struct sqst_node *node = get(tree, path);
	const size_t size = (size_t)node->inode->u.file.size;
	struct sqst_content content;
	char text[256] = "";

	assert_int_equal(node->inode->type, SQST_TYPE_FILE);
	assert_true(size < sizeof(text));
	assert_int_equal(sqst_content_open(&content, tree, node, NULL), 0);
	assert_int_equal(sqst_content_read(&content, 0, text, size, NULL), 0);
	assert_int_equal(sqst_content_check(&content, NULL), 0);
	sqst_content_close(&content);
	assert_string_equal(text, expected);
}
