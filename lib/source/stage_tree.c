/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the stage to the tree. Names, and sets of extended attributes with them, are added in the
 * order in which a scan of the same directory adds them (each directory's names sorted, then what
 * is below), so that both trees give the same image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cancel.h"
#include "base/scope.h"
#include "source/stage.h"
#include "tree/filter.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

struct conversion {
	struct sqst_stage *stage;
	struct sqst_tree *tree;
	int origin;
	struct sqst_stage_name **sorted;
	size_t room;
	/* By the index of an inode of the tree: what a directory without its children yet is in
	 * the stage. */
	const struct sqst_stage_name **staged;
	size_t staged_room;
	char path[PATH_MAX + SQST_NAME_MAX + 2];
};

/* ---- times of implied directories */

static bool is_directory(const struct sqst_stage_name *name)
{
	return name->body && name->body->type == SQST_TYPE_DIR;
}

/* Let the directory of a name be as new as the name is. */
static void raise_time(const struct sqst_stage_name *name)
{
	struct sqst_stage_body *dir = name->parent->body;

	if (name->body && dir->implied && name->body->mtime > dir->mtime)
		dir->mtime = name->body->mtime;
}

/* A directory that nothing speaks of has the time of the newest thing in it. Bottom up, and without
 * recursion: a tree may be deep, a stack small. */
static void settle_times(struct sqst_stage_name *root)
{
	struct sqst_stage_name *name = root;

	for (;;) {
		if (is_directory(name) && name->body->implied)
			name->body->mtime = 0;
		if (is_directory(name) && name->child) {
			name = name->child;
			continue;
		}
		while (name != root && !name->sibling) {
			raise_time(name);
			name = name->parent;
		}
		if (name == root)
			return;
		raise_time(name);
		name = name->sibling;
	}
}

/* ---- inodes */

static int fill_staged_file(const struct conversion *conversion, const struct sqst_stage_body *body,
			    struct sqst_inode *inode)
{
	if (body->u.file.path)
		return sqst_tree_pin_file(conversion->tree, inode, body->u.file.path,
					  conversion->stage->why);
	inode->u.file.size = body->u.file.size;
	inode->u.file.key[0] = body->u.file.base;
	inode->u.file.key[1] = body->u.file.parts;
	inode->origin = (uint8_t)conversion->origin;
	return 0;
}

static int fill_staged_inode(const struct conversion *conversion,
			     const struct sqst_stage_body *body, struct sqst_inode *inode)
{
	const bool all_root = conversion->stage->scan->all_root;
	int rc;

	inode->uid = all_root ? 0 : body->uid;
	inode->gid = all_root ? 0 : body->gid;
	inode->mode = body->mode & 07777;
	inode->mtime = body->mtime;
	rc = sqst_tree_set_xattrs(conversion->tree, inode, body->xattr, body->xattrs,
				  conversion->stage->why);
	if (rc < 0)
		return rc;
	switch (body->type) {
	case SQST_TYPE_DIR:
		inode->subkey = body->implied;
		return 0;
	case SQST_TYPE_FILE:
		return fill_staged_file(conversion, body, inode);
	case SQST_TYPE_SYMLINK:
		inode->u.symlink.length = body->u.symlink.length;
		inode->u.symlink.target = sqst_tree_strdup(conversion->tree, body->u.symlink.target,
							   body->u.symlink.length);
		return inode->u.symlink.target ? 0 : sqst_stage_nomem(conversion->stage);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		inode->u.device = body->u.device;
		return 0;
	default:
		return 0;
	}
}

/* ---- names */

static int by_staged_name(const void *a, const void *b)
{
	const struct sqst_stage_name *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int sort_children(struct conversion *conversion, const struct sqst_stage_name *dir,
			 size_t *count)
{
	struct sqst_stage_name **grown = sqst_reserve(
	    conversion->sorted, dir->children, &conversion->room, sizeof(struct sqst_stage_name *));

	*count = 0;
	if (!grown)
		return sqst_stage_nomem(conversion->stage);
	conversion->sorted = grown;
	for (struct sqst_stage_name *child = dir->child; child; child = child->sibling) {
		if (child->body)
			conversion->sorted[(*count)++] = child;
	}
	if (*count > 1)
		qsort(conversion->sorted, *count, sizeof(*conversion->sorted), by_staged_name);
	return 0;
}

static bool filtered_out(struct conversion *conversion, const struct sqst_node *dir,
			 const char *name)
{
	struct sqst_filter *filter = conversion->stage->scan->filter;
	char *path = conversion->path;
	size_t length;

	if (!filter)
		return false;
	length = sqst_node_path(dir, path, PATH_MAX);
	if (length >= PATH_MAX)
		return false;
	if (length > 0)
		path[length++] = '/';
	memcpy(path + length, name, strlen(name) + 1);
	return sqst_filter_excludes(filter, path);
}

static int set_staged(struct conversion *conversion, const struct sqst_inode *dir,
		      const struct sqst_stage_name *name)
{
	const struct sqst_stage_name **grown = sqst_reserve(
	    conversion->staged, dir->index + (size_t)1, &conversion->staged_room, sizeof(*grown));

	if (!grown)
		return sqst_stage_nomem(conversion->stage);
	conversion->staged = grown;
	conversion->staged[dir->index] = name;
	return 0;
}

static int add_child(struct conversion *conversion, struct sqst_node *dir,
		     const struct sqst_stage_name *name)
{
	struct sqst_stage_body *body = name->body;
	struct sqst_node *node;
	int rc = 0;

	if (filtered_out(conversion, dir, name->name))
		return 0;
	if (body->inode) {
		node = sqst_tree_link(conversion->tree, dir, name->name, body->inode);
		return node ? 0 : sqst_stage_nomem(conversion->stage);
	}
	node = sqst_tree_add(conversion->tree, dir, name->name, (enum sqst_type)body->type);
	if (!node)
		return sqst_stage_nomem(conversion->stage);
	if (body->type == SQST_TYPE_DIR)
		rc = set_staged(conversion, node->inode, name);
	else if (!conversion->stage->scan->no_hardlinks)
		body->inode = node->inode;
	return rc == 0 ? fill_staged_inode(conversion, body, node->inode) : rc;
}

static int add_children(struct conversion *conversion, struct sqst_node *dir)
{
	size_t count;
	int rc = sort_children(conversion, conversion->staged[dir->inode->index], &count);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_child(conversion, dir, conversion->sorted[i]);
	return rc;
}

static int find_root(struct sqst_stage *stage, struct sqst_stage_name **root)
{
	const char *path = stage->options->root ? stage->options->root : "";
	const int rc = sqst_stage_find(stage, path, root);

	if (rc < 0)
		return rc;
	if (!*root)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "has no %s that could become the root", path);
	if ((*root)->body->type != SQST_TYPE_DIR)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s cannot become the root: not a directory", path);
	return 0;
}

static int convert(struct conversion *conversion)
{
	struct sqst_stage *stage = conversion->stage;
	struct sqst_tree *tree = conversion->tree;
	struct sqst_stage_name *root;
	int rc = find_root(stage, &root);

	if (rc < 0)
		return rc;
	settle_times(root);
	rc = set_staged(conversion, tree->root->inode, root);
	if (rc == 0)
		rc = fill_staged_inode(conversion, root->body, tree->root->inode);
	for (struct sqst_node *node = tree->root; rc == 0 && node; node = sqst_tree_next(node)) {
		rc = sqst_canceled(stage->options->cancel, stage->why);
		if (rc == 0 && node->inode->type == SQST_TYPE_DIR)
			rc = add_children(conversion, node);
	}
	return rc == 0 ? sqst_tree_finish(tree, stage->why) : rc;
}

int sqst_stage_tree(struct sqst_stage *stage, const struct sqst_origin_type *type, int fd,
		    struct sqst_tree **out)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	struct conversion conversion = {.stage = stage, .tree = tree};
	int rc = 0;

	if (!tree)
		return sqst_stage_nomem(stage);
	tree->source = sqst_tree_strdup(tree, stage->source, strlen(stage->source));
	if (!tree->source)
		return sqst_stage_nomem(stage);
	if (type) {
		conversion.origin = sqst_tree_add_origin(tree, type, stage->source, stage->why);
		if (conversion.origin < 0)
			return conversion.origin;
		tree->origin[conversion.origin].fd = fd;
	}
	rc = convert(&conversion);
	free(conversion.sorted);
	free(conversion.staged);
	if (rc < 0)
		return rc;
	if (type)
		tree->origin[conversion.origin].own_fd = true;
	sqst_warn_of_losses(&stage->xattrs, stage->clamped, stage->source, stage->why);
	*out = sqst_steal(&tree);
	return 0;
}
