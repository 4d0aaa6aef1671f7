/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no image can hold, or no kernel reads, is found before anything is made of the tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "base/limits.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/tree.h"

/* Of a listing's entry without its name. */
#define ENTRY_SIZE 8

struct job {
	const struct sqst_tree *tree;
	struct sqst_report *why;
	/* What was counted so far: bytes of paths, owners, sets of attributes. */
	uint64_t paths;
	struct sqst_ids ids;
	bool *seen;
	uint32_t sets;
};

/* The path of a node, with a slash in front; the caller's to free. NULL if memory is short. */
static char *path_of_node(const struct sqst_node *node, struct sqst_report *why)
{
	const size_t size = sqst_node_path(node, NULL, 0) + 2;
	char *path = malloc(size);

	if (!path) {
		sqst_no_memory(why, NULL);
		return NULL;
	}
	path[0] = '/';
	sqst_node_path(node, path + 1, size - 1);
	return path;
}

/* Say which path it is. */
static int check_node_limits(enum sqst_limit limit, uint64_t value, const struct sqst_node *node,
			     struct sqst_report *why)
{
	if (value <= sqst_limit_most(limit))
		return 0;
	SQST_AUTO_FREE char *path = path_of_node(node, why);

	return path ? sqst_limit_check(limit, value, path, why) : SQST_ERR_NOMEM;
}

/* The table counts each owner once; the path is the first with one too many. In the kernel
 * (uid_t)-1 is no owner: a file that has it belongs to overflowuid, and an overlay cannot copy it
 * up. */
static int check_id(struct job *job, const struct sqst_node *node, uint32_t id)
{
	uint16_t unused;
	const int rc = sqst_ids_index(&job->ids, id, &unused, job->why);

	if (rc == SQST_ERR_LIMIT)
		return check_node_limits(SQST_LIMIT_IDS, job->ids.count + UINT64_C(1), node,
					 job->why);
	if (rc < 0 || id != UINT32_MAX)
		return rc;
	SQST_AUTO_FREE char *path = path_of_node(node, job->why);

	if (!path)
		return SQST_ERR_NOMEM;
	return sqst_fail(job->why, SQST_ERR_LIMIT, path,
			 "%u is not a valid user or group id; %u is the highest", UINT32_MAX,
			 UINT32_MAX - 1);
}

static int check_xattr_limits(struct job *job, const struct sqst_node *node)
{
	const uint32_t set = node->inode->xattr;
	const struct sqst_xattr *list;
	size_t count;
	uint64_t names = 0;
	int rc = 0;

	if (set == SQST_NO_XATTR || job->seen[set])
		return 0;
	job->seen[set] = true;
	rc = check_node_limits(SQST_LIMIT_XATTR_SETS, ++job->sets, node, job->why);
	list = sqst_tree_xattr_set(job->tree, set, &count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const size_t length = strlen(list[i].name);

		names += length + 1;
		rc = check_node_limits(SQST_LIMIT_XATTR_NAME, length, node, job->why);
		if (rc == 0)
			rc =
			    check_node_limits(SQST_LIMIT_XATTR_VALUE, list[i].size, node, job->why);
	}
	return rc == 0 ? check_node_limits(SQST_LIMIT_XATTR_LIST, names, node, job->why) : rc;
}

/* How large a listing becomes with its headers is known only when it is made, where it is looked at
 * again. */
static int check_listing(struct job *job, const struct sqst_node *node)
{
	const struct sqst_inode *dir = node->inode;
	uint64_t size = 0;

	for (uint32_t i = 0; i < dir->u.dir.count; i++)
		size += ENTRY_SIZE + strlen(dir->u.dir.child[i]->name);
	return check_node_limits(SQST_LIMIT_LISTING, size, node, job->why);
}

static int check_node(struct job *job, const struct sqst_node *node)
{
	const struct sqst_inode *inode = node->inode;
	int rc = 0;

	job->paths += sqst_node_path(node, NULL, 0);
	if (inode->type == SQST_TYPE_SYMLINK)
		rc = check_node_limits(SQST_LIMIT_SYMLINK, inode->u.symlink.length, node, job->why);
	else if (inode->type == SQST_TYPE_DIR)
		rc = check_listing(job, node);
	if (rc == 0)
		rc = check_node_limits(SQST_LIMIT_LINKS, inode->nlink, node, job->why);
	if (rc == 0)
		rc = check_node_limits(SQST_LIMIT_PATHS, job->paths, node, job->why);
	if (rc == 0)
		rc = check_id(job, node, inode->uid);
	if (rc == 0)
		rc = check_id(job, node, inode->gid);
	return rc == 0 ? check_xattr_limits(job, node) : rc;
}

int sqst_tree_check_limits(const struct sqst_tree *tree, struct sqst_report *why)
{
	SQST_AUTO_FREE bool *seen = calloc(sqst_tree_xattr_sets(tree) + (size_t)1, sizeof(*seen));
	struct job job = {.tree = tree, .why = why, .seen = seen};
	int rc = 0;

	if (!seen)
		return sqst_no_memory(why, NULL);
	for (struct sqst_node *node = sqst_tree_root(tree); rc == 0 && node;
	     node = sqst_tree_next(node))
		rc = check_node(&job, node);
	sqst_ids_release(&job.ids);
	return rc;
}
