/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a build. */
#ifndef LIB_PIPELINE_PIPELINE_H
#define LIB_PIPELINE_PIPELINE_H

#include "sqst/build.h"

/* ---- validate.c */

/* 0 or SQST_ERR_OPTION. */
int sqst_build_check(const struct sqst_build_options *options, struct sqst_report *why);

/* ---- parents.c */

struct sqst_registry;

/* The parents, oldest first. */
struct sqst_parents {
	struct sqst_numbers *list[SQST_PARENTS_MAX];
	size_t count;
	/* One of them may be a registry, which is here too. */
	struct sqst_registry *registry;
	size_t registry_at;
};

/* Images and maps are read whole. What was read is released by the caller, on failure too. */
int sqst_parents_read(const struct sqst_build_options *options, struct sqst_parents *parents,
		      struct sqst_report *why);

void sqst_parents_release(struct sqst_parents *parents);

/* UUID (null: to be made of the numbering), generation and parents of the new image. */
int sqst_parents_inherit(const struct sqst_build_options *options,
			 const struct sqst_parents *parents, struct sqst_lineage *lineage,
			 struct sqst_report *why);

/* ---- sources.c */

/* The sources become one tree, numbers not given yet. */
int sqst_sources_read(const struct sqst_build_options *options, struct sqst_tree **out,
		      struct sqst_report *why);

/* ---- edit_tree.c */

/* Depth, pseudo files, overrides, kept times, links taken apart, in this order. */
int sqst_build_edit(const struct sqst_build_options *options, struct sqst_tree *tree,
		    struct sqst_report *why);

/* ---- parent_registry.c */

/* Open the registry that the next parent names. What was opened is closed by the caller, on failure
 * too. */
int sqst_build_registry_open(const struct sqst_build_options *options, struct sqst_parents *parents,
			     struct sqst_report *why);

/* Before and after the tree is numbered; nothing without a registry. Between the two no other build
 * of the lineage gets numbers. After the commit the numbers are given, whatever becomes of the
 * image. */
int sqst_build_registry_begin(const struct sqst_build_options *options,
			      struct sqst_parents *parents, const struct sqst_tree *tree,
			      struct sqst_report *why);
int sqst_build_registry_commit(struct sqst_parents *parents, const struct sqst_tree *tree,
			       struct sqst_lineage *lineage, struct sqst_report *why);

void sqst_build_registry_close(struct sqst_parents *parents);

/* ---- outputs.c */

struct sqst_image_plan;
struct sqst_map_lock;

/* Whether all outputs may be written, before anything is read: each what may be replaced, no two of
 * them one file, none of them a file that is read as something else. SQST_ERR_EXISTS, SQST_ERR_IO,
 * SQST_ERR_OPTION, SQST_ERR_NOMEM. */
int sqst_build_outputs_check(const struct sqst_build_options *options, struct sqst_report *why);

/* A map that is read and replaced together with an image: whether the two are of one release. The
 * map follows if it is ahead (with a warning); SQST_ERR_PARENT if the image is. */
int sqst_build_pair_check(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_report *why);

/* Name the numbering, write image, map and report, and let them appear. */
int sqst_build_outputs_write(const struct sqst_image_plan *plan, struct sqst_tree *tree,
			     const struct sqst_map_lock *lock, struct sqst_build_result *result,
			     struct sqst_report *why);

/* ---- data_options.c */

struct sqst_data_options;
struct sqst_reuse;
struct sqst_sort;

/* What concerns the data. sort, and reuse (which may be NULL), must stay. Released by the caller.
 * 0 or SQST_ERR_NOMEM. */
int sqst_build_data_options(const struct sqst_build_options *options, const struct sqst_sort *sort,
			    struct sqst_reuse *reuse, struct sqst_data_options *data,
			    struct sqst_report *why);

void sqst_build_data_options_release(struct sqst_data_options *data);

/* ---- parent_lock.c */

/* Lock the map that is both a parent and map_output, before it is read. *out stays as it is, NULL,
 * if there is none; else it is the caller's. */
int sqst_build_lock(const struct sqst_build_options *options, struct sqst_map_lock **out,
		    struct sqst_report *why);

/* ---- reuse_data.c */

/* Open the newest parent that is an image, before its numbers are read. *out stays as it is, NULL,
 * if there is none, or none that may be used. The caller frees it, on failure too. */
int sqst_build_reuse_open(const struct sqst_build_options *options, struct sqst_reuse **out,
			  struct sqst_report *why);

/* Learn where its data is, and pair the tree's inodes with its own. reuse may be NULL. */
int sqst_build_reuse_read(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, struct sqst_tree *tree,
			  struct sqst_reuse *reuse, struct sqst_build_result *result,
			  struct sqst_report *why);

#endif
