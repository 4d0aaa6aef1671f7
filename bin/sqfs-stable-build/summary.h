/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-build tells of a build. */
#ifndef BIN_SQFS_STABLE_BUILD_SUMMARY_H
#define BIN_SQFS_STABLE_BUILD_SUMMARY_H

#include "build_options.h"

/* A clock that only goes forward, and what it has gone, in seconds. */
double now(void);
double seconds_since(double start);

/* A few lines on standard error. */
void summary_print(const struct build_arguments *arguments, const struct sqst_build_result *result);

/* The same as JSON; a sqst_build_options.report, with the arguments as its user. */
int report_make(void *user, const struct sqst_build_result *result, char **text, size_t *size,
		struct sqst_report *why);

/* A progress bar for a terminal; a sqst_build_options.progress. */
void progress_show(void *user, const struct sqst_progress *progress);

/* The same as whole numbers on standard output, a line each (dialog --gauge reads it). */
void percentage_show(void *user, const struct sqst_progress *progress);

/* A path on standard output; a sqst_build_options.each_path. */
void name_show(void *user, const struct sqst_built_path *path);

/* Wipe it, if it was shown. */
void progress_end(void);

#endif
