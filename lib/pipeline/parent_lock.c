/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A map that is a parent and is replaced is locked for the whole build. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "pipeline/pipeline.h"
#include "sqst/map.h"

/* By name, not by inode: another build may replace the file just now. */
static bool is_same_file(const char *one, const char *other)
{
	SQST_AUTO_FREE char *a = realpath(one, NULL);
	SQST_AUTO_FREE char *b = realpath(other, NULL);

	return a && b && strcmp(a, b) == 0;
}

int sqst_build_lock(const struct sqst_build_options *options, struct sqst_map_lock **out,
		    struct sqst_report *why)
{
	for (size_t i = 0; options->map_output && i < options->parents; i++) {
		if (options->parent[i].is_map &&
		    is_same_file(options->parent[i].path, options->map_output))
			return sqst_map_lock_take(options->parent[i].path, options->cancel, out,
						  why);
	}
	return 0;
}
