/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parent whose data may be taken over: the newest that is an image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "numbering/tree_walk.h"
#include "parent/parent_data.h"
#include "pipeline/pipeline.h"
#include "tree/tree.h"

int sqst_build_reuse_open(const struct sqst_build_options *options, struct sqst_reuse **out,
			  struct sqst_report *why)
{
	size_t at = options->parents;

	while (at > 0 && options->parent[at - 1].is_map)
		at--;
	if (at == 0 || (options->flags & SQST_BUILD_NO_REUSE))
		return 0;
	return sqst_reuse_open(options->parent[at - 1].path, out, why);
}

/* Give each inode the number that it has in the parent. */
static int pair_tree(struct sqst_tree *tree, const struct sqst_numbers *parent,
		     struct sqst_report *why)
{
	struct sqst_walk walk;
	int rc;

	sqst_walk_begin(&walk, tree, parent);
	while ((rc = sqst_walk_next(&walk)) > 0) {
		if (walk.node && sqst_walk_same_identity(&walk) && !walk.node->inode->previous)
			walk.node->inode->previous = walk.entry->number;
	}
	sqst_walk_end(&walk);
	return rc < 0 ? sqst_fail(why, rc, NULL, "out of memory") : 0;
}

int sqst_build_reuse_read(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_tree *tree,
			  struct sqst_reuse *reuse, struct sqst_build_result *result,
			  struct sqst_report *why)
{
	size_t at = options->parents;
	int rc;

	if (!reuse)
		return 0;
	while (options->parent[at - 1].is_map)
		at--;
	/* Its numbers were read from the file of its name: that must be this one. */
	rc = sqst_reuse_check(reuse, why);
	if (rc == 0)
		rc = sqst_reuse_read(reuse, options, why);
	if (rc == 0)
		rc = pair_tree(tree, parents->list[at - 1], why);
	result->reuse.reason = reuse->reason;
	return rc;
}
