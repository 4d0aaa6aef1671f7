/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What made an image too large. */
#ifndef LIB_DATA_SIZE_LIMIT_H
#define LIB_DATA_SIZE_LIMIT_H

#include "data/extent.h"
#include "sqst/tree.h"

struct sqst_size_limit {
	/* Bytes of the image, and those that it may have. */
	uint64_t size;
	uint64_t most;
	/* Numbers above it are of paths that no parent has; 0 without parents. */
	uint32_t known;
	/* Its name. */
	const char *image;
};

/* Warn of the largest additions since the parents, or without parents of the largest files, and
 * fail. The extents are of no use afterwards. Returns SQST_ERR_LIMIT. */
int sqst_size_limit_refuse(const struct sqst_tree *tree, const struct sqst_places *places,
			   const struct sqst_size_limit *limit, struct sqst_report *why);

#endif
