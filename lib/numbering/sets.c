/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rule R5. All names of a group want one number, so each parent that reached it has all of them
 * under it; that it has no other is then a matter of counting. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/sort.h"
#include "numbering/link_groups.h"
#include "numbering/sets.h"

bool sqst_sets_add(struct sqst_sets *sets, uint32_t number)
{
	uint32_t *grown = sqst_grow(sets->number, sets->count, &sets->room, sizeof(*grown));

	if (!grown)
		return false;
	sets->number = grown;
	grown[sets->count++] = number;
	return true;
}

/* Numbers that occur more than once among sorted ones. */
static size_t count_shared(const uint32_t *number, size_t count)
{
	size_t shared = 0;

	for (size_t i = 1; i < count; i++)
		shared += number[i] == number[i - 1] && (i == 1 || number[i - 2] != number[i]);
	return shared;
}

bool sqst_sets_close(struct sqst_sets *sets)
{
	uint32_t *number = sets->number;
	size_t left = 0;

	if (!sqst_sort_u32(number, sets->count))
		return false;
	sets->paths = calloc(count_shared(number, sets->count) + 1, sizeof(*sets->paths));
	if (!sets->paths)
		return false;
	for (size_t i = 0, end; i < sets->count; i = end) {
		for (end = i + 1; end < sets->count && number[end] == number[i];)
			end++;
		if (end - i < 2)
			continue;
		sets->paths[left] = (uint32_t)(end - i);
		number[left++] = number[i];
	}
	sets->count = left;
	return true;
}

void sqst_sets_release(struct sqst_sets *sets)
{
	free(sets->number);
	free(sets->paths);
}

static uint32_t paths_of(const struct sqst_sets *sets, uint32_t number)
{
	const size_t at = sqst_search_u32(sets->number, sets->count, number);

	return at < sets->count ? sets->paths[at] : 1;
}

static bool is_set_of_all(uint32_t number, uint32_t names, const struct sqst_sets *sets,
			  size_t parents)
{
	for (size_t i = 0; i < parents; i++) {
		if (number <= sets[i].top && paths_of(&sets[i], number) != names)
			return false;
	}
	return true;
}

/* Leave a group's candidate, at its first path, only if it is that of all its paths. */
static void agree(const struct sqst_tree *tree, uint32_t *candidate)
{
	uint32_t i = 0;

	for (const struct sqst_node *node = sqst_tree_root(tree); node;
	     node = sqst_tree_next(node), i++) {
		struct sqst_inode *inode = node->inode;
		uint32_t *first;

		if (inode->number == 0)
			inode->number = SQST_NUMBER_PENDING | i;
		first = &candidate[inode->number & ~SQST_NUMBER_PENDING];
		if (*first != candidate[i])
			*first = 0;
	}
}

void sqst_sets_settle(const struct sqst_tree *tree, uint32_t *candidate,
		      const struct sqst_sets *sets, size_t parents)
{
	uint32_t i = 0;

	agree(tree, candidate);
	for (const struct sqst_node *node = sqst_tree_root(tree); node;
	     node = sqst_tree_next(node), i++) {
		const struct sqst_inode *inode = node->inode;

		if (candidate[i] && (inode->number & ~SQST_NUMBER_PENDING) == i &&
		    !is_set_of_all(candidate[i], inode->nlink, sets, parents))
			candidate[i] = 0;
	}
}
