/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources that are not read yet. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sqst/archive.h"

int sqst_tree_read_mtree(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why)
{
	(void)options;
	(void)out;
	return sqst_fail(why, SQST_ERR_OPTION, path, "mtree specifications are not read yet");
}
