/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of the parents' paths and numbers: a second walk, after the tree is numbered. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "numbering/sort.h"
#include "numbering/stats.h"
#include "numbering/walk.h"

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

/* Numbers of parents' paths that do not have them any more; some other path may. */
struct lost {
	uint32_t *number;
	size_t count;
	size_t room;
};

static bool lose(struct lost *lost, uint32_t number)
{
	if (lost->count == lost->room) {
		const size_t room = lost->room ? lost->room * 2 : 256;
		uint32_t *grown = NULL;

		if (room <= SIZE_MAX / sizeof(*grown))
			grown = realloc(lost->number, room * sizeof(*grown));
		if (!grown)
			return false;
		lost->number = grown;
		lost->room = room;
	}
	lost->number[lost->count++] = number;
	return true;
}

static uint32_t fate_of(const struct sqst_walk *walk, uint32_t fate)
{
	if (sqst_walk_same_identity(walk)) {
		fate |= FATE_KNOWN;
		if (walk->entry->number == walk->node->inode->number)
			fate |= FATE_KEPT;
	} else if (!(fate & FATE_SEEN)) {
		fate |= FATE_RETYPED;
	}
	return fate | FATE_SEEN;
}

static int compare_parent(const struct sqst_tree *tree, const struct sqst_numbers *parent,
			  uint32_t *fate, struct lost *lost)
{
	struct sqst_walk walk;
	int rc;

	sqst_walk_begin(&walk, tree, parent);
	while ((rc = sqst_walk_next(&walk)) > 0) {
		if (!walk.entry)
			continue;
		if (walk.node)
			fate[walk.index] = fate_of(&walk, fate[walk.index]);
		if ((!walk.node || walk.node->inode->number != walk.entry->number) &&
		    !lose(lost, walk.entry->number)) {
			rc = SQST_ERR_NOMEM;
			break;
		}
	}
	sqst_walk_end(&walk);
	return rc;
}

/* How many different numbers of `lost` no path has. */
static int count_retired(const struct sqst_tree *tree, struct lost *lost, uint32_t *retired)
{
	size_t left;

	if (!sqst_sort_u32(lost->number, lost->count))
		return SQST_ERR_NOMEM;
	lost->count = left = sqst_unique_u32(lost->number, lost->count);
	if (lost->count > 0) {
		SQST_AUTO_FREE bool *live = calloc(lost->count, sizeof(*live));

		if (!live)
			return SQST_ERR_NOMEM;
		for (const struct sqst_node *node = sqst_tree_root(tree); node;
		     node = sqst_tree_next(node)) {
			const size_t at =
			    sqst_search_u32(lost->number, lost->count, node->inode->number);

			if (at < lost->count && !live[at]) {
				live[at] = true;
				left--;
			}
		}
	}
	*retired = (uint32_t)left;
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
	struct lost lost = {0};
	int rc = 0;

	memset(fate, 0, (size_t)names * sizeof(*fate));
	for (size_t i = count; i > 0 && rc == 0; i--)
		rc = compare_parent(tree, parents[i - 1], fate, &lost);
	if (rc == 0)
		rc = count_retired(tree, &lost, &stats->retired);
	free(lost.number);
	if (rc < 0)
		return sqst_fail(why, rc, NULL, "out of memory");
	count_paths(fate, names, stats);
	return 0;
}
