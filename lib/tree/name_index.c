/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of directories whose children are not sorted yet: open addressing by directory and name. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tree/name_index.h"

struct sqst_name_slot {
	/* NULL: free. */
	const struct sqst_node *dir;
	const char *name;
	/* NULL: was there and is not any more. */
	struct sqst_node *node;
};

static struct sqst_name_slot *probe_name(const struct sqst_name_index *index,
					 const struct sqst_node *dir, const char *name)
{
	uint64_t at = XXH3_64bits_withSeed(name, strlen(name), (uint64_t)(uintptr_t)dir);

	for (;; at++) {
		struct sqst_name_slot *slot = &index->slot[at & (index->slots - 1)];

		if (!slot->dir || (slot->dir == dir && strcmp(slot->name, name) == 0))
			return slot;
	}
}

static bool grow(struct sqst_name_index *index)
{
	const struct sqst_name_index old = *index;

	if (index->used < index->slots / 4 * 3)
		return true;
	index->slots = old.slots ? old.slots * 2 : 256;
	index->slot = calloc(index->slots, sizeof(*index->slot));
	if (!index->slot) {
		*index = old;
		return false;
	}
	for (size_t i = 0; i < old.slots; i++) {
		if (old.slot[i].dir)
			*probe_name(index, old.slot[i].dir, old.slot[i].name) = old.slot[i];
	}
	free(old.slot);
	return true;
}

struct sqst_node *sqst_name_index_find(const struct sqst_name_index *index,
				       const struct sqst_node *dir, const char *name)
{
	return index->slots ? probe_name(index, dir, name)->node : NULL;
}

bool sqst_name_index_set(struct sqst_name_index *index, struct sqst_node *node)
{
	struct sqst_name_slot *slot;

	if (!grow(index))
		return false;
	slot = probe_name(index, node->parent, node->name);
	if (!slot->dir)
		index->used++;
	*slot = (struct sqst_name_slot){node->parent, node->name, node};
	return true;
}

void sqst_name_index_forget(struct sqst_name_index *index, const struct sqst_node *node)
{
	if (index->slots)
		probe_name(index, node->parent, node->name)->node = NULL;
}

void sqst_name_index_release(struct sqst_name_index *index)
{
	free(index->slot);
	*index = (struct sqst_name_index){0};
}
