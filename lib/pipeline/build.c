/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job: parents and a source become an image with stable numbers. Each step is a function
 * of the one before. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/cancel.h"
#include "base/scope.h"
#include "data/data.h"
#include "parent/parent_data.h"
#include "pipeline/pipeline.h"
#include "sqst/map.h"
#include "tree/tree.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)
SQST_DEFINE_SCOPE(reuse, struct sqst_reuse, sqst_reuse_free)
SQST_DEFINE_SCOPE(map_lock, struct sqst_map_lock, sqst_map_lock_free)

static int number_by_parents(const struct sqst_build_options *options,
			     const struct sqst_parents *parents, struct sqst_tree *tree,
			     struct sqst_lineage *lineage, struct sqst_numbering *numbering,
			     struct sqst_report *why)
{
	const unsigned flags =
	    (options->flags & SQST_BUILD_NEW_LINEAGE ? SQST_NUMBERING_NEW_LINEAGE : 0u) |
	    (options->flags & SQST_BUILD_KEEP_LINKS ? SQST_NUMBERING_KEEP_LINKS : 0u);
	const struct sqst_numbers *const *list = (const struct sqst_numbers *const *)parents->list;
	const int rc = sqst_numbering_assign(tree, list, parents->count, flags, numbering, why);

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

/* The highest number that a path of a parent may have. */
static uint32_t known_numbers(const struct sqst_parents *parents)
{
	uint32_t known = 0;

	for (size_t i = 0; i < parents->count; i++) {
		if (known < parents->list[i]->lineage.top)
			known = parents->list[i]->lineage.top;
	}
	return known;
}

/* What can be refused before a source is read. */
static int prepare_tree(const struct sqst_build_options *options, struct sqst_parents *parents,
			struct sqst_sort *sort, struct sqst_reuse **reuse,
			struct sqst_build_result *result, struct sqst_report *why)
{
	int rc = sqst_build_check(options, why);

	if (rc == 0)
		rc = sqst_build_outputs_check(options, why);
	if (rc == 0)
		rc = load_sort_files(options, sort, why);
	if (rc == 0)
		rc = sqst_build_reuse_open(options, reuse, why);
	if (rc == 0)
		rc = sqst_parents_read(options, parents, why);
	if (rc == 0)
		rc = sqst_build_pair_check(options, parents, why);
	if (rc == 0)
		rc = sqst_parents_inherit(options, parents, &result->lineage, why);
	return rc;
}

int sqst_build(const struct sqst_build_options *options, struct sqst_build_result *result,
	       struct sqst_report *why)
{
	SQST_CLEANUP(sqst_parents_release) struct sqst_parents parents = {0};
	SQST_CLEANUP(sqst_sort_release) struct sqst_sort sort = {0};
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = NULL;
	SQST_CLEANUP(sqst_scope_reuse) struct sqst_reuse *reuse = NULL;
	SQST_CLEANUP(sqst_scope_map_lock) struct sqst_map_lock *lock = NULL;
	SQST_CLEANUP(sqst_build_data_options_release) struct sqst_data_options data = {0};
	struct sqst_build_result unwanted;
	struct sqst_image_plan plan = {.options = options, .data = &data};
	int rc;

	if (!result)
		result = &unwanted;
	memset(result, 0, sizeof(*result));
	plan.lineage = &result->lineage;
	rc = sqst_build_lock(options, &lock, why);
	if (rc == 0)
		rc = prepare_tree(options, &parents, &sort, &reuse, result, why);
	if (rc == 0)
		rc = sqst_sources_read(options, &tree, why);
	if (rc == 0)
		rc = sqst_build_edit(options, tree, why);
	if (rc == 0)
		rc = sqst_tree_check_limits(tree, why);
	if (rc == 0)
		rc = sqst_build_registry_begin(options, &parents, tree, why);
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = number_by_parents(options, &parents, tree, &result->lineage,
				       &result->numbering, why);
	/* Not behind it: what a registry has given is given. */
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = sqst_build_registry_commit(&parents, tree, &result->lineage, why);
	if (rc == 0)
		rc = sqst_build_reuse_read(options, &parents, tree, reuse, result, why);
	if (rc == 0)
		rc = sqst_build_data_options(options, &sort, reuse, &data, why);
	if (rc < 0)
		return rc;
	plan.known = known_numbers(&parents);
	sqst_parents_release(&parents);
	count_tree(tree, result);
	if (options->inspect)
		options->inspect(options->user, tree);
	return sqst_build_outputs_write(&plan, tree, lock, result, why);
}
