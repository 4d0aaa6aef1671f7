/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between two numberings, path by path. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/report.h"
#include "base/scope.h"
#include "compare/comparison.h"

static void count_differences(const struct sqst_comparison *comparison,
			      struct sqst_numbers_difference *out)
{
	struct sqst_number_run run = {0};

	*out = (struct sqst_numbers_difference){0};
	for (int kind = 0; kind < SQST_CHANGE_KINDS; kind++)
		out->paths[kind] = comparison->paths[kind];
	while (sqst_comparison_next_number(comparison, &run)) {
		out->retired += sqst_number_run_count(&run, SQST_NEW) == 0;
		out->given += sqst_number_run_count(&run, SQST_OLD) == 0;
	}
}

static bool tell_change(const struct sqst_comparison *comparison, uint32_t at,
			void (*each)(void *user, const struct sqst_change *change), void *user)
{
	const struct sqst_beside_path *path = &comparison->path[at];
	const struct sqst_entry *before = path->entry[SQST_OLD], *after = path->entry[SQST_NEW];
	SQST_AUTO_FREE char *text = sqst_beside_path_text(comparison->path, at);

	if (!text)
		return false;
	each(user, &(struct sqst_change){
		       .kind = sqst_comparison_kind(path),
		       .path = text,
		       .old_number = before ? before->number : 0,
		       .new_number = after ? after->number : 0,
		       .old_type = before ? before->type : 0,
		       .new_type = after ? after->type : 0,
		   });
	return true;
}

int sqst_numbers_compare(const struct sqst_numbers *before, const struct sqst_numbers *after,
			 void (*each)(void *user, const struct sqst_change *change), void *user,
			 struct sqst_numbers_difference *out, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_comparison_release) struct sqst_comparison comparison = {0};
	const int rc = sqst_comparison_make(&comparison, before, after, why);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; each && i < comparison.count; i++) {
		if (!tell_change(&comparison, i, each, user))
			return sqst_no_memory(why, NULL);
	}
	count_differences(&comparison, out);
	return 0;
}
