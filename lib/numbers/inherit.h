/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a release has of the lineages of its parents. */
#ifndef LIB_NUMBERS_INHERIT_H
#define LIB_NUMBERS_INHERIT_H

#include "sqst/numbers.h"

/* Fill the parents and the generation of a lineage that has neither. Returns NULL, or the parent
 * that is the last generation that can be counted. */
const struct sqst_numbers *sqst_lineage_inherit(struct sqst_lineage *lineage,
						const struct sqst_numbers *const *parent,
						size_t parents);

#endif
