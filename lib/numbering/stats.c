/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of the parents' paths and numbers: a second walk, after the tree is numbered. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/scope.h"
#include "base/sort.h"
#include "numbering/stats.h"
#include "numbers/beside.h"

/* What is known of one path of the tree. */
enum fate {
	/* A parent has the path. */
	FATE_SEEN = 1,
	/* The newest that has it has it with another type. */
	FATE_RETYPED = 2,
	/* A parent has the identity. */
	FATE_KNOWN = 4,
	/* A parent has the identity, with the number that it has now. */
	FATE_KEPT = 8,
};

/* Numbers that a path has lost or gained since a parent; a number that is still in use is then that
 * of a hard link group which a path left or joined. */
struct changed {
	uint32_t *number;
	size_t count;
	size_t room;
};

static bool note(struct changed *changed, uint32_t number)
{
	uint32_t *grown =
	    sqst_grow(changed->number, changed->count, &changed->room, sizeof(*grown));

	if (!grown)
		return false;
	changed->number = grown;
	changed->number[changed->count++] = number;
	return true;
}

static uint32_t path_fate(const struct sqst_beside *walk, uint32_t fate)
{
	if (sqst_beside_same_identity(walk)) {
		fate |= FATE_KNOWN;
		if (walk->entry[0]->number == walk->node->inode->number)
			fate |= FATE_KEPT;
	} else if (!(fate & FATE_SEEN)) {
		fate |= FATE_RETYPED;
	}
	return fate | FATE_SEEN;
}

/* Whether the current path had one number in the parent and has another, or none. */
static bool has_left(const struct sqst_beside *walk)
{
	return walk->entry[0] &&
	       (!walk->node || walk->node->inode->number != walk->entry[0]->number);
}

/* Whether it has a number that stood for other paths in the parent, or for none any more. */
static bool has_joined(const struct sqst_beside *walk, uint32_t top)
{
	return walk->node && walk->node->inode->number <= top &&
	       (!walk->entry[0] || walk->node->inode->number != walk->entry[0]->number);
}

static int compare_parent(const struct sqst_tree *tree, const struct sqst_numbers *parent,
			  uint32_t *fate, struct changed *changed)
{
	struct sqst_beside walk;
	int rc;

	sqst_beside_begin(&walk, tree, &parent, 1);
	while ((rc = sqst_beside_next(&walk)) > 0) {
		if (walk.entry[0] && walk.node)
			fate[walk.index] = path_fate(&walk, fate[walk.index]);
		if ((has_left(&walk) && !note(changed, walk.entry[0]->number)) ||
		    (has_joined(&walk, parent->lineage.top) &&
		     !note(changed, walk.node->inode->number))) {
			rc = SQST_ERR_NOMEM;
			break;
		}
	}
	sqst_beside_end(&walk);
	return rc;
}

/* Split the numbers of `changed` into those that no path has (counted) and those in use (kept). */
static int count_split(const struct sqst_tree *tree, struct changed *changed, uint32_t *retired)
{
	SQST_AUTO_FREE bool *live = NULL;
	size_t left = 0;

	if (!sqst_sort_u32(changed->number, changed->count))
		return SQST_ERR_NOMEM;
	changed->count = sqst_unique_u32(changed->number, changed->count);
	*retired = 0;
	if (changed->count == 0)
		return 0;
	live = calloc(changed->count, sizeof(*live));
	if (!live)
		return SQST_ERR_NOMEM;
	for (const struct sqst_node *node = sqst_tree_root(tree); node;
	     node = sqst_tree_next(node)) {
		const size_t at =
		    sqst_search_u32(changed->number, changed->count, node->inode->number);

		if (at < changed->count)
			live[at] = true;
	}
	for (size_t i = 0; i < changed->count; i++) {
		if (live[i])
			changed->number[left++] = changed->number[i];
	}
	*retired = (uint32_t)(changed->count - left);
	changed->count = left;
	return 0;
}

static void count_paths(const uint32_t *fate, uint32_t names, struct sqst_numbering_stats *stats)
{
	stats->kept = stats->added = stats->retyped = stats->renumbered = 0;
	for (uint32_t i = 0; i < names; i++) {
		if (fate[i] & FATE_KEPT) {
			stats->kept++;
			continue;
		}
		stats->added++;
		stats->retyped += (fate[i] & FATE_RETYPED) != 0;
		stats->renumbered += (fate[i] & FATE_KNOWN) != 0;
	}
}

int sqst_stats_count(const struct sqst_tree *tree, const struct sqst_numbers *const *parents,
		     size_t count, uint32_t *fate, struct sqst_numbering_stats *stats,
		     struct sqst_report *why)
{
	const uint32_t names = sqst_tree_names(tree);
	struct changed changed = {0};
	int rc = 0;

	memset(fate, 0, (size_t)names * sizeof(*fate));
	for (size_t i = count; i > 0 && rc == 0; i--) {
		if (parents[i - 1]->lineage.top > 0)
			rc = compare_parent(tree, parents[i - 1], fate, &changed);
	}
	if (rc == 0)
		rc = count_split(tree, &changed, &stats->retired);
	free(changed.number);
	if (rc < 0)
		return sqst_fail(why, rc, NULL, "out of memory");
	count_paths(fate, names, stats);
	stats->regrouped = (uint32_t)changed.count;
	return 0;
}
