/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A release is of the generation after the newest of its parents, and names them all. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "numbers/inherit.h"

const struct sqst_numbers *sqst_lineage_inherit(struct sqst_lineage *lineage,
						const struct sqst_numbers *const *parent,
						size_t parents)
{
	for (size_t i = 0; i < parents; i++) {
		const struct sqst_lineage *old = &parent[i]->lineage;

		memcpy(lineage->parent[lineage->parents++], old->id, SQST_UUID_SIZE);
		if (!old->recorded)
			continue;
		if (old->generation == UINT32_MAX)
			return parent[i];
		if (lineage->generation <= old->generation)
			lineage->generation = old->generation + 1;
	}
	return NULL;
}
