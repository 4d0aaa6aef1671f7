/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of extended attributes: most files of an image have none or one of a few, so each different
 * set is kept once and an inode holds its index. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/report.h"
#include "base/scope.h"
#include "tree/tree.h"

struct sqst_xattr_set {
	struct sqst_xattr *list;
	size_t count;
	uint64_t hash;
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

/* The slot where a set with this hash and content is, or is to be put. */
static uint32_t *find_xattr_slot(const struct sqst_xattr_store *store, uint64_t hash,
				 const struct sqst_xattr *list, size_t count)
{
	for (uint64_t at = hash;; at++) {
		uint32_t *slot = &store->slot[at & (store->slots - 1)];
		const struct sqst_xattr_set *set;

		if (*slot == 0)
			return slot;
		set = &store->set[*slot - 1];
		if (list && set->hash == hash && set->count == count &&
		    lists_equal(set->list, list, count))
			return slot;
	}
}

/* Room for one more set, at most half of the slots in use. */
static bool grow_xattr_slots(struct sqst_xattr_store *store)
{
	const uint32_t slots = store->slots ? store->slots * 2 : 64;
	struct sqst_xattr_set *set;
	uint32_t *slot;

	if (store->count < store->slots / 2)
		return true;
	set = realloc(store->set, slots / 2 * sizeof(*set));
	if (!set)
		return false;
	store->set = set;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return false;
	free(store->slot);
	store->slot = slot;
	store->slots = slots;
	for (uint32_t i = 0; i < store->count; i++)
		*find_xattr_slot(store, store->set[i].hash, NULL, 0) = i + 1;
	return true;
}

/* ---- values */

/* Shorter ones cost less than a look for them. */
#define SHARED_FROM 64

/* Without data: a free slot. */
struct sqst_xattr_value {
	const void *data;
	size_t size;
	uint64_t hash;
};

static struct sqst_xattr_value *find_value(struct sqst_xattr_value *value, size_t slots,
					   uint64_t hash, const void *data, size_t size)
{
	for (uint64_t at = hash;; at++) {
		struct sqst_xattr_value *slot = &value[at & (slots - 1)];

		if (!slot->data || (data && slot->hash == hash && slot->size == size &&
				    memcmp(slot->data, data, size) == 0))
			return slot;
	}
}

/* Room for one more value, at most half of the slots in use. */
static bool grow_values(struct sqst_xattr_store *store)
{
	const size_t slots = store->value_slots ? store->value_slots * 2 : 64;
	struct sqst_xattr_value *grown;

	if (store->values < store->value_slots / 2)
		return true;
	grown = calloc(slots, sizeof(*grown));
	if (!grown)
		return false;
	for (size_t i = 0; i < store->value_slots; i++) {
		if (store->value[i].data)
			*find_value(grown, slots, store->value[i].hash, NULL, 0) = store->value[i];
	}
	free(store->value);
	store->value = grown;
	store->value_slots = slots;
	return true;
}

/* A value in the tree's memory: once, if it is long, however many sets have it. */
static const void *keep_value(struct sqst_tree *tree, const void *data, size_t size)
{
	struct sqst_xattr_store *store = &tree->xattrs;
	struct sqst_xattr_value *slot;
	uint64_t hash;

	if (size < SHARED_FROM)
		return sqst_arena_strndup(tree->arena, data, size);
	if (!grow_values(store))
		return NULL;
	hash = XXH3_64bits(data, size);
	slot = find_value(store->value, store->value_slots, hash, data, size);
	if (!slot->data) {
		const void *copy = sqst_arena_strndup(tree->arena, data, size);

		if (!copy)
			return NULL;
		*slot = (struct sqst_xattr_value){copy, size, hash};
		store->values++;
	}
	return slot->data;
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

int sqst_tree_set_xattrs(struct sqst_tree *tree, struct sqst_inode *inode, struct sqst_xattr *list,
			 size_t count, struct sqst_report *why)
{
	struct sqst_xattr_store *store = &tree->xattrs;
	uint64_t hash;
	uint32_t *slot;

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
	if (!grow_xattr_slots(store))
		return sqst_no_memory(why, NULL);
	hash = hash_list(list, count);
	slot = find_xattr_slot(store, hash, list, count);
	if (*slot == 0) {
		struct sqst_xattr *copy = copy_list(tree, list, count);

		if (!copy)
			return sqst_no_memory(why, NULL);
		store->set[store->count++] = (struct sqst_xattr_set){copy, count, hash};
		*slot = store->count;
	}
	inode->xattr = *slot - 1;
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
	free(store->slot);
	free(store->value);
}
