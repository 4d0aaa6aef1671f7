/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A registry among the parents: opened with them, read and written around the numbering. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pipeline/pipeline.h"
#include "registry/registry.h"

int sqst_build_registry_open(const struct sqst_build_options *options, struct sqst_parents *parents,
			     struct sqst_report *why)
{
	struct sqst_numbers **numbers = &parents->list[parents->count];
	const char *url = options->parent[parents->count].path;

	if (parents->registry)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "two registries; a build can have one, whose lineage it goes on");
	if (options->flags & SQST_BUILD_NEW_LINEAGE)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a registry is of one lineage, which --new-lineage would leave; "
				 "make one for the new lineage with sqfs-stable-map init");
	if (options->flags & SQST_BUILD_KEEP_LINKS)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a registry keeps a number for the names that it was given to, so "
				 "--keep-links does not go with it");
	parents->registry_at = parents->count;
	return sqst_registry_open(url, options->uuid, &parents->registry, numbers, why);
}

int sqst_build_registry_begin(const struct sqst_build_options *options,
			      struct sqst_parents *parents, const struct sqst_tree *tree,
			      struct sqst_report *why)
{
	return parents->registry ? sqst_registry_begin(parents->registry, tree, options->cancel,
						       &parents->list[parents->registry_at], why)
				 : 0;
}

int sqst_build_registry_commit(struct sqst_parents *parents, const struct sqst_tree *tree,
			       struct sqst_lineage *lineage, struct sqst_report *why)
{
	return parents->registry
		   ? sqst_registry_commit(parents->registry, tree,
					  parents->list[parents->registry_at], lineage, why)
		   : 0;
}

void sqst_build_registry_close(struct sqst_parents *parents)
{
	sqst_registry_free(parents->registry);
	parents->registry = NULL;
}
