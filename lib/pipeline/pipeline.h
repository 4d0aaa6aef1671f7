/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a build. */
#ifndef LIB_PIPELINE_PIPELINE_H
#define LIB_PIPELINE_PIPELINE_H

#include "parent/parents.h"
#include "sqst/build.h"
#include "tree/node.h"

/* ---- validate.c */

/* 0 or SQST_ERR_OPTION. */
int sqst_build_check(const struct sqst_build_options *options, struct sqst_report *why);

/* ---- parent_options.c */

/* The parents of a build, to be read. */
void sqst_build_parents(const struct sqst_build_options *options, struct sqst_parents *parents);

/* Learn of the data that may be taken over; *out stays as it is, NULL, if there is none. */
int sqst_build_parent_data(const struct sqst_build_options *options, struct sqst_parents *parents,
			   struct sqst_tree *tree, struct sqst_parent_data **out,
			   struct sqst_build_result *result, struct sqst_report *why);

/* ---- sources.c */

/* The sources become one tree, numbers not given yet. */
int sqst_sources_read(const struct sqst_build_options *options, struct sqst_tree **out,
		      struct sqst_report *why);

/* ---- edit_tree.c */

/* Depth, pseudo files, overrides, kept times, links taken apart, in this order. */
int sqst_build_edit(const struct sqst_build_options *options, const struct sqst_parents *parents,
		    struct sqst_tree *tree, struct sqst_report *why);

/* ---- outputs.c */

struct sqst_image_plan;

/* Whether all outputs may be written, before anything is read: each what may be replaced, no two of
 * them one file, none of them a file that is read as something else. SQST_ERR_EXISTS, SQST_ERR_IO,
 * SQST_ERR_OPTION, SQST_ERR_NOMEM. */
int sqst_build_outputs_check(const struct sqst_build_options *options, struct sqst_report *why);

/* A map that is read and replaced together with an image: whether the two are of one release. The
 * map follows if it is ahead (with a warning); SQST_ERR_PARENT if the image is. */
int sqst_build_pair_check(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_report *why);

/* Name the numbering, write image, map and report, and let them appear. */
int sqst_build_outputs_write(const struct sqst_build_options *options,
			     const struct sqst_image_plan *plan, struct sqst_tree *tree,
			     const struct sqst_parents *parents, struct sqst_build_result *result,
			     struct sqst_report *why);

/* ---- plan.c */

struct sqst_parent_data;
struct sqst_sort;

/* What the image is to be, but for its lineage and what parents know. sort, and parent (which may
 * be NULL), must stay. Released by the caller. 0 or SQST_ERR_NOMEM. */
int sqst_build_plan(const struct sqst_build_options *options, const struct sqst_tree *tree,
		    const struct sqst_sort *sort, struct sqst_parent_data *parent,
		    struct sqst_image_plan *plan, struct sqst_report *why);

void sqst_build_plan_release(struct sqst_image_plan *plan);

#endif
