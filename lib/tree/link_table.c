/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which inode of the tree a file of the source became: a file that is met again is a hard link. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "tree/link_table.h"

struct sqst_link {
	uint64_t device;
	uint64_t number;
	struct sqst_inode *inode;
};

static bool is_link(const void *items, uint32_t index, const void *key)
{
	const struct sqst_link *known = &((const struct sqst_links *)items)->link[index];
	const struct sqst_link *wanted = key;

	return known->number == wanted->number && known->device == wanted->device;
}

struct sqst_inode **sqst_links_find(struct sqst_links *links, dev_t device, ino_t number)
{
	const struct sqst_link wanted = {.device = device, .number = number};
	const uint64_t hash = sqst_hash_number(wanted.number ^ wanted.device << 32);
	uint32_t index = sqst_hash_find(&links->by_number, hash, is_link, links, &wanted);
	struct sqst_link *grown;

	if (index == SQST_HASH_NONE) {
		index = links->count;
		grown = sqst_grow(links->link, links->count, &links->room, sizeof(*grown));
		if (!grown)
			return NULL;
		links->link = grown;
		if (!sqst_hash_add(&links->by_number, hash, index))
			return NULL;
		links->link[links->count++] = wanted;
	}
	return &links->link[index].inode;
}

void sqst_links_release(struct sqst_links *links)
{
	free(links->link);
	sqst_hash_release(&links->by_number);
	*links = (struct sqst_links){0};
}
