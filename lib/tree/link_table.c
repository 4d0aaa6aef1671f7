/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which inode of the tree a file of the source became: a file that is met again is a hard link. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "tree/link_table.h"

struct sqst_link_slot {
	uint64_t device;
	uint64_t number;
	struct sqst_inode *inode;
};

static struct sqst_link_slot *probe_links(const struct sqst_links *links, uint64_t device,
					  uint64_t number)
{
	/* Fibonacci hashing: file systems give neighbouring numbers to neighbours. */
	size_t at = (size_t)((number ^ device << 32) * UINT64_C(0x9E3779B97F4A7C15) >> 20);

	for (;; at++) {
		struct sqst_link_slot *slot = &links->slot[at & (links->slots - 1)];

		if (!slot->inode || (slot->number == number && slot->device == device))
			return slot;
	}
}

static bool grow_link_slots(struct sqst_links *links)
{
	const struct sqst_links old = *links;

	if (links->used < links->slots / 4 * 3)
		return true;
	links->slots = old.slots ? old.slots * 2 : 1024;
	links->slot = calloc(links->slots, sizeof(*links->slot));
	if (!links->slot) {
		*links = old;
		return false;
	}
	for (size_t i = 0; i < old.slots; i++) {
		if (old.slot[i].inode)
			*probe_links(links, old.slot[i].device, old.slot[i].number) = old.slot[i];
	}
	free(old.slot);
	return true;
}

struct sqst_inode **sqst_links_find(struct sqst_links *links, dev_t device, ino_t number)
{
	struct sqst_link_slot *slot;

	if (!grow_link_slots(links))
		return NULL;
	slot = probe_links(links, device, number);
	if (!slot->inode) {
		slot->device = device;
		slot->number = number;
		links->used++;
	}
	return &slot->inode;
}

void sqst_links_release(struct sqst_links *links)
{
	free(links->slot);
	links->slot = NULL;
}
