/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-build tells of a build. */
#ifndef BIN_SQFS_STABLE_BUILD_SUMMARY_H
#define BIN_SQFS_STABLE_BUILD_SUMMARY_H

#include "options.h"

/* A few lines on standard error. */
void summary_print(const struct arguments *arguments, const struct sqst_build_result *result,
		   double seconds);

/* The same as JSON: made beside its target before the build, so that a path that cannot be written
 * stops it; renamed after it. */
struct report_file {
	const char *path;
	char *temporary;
	int fd;
};

/* False after an error was printed. */
bool report_open(struct report_file *file, const char *path);
bool report_write(struct report_file *file, const struct arguments *arguments,
		  const struct sqst_build_result *result, double seconds);

/* Does nothing if it is not open (fd below 0). */
void report_discard(struct report_file *file);

/* A progress bar for a terminal; a sqst_build_options.progress. */
void progress_show(void *user, const struct sqst_progress *progress);

/* The same as whole numbers on standard output, a line each (dialog --gauge reads it). */
void percentage_show(void *user, const struct sqst_progress *progress);

/* Every name on standard output; a sqst_build_options.inspect. */
void names_show(void *user, const struct sqst_tree *tree);

/* Wipe it, if it was shown. */
void progress_end(void);

#endif
