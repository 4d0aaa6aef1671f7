/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numberings made of trees, and their names. */
#ifndef LIB_NUMBERS_NUMBERS_H
#define LIB_NUMBERS_NUMBERS_H

#include <string.h>

#include "sqst/numbers.h"
#include "tree/node.h"

static inline bool sqst_uuid_equal(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SQST_UUID_SIZE) == 0;
}

/** A new, empty set of numbers. NULL if memory is short. */
struct sqst_numbers *sqst_numbers_new(const char *source);

/**
 * Take the numbers of a numbered tree, without a lineage (all zero).
 * @param out  the caller's to free; untouched on failure
 * @return 0 or SQST_ERR_NOMEM
 */
int sqst_numbers_from_tree(const struct sqst_tree *tree, const char *source,
			   struct sqst_numbers **out, struct sqst_report *why);

#endif
