/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User and group ids by index, as the id table has them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/report.h"

static uint32_t *id_slot(const struct sqst_ids *ids, uint32_t id)
{
	/* Knuth's multiplicative hash: ids are often neighbours. */
	for (uint32_t at = id * UINT32_C(2654435761);; at++) {
		uint32_t *slot = &ids->slot[at & (ids->slots - 1)];

		if (*slot == 0 || ids->id[*slot - 1] == id)
			return slot;
	}
}

/* Room for one more id, at most half of the slots in use. */
static bool grow_ids(struct sqst_ids *ids)
{
	const uint32_t slots = ids->slots ? ids->slots * 2 : 64;
	uint32_t *id = sqst_grow(ids->id, ids->count, &ids->room, sizeof(*id));
	uint32_t *slot;

	if (!id)
		return false;
	ids->id = id;
	if (ids->count < ids->slots / 2)
		return true;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return false;
	free(ids->slot);
	ids->slot = slot;
	ids->slots = slots;
	for (uint32_t i = 0; i < ids->count; i++)
		*id_slot(ids, ids->id[i]) = i + 1;
	return true;
}

int sqst_ids_index(struct sqst_ids *ids, uint32_t id, uint16_t *out, struct sqst_report *why)
{
	uint32_t *slot = ids->slots ? id_slot(ids, id) : NULL;

	if (!slot || *slot == 0) {
		const int rc =
		    sqst_limit_check(SQST_LIMIT_IDS, ids->count + UINT64_C(1), NULL, why);

		if (rc < 0)
			return rc;
		if (!grow_ids(ids))
			return sqst_no_memory(why, NULL);
		slot = id_slot(ids, id);
		ids->id[ids->count++] = id;
		*slot = ids->count;
	}
	*out = (uint16_t)(*slot - 1);
	return 0;
}

void sqst_ids_release(struct sqst_ids *ids)
{
	free(ids->id);
	free(ids->slot);
}
