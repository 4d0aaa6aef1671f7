/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job: parents and a source become an image with stable numbers. Each step is a function
 * of the one before. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/cancel.h"
#include "base/output.h"
#include "base/scope.h"
#include "build/build.h"
#include "lineage/map_stage.h"
#include "reuse/parent.h"
#include "sqst/map.h"
#include "tree/tree.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)
SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)
SQST_DEFINE_SCOPE(reuse, struct sqst_reuse, sqst_reuse_free)
SQST_DEFINE_SCOPE(output, struct sqst_output, sqst_output_discard)
SQST_DEFINE_SCOPE(map_lock, struct sqst_map_lock, sqst_map_lock_free)

static int number_tree(const struct sqst_build_options *options, const struct sqst_parents *parents,
		       struct sqst_tree *tree, struct sqst_lineage *lineage,
		       struct sqst_numbering *numbering, struct sqst_report *why)
{
	const unsigned flags =
	    (options->flags & SQST_BUILD_NEW_LINEAGE ? SQST_NUMBERING_NEW_LINEAGE : 0u) |
	    (options->flags & SQST_BUILD_FRESH_LINKS ? SQST_NUMBERING_FRESH_LINKS : 0u);
	const struct sqst_numbers *const *list = (const struct sqst_numbers *const *)parents->list;
	const int rc = sqst_numbering_assign(tree, list, parents->count, flags, numbering, why);

	if (rc == 0 && numbering->stats.regrouped > 0 && !(flags & SQST_NUMBERING_FRESH_LINKS))
		sqst_warn(
		    why, sqst_tree_source(tree),
		    "%u hard link groups gained or lost names and keep their numbers; a file that "
		    "a "
		    "device changed under one of them may become unreadable: see \"Hard links\" in "
		    "sqfs-stable(7) and --fresh-links",
		    numbering->stats.regrouped);
	lineage->top = numbering->top;
	lineage->root = numbering->root;
	lineage->root_double = numbering->root_double;
	return rc;
}

/* Name the numbering, and write its map (beside its target, not there yet). */
static int name_and_map(const struct sqst_build_options *options, const struct sqst_tree *tree,
			struct sqst_lineage *lineage, struct sqst_output **map,
			struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_numbers) struct sqst_numbers *numbers = NULL;
	int rc = sqst_numbers_from_tree(tree, options->output, &numbers, why);

	if (rc < 0)
		return rc;
	numbers->lineage = *lineage;
	rc = sqst_lineage_name(numbers, why);
	if (rc == 0 && options->map_output)
		rc = sqst_map_stage(numbers, options->map_output, map, why);
	*lineage = numbers->lineage;
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

static unsigned output_how(const struct sqst_build_options *options)
{
	return SQST_OUTPUT_DEVICE | (options->flags & SQST_BUILD_FORCE ? SQST_OUTPUT_FORCE : 0u);
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

/* The map first: a map that is ahead of its image only leaves numbers unused, the other way round
 * a next build from the map would give numbers twice. */
static int write_all(const struct sqst_image_plan *plan, struct sqst_tree *tree,
		     const struct sqst_map_lock *lock, struct sqst_build_result *result,
		     struct sqst_report *why)
{
	const struct sqst_build_options *options = plan->options;
	SQST_CLEANUP(sqst_scope_output) struct sqst_output *map = NULL;
	SQST_CLEANUP(sqst_scope_output) struct sqst_output *image = NULL;
	int rc = name_and_map(options, tree, &result->lineage, &map, why);

	if (rc == 0)
		rc = sqst_output_open(options->output, output_how(options), &image, why);
	if (rc == 0 && options->offset > 0)
		rc = sqst_output_start_at(image, options->offset, why);
	if (rc == 0)
		rc = sqst_image_write(tree, plan, image, &result->image_bytes, result, why);
	if (rc == 0)
		rc = sqst_output_prepare(image, result->image_bytes, why);
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = sqst_map_lock_check(lock, why);
	if (rc == 0 && map)
		rc = sqst_output_commit(sqst_steal(&map), why);
	if (rc == 0)
		rc = sqst_output_commit(sqst_steal(&image), why);
	return rc;
}

/* What can be refused before a source is read. */
static int prepare(const struct sqst_build_options *options, struct sqst_parents *parents,
		   struct sqst_sort *sort, struct sqst_reuse **reuse,
		   struct sqst_build_result *result, struct sqst_report *why)
{
	int rc = sqst_build_check(options, why);

	if (rc == 0)
		rc = sqst_output_check(options->output, output_how(options), why);
	if (rc == 0)
		rc = load_sort_files(options, sort, why);
	if (rc == 0)
		rc = sqst_build_reuse_open(options, reuse, result, why);
	if (rc == 0)
		rc = sqst_parents_read(options, parents, why);
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
	struct sqst_build_result unwanted;
	struct sqst_image_plan plan = {.options = options, .sort = &sort};
	int rc;

	if (!result)
		result = &unwanted;
	memset(result, 0, sizeof(*result));
	plan.lineage = &result->lineage;
	rc = sqst_build_lock(options, &lock, why);
	if (rc == 0)
		rc = prepare(options, &parents, &sort, &reuse, result, why);
	if (rc == 0)
		rc = sqst_sources_read(options, &tree, why);
	if (rc == 0)
		rc = sqst_build_edit(options, tree, why);
	if (rc == 0)
		rc = sqst_build_registry_begin(options, &parents, tree, why);
	if (rc == 0)
		rc =
		    number_tree(options, &parents, tree, &result->lineage, &result->numbering, why);
	if (rc == 0)
		rc = sqst_build_registry_commit(&parents, tree, &result->lineage, why);
	if (rc == 0)
		rc = sqst_build_reuse_read(options, &parents, tree, reuse, result, why);
	if (rc < 0)
		return rc;
	plan.reuse = reuse;
	plan.known = known_numbers(&parents);
	sqst_parents_release(&parents);
	count_tree(tree, result);
	if (options->inspect)
		options->inspect(options->user, tree);
	return write_all(&plan, tree, lock, result, why);
}
