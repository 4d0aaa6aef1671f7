/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the options of a build say of its image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/report.h"
#include "pipeline/pipeline.h"
#include "write/write.h"

static bool build_has(const struct sqst_build_options *options, enum sqst_build_flag flag)
{
	return (options->flags & (uint32_t)flag) != 0;
}

static void tell_progress(const void *user, uint64_t bytes, uint64_t total)
{
	const struct sqst_build_options *options = user;
	const struct sqst_progress progress = {bytes, total};

	if (options->progress)
		options->progress(options->user, &progress);
}

static struct sqst_format format_of(const struct sqst_build_options *options,
				    const struct sqst_tree *tree)
{
	return (struct sqst_format){
	    .codec = options->codec,
	    .raw_inodes = build_has(options, SQST_BUILD_RAW_INODES),
	    .raw_xattrs = build_has(options, SQST_BUILD_RAW_XATTRS),
	    .raw_ids = build_has(options, SQST_BUILD_RAW_IDS),
	    .no_xattrs = options->scan.no_xattrs,
	    .no_exports = build_has(options, SQST_BUILD_NO_EXPORTS),
	    .fill_table = build_has(options, SQST_BUILD_FILL_TABLE),
	    .no_pad = build_has(options, SQST_BUILD_NO_PAD),
	    .time = build_has(options, SQST_BUILD_MKFS_TIME) ? options->mkfs_time
							     : sqst_tree_newest(tree),
	};
}

static struct sqst_data_options data_of(const struct sqst_build_options *options)
{
	return (struct sqst_data_options){
	    .block_size = options->codec.block_size,
	    .raw_blocks = build_has(options, SQST_BUILD_RAW_DATA),
	    .raw_fragments = build_has(options, SQST_BUILD_RAW_FRAGMENTS),
	    .no_fragments = build_has(options, SQST_BUILD_NO_FRAGMENTS),
	    .tailends = build_has(options, SQST_BUILD_TAILENDS),
	    .no_duplicates = build_has(options, SQST_BUILD_NO_DUPLICATES),
	    .no_sparse = build_has(options, SQST_BUILD_NO_SPARSE),
	    .align = options->align,
	    .relayout = build_has(options, SQST_BUILD_RELAYOUT),
	    .purge = build_has(options, SQST_BUILD_PURGE),
	    .rebuild_damaged = build_has(options, SQST_BUILD_PREV_REBUILD),
	    .max_slack = options->max_slack,
	    .progress = tell_progress,
	    .user = options,
	    .cancel = options->cancel,
	};
}

int sqst_build_plan(const struct sqst_build_options *options, const struct sqst_tree *tree,
		    const struct sqst_sort *sort, struct sqst_parent_data *parent,
		    struct sqst_image_plan *plan, struct sqst_report *why)
{
	const char **source = calloc(options->sources + 1, sizeof(*source));

	if (!source)
		return sqst_no_memory(why, NULL);
	for (size_t i = 0; i < options->sources; i++)
		source[i] = options->source[i].path;
	plan->name = options->output;
	plan->format = format_of(options, tree);
	plan->jobs = options->jobs;
	plan->max_size = options->max_size;
	plan->data = data_of(options);
	plan->data.sort = sort;
	plan->data.source = source;
	plan->data.sources = options->sources;
	plan->data.parent = parent;
	return 0;
}

void sqst_build_plan_release(struct sqst_image_plan *plan)
{
	free((void *)plan->data.source);
}
