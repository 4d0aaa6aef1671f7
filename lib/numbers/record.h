/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extra information that cannot be decoded whole. */
#ifndef LIB_NUMBERS_RECORD_H
#define LIB_NUMBERS_RECORD_H

#include "sqst/lineage.h"

/* Take the UUID and the label of a block that sqst_extra_decode() refused, as far as the records in
 * front of the damage have them. The rest of `lineage` is left alone. */
void sqst_extra_salvage(const uint8_t *data, size_t size, struct sqst_lineage *lineage);

#endif
