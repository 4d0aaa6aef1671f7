/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to the tree between its sources and its numbers. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/scope.h"
#include "edit/edit.h"
#include "pipeline/pipeline.h"
#include "pseudo/pseudo_apply.h"
#include "source/image_source.h"
#include "tree/tree.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

static uint32_t depth_of(const struct sqst_node *node)
{
	uint32_t depth = 0;

	for (; node->parent; node = node->parent)
		depth++;
	return depth;
}

/* The next node that does not lie below this one. */
static struct sqst_node *after(const struct sqst_node *node)
{
	for (; node->parent; node = node->parent) {
		const struct sqst_inode *dir = node->parent->inode;

		if (node->position + 1 < dir->u.dir.count)
			return dir->u.dir.child[node->position + 1];
	}
	return NULL;
}

static void cut(struct sqst_tree *tree, uint32_t levels)
{
	struct sqst_node *node = sqst_tree_root(tree);

	while (node) {
		struct sqst_node *next;

		if (node->inode->type != SQST_TYPE_DIR || depth_of(node) < levels) {
			node = sqst_tree_next(node);
			continue;
		}
		next = after(node);
		while (node->inode->u.dir.count > 0)
			sqst_tree_remove(tree,
					 node->inode->u.dir.child[node->inode->u.dir.count - 1]);
		node = next;
	}
}

static int add_pseudo(const struct sqst_build_options *options, struct sqst_tree *tree,
		      struct sqst_report *why)
{
	/* The image must not depend on a clock, so what has no time of its own is as old as the
	 * image. */
	const struct sqst_pseudo_options pseudo = {
	    .time =
		options->flags & SQST_BUILD_MKFS_TIME ? options->mkfs_time : sqst_tree_newest(tree),
	    .no_xattrs = options->scan.no_xattrs,
	    .no_source = options->sources == 0,
	    .cancel = options->cancel,
	};

	return options->pseudo ? sqst_pseudo_apply(options->pseudo, tree, &pseudo, why) : 0;
}

static int override(const struct sqst_build_options *options, struct sqst_tree *tree,
		    struct sqst_report *why)
{
	const int rc = options->overrides ? sqst_tree_override(tree, options->overrides, why) : 0;

	if (rc == 0 && options->pseudo && (options->flags & SQST_BUILD_PSEUDO_OVERRIDE))
		sqst_pseudo_restore_owners(options->pseudo, tree);
	return rc;
}

static int keep_times(const struct sqst_build_options *options, const struct sqst_parents *parents,
		      struct sqst_tree *tree, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *parent = NULL;
	const struct sqst_archive_options archive = {.cancel = options->cancel};
	int rc;

	if (!(options->flags & SQST_BUILD_KEEP_TIMES) || !parents->data)
		return 0;
	rc = sqst_tree_from_image(&parents->data->image, &archive, &parent, why);
	/* The reader of sources reads it, but it is a parent. */
	if (rc == SQST_ERR_SOURCE) {
		if (why)
			why->code = SQST_ERR_PARENT;
		return SQST_ERR_PARENT;
	}
	return rc < 0
		   ? rc
		   : sqst_tree_keep_times(
			 tree, parent,
			 options->flags & SQST_BUILD_PREV_REBUILD ? SQST_KEEP_DAMAGED_DIFFER : 0u,
			 options->cancel, NULL, why);
}

int sqst_build_edit(const struct sqst_build_options *options, const struct sqst_parents *parents,
		    struct sqst_tree *tree, struct sqst_report *why)
{
	int rc;

	if (options->max_depth > 0)
		cut(tree, options->max_depth);
	rc = add_pseudo(options, tree, why);
	if (rc == 0)
		rc = override(options, tree, why);
	if (rc == 0 && options->file_contexts)
		rc = sqst_tree_label(tree, options->file_contexts, why);
	if (rc == 0)
		rc = keep_times(options, parents, tree, why);
	if (rc == 0 && (options->flags & SQST_BUILD_NO_HARDLINKS))
		rc = sqst_tree_split_links(tree, why);
	return rc;
}
