/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hard link groups of a join. A group is told by its number in a branch: for each path that of the
 * branch which changed it, ours if both or neither did. The groups of the two branches are then
 * paired, at most one with one: those with one number first, then those with most paths in common.
 * What comes out only decides which paths share a number; R5 keeps any choice safe. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/sort.h"
#include "map/map_merge.h"

/* `weight` paths have one number in ours and one in theirs. */
struct group_pair {
	uint32_t ours;
	uint32_t theirs;
	uint32_t weight;
};

struct pairs {
	struct group_pair *pair;
	size_t count;
};

/* Numbers of one branch that are paired already. */
struct taken {
	uint32_t *number;
	bool *is;
	size_t count;
};

/* A path and what names its group. */
struct member {
	uint64_t group;
	uint32_t at;
};

/* Set in member.group: the number is one of theirs that is not paired. */
#define GROUP_OF_THEIRS (UINT64_C(1) << 32)

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_numbers(const void *a, const void *b)
{
	const struct group_pair *left = a, *right = b;
	const int order = compare_u64(left->ours, right->ours);

	return order ? order : compare_u64(left->theirs, right->theirs);
}

static int by_theirs(const void *a, const void *b)
{
	const struct group_pair *left = a, *right = b;

	return compare_u64(left->theirs, right->theirs);
}

static int by_strength(const void *a, const void *b)
{
	const struct group_pair *left = a, *right = b;
	int order = compare_u64(right->ours == right->theirs, left->ours == left->theirs);

	if (order == 0)
		order = compare_u64(right->weight, left->weight);
	return order ? order : by_numbers(a, b);
}

static int by_group(const void *a, const void *b)
{
	const struct member *left = a, *right = b;
	const int order = compare_u64(left->group, right->group);

	return order ? order : compare_u64(left->at, right->at);
}

static bool can_link(uint8_t type)
{
	return type != 0 && type != SQST_TYPE_DIR;
}

/* One pair for all paths with the same two numbers. The caller frees pairs->pair. */
static bool collect_pairs(const struct sqst_beside_path *beside, uint32_t count,
			  const uint8_t *type, struct pairs *pairs)
{
	struct group_pair *pair = malloc((size_t)count * sizeof(*pair));
	size_t found = 0, left = 0;

	pairs->pair = pair;
	if (!pair)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t ours = sqst_side_number(&beside[i], SIDE_OURS, type[i]);
		const uint32_t theirs = sqst_side_number(&beside[i], SIDE_THEIRS, type[i]);

		if (can_link(type[i]) && ours && theirs)
			pair[found++] = (struct group_pair){ours, theirs, 1};
	}
	qsort(pair, found, sizeof(*pair), by_numbers);
	for (size_t i = 0; i < found; i++) {
		if (left > 0 && by_numbers(&pair[left - 1], &pair[i]) == 0)
			pair[left - 1].weight++;
		else
			pair[left++] = pair[i];
	}
	pairs->count = left;
	return true;
}

static bool taken_init(struct taken *taken, const struct pairs *pairs, bool theirs)
{
	taken->number = malloc((pairs->count + 1) * sizeof(*taken->number));
	taken->is = calloc(pairs->count + 1, sizeof(*taken->is));
	if (!taken->number || !taken->is)
		return false;
	for (size_t i = 0; i < pairs->count; i++)
		taken->number[i] = theirs ? pairs->pair[i].theirs : pairs->pair[i].ours;
	if (!sqst_sort_u32(taken->number, pairs->count))
		return false;
	taken->count = sqst_unique_u32(taken->number, pairs->count);
	return true;
}

static bool *number_taken(const struct taken *taken, uint32_t number)
{
	return &taken->is[sqst_search_u32(taken->number, taken->count, number)];
}

/* Leave the pairs that are granted, sorted by their numbers in theirs. */
static bool grant_pairs(struct pairs *pairs)
{
	struct taken ours = {0}, theirs = {0};
	size_t left = 0;
	const bool done = taken_init(&ours, pairs, false) && taken_init(&theirs, pairs, true);

	if (done)
		qsort(pairs->pair, pairs->count, sizeof(*pairs->pair), by_strength);
	for (size_t i = 0; done && i < pairs->count; i++) {
		bool *one = number_taken(&ours, pairs->pair[i].ours);
		bool *other = number_taken(&theirs, pairs->pair[i].theirs);

		if (*one || *other)
			continue;
		*one = *other = true;
		pairs->pair[left++] = pairs->pair[i];
	}
	free(ours.number);
	free(ours.is);
	free(theirs.number);
	free(theirs.is);
	pairs->count = left;
	qsort(pairs->pair, left, sizeof(*pairs->pair), by_theirs);
	return done;
}

static uint64_t group_of(const struct sqst_beside_path *beside, uint8_t type,
			 const struct pairs *pairs)
{
	const uint32_t base = sqst_side_number(beside, SIDE_BASE, type);
	const uint32_t ours = sqst_side_number(beside, SIDE_OURS, type);
	const uint32_t theirs = sqst_side_number(beside, SIDE_THEIRS, type);
	const struct group_pair wanted = {.theirs = theirs};
	const struct group_pair *pair = NULL;

	if (ours && !(theirs && base && ours == base))
		return ours;
	if (pairs->count > 0)
		pair = bsearch(&wanted, pairs->pair, pairs->count, sizeof(*pairs->pair), by_theirs);
	return pair ? pair->ours : GROUP_OF_THEIRS | theirs;
}

bool sqst_merge_links(const struct sqst_beside_path *beside, uint32_t count, const uint8_t *type,
		      uint32_t *leader)
{
	SQST_AUTO_FREE struct member *member = malloc((size_t)count * sizeof(*member));
	struct pairs pairs = {0};
	size_t members = 0;
	const bool done =
	    member && collect_pairs(beside, count, type, &pairs) && grant_pairs(&pairs);

	for (uint32_t i = 0; done && i < count; i++) {
		leader[i] = i;
		if (can_link(type[i]))
			member[members++] =
			    (struct member){group_of(&beside[i], type[i], &pairs), i};
	}
	free(pairs.pair);
	if (!done)
		return false;
	qsort(member, members, sizeof(*member), by_group);
	for (size_t i = 1; i < members; i++) {
		if (member[i].group == member[i - 1].group)
			leader[member[i].at] = leader[member[i - 1].at];
	}
	return true;
}
