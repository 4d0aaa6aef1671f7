/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a build without libarchive says to an archive. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "source/read_source.h"

bool sqst_archive_supported(void)
{
	return false;
}

int sqst_tree_read_archive(const char *path, const struct sqst_archive_options *options,
			   struct sqst_tree **out, struct sqst_report *why)
{
	(void)options;
	(void)out;
	return sqst_fail(why, SQST_ERR_OPTION, path,
			 "this sqfs-stable was built without libarchive and cannot read archives");
}
