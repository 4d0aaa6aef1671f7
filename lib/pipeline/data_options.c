/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the options of a build say of the data of its image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "data/data.h"
#include "pipeline/pipeline.h"

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

int sqst_build_data_options(const struct sqst_build_options *options, const struct sqst_sort *sort,
			    struct sqst_reuse *reuse, struct sqst_data_options *data,
			    struct sqst_report *why)
{
	const char **source = calloc(options->sources + 1, sizeof(*source));

	if (!source)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	for (size_t i = 0; i < options->sources; i++)
		source[i] = options->source[i].path;
	*data = (struct sqst_data_options){
	    .block_size = options->codec.block_size,
	    .raw_blocks = build_has(options, SQST_BUILD_RAW_DATA),
	    .raw_fragments = build_has(options, SQST_BUILD_RAW_FRAGMENTS),
	    .no_fragments = build_has(options, SQST_BUILD_NO_FRAGMENTS),
	    .tailends = build_has(options, SQST_BUILD_TAILENDS),
	    .no_duplicates = build_has(options, SQST_BUILD_NO_DUPLICATES),
	    .no_sparse = build_has(options, SQST_BUILD_NO_SPARSE),
	    .align = options->align,
	    .sort = sort,
	    .source = source,
	    .sources = options->sources,
	    .reuse = reuse,
	    .relayout = build_has(options, SQST_BUILD_RELAYOUT),
	    .purge = build_has(options, SQST_BUILD_PURGE),
	    .rebuild_damaged = build_has(options, SQST_BUILD_PREV_REBUILD),
	    .max_slack = options->max_slack,
	    .progress = tell_progress,
	    .user = options,
	    .cancel = options->cancel,
	};
	return 0;
}

void sqst_build_data_options_release(struct sqst_data_options *data)
{
	free((void *)data->source);
}
