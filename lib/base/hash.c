/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open addressing; 32 bits of a hash are kept, so that growing asks nobody for it again. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/hash.h"

struct sqst_hash_slot {
	uint32_t hash;
	/* Index + 1; 0: free. */
	uint32_t item;
};

uint32_t sqst_hash_find(const struct sqst_hash *table, uint64_t hash, sqst_hash_same *same,
			const void *items, const void *key)
{
	if (table->slots == 0)
		return SQST_HASH_NONE;
	for (uint32_t at = (uint32_t)hash;; at++) {
		const struct sqst_hash_slot *slot = &table->slot[at & (table->slots - 1)];

		if (slot->item == 0)
			return SQST_HASH_NONE;
		if (slot->hash == (uint32_t)hash && same(items, slot->item - 1, key))
			return slot->item - 1;
	}
}

static void put_slot(struct sqst_hash *table, struct sqst_hash_slot new)
{
	uint32_t at = new.hash;

	while (table->slot[at & (table->slots - 1)].item != 0)
		at++;
	table->slot[at & (table->slots - 1)] = new;
}

static bool grow_table(struct sqst_hash *table)
{
	const struct sqst_hash old = *table;

	if (old.slots > UINT32_MAX / 2)
		return false;
	table->slots = old.slots ? old.slots * 2 : 64;
	table->slot = calloc(table->slots, sizeof(*table->slot));
	if (!table->slot) {
		*table = old;
		return false;
	}
	for (uint32_t i = 0; i < old.slots; i++) {
		if (old.slot[i].item != 0)
			put_slot(table, old.slot[i]);
	}
	free(old.slot);
	return true;
}

bool sqst_hash_add(struct sqst_hash *table, uint64_t hash, uint32_t index)
{
	if (table->used >= table->slots / 4 * 3 && !grow_table(table))
		return false;
	put_slot(table, (struct sqst_hash_slot){(uint32_t)hash, index + 1});
	table->used++;
	return true;
}

void sqst_hash_release(struct sqst_hash *table)
{
	free(table->slot);
	*table = (struct sqst_hash){0};
}
