/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outputs of a build: the image, its map, a report. They appear together, or none does. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/output.h"
#include "base/scope.h"
#include "map/map_output.h"
#include "map/map_text.h"
#include "numbers/numbers.h"
#include "numbers/record.h"
#include "pipeline/pipeline.h"
#include "sqst/image.h"
#include "sqst/map.h"
#include "tree/node.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)

/* In the order in which they get their names. Whatever happens between two of these, a next build
 * is safe: a map that is ahead of its image only leaves numbers unused, while one that lags behind
 * would let a next build give numbers twice. */
enum output_place {
	PLACE_MAP,
	PLACE_IMAGE,
	PLACE_REPORT,
	PLACES,
};

struct outputs {
	struct sqst_output *item[PLACES];
};

static void outputs_release(struct outputs *outputs)
{
	for (unsigned i = 0; i < PLACES; i++)
		sqst_output_discard(outputs->item[i]);
}

static const char *path_at(const struct sqst_build_options *options, unsigned place)
{
	const char *const path[PLACES] = {options->map_output, options->output,
					  options->report_output};

	return path[place];
}

static const enum sqst_output_kind kind_at[PLACES] = {SQST_OUTPUT_MAP, SQST_OUTPUT_IMAGE,
						      SQST_OUTPUT_JSON};

static unsigned output_how(const struct sqst_build_options *options)
{
	return (options->flags & SQST_BUILD_FORCE ? SQST_OUTPUT_FORCE : 0u) |
	       (options->flags & SQST_BUILD_IN_PLACE ? SQST_OUTPUT_IN_PLACE : 0u);
}

/* ---- before the build */

/* An image takes the place of a parent image, a map that of a parent map; an output on any other
 * file that is read is a mistake. */
static int check_inputs(const struct sqst_build_options *options, unsigned place,
			struct sqst_report *why)
{
	const char *path = path_at(options, place);
	const char *input = NULL;

	for (size_t i = 0; i < options->parents; i++) {
		const bool like = place == (options->parent[i].is_map ? PLACE_MAP : PLACE_IMAGE);

		if (!like && sqst_output_same(options->parent[i].path, path))
			input = options->parent[i].path;
	}
	for (size_t i = 0; i < options->sources; i++) {
		if (place != PLACE_IMAGE && sqst_output_same(options->source[i].path, path))
			input = options->source[i].path;
	}
	if (!input)
		return 0;
	return sqst_fail(
	    why, SQST_ERR_OPTION, path,
	    "the output is also an input and is not what it would replace; choose another name");
}

int sqst_build_outputs_check(const struct sqst_build_options *options, struct sqst_report *why)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < PLACES; i++) {
		const char *path = path_at(options, i);

		if (!path)
			continue;
		for (unsigned k = 0; k < i; k++) {
			if (path_at(options, k) && sqst_output_same(path, path_at(options, k)))
				return sqst_fail(why, SQST_ERR_OPTION, path,
						 "two outputs name the same file");
		}
		rc = check_inputs(options, i, why);
		if (rc == 0)
			rc = sqst_output_check(path, kind_at[i], output_how(options), why);
	}
	return rc;
}

/* The map among the parents that this build replaces; NULL if there is none. */
static const struct sqst_numbers *replaced_map(const struct sqst_build_options *options,
					       const struct sqst_parents *parents)
{
	for (size_t i = 0; options->map_output && i < options->parents; i++) {
		if (options->parent[i].is_map &&
		    sqst_output_same(options->parent[i].path, options->map_output))
			return parents->numbers[i];
	}
	return NULL;
}

static bool is_parent(const struct sqst_build_options *options, const char *path)
{
	for (size_t i = 0; i < options->parents; i++) {
		if (!options->parent[i].is_map && sqst_output_same(options->parent[i].path, path))
			return true;
	}
	return false;
}

int sqst_build_pair_check(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_report *why)
{
	const struct sqst_numbers *map = replaced_map(options, parents);
	struct sqst_report unreadable = {0};
	struct sqst_image_head head;

	if (!map || is_parent(options, options->output) ||
	    sqst_image_read_head(options->output, &head, &unreadable) < 0 || head.damaged ||
	    !head.lineage.recorded || !sqst_uuid_equal(head.lineage.uuid, map->lineage.uuid) ||
	    memcmp(head.lineage.id, map->lineage.id, SQST_UUID_SIZE) == 0)
		return 0;
	if (head.lineage.generation < map->lineage.generation) {
		sqst_warn(why, map->source,
			  "the map has generation %u and %s has generation %u: an earlier build "
			  "was interrupted between the two, or the image is older; the map's "
			  "numbers are used, which is safe",
			  map->lineage.generation, options->output, head.lineage.generation);
		return 0;
	}
	return sqst_fail(why, SQST_ERR_PARENT, map->source,
			 "the map has generation %u and lags behind %s with generation %u, so "
			 "numbers in the image could be reused; name the image with --prev too",
			 map->lineage.generation, options->output, head.lineage.generation);
}

/* ---- the build */

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
		rc = sqst_map_prepare(numbers, options->map_output, output_how(options), map, why);
	*lineage = numbers->lineage;
	return rc;
}

static void fill_result(struct sqst_build_result *result, const struct sqst_image_stats *stats)
{
	const struct sqst_data_stats *data = &stats->data;

	result->image_bytes = stats->bytes;
	result->source_bytes = data->source_bytes;
	result->data_bytes = data->data_bytes;
	result->table_bytes = stats->table_bytes;
	result->duplicate_files = data->duplicate_files;
	result->duplicate_bytes = data->duplicate_bytes;
	result->fragments = stats->fragments;
	result->reuse = (struct sqst_reuse_stats){.in_place = data->in_place,
						  .moved = data->moved,
						  .made = data->made,
						  .gaps = data->gaps,
						  .dead = data->dead,
						  .removed = data->removed,
						  .blocks = data->old_blocks,
						  .fragments = data->old_fragments,
						  .reason = result->reuse.reason};
}

static int write_image_output(const struct sqst_build_options *options,
			      const struct sqst_image_plan *plan, struct sqst_tree *tree,
			      struct sqst_output **out, struct sqst_build_result *result,
			      struct sqst_report *why)
{
	struct sqst_image_stats stats = {0};
	int rc =
	    sqst_output_open(options->output, SQST_OUTPUT_IMAGE, output_how(options), out, why);

	if (rc == 0 && options->offset > 0)
		rc = sqst_output_start_at(*out, options->offset, why);
	if (rc == 0)
		rc = sqst_image_write(tree, plan, *out, &stats, why);
	fill_result(result, &stats);
	if (rc == 0)
		rc = sqst_output_prepare(*out, result->image_bytes, why);
	return rc;
}

static int write_report(const struct sqst_build_options *options, struct sqst_output **out,
			const struct sqst_build_result *result, struct sqst_report *why)
{
	SQST_AUTO_FREE char *text = NULL;
	size_t size = 0;
	int rc;

	if (!options->report_output || !options->report)
		return 0;
	rc = options->report(options->user, result, &text, &size, why);
	if (rc == 0)
		rc = sqst_output_open(options->report_output, SQST_OUTPUT_JSON, output_how(options),
				      out, why);
	if (rc == 0)
		rc = sqst_output_write(*out, 0, text, size, why);
	if (rc == 0)
		rc = sqst_output_prepare(*out, size, why);
	return rc;
}

int sqst_build_outputs_write(const struct sqst_build_options *options,
			     const struct sqst_image_plan *plan, struct sqst_tree *tree,
			     const struct sqst_parents *parents, struct sqst_build_result *result,
			     struct sqst_report *why)
{
	SQST_CLEANUP(outputs_release) struct outputs outputs = {0};
	int rc = name_and_map(options, tree, &result->lineage, &outputs.item[PLACE_MAP], why);

	if (rc == 0)
		rc = write_image_output(options, plan, tree, &outputs.item[PLACE_IMAGE], result,
					why);
	if (rc == 0)
		rc = write_report(options, &outputs.item[PLACE_REPORT], result, why);
	if (rc == 0)
		rc = sqst_canceled(options->cancel, why);
	if (rc == 0)
		rc = sqst_map_lock_check(parents->lock, why);
	return rc == 0 ? sqst_outputs_commit(outputs.item, PLACES, why) : rc;
}
