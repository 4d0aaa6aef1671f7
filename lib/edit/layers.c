/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One tree laid over another, as overlayfs and container layers lie over one another: names of the
 * upper one replace those of the lower one, and whiteouts take them away. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "edit/edit.h"
#include "tree/scan_xattr.h"
#include "tree/sources.h"
#include "tree/tree.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

#define WHITEOUT ".wh."
#define OPAQUE   ".wh..wh..opq"

/* What an inode of the upper tree became: a directory's name, or an inode. */
union layer_copy {
	struct sqst_node *node;
	struct sqst_inode *inode;
};

struct layer_merge {
	struct sqst_tree *tree;
	struct sqst_tree *upper;
	/* Index in `tree` of each origin of `upper`. */
	uint8_t origin[SQST_ORIGINS_MAX];
	/* By the index of an inode of `upper`. */
	union layer_copy *copy;
	struct sqst_report *why;
};

static int layers_no_memory(struct layer_merge *merge)
{
	return sqst_no_memory(merge->why, merge->upper->source);
}

/* ---- marks that are not stored */

/* The attribute {trusted,user}.overlay.`mark` of an inode of the upper tree. */
static const struct sqst_xattr *find_mark(const struct layer_merge *merge,
					  const struct sqst_inode *inode, const char *mark)
{
	size_t count;
	const struct sqst_xattr *list = sqst_inode_xattrs(merge->upper, inode, &count);

	for (size_t i = 0; i < count; i++) {
		if (sqst_xattr_is_overlay(list[i].name) &&
		    strcmp(strrchr(list[i].name, '.') + 1, mark) == 0)
			return &list[i];
	}
	return NULL;
}

/* "x" says only that there are whiteouts by attribute in it. */
static bool is_opaque(const struct layer_merge *merge, const struct sqst_node *dir)
{
	const struct sqst_xattr *xattr = find_mark(merge, dir->inode, "opaque");

	return sqst_tree_find(dir, OPAQUE) ||
	       (xattr && xattr->size == 1 && *(const char *)xattr->value == 'y');
}

/* aufs keeps more of its own under ".wh..wh.". */
static bool is_mark(const struct sqst_node *node)
{
	return strncmp(node->name, WHITEOUT, 4) == 0;
}

static bool is_overlay_whiteout(const struct layer_merge *merge, const struct sqst_node *node)
{
	const struct sqst_inode *inode = node->inode;

	if (inode->type == SQST_TYPE_CHAR)
		return inode->u.device == 0;
	return inode->type == SQST_TYPE_FILE && inode->u.file.size == 0 &&
	       find_mark(merge, inode, "whiteout");
}

/* What overlayfs stores as a pointer into the layers below cannot be laid over others. */
static int check_pointers(const struct layer_merge *merge, const struct sqst_node *node)
{
	static const char *const marks[] = {"redirect", "metacopy"};
	char path[4096] = "";

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!find_mark(merge, node->inode, marks[i]))
			continue;
		sqst_node_path(node, path, sizeof(path));
		return sqst_fail(merge->why, SQST_ERR_SOURCE, merge->upper->source,
				 "/%s has the attribute overlay.%s, which refers to the layers it "
				 "was made with; use the mounted overlay as the source",
				 path, marks[i]);
	}
	return 0;
}

/* ---- copies */

static int copy_layer_xattrs(struct layer_merge *merge, const struct sqst_inode *from,
			     struct sqst_inode *to)
{
	SQST_AUTO_FREE struct sqst_xattr *kept = NULL;
	size_t count, used = 0;
	const struct sqst_xattr *list = sqst_inode_xattrs(merge->upper, from, &count);

	to->xattr = SQST_NO_XATTR;
	if (count == 0)
		return 0;
	kept = malloc(count * sizeof(*kept));
	if (!kept)
		return layers_no_memory(merge);
	for (size_t i = 0; i < count; i++) {
		if (!sqst_xattr_is_overlay(list[i].name))
			kept[used++] = list[i];
	}
	return sqst_tree_set_xattrs(merge->tree, to, kept, used, merge->why);
}

/* Strings need no copy: the tree has taken the upper one's memory over. */
static int copy_inode(struct layer_merge *merge, const struct sqst_inode *from,
		      struct sqst_inode *to)
{
	to->subkey = from->subkey;
	to->uid = from->uid;
	to->gid = from->gid;
	to->mode = from->mode;
	to->mtime = from->mtime;
	switch ((enum sqst_type)from->type) {
	case SQST_TYPE_FILE:
		to->u.file = from->u.file;
		to->origin = merge->origin[from->origin];
		break;
	case SQST_TYPE_SYMLINK:
		to->u.symlink = from->u.symlink;
		break;
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		to->u.device = from->u.device;
		break;
	case SQST_TYPE_DIR:
	case SQST_TYPE_FIFO:
	case SQST_TYPE_SOCKET:
		break;
	}
	return copy_layer_xattrs(merge, from, to);
}

static int add_merged(struct layer_merge *merge, struct sqst_node *dir, struct sqst_node *node)
{
	const struct sqst_inode *inode = node->inode;
	union layer_copy *known = &merge->copy[inode->index];
	struct sqst_node *copy;
	const int rc = check_pointers(merge, node);

	if (rc < 0)
		return rc;
	if (inode->type != SQST_TYPE_DIR && known->inode)
		return sqst_tree_link(merge->tree, dir, node->name, known->inode)
			   ? 0
			   : layers_no_memory(merge);
	copy = sqst_tree_add(merge->tree, dir, node->name, (enum sqst_type)inode->type);
	if (!copy)
		return layers_no_memory(merge);
	if (inode->type == SQST_TYPE_DIR)
		known->node = copy;
	else
		known->inode = copy->inode;
	return copy_inode(merge, inode, copy->inode);
}

/* ---- one directory */

/* Take away what whiteouts and replacements of the upper directory take away. */
static void clear(struct layer_merge *merge, struct sqst_node *lower, const struct sqst_node *upper)
{
	const struct sqst_inode *dir = upper->inode;
	const bool opaque = is_opaque(merge, upper);

	for (uint32_t i = 0; opaque && i < lower->inode->u.dir.count; i++)
		lower->inode->u.dir.child[i]->position = SQST_NODE_GONE;
	for (uint32_t i = 0; i < dir->u.dir.count; i++) {
		const struct sqst_node *node = dir->u.dir.child[i];
		struct sqst_node *there =
		    sqst_tree_find(lower, is_mark(node) ? node->name + 4 : node->name);

		if (there && (is_mark(node) || node->inode->type != SQST_TYPE_DIR ||
			      there->inode->type != SQST_TYPE_DIR))
			there->position = SQST_NODE_GONE;
	}
	sqst_tree_remove_marked(merge->tree, lower);
}

/* A directory that both trees have. What the upper one only implied stays as it was; if that was
 * implied as well, it is as old as the newest thing in either. */
static int copy_directory(struct layer_merge *merge, const struct sqst_inode *from,
			  struct sqst_inode *to)
{
	const uint32_t time = to->mtime;
	int rc;

	if (!from->subkey)
		return copy_inode(merge, from, to);
	if (!to->subkey)
		return 0;
	rc = copy_inode(merge, from, to);
	if (time > to->mtime)
		to->mtime = time;
	return rc;
}

static int merge_directory(struct layer_merge *merge, struct sqst_node *lower,
			   struct sqst_node *upper)
{
	const uint32_t count = upper->inode->u.dir.count;
	SQST_AUTO_FREE struct sqst_node **fresh = NULL;
	uint32_t used = 0;
	int rc = check_pointers(merge, upper);

	if (rc == 0)
		rc = copy_directory(merge, upper->inode, lower->inode);
	if (rc == 0)
		clear(merge, lower, upper);
	if (rc < 0 || count == 0)
		return rc;
	fresh = malloc(count * sizeof(struct sqst_node *));
	if (!fresh)
		return layers_no_memory(merge);
	/* First look, then add: names are found only among sorted ones. */
	for (uint32_t i = 0; i < count; i++) {
		struct sqst_node *node = upper->inode->u.dir.child[i];
		struct sqst_node *known = sqst_tree_find(lower, node->name);

		if (is_mark(node) || is_overlay_whiteout(merge, node))
			continue;
		if (known)
			merge->copy[node->inode->index].node = known;
		else
			fresh[used++] = node;
	}
	for (uint32_t i = 0; rc == 0 && i < used; i++)
		rc = add_merged(merge, lower, fresh[i]);
	return rc < 0 ? rc : sqst_tree_sort(lower, merge->why);
}

/* ---- the whole */

static int move_origins(struct layer_merge *merge)
{
	struct sqst_tree *tree = merge->tree, *upper = merge->upper;

	for (unsigned i = 0; i < upper->origins; i++) {
		struct sqst_origin *from = &upper->origin[i], *to;
		int index;

		if (from->type == &sqst_origin_directory)
			index =
			    sqst_tree_directory_origin(tree, from->name, from->skip, merge->why);
		else
			index = sqst_tree_add_origin(tree, from->type, from->name, merge->why);
		if (index < 0)
			return index;
		merge->origin[i] = (uint8_t)index;
		to = &tree->origin[index];
		to->skip = from->skip;
		if (from->type == &sqst_origin_directory)
			continue;
		to->fd = from->fd;
		to->own_fd = from->own_fd;
		to->state = from->state;
		from->fd = -1;
		from->own_fd = false;
		from->state = NULL;
		from->type = &sqst_origin_directory;
	}
	return 0;
}

int sqst_tree_lay(struct sqst_tree *tree, struct sqst_tree *upper, struct sqst_report *why)
{
	SQST_AUTO_FREE union layer_copy *copy = calloc(upper->indexes, sizeof(*copy));
	struct layer_merge merge = {.tree = tree, .upper = upper, .copy = copy, .why = why};
	int rc;

	if (!copy)
		return layers_no_memory(&merge);
	rc = move_origins(&merge);
	/* States of origins, link targets and pinned paths are in it. */
	sqst_arena_take_over(tree->arena, upper->arena);
	if (!tree->source[0])
		tree->source = upper->source;
	copy[upper->root->inode->index].node = tree->root;
	for (struct sqst_node *node = upper->root; rc == 0 && node; node = sqst_tree_next(node)) {
		/* A directory under a mark (".wh..wh.plnk") has no copy. */
		if (node->inode->type == SQST_TYPE_DIR && copy[node->inode->index].node)
			rc = merge_directory(&merge, copy[node->inode->index].node, node);
	}
	return rc;
}

int sqst_tree_merge(struct sqst_tree *tree, const char *path,
		    const struct sqst_scan_options *options, const struct sqst_cancel *cancel,
		    struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *upper = NULL;
	struct sqst_scan_options with_marks = {0};
	int rc;

	if (options)
		with_marks = *options;
	with_marks.overlay_marks = true;
	rc = sqst_tree_scan(path, &with_marks, cancel, &upper, why);
	return rc < 0 ? rc : sqst_tree_lay(tree, upper, why);
}
