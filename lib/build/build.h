/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a build. */
#ifndef LIB_BUILD_BUILD_H
#define LIB_BUILD_BUILD_H

#include "sqst/build.h"

/* ---- check.c */

/* 0 or SQST_ERR_OPTION. */
int sqst_build_check(const struct sqst_build_options *options, struct sqst_report *why);

/* ---- parents.c */

/* The parents, oldest first. */
struct sqst_parents {
	struct sqst_numbers *list[SQST_PARENTS_MAX];
	size_t count;
};

/* Images and maps are read whole. What was read is released by the caller, on failure too. */
int sqst_parents_read(const struct sqst_build_options *options, struct sqst_parents *parents,
		      struct sqst_report *why);

void sqst_parents_release(struct sqst_parents *parents);

/* UUID (null: to be made of the numbering), generation and parents of the new image. */
int sqst_parents_inherit(const struct sqst_build_options *options,
			 const struct sqst_parents *parents, struct sqst_lineage *lineage,
			 struct sqst_report *why);

/* ---- source.c */

/* The sources become one tree, numbers not given yet. */
int sqst_sources_read(const struct sqst_build_options *options, struct sqst_tree **out,
		      struct sqst_report *why);

/* ---- edit.c */

/* Depth, pseudo files, overrides, kept times, links taken apart, in this order. */
int sqst_build_edit(const struct sqst_build_options *options, struct sqst_tree *tree,
		    struct sqst_report *why);

/* ---- reuse.c */

struct sqst_reuse;

/* Open the newest parent that is an image, before its numbers are read. *out stays as it is, NULL,
 * if there is none, or none that may be used. The caller frees it, on failure too. */
int sqst_build_reuse_open(const struct sqst_build_options *options, struct sqst_reuse **out,
			  struct sqst_build_result *result, struct sqst_report *why);

/* Learn where its data is, and pair the tree's inodes with its own. reuse may be NULL. */
int sqst_build_reuse_read(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_tree *tree,
			  struct sqst_reuse *reuse, struct sqst_build_result *result,
			  struct sqst_report *why);

#endif
