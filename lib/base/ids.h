/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User and group ids by index, as the id table has them. */
#ifndef LIB_BASE_IDS_H
#define LIB_BASE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "sqst/report.h"

/* The id table: 32-bit ids, each once. */
struct sqst_ids {
	uint32_t *id;
	uint32_t count;
	size_t room;
	struct sqst_hash by_id;
};

/* The index of an id, a new one if it is not there yet. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_ids_index(struct sqst_ids *ids, uint32_t id, uint16_t *out, struct sqst_report *why);

void sqst_ids_release(struct sqst_ids *ids);

#endif
