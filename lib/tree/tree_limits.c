/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no image can hold, or no kernel reads, is found before anything is made of the tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"
#include "tree/tree.h"

/* Say which path it is. */
static int check(enum sqst_limit limit, uint64_t value, const struct sqst_node *node,
		 struct sqst_report *why)
{
	size_t size;

	if (value <= sqst_limit_most(limit))
		return 0;
	size = sqst_node_path(node, NULL, 0) + 2;
	SQST_AUTO_FREE char *path = malloc(size);

	if (!path)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	path[0] = '/';
	sqst_node_path(node, path + 1, size - 1);
	return sqst_limit_check(limit, value, path, why);
}

static int check_xattrs(const struct sqst_tree *tree, const struct sqst_node *node, bool *seen,
			struct sqst_report *why)
{
	const struct sqst_xattr *list;
	size_t count;
	int rc = 0;

	if (node->inode->xattr == SQST_NO_XATTR || seen[node->inode->xattr])
		return 0;
	seen[node->inode->xattr] = true;
	list = sqst_tree_xattr_set(tree, node->inode->xattr, &count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = check(SQST_LIMIT_XATTR_NAME, strlen(list[i].name), node, why);
		if (rc == 0)
			rc = check(SQST_LIMIT_XATTR_VALUE, list[i].size, node, why);
	}
	return rc;
}

int sqst_tree_check_limits(const struct sqst_tree *tree, struct sqst_report *why)
{
	SQST_AUTO_FREE bool *seen = calloc(sqst_tree_xattr_sets(tree) + (size_t)1, sizeof(*seen));
	uint64_t paths = 0;
	int rc = 0;

	if (!seen)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	for (struct sqst_node *node = sqst_tree_root(tree); rc == 0 && node;
	     node = sqst_tree_next(node)) {
		const struct sqst_inode *inode = node->inode;

		paths += sqst_node_path(node, NULL, 0);
		if (inode->type == SQST_TYPE_SYMLINK)
			rc = check(SQST_LIMIT_SYMLINK, inode->u.symlink.length, node, why);
		if (rc == 0)
			rc = check(SQST_LIMIT_LINKS, inode->nlink, node, why);
		if (rc == 0)
			rc = check_xattrs(tree, node, seen, why);
	}
	return rc == 0 ? sqst_limit_check(SQST_LIMIT_PATHS, paths, NULL, why) : rc;
}
