/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job: parents and a source become an image with stable numbers. Each step is a function
 * of the one before. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <string.h>

#include "base/cancel.h"
#include "base/scope.h"
#include "numbering/numbering.h"
#include "pipeline/pipeline.h"
#include "tree/tree.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

static int number_by_parents(const struct sqst_build_options *options,
			     const struct sqst_parents *parents, struct sqst_tree *tree,
			     struct sqst_lineage *lineage, struct sqst_numbering *numbering,
			     struct sqst_report *why)
{
	const unsigned flags =
	    (options->flags & SQST_BUILD_NEW_LINEAGE ? SQST_NUMBERING_NEW_LINEAGE : 0u) |
	    (options->flags & SQST_BUILD_KEEP_LINKS ? SQST_NUMBERING_KEEP_LINKS : 0u);
	const struct sqst_numbers *const *list =
	    (const struct sqst_numbers *const *)parents->numbers;
	const int rc = sqst_numbering_assign(tree, list, parents->read, flags, numbering, why);

	if (rc == 0 && numbering->stats.regrouped > 0)
		sqst_warn(
		    why, sqst_tree_source(tree),
		    "%u hard link groups gained or lost names and keep their numbers; a file that "
		    "a device changed under one of them may become unreadable: see \"Hard links\" "
		    "in sqfs-stable(7), and leave --keep-links away",
		    numbering->stats.regrouped);
	lineage->top = numbering->top;
	lineage->root = numbering->root;
	lineage->root_double = numbering->root_double;
	return rc;
}

static void count_tree(const struct sqst_tree *tree, struct sqst_build_result *result)
{
	const struct sqst_node *node;

	result->names = sqst_tree_names(tree);
	result->inodes = sqst_tree_inodes(tree);
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		result->directories += node->inode->type == SQST_TYPE_DIR;
}

static int load_sort_files(const struct sqst_build_options *options, struct sqst_sort *sort,
			   struct sqst_report *why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < options->sort_files; i++)
		rc = sqst_sort_load(sort, options->sort_file[i], options->cancel, why);
	return rc;
}

static void tell_paths(const struct sqst_build_options *options, const struct sqst_tree *tree)
{
	char path[PATH_MAX];

	if (!options->each_path)
		return;
	for (const struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		const struct sqst_inode *inode = node->inode;

		/* sqst_tree_check_limits() has found no longer one. */
		if (sqst_node_path(node, path, sizeof(path)) >= sizeof(path))
			continue;
		options->each_path(
		    options->user,
		    &(struct sqst_built_path){
			.path = path,
			.type = (enum sqst_type)inode->type,
			.number = inode->number,
			.size = inode->type == SQST_TYPE_FILE ? inode->u.file.size : 0,
		    });
	}
	options->each_path(options->user, NULL);
}

/* What can be refused before a source is read. */
static int prepare_tree(const struct sqst_build_options *options, struct sqst_parents *parents,
			struct sqst_sort *sort, struct sqst_build_result *result,
			struct sqst_report *why)
{
	int rc = sqst_build_check(options, why);

	if (rc == 0)
		rc = sqst_build_outputs_check(options, why);
	if (rc == 0)
		rc = load_sort_files(options, sort, why);
	if (rc == 0)
		rc = sqst_parents_read(parents, why);
	if (rc == 0)
		rc = sqst_build_pair_check(options, parents, why);
	if (rc == 0)
		rc = sqst_parents_inherit(parents, &result->lineage, why);
	return rc;
}

int sqst_build(const struct sqst_build_options *options, struct sqst_build_result *result,
	       struct sqst_report *why)
{
	SQST_CLEANUP(sqst_parents_release) struct sqst_parents parents = {0};
	SQST_CLEANUP(sqst_sort_release) struct sqst_sort sort = {0};
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = NULL;
	SQST_CLEANUP(sqst_build_plan_release) struct sqst_image_plan plan = {0};
	struct sqst_build_result unwanted;
	struct sqst_parent_data *parent = NULL;
	int rc;

	if (!result)
		result = &unwanted;
	memset(result, 0, sizeof(*result));
	plan.lineage = &result->lineage;
	sqst_build_parents(options, &parents);
	rc = sqst_parents_lock(&parents, options->map_output, why);
	if (rc == 0)
		rc = prepare_tree(options, &parents, &sort, result, why);
	if (rc == 0)
		rc = sqst_sources_read(options, &tree, why);
	if (rc == 0)
		rc = sqst_build_edit(options, &parents, tree, why);
	if (rc == 0)
		rc = sqst_tree_check_limits(tree, why);
	if (rc == 0)
		rc = sqst_parents_begin(&parents, tree, why);
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = number_by_parents(options, &parents, tree, &result->lineage,
				       &result->numbering, why);
	/* Not after it: what a registry has given is given. */
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = sqst_parents_commit(&parents, tree, &result->lineage, why);
	if (rc == 0)
		rc = sqst_build_parent_data(options, &parents, tree, &parent, result, why);
	if (rc == 0)
		rc = sqst_build_plan(options, tree, &sort, parent, &plan, why);
	if (rc < 0)
		return rc;
	plan.known = sqst_parents_known(&parents);
	sqst_parents_forget_numbers(&parents);
	count_tree(tree, result);
	tell_paths(options, tree);
	return sqst_build_outputs_write(options, &plan, tree, &parents, result, why);
}
