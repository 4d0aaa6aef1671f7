/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree, numbers and lineage become the bytes of an image. */
#ifndef LIB_WRITE_WRITE_H
#define LIB_WRITE_WRITE_H

#include "base/output.h"
#include "data/sort_file.h"
#include "sqst/build.h"

struct sqst_parent_data;

/* What goes into an image beside the tree. */
struct sqst_image_plan {
	const struct sqst_build_options *options;
	const struct sqst_lineage *lineage;
	/* Rules for the order of data, or NULL. */
	const struct sqst_sort *sort;
	/* The parent whose data may be taken over, or NULL. */
	struct sqst_parent_data *reuse;
	/* The highest top of the parents: numbers above it are of paths that no parent has. 0
	 * without parents. */
	uint32_t known;
};

/* Write an image of a numbered tree. *size: its bytes, padding included. result: the counts of
 * bytes, duplicates and fragments are filled. */
int sqst_image_write(struct sqst_tree *tree, const struct sqst_image_plan *plan,
		     struct sqst_output *output, uint64_t *size, struct sqst_build_result *result,
		     struct sqst_report *why);

#endif
