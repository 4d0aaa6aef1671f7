/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of directories whose children are not sorted yet, by directory and name. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "tree/name_index.h"

struct name_key {
	const struct sqst_node *dir;
	const char *name;
};

static uint64_t hash_name(const struct sqst_node *dir, const char *name)
{
	return XXH3_64bits_withSeed(name, strlen(name), (uint64_t)(uintptr_t)dir);
}

/* One that is forgotten is NULL. */
static bool is_child_named(const void *items, uint32_t at, const void *key)
{
	const struct sqst_node *node = ((const struct sqst_name_index *)items)->node[at];
	const struct name_key *wanted = key;

	return node && node->parent == wanted->dir && strcmp(node->name, wanted->name) == 0;
}

static uint32_t place_of(const struct sqst_name_index *index, const struct sqst_node *dir,
			 const char *name)
{
	const struct name_key key = {dir, name};

	return sqst_hash_find(&index->by_name, hash_name(dir, name), is_child_named, index, &key);
}

struct sqst_node *sqst_name_index_find(const struct sqst_name_index *index,
				       const struct sqst_node *dir, const char *name)
{
	const uint32_t at = place_of(index, dir, name);

	return at == SQST_HASH_NONE ? NULL : index->node[at];
}

bool sqst_name_index_set(struct sqst_name_index *index, struct sqst_node *node)
{
	const uint32_t at = place_of(index, node->parent, node->name);
	struct sqst_node **grown;

	if (at != SQST_HASH_NONE) {
		index->node[at] = node;
		return true;
	}
	grown = sqst_grow(index->node, index->count, &index->room, sizeof(struct sqst_node *));
	if (!grown)
		return false;
	index->node = grown;
	if (!sqst_hash_add(&index->by_name, hash_name(node->parent, node->name), index->count))
		return false;
	index->node[index->count++] = node;
	return true;
}

void sqst_name_index_forget(struct sqst_name_index *index, const struct sqst_node *node)
{
	const uint32_t at = place_of(index, node->parent, node->name);

	if (at != SQST_HASH_NONE)
		index->node[at] = NULL;
}

void sqst_name_index_release(struct sqst_name_index *index)
{
	free(index->node);
	sqst_hash_release(&index->by_name);
	*index = (struct sqst_name_index){0};
}
