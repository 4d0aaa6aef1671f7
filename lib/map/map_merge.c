/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two branches become one numbering. The paths of the join are found three ways; then they are a
 * tree, which is numbered with both branches as its parents, as a build would number it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "map/map_merge.h"
#include "map/map_text.h"
#include "numbering/numbering.h"
#include "numbers/inherit.h"
#include "numbers/numbers.h"
#include "numbers/record.h"
#include "sqst/map.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)
SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)

/* In place of a type: the branches do not agree on one. */
#define CONFLICT 0xFF

struct branch_merge {
	const struct sqst_numbers *ours;
	const struct sqst_numbers *theirs;
	const struct sqst_merge_options *options;
	struct sqst_beside_path *beside;
	uint32_t count;
	/* What each path is in the join: an ::sqst_type, 0, CONFLICT. */
	uint8_t *type;
	struct sqst_report *why;
};

static uint8_t side_type(const struct sqst_beside_path *beside, int side)
{
	return beside->entry[side] ? beside->entry[side]->type : 0;
}

static uint8_t preferred(const struct branch_merge *merge, const struct sqst_beside_path *beside)
{
	switch (merge->options->prefer) {
	case SQST_MERGE_OURS:
		return side_type(beside, SIDE_OURS);
	case SQST_MERGE_THEIRS:
		return side_type(beside, SIDE_THEIRS);
	case SQST_MERGE_NEITHER:
		break;
	}
	return CONFLICT;
}

/* A path by itself. */
static uint8_t three_ways(const struct branch_merge *merge, const struct sqst_beside_path *beside)
{
	const uint8_t base = side_type(beside, SIDE_BASE);
	const uint8_t ours = side_type(beside, SIDE_OURS);
	const uint8_t theirs = side_type(beside, SIDE_THEIRS);

	if (ours == theirs || theirs == base)
		return ours;
	if (ours == base)
		return theirs;
	/* Removed here, another type there: what is there costs nothing but a number. */
	if (ours == 0 || theirs == 0)
		return ours | theirs;
	return preferred(merge, beside);
}

/* A path that has something below it must be a directory. One branch has it as one, for that is
 * where it has what is below. */
static uint8_t with_children(const struct branch_merge *merge,
			     const struct sqst_beside_path *beside, uint8_t type)
{
	const bool both = side_type(beside, SIDE_OURS) && side_type(beside, SIDE_THEIRS);

	if (type == 0 || !both)
		return SQST_TYPE_DIR;
	return type == SQST_TYPE_DIR ? type : preferred(merge, beside);
}

/* What the paths of the join are. */
static int decide(struct branch_merge *merge)
{
	SQST_AUTO_FREE bool *above = calloc(merge->count, sizeof(*above));

	merge->type = malloc(merge->count);
	if (!above || !merge->type)
		return sqst_no_memory(merge->why, NULL);
	for (uint32_t i = merge->count; i > 0; i--) {
		const struct sqst_beside_path *beside = &merge->beside[i - 1];
		uint8_t type = three_ways(merge, beside);

		if (above[i - 1])
			type = with_children(merge, beside, type);
		merge->type[i - 1] = type;
		above[beside->directory] |= type != 0;
	}
	/* What lies below a path that is not a directory after all is not there. */
	for (uint32_t i = 1; i < merge->count; i++) {
		const uint8_t directory = merge->type[merge->beside[i].directory];

		if (directory != SQST_TYPE_DIR && directory != CONFLICT)
			merge->type[i] = 0;
	}
	return 0;
}

static int tell_conflicts(const struct branch_merge *merge, uint32_t *conflicts)
{
	const struct sqst_merge_options *options = merge->options;

	*conflicts = 0;
	for (uint32_t i = 0; i < merge->count; i++) {
		struct sqst_merge_conflict conflict;
		char *path;

		if (merge->type[i] != CONFLICT)
			continue;
		++*conflicts;
		if (!options->conflict)
			continue;
		path = sqst_beside_path_text(merge->beside, i);
		if (!path)
			return sqst_no_memory(merge->why, NULL);
		conflict = (struct sqst_merge_conflict){
		    .path = path,
		    .ours = side_type(&merge->beside[i], SIDE_OURS),
		    .theirs = side_type(&merge->beside[i], SIDE_THEIRS),
		};
		options->conflict(options->user, &conflict);
		free(path);
	}
	if (*conflicts == 0)
		return 0;
	return sqst_fail(merge->why, SQST_ERR_PARENT, merge->theirs->source,
			 "%u paths have different types than in %s; say which side wins",
			 *conflicts, merge->ours->source);
}

static int make_tree(const struct branch_merge *merge, struct sqst_tree **out)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	SQST_AUTO_FREE struct sqst_node **node = calloc(merge->count, sizeof(struct sqst_node *));
	SQST_AUTO_FREE uint32_t *leader = malloc((size_t)merge->count * sizeof(*leader));
	int rc;

	if (!tree || !node || !leader ||
	    !sqst_merge_links(merge->beside, merge->count, merge->type, leader))
		return sqst_no_memory(merge->why, NULL);
	node[0] = sqst_tree_root(tree);
	for (uint32_t i = 1; i < merge->count; i++) {
		const struct sqst_beside_path *beside = &merge->beside[i];
		struct sqst_node *directory = node[beside->directory];

		if (merge->type[i] == 0)
			continue;
		node[i] =
		    leader[i] == i
			? sqst_tree_add(tree, directory, beside->name, merge->type[i])
			: sqst_tree_link(tree, directory, beside->name, node[leader[i]]->inode);
		if (!node[i])
			return sqst_no_memory(merge->why, NULL);
	}
	rc = sqst_tree_finish(tree, merge->why);
	if (rc == 0)
		*out = sqst_steal(&tree);
	return rc;
}

/* The UUID that goes on. Names cannot be guessed: without options->uuid, both must have it. */
static int join_uuid(const struct branch_merge *merge, uint8_t uuid[SQST_UUID_SIZE])
{
	const uint8_t *ours = merge->ours->lineage.uuid;
	const uint8_t *theirs = merge->theirs->lineage.uuid;
	const uint8_t *wanted = merge->options->uuid;
	const bool named = !sqst_uuid_is_null(ours) || !sqst_uuid_is_null(theirs);

	if (wanted) {
		if (named && !sqst_uuid_equal(wanted, ours) && !sqst_uuid_equal(wanted, theirs))
			return sqst_fail(merge->why, SQST_ERR_OPTION, merge->theirs->source,
					 "neither it nor %s has the UUID that is to continue",
					 merge->ours->source);
		memcpy(uuid, wanted, SQST_UUID_SIZE);
		return 0;
	}
	if (sqst_uuid_is_null(ours) || sqst_uuid_is_null(theirs))
		return sqst_fail(merge->why, SQST_ERR_PARENT,
				 sqst_uuid_is_null(theirs) ? merge->theirs->source
							   : merge->ours->source,
				 "has no lineage UUID (an image of another tool), so it may be of "
				 "another lineage; choose the UUID that continues with --uuid");
	if (!sqst_uuid_equal(ours, theirs))
		return sqst_fail(
		    merge->why, SQST_ERR_PARENT, merge->theirs->source,
		    "is of another lineage than %s; choose the UUID that continues with --uuid",
		    merge->ours->source);
	memcpy(uuid, ours, SQST_UUID_SIZE);
	return 0;
}

static int join_lineage(const struct branch_merge *merge, struct sqst_lineage *lineage)
{
	const struct sqst_numbers *const parents[] = {merge->theirs, merge->ours};
	const struct sqst_numbers *last;

	memset(lineage, 0, sizeof(*lineage));
	lineage->recorded = true;
	last = sqst_lineage_inherit(lineage, parents, 2);
	if (last)
		return sqst_fail(merge->why, SQST_ERR_LIMIT, last->source,
				 "has the highest possible generation");
	return join_uuid(merge, lineage->uuid);
}

/* OURS is the newest parent. */
static int number_tree(const struct branch_merge *merge, struct sqst_tree *tree,
		       struct sqst_numbers **out, struct sqst_merge_result *result)
{
	const struct sqst_numbers *const parents[] = {merge->theirs, merge->ours};
	const unsigned flags = merge->options->keep_links ? SQST_NUMBERING_KEEP_LINKS : 0u;
	SQST_CLEANUP(sqst_scope_numbers) struct sqst_numbers *numbers = NULL;
	struct sqst_numbering numbering;
	int rc = sqst_numbering_assign(tree, parents, 2, flags, &numbering, merge->why);

	if (rc == 0)
		rc = sqst_numbers_from_tree(tree, merge->ours->source, &numbers, merge->why);
	if (rc == 0)
		rc = join_lineage(merge, &numbers->lineage);
	if (rc < 0)
		return rc;
	numbers->lineage.top = numbering.top;
	numbers->lineage.root = numbering.root;
	numbers->lineage.root_double = numbering.root_double;
	rc = sqst_lineage_name(numbers, merge->why);
	if (rc < 0)
		return rc;
	result->kept = numbering.stats.kept;
	result->renumbered = numbering.stats.renumbered;
	result->regrouped = numbering.stats.regrouped;
	*out = sqst_steal(&numbers);
	return 0;
}

static int join_branches(struct branch_merge *merge, struct sqst_numbers **out,
			 struct sqst_merge_result *result)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = NULL;
	int rc = decide(merge);

	if (rc == 0)
		rc = tell_conflicts(merge, &result->conflicts);
	if (rc == 0)
		rc = make_tree(merge, &tree);
	if (rc == 0)
		rc = number_tree(merge, tree, out, result);
	return rc;
}

int sqst_numbers_merge(const struct sqst_numbers *base, const struct sqst_numbers *ours,
		       const struct sqst_numbers *theirs, const struct sqst_merge_options *options,
		       struct sqst_numbers **out, struct sqst_merge_result *result,
		       struct sqst_report *why)
{
	static const struct sqst_merge_options defaults;
	const struct sqst_numbers *const side[SQST_BESIDE_SIDES] = {base, ours, theirs};
	struct branch_merge merge = {
	    .ours = ours, .theirs = theirs, .options = options ? options : &defaults, .why = why};
	struct sqst_merge_result unwanted;
	struct sqst_lineage lineage;
	int rc;

	if (!result)
		result = &unwanted;
	memset(result, 0, sizeof(*result));
	/* Before the paths: of another lineage, they would be a page of conflicts. */
	rc = join_lineage(&merge, &lineage);
	if (rc == 0)
		rc = sqst_beside_collect(side, SQST_BESIDE_SIDES, &merge.beside, &merge.count, why);
	if (rc == 0)
		rc = join_branches(&merge, out, result);
	free(merge.beside);
	free(merge.type);
	return rc;
}
