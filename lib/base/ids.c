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

static bool has_id(const void *items, uint32_t index, const void *key)
{
	return ((const struct sqst_ids *)items)->id[index] == *(const uint32_t *)key;
}

static bool add_id(struct sqst_ids *ids, uint32_t id)
{
	uint32_t *grown = sqst_grow(ids->id, ids->count, &ids->room, sizeof(*grown));

	if (!grown)
		return false;
	ids->id = grown;
	if (!sqst_hash_add(&ids->by_id, sqst_hash_number(id), ids->count))
		return false;
	ids->id[ids->count++] = id;
	return true;
}

int sqst_ids_index(struct sqst_ids *ids, uint32_t id, uint16_t *out, struct sqst_report *why)
{
	uint32_t index = sqst_hash_find(&ids->by_id, sqst_hash_number(id), has_id, ids, &id);

	if (index == SQST_HASH_NONE) {
		const int rc =
		    sqst_limit_check(SQST_LIMIT_IDS, ids->count + UINT64_C(1), NULL, why);

		if (rc < 0)
			return rc;
		index = ids->count;
		if (!add_id(ids, id))
			return sqst_no_memory(why, NULL);
	}
	*out = (uint16_t)index;
	return 0;
}

void sqst_ids_release(struct sqst_ids *ids)
{
	free(ids->id);
	sqst_hash_release(&ids->by_id);
}
