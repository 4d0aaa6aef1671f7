/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What made an image too large. */
#ifndef LIB_DATA_SIZE_LIMIT_H
#define LIB_DATA_SIZE_LIMIT_H

#include "data/data.h"
#include "write/write.h"

/* Warn of the largest additions since the parents, or without parents of the largest files, and
 * fail: the image has `size` bytes, more than the plan allows. The data must be written; its
 * extents are of no use afterwards. Returns SQST_ERR_LIMIT or SQST_ERR_NOMEM. */
int sqst_additions_refuse(struct sqst_data *data, const struct sqst_image_plan *plan, uint64_t size,
			  struct sqst_report *why);

#endif
