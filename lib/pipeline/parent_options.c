/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the options of a build say of its parents. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pipeline/pipeline.h"

static bool flag_is_set(const struct sqst_build_options *options, enum sqst_build_flag flag)
{
	return (options->flags & (uint32_t)flag) != 0;
}

void sqst_build_parents(const struct sqst_build_options *options, struct sqst_parents *parents)
{
	*parents = (struct sqst_parents){
	    .uuid = options->uuid,
	    .label = options->label,
	    .new_lineage = flag_is_set(options, SQST_BUILD_NEW_LINEAGE),
	    .keep_links = flag_is_set(options, SQST_BUILD_KEEP_LINKS),
	    .cancel = options->cancel,
	};
	/* Too many are refused by sqst_build_check(). */
	for (size_t i = 0; i < options->parents && i < SQST_PARENTS_MAX; i++)
		parents->parent[parents->count++] =
		    (struct sqst_parent){options->parent[i].path, options->parent[i].is_map};
}

int sqst_build_parent_data(const struct sqst_build_options *options, struct sqst_parents *parents,
			   struct sqst_tree *tree, struct sqst_parent_data **out,
			   struct sqst_build_result *result, struct sqst_report *why)
{
	const struct sqst_parent_format format = {
	    .codec = &options->codec,
	    .raw_inodes = flag_is_set(options, SQST_BUILD_RAW_INODES),
	    .raw_blocks = flag_is_set(options, SQST_BUILD_RAW_DATA),
	    .raw_fragments = flag_is_set(options, SQST_BUILD_RAW_FRAGMENTS),
	    .fragments = !flag_is_set(options, SQST_BUILD_NO_FRAGMENTS) &&
			 !flag_is_set(options, SQST_BUILD_RELAYOUT),
	};
	int rc;

	if (!parents->data || flag_is_set(options, SQST_BUILD_NO_REUSE))
		return 0;
	rc = sqst_parents_read_data(parents, tree, &format, why);
	*out = parents->data;
	result->reuse.reason = parents->data->reason;
	return rc;
}
