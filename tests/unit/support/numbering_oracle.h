/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules written down a second time, as plainly and as slowly as they read. */
#ifndef UNIT_SUPPORT_NUMBERING_ORACLE_H
#define UNIT_SUPPORT_NUMBERING_ORACLE_H

#include "numbering.h"

#define MODEL_PATHS   32
#define MODEL_NAME    40
#define MODEL_PARENTS 3

/* One release, its paths in tree order. In one that is not numbered yet, equal numbers are links.
 */
struct model {
	struct {
		char name[MODEL_NAME];
		uint8_t type;
		uint32_t number;
	} path[MODEL_PATHS];
	uint32_t count;
	uint32_t top;
};

uint32_t model_find(const struct model *model, const char *name);
void oracle_stats(const struct model *now, const struct model *const *parent, size_t count,
		  struct sqst_numbering_stats *stats);
void compare_with_oracle(struct model *now, const struct model *const *parent, size_t count,
			 bool new_lineage, bool keep_links);

#endif
