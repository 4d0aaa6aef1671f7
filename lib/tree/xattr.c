/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of extended attributes: most files of an image have none or one of a few, so each different
 * set is kept once and an inode holds its index. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/tree.h"

struct sqst_xattr_set {
	struct sqst_xattr *list;
	size_t count;
};

bool sqst_xattr_namespace_known(const char *name)
{
	static const char *const prefix[] = {"user.", "trusted.", "security."};

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++) {
		const size_t length = strlen(prefix[i]);

		/* Linux knows no attribute with nothing behind the namespace (xattr_resolve_name).
		 */
		if (strncmp(name, prefix[i], length) == 0)
			return name[length] != '\0';
	}
	return false;
}

static int by_xattr_name(const void *a, const void *b)
{
	return strcmp(((const struct sqst_xattr *)a)->name, ((const struct sqst_xattr *)b)->name);
}

static uint64_t hash_list(const struct sqst_xattr *list, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++) {
		hash = XXH3_64bits_withSeed(list[i].name, strlen(list[i].name), hash);
		hash = XXH3_64bits_withSeed(list[i].value, list[i].size, hash);
	}
	return hash;
}

static bool lists_equal(const struct sqst_xattr *a, const struct sqst_xattr *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (a[i].size != b[i].size || strcmp(a[i].name, b[i].name) != 0 ||
		    memcmp(a[i].value, b[i].value, a[i].size) != 0)
			return false;
	}
	return true;
}

struct xattr_list {
	const struct sqst_xattr *list;
	size_t count;
};

static bool has_list(const void *items, uint32_t index, const void *key)
{
	const struct sqst_xattr_set *set = &((const struct sqst_xattr_store *)items)->set[index];
	const struct xattr_list *wanted = key;

	return set->count == wanted->count && lists_equal(set->list, wanted->list, set->count);
}

/* ---- values */

/* Shorter ones cost less than a look for them. */
#define SHARED_FROM 64

struct sqst_xattr_value {
	const void *data;
	size_t size;
};

static bool has_value(const void *items, uint32_t index, const void *key)
{
	const struct sqst_xattr_value *known =
	    &((const struct sqst_xattr_store *)items)->value[index];
	const struct sqst_xattr_value *wanted = key;

	return known->size == wanted->size && memcmp(known->data, wanted->data, known->size) == 0;
}

/* A value in the tree's memory: once, if it is long, however many sets have it. */
static const void *keep_value(struct sqst_tree *tree, const void *data, size_t size)
{
	struct sqst_xattr_store *store = &tree->xattrs;
	struct sqst_xattr_value wanted = {data, size}, *grown;
	uint64_t hash;
	uint32_t index;

	if (size < SHARED_FROM)
		return sqst_arena_strndup(tree->arena, data, size);
	hash = XXH3_64bits(data, size);
	index = sqst_hash_find(&store->by_value, hash, has_value, store, &wanted);
	if (index != SQST_HASH_NONE)
		return store->value[index].data;
	grown = sqst_grow(store->value, store->values, &store->value_room, sizeof(*grown));
	if (!grown)
		return NULL;
	store->value = grown;
	wanted.data = sqst_arena_strndup(tree->arena, data, size);
	if (!wanted.data || !sqst_hash_add(&store->by_value, hash, store->values))
		return NULL;
	store->value[store->values++] = wanted;
	return wanted.data;
}

/* ---- sets */

static struct sqst_xattr *copy_list(struct sqst_tree *tree, const struct sqst_xattr *list,
				    size_t count)
{
	struct sqst_arena *arena = tree->arena;
	struct sqst_xattr *copy = sqst_arena_array(arena, count, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++) {
		copy[i].name = sqst_arena_strndup(arena, list[i].name, strlen(list[i].name));
		copy[i].value = keep_value(tree, list[i].value, list[i].size);
		copy[i].size = list[i].size;
		if (!copy[i].name || !copy[i].value)
			return NULL;
	}
	return copy;
}

/* The index of a set that is new: SQST_HASH_NONE if memory is short. */
static uint32_t keep_set(struct sqst_tree *tree, const struct xattr_list *new, uint64_t hash)
{
	struct sqst_xattr_store *store = &tree->xattrs;
	struct sqst_xattr_set *grown =
	    sqst_grow(store->set, store->count, &store->room, sizeof(*grown));
	struct sqst_xattr *copy = copy_list(tree, new->list, new->count);

	if (grown)
		store->set = grown;
	if (!grown || !copy || !sqst_hash_add(&store->by_set, hash, store->count))
		return SQST_HASH_NONE;
	store->set[store->count] = (struct sqst_xattr_set){copy, new->count};
	return store->count++;
}

int sqst_tree_set_xattrs(struct sqst_tree *tree, struct sqst_inode *inode, struct sqst_xattr *list,
			 size_t count, struct sqst_report *why)
{
	const struct xattr_list wanted = {list, count};
	uint64_t hash;
	uint32_t index;

	inode->xattr = SQST_NO_XATTR;
	if (count == 0)
		return 0;
	qsort(list, count, sizeof(*list), by_xattr_name);
	for (size_t i = 0; i < count; i++) {
		if (!sqst_xattr_namespace_known(list[i].name))
			return sqst_fail(why, SQST_ERR_SOURCE, list[i].name,
					 "squashfs only has user.*, trusted.* and security.* "
					 "attributes, with a name after the dot");
		if (i > 0 && strcmp(list[i - 1].name, list[i].name) == 0)
			return sqst_fail(why, SQST_ERR_SOURCE, list[i].name,
					 "the extended attribute is given twice");
	}
	hash = hash_list(list, count);
	index = sqst_hash_find(&tree->xattrs.by_set, hash, has_list, &tree->xattrs, &wanted);
	if (index == SQST_HASH_NONE)
		index = keep_set(tree, &wanted, hash);
	if (index == SQST_HASH_NONE)
		return sqst_no_memory(why, NULL);
	inode->xattr = index;
	return 0;
}

int sqst_tree_add_xattrs(struct sqst_tree *tree, struct sqst_inode *inode,
			 const struct sqst_xattr *list, size_t count, struct sqst_report *why)
{
	SQST_AUTO_FREE struct sqst_xattr *all = NULL;
	const struct sqst_xattr *old;
	size_t used;

	if (count == 0)
		return 0;
	old = sqst_inode_xattrs(tree, inode, &used);
	all = malloc((used + count) * sizeof(*all));
	if (!all)
		return sqst_no_memory(why, NULL);
	if (used > 0)
		memcpy(all, old, used * sizeof(*all));
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < used && strcmp(all[at].name, list[i].name) != 0)
			at++;
		all[at] = list[i];
		used += at == used;
	}
	return sqst_tree_set_xattrs(tree, inode, all, used, why);
}

const struct sqst_xattr *sqst_inode_xattrs(const struct sqst_tree *tree,
					   const struct sqst_inode *inode, size_t *count)
{
	*count = 0;
	return inode->xattr == SQST_NO_XATTR ? NULL
					     : sqst_tree_xattr_set(tree, inode->xattr, count);
}

uint32_t sqst_tree_xattr_sets(const struct sqst_tree *tree)
{
	return tree->xattrs.count;
}

const struct sqst_xattr *sqst_tree_xattr_set(const struct sqst_tree *tree, uint32_t set,
					     size_t *count)
{
	*count = tree->xattrs.set[set].count;
	return tree->xattrs.set[set].list;
}

void sqst_xattr_store_free(struct sqst_xattr_store *store)
{
	free(store->set);
	sqst_hash_release(&store->by_set);
	free(store->value);
	sqst_hash_release(&store->by_value);
}
