/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --keep-links: which hard link group keeps which number, though its names changed. A path that is
 * no hard link and whose number no other path wants keeps it; only the others are weighed against
 * each other. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "base/sort.h"
#include "numbering/link_groups.h"

/* `weight` paths of one group want one number. */
struct claim {
	uint32_t number;
	/* The group: index of its first path in tree order. */
	uint32_t first;
	uint32_t weight;
	/* How many lower numbers are wanted. */
	uint32_t rank;
};

/* Numbers that more than one path wants. */
struct shared {
	uint32_t *number;
	size_t count;
};

struct claims {
	struct claim *claim;
	size_t count;
};

/* The caller frees shared->number. */
static bool find_shared(const uint32_t *candidate, uint32_t names, struct shared *shared)
{
	size_t wanted = 0, count = 0;
	uint32_t *number = malloc((size_t)names * sizeof(*number));

	if (!number)
		return false;
	for (uint32_t i = 0; i < names; i++) {
		if (candidate[i])
			number[wanted++] = candidate[i];
	}
	if (!sqst_sort_u32(number, wanted)) {
		free(number);
		return false;
	}
	for (size_t i = 1; i < wanted; i++) {
		if (number[i] == number[i - 1] && (count == 0 || number[count - 1] != number[i]))
			number[count++] = number[i];
	}
	shared->number = number;
	shared->count = count;
	return true;
}

static bool is_contested(const struct sqst_inode *inode, uint32_t number,
			 const struct shared *shared)
{
	return inode->nlink > 1 ||
	       sqst_search_u32(shared->number, shared->count, number) < shared->count;
}

/* Count the contested paths (claim NULL) or move them from `candidate` to claims. */
static size_t collect_claims(const struct sqst_tree *tree, uint32_t *candidate,
			     const struct shared *shared, struct claim *claim)
{
	size_t count = 0;
	uint32_t i = 0;

	for (const struct sqst_node *node = sqst_tree_root(tree); node;
	     node = sqst_tree_next(node), i++) {
		struct sqst_inode *inode = node->inode;

		if (inode->number == 0)
			inode->number = SQST_NUMBER_PENDING | i;
		if (candidate[i] == 0 || !is_contested(inode, candidate[i], shared))
			continue;
		if (claim) {
			claim[count].number = candidate[i];
			claim[count].first = inode->number & ~SQST_NUMBER_PENDING;
			claim[count].weight = 1;
			candidate[i] = 0;
		}
		count++;
	}
	return count;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int by_claimed_number(const void *a, const void *b)
{
	const struct claim *left = a, *right = b;
	const int order = compare_u32(left->number, right->number);

	return order ? order : compare_u32(left->first, right->first);
}

/* The order of --keep-links: the strongest first. */
static int by_weight(const void *a, const void *b)
{
	const struct claim *left = a, *right = b;
	const int order = compare_u32(right->weight, left->weight);

	return order ? order : by_claimed_number(a, b);
}

/* Make one claim of the paths of a group that want the same number. Returns how many different
 * numbers there are. */
static uint32_t merge_claims(struct claims *claims)
{
	struct claim *claim = claims->claim;
	size_t left = 0;
	uint32_t numbers = 0;

	for (size_t i = 0; i < claims->count; i++) {
		struct claim *last = left ? &claim[left - 1] : NULL;

		if (last && last->number == claim[i].number && last->first == claim[i].first) {
			last->weight++;
			continue;
		}
		numbers += !last || last->number != claim[i].number;
		claim[left] = claim[i];
		claim[left++].rank = numbers - 1;
	}
	claims->count = left;
	return numbers;
}

static bool grant_claims(struct claims *claims, uint32_t *candidate)
{
	SQST_AUTO_FREE bool *taken = NULL;
	uint32_t numbers;

	qsort(claims->claim, claims->count, sizeof(struct claim), by_claimed_number);
	numbers = merge_claims(claims);
	qsort(claims->claim, claims->count, sizeof(struct claim), by_weight);
	taken = calloc(numbers, sizeof(*taken));
	if (!taken)
		return false;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->claim[i];

		if (taken[claim->rank] || candidate[claim->first] != 0)
			continue;
		taken[claim->rank] = true;
		candidate[claim->first] = claim->number;
	}
	return true;
}

int sqst_links_settle(const struct sqst_tree *tree, uint32_t *candidate, struct sqst_report *why)
{
	SQST_AUTO_FREE uint32_t *number = NULL;
	SQST_AUTO_FREE struct claim *claim = NULL;
	struct shared shared;
	struct claims claims;

	if (!find_shared(candidate, sqst_tree_names(tree), &shared))
		return sqst_no_memory(why, NULL);
	number = shared.number;
	if (shared.count == 0 && sqst_tree_names(tree) == sqst_tree_inodes(tree))
		return 0;
	claims.count = collect_claims(tree, candidate, &shared, NULL);
	if (claims.count == 0)
		return 0;
	claims.claim = claim = calloc(claims.count, sizeof(*claim));
	if (!claim)
		return sqst_no_memory(why, NULL);
	collect_claims(tree, candidate, &shared, claim);
	if (!grant_claims(&claims, candidate))
		return sqst_no_memory(why, NULL);
	return 0;
}
