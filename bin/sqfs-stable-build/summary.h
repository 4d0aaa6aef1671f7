/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-build tells of a build. */
#ifndef BIN_SQFS_STABLE_BUILD_SUMMARY_H
#define BIN_SQFS_STABLE_BUILD_SUMMARY_H

#include "options.h"

/* A few lines on standard error. */
void summary_print(const struct arguments *arguments, const struct sqst_build_result *result,
		   double seconds);

/* The same as JSON, made beside its target and renamed. False after an error was printed. */
bool summary_write_json(const struct arguments *arguments, const struct sqst_build_result *result,
			double seconds);

/* A progress bar for a terminal; a sqst_build_options.progress. */
void progress_show(void *user, const struct sqst_progress *progress);

/* Wipe it, if it was shown. */
void progress_end(void);

#endif
