/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding files with equal content. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "data/duplicates.h"

struct sqst_duplicate_slot {
	uint64_t hash;
	const struct sqst_node *node;
};

static int by_content_size(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static bool is_large(const struct sqst_node *node, uint32_t block_size)
{
	return node->inode->type == SQST_TYPE_FILE && node->inode->u.file.size > block_size;
}

int sqst_duplicates_init(struct sqst_duplicates *duplicates, const struct sqst_tree *tree,
			 uint32_t block_size, struct sqst_report *why)
{
	const struct sqst_node *node;
	size_t count = 0, kept = 0;
	uint64_t *size;

	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		count += is_large(node, block_size);
	size = calloc(count + 1, sizeof(*size));
	if (!size)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	count = 0;
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		if (is_large(node, block_size))
			size[count++] = node->inode->u.file.size;
	}
	qsort(size, count, sizeof(*size), by_content_size);
	for (size_t i = 1; i < count; i++) {
		if (size[i] == size[i - 1] && (kept == 0 || size[kept - 1] != size[i]))
			size[kept++] = size[i];
	}
	duplicates->shared_size = size;
	duplicates->shared_sizes = kept;
	return 0;
}

bool sqst_duplicates_possible(const struct sqst_duplicates *duplicates, uint64_t size)
{
	return duplicates->shared_sizes > 0 &&
	       bsearch(&size, duplicates->shared_size, duplicates->shared_sizes, sizeof(size),
		       by_content_size) != NULL;
}

const struct sqst_node *sqst_duplicates_find(const struct sqst_duplicates *duplicates,
					     uint64_t hash, uint64_t size, unsigned n)
{
	if (duplicates->slots == 0)
		return NULL;
	for (uint64_t at = hash;; at++) {
		const struct sqst_duplicate_slot *slot =
		    &duplicates->slot[at & (duplicates->slots - 1)];

		if (!slot->node)
			return NULL;
		if (slot->hash == hash && slot->node->inode->u.file.size == size && n-- == 0)
			return slot->node;
	}
}

static void insert_duplicate(struct sqst_duplicates *duplicates, struct sqst_duplicate_slot new)
{
	uint64_t at = new.hash;

	while (duplicates->slot[at & (duplicates->slots - 1)].node)
		at++;
	duplicates->slot[at & (duplicates->slots - 1)] = new;
}

int sqst_duplicates_add(struct sqst_duplicates *duplicates, uint64_t hash,
			const struct sqst_node *node, struct sqst_report *why)
{
	if (duplicates->used >= duplicates->slots / 4 * 3) {
		const struct sqst_duplicates old = *duplicates;

		duplicates->slots = old.slots ? old.slots * 2 : 1024;
		duplicates->slot = calloc(duplicates->slots, sizeof(*duplicates->slot));
		if (!duplicates->slot) {
			*duplicates = old;
			return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
		}
		for (size_t i = 0; i < old.slots; i++) {
			if (old.slot[i].node)
				insert_duplicate(duplicates, old.slot[i]);
		}
		free(old.slot);
	}
	insert_duplicate(duplicates, (struct sqst_duplicate_slot){hash, node});
	duplicates->used++;
	return 0;
}

void sqst_duplicates_release(struct sqst_duplicates *duplicates)
{
	free(duplicates->slot);
	free(duplicates->shared_size);
}
