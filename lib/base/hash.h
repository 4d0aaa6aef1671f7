/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hash tables: the items are in an array of the caller's, a table knows their indices by hash.
 *
 * Not uthash 2.3: to add and then find a million items with keys of 16 bytes took 101 MiB and 1.6 s
 * there, 43 MiB and 0.2 s here. It has 56 bytes of its own in each item, the items may not move (so
 * they cannot be a growing array), and it ends the process where memory is short unless each user
 * says otherwise. stb_ds does not look at what realloc() returns. */
#ifndef LIB_BASE_HASH_H
#define LIB_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqst_hash_slot;

/* Zero-initialised it is empty. */
struct sqst_hash {
	struct sqst_hash_slot *slot;
	uint32_t slots;
	uint32_t used;
};

/* What sqst_hash_find() returns if there is none. */
#define SQST_HASH_NONE UINT32_MAX

/* Whether the item at this index has the key. Called only where the hashes are the same. */
typedef bool sqst_hash_same(const void *items, uint32_t index, const void *key);

/* The index of the item with this key, SQST_HASH_NONE if there is none. `items` and `key` are
 * handed to same(). */
uint32_t sqst_hash_find(const struct sqst_hash *table, uint64_t hash, sqst_hash_same *same,
			const void *items, const void *key);

/* Let the item at `index` be found; it may not be there yet. False if memory is short (the table is
 * then as it was). */
bool sqst_hash_add(struct sqst_hash *table, uint64_t hash, uint32_t index);

/* Of one number; those of neighbours are far apart. */
static inline uint64_t sqst_hash_number(uint64_t number)
{
	return (number * UINT64_C(0x9E3779B97F4A7C15)) >> 32;
}

void sqst_hash_release(struct sqst_hash *table);

#endif
