/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The free room between units of a layout, found by size: a treap in arrays. Its depth grows with
 * the logarithm of the number of gaps, so functions may recurse along it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "data/gaps.h"

/* A bound for parents that were made to be slow, where each search might look at each gap. With
 * sizes and offsets as they come, a few searches in a thousand get that far. */
#define TRIES_MAX 512

#define CLASS_SIZE (SQST_GAP_BLOCK / 64)

/* A search for room in which blocks keep their boundaries. */
struct search {
	uint64_t size;
	/* Where in a block the gap would end that is used up to its last byte. */
	uint64_t exact;
	unsigned tries;
};

bool sqst_gaps_init(struct sqst_gaps *gaps, uint32_t count)
{
	gaps->root = SQST_GAP_NONE;
	gaps->gap = calloc((size_t)count + 1, sizeof(*gaps->gap));
	return gaps->gap != NULL;
}

void sqst_gaps_release(struct sqst_gaps *gaps)
{
	free(gaps->gap);
	gaps->gap = NULL;
}

/* Each step can be undone, so no two indices have one priority. */
static uint32_t priority(uint32_t index)
{
	index ^= index >> 16;
	index *= UINT32_C(0x7feb352d);
	index ^= index >> 15;
	index *= UINT32_C(0x846ca68b);
	return index ^ index >> 16;
}

static bool is_before(const struct sqst_gap *a, const struct sqst_gap *b)
{
	return a->size != b->size ? a->size < b->size : a->end < b->end;
}

static uint64_t class_of(uint64_t offset)
{
	return UINT64_C(1) << (offset % SQST_GAP_BLOCK / CLASS_SIZE);
}

static uint64_t ends_of(const struct sqst_gaps *gaps, uint32_t root)
{
	return root == SQST_GAP_NONE ? 0 : gaps->gap[root].ends;
}

static void update(struct sqst_gaps *gaps, uint32_t root)
{
	struct sqst_gap *gap = &gaps->gap[root];

	gap->ends = class_of(gap->end) | ends_of(gaps, gap->left) | ends_of(gaps, gap->right);
}

/* Part a subtree into what is before `by` and what is after it. */
static void split_gaps(struct sqst_gaps *gaps, uint32_t root, const struct sqst_gap *by,
		       uint32_t *left, uint32_t *right)
{
	struct sqst_gap *gap;

	if (root == SQST_GAP_NONE) {
		*left = *right = SQST_GAP_NONE;
		return;
	}
	gap = &gaps->gap[root];
	if (is_before(gap, by)) {
		split_gaps(gaps, gap->right, by, &gap->right, right);
		*left = root;
	} else {
		split_gaps(gaps, gap->left, by, left, &gap->left);
		*right = root;
	}
	update(gaps, root);
}

static uint32_t join_gaps(struct sqst_gaps *gaps, uint32_t left, uint32_t right)
{
	uint32_t root;

	if (left == SQST_GAP_NONE)
		return right;
	if (right == SQST_GAP_NONE)
		return left;
	if (priority(left) > priority(right)) {
		root = left;
		gaps->gap[root].right = join_gaps(gaps, gaps->gap[root].right, right);
	} else {
		root = right;
		gaps->gap[root].left = join_gaps(gaps, left, gaps->gap[root].left);
	}
	update(gaps, root);
	return root;
}

static uint32_t insert_gap(struct sqst_gaps *gaps, uint32_t root, uint32_t index)
{
	struct sqst_gap *gap = &gaps->gap[index];

	if (root == SQST_GAP_NONE || priority(index) > priority(root)) {
		split_gaps(gaps, root, gap, &gap->left, &gap->right);
		root = index;
	} else if (is_before(gap, &gaps->gap[root])) {
		gaps->gap[root].left = insert_gap(gaps, gaps->gap[root].left, index);
	} else {
		gaps->gap[root].right = insert_gap(gaps, gaps->gap[root].right, index);
	}
	update(gaps, root);
	return root;
}

static uint32_t unlink_gap(struct sqst_gaps *gaps, uint32_t root, uint32_t index)
{
	struct sqst_gap *gap = &gaps->gap[root];

	if (root == index)
		return join_gaps(gaps, gap->left, gap->right);
	if (is_before(&gaps->gap[index], gap))
		gap->left = unlink_gap(gaps, gap->left, index);
	else
		gap->right = unlink_gap(gaps, gap->right, index);
	update(gaps, root);
	return root;
}

void sqst_gaps_add(struct sqst_gaps *gaps, uint32_t index, uint64_t end, uint64_t size)
{
	gaps->gap[index].end = end;
	gaps->gap[index].size = size;
	if (size > 0)
		gaps->root = insert_gap(gaps, gaps->root, index);
}

uint64_t sqst_gaps_take(struct sqst_gaps *gaps, uint32_t index)
{
	const uint64_t size = gaps->gap[index].size;

	if (size > 0)
		gaps->root = unlink_gap(gaps, gaps->root, index);
	gaps->gap[index].size = 0;
	return size;
}

/* The first gap that is not smaller. */
static uint32_t lower_bound(const struct sqst_gaps *gaps, uint64_t size)
{
	uint32_t root = gaps->root, found = SQST_GAP_NONE;

	while (root != SQST_GAP_NONE) {
		const struct sqst_gap *gap = &gaps->gap[root];

		if (gap->size >= size)
			found = root;
		root = gap->size >= size ? gap->left : gap->right;
	}
	return found;
}

/* The classes in which a gap may end that is `spare` bytes larger than what is looked for. */
static uint64_t classes(const struct search *search, uint64_t spare)
{
	const uint64_t first = search->exact / CLASS_SIZE;
	uint64_t count, bits;

	if (spare >= SQST_GAP_BLOCK - CLASS_SIZE)
		return UINT64_MAX;
	count = (search->exact + spare) / CLASS_SIZE - first + 1;
	if (count >= 64)
		return UINT64_MAX;
	bits = (UINT64_C(1) << count) - 1;
	return first ? bits << first | bits >> (64 - first) : bits;
}

static bool has_room(const struct search *search, const struct sqst_gap *gap)
{
	return ((gap->end - search->exact) & (SQST_GAP_BLOCK - 1)) <= gap->size - search->size;
}

/* The first gap of a subtree that will do; none of it is larger than `most`. */
static uint32_t search_in(const struct sqst_gaps *gaps, uint32_t root, uint64_t most,
			  struct search *search)
{
	const struct sqst_gap *gap;
	uint32_t found;

	if (root == SQST_GAP_NONE || most < search->size || search->tries == 0)
		return SQST_GAP_NONE;
	gap = &gaps->gap[root];
	if ((gap->ends & classes(search, most - search->size)) == 0)
		return SQST_GAP_NONE;
	search->tries--;
	if (gap->size < search->size)
		return search_in(gaps, gap->right, most, search);
	found = search_in(gaps, gap->left, gap->size, search);
	if (found != SQST_GAP_NONE || search->tries == 0)
		return found;
	return has_room(search, gap) ? root : search_in(gaps, gap->right, most, search);
}

uint32_t sqst_gaps_find(const struct sqst_gaps *gaps, uint64_t size, struct sqst_grid grid)
{
	struct search search = {size, (size + grid.residue) % SQST_GAP_BLOCK, TRIES_MAX};
	uint32_t found;

	/* What is after the last offset of the grid in such a gap is whole steps long. */
	if (grid.step != SQST_GAP_BLOCK)
		return lower_bound(gaps, sqst_grid_up((struct sqst_grid){grid.step, 0}, size));
	found = search_in(gaps, gaps->root, UINT64_MAX, &search);
	if (found == SQST_GAP_NONE && search.tries == 0)
		return lower_bound(gaps, size + SQST_GAP_BLOCK - 1);
	return found;
}
