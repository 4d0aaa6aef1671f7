/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-build tells while it builds: a progress bar, percentages, names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>

#include "common/common.h"
#include "summary.h"

#define BAR_WIDTH 40

static int shown_percent = -1;

static int percent_of(const struct sqst_progress *progress)
{
	const uint64_t total = progress->bytes_total ? progress->bytes_total : 1;

	return (int)(100 * ((double)progress->bytes / (double)total));
}

void progress_show(void *user, const struct sqst_progress *progress)
{
	const int percent = percent_of(progress);
	char bar[BAR_WIDTH + 1];

	(void)user;
	if (percent == shown_percent)
		return;
	shown_percent = percent;
	for (int i = 0; i < BAR_WIDTH; i++)
		bar[i] = i * 100 < percent * BAR_WIDTH ? '=' : ' ';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d %%", bar, percent);
}

void progress_end(void)
{
	if (shown_percent >= 0)
		fprintf(stderr, "\r%*s\r", BAR_WIDTH + 8, "");
	shown_percent = -1;
}

void percentage_show(void *user, const struct sqst_progress *progress)
{
	static int printed = -1;
	const int percent = percent_of(progress);

	(void)user;
	if (percent == printed)
		return;
	printed = percent;
	printf("%d\n", percent);
	fflush(stdout);
}

void name_show(void *user, const struct sqst_built_path *path)
{
	static const char *const kinds[] = {
	    [SQST_TYPE_DIR] = "directory",         [SQST_TYPE_FILE] = "file",
	    [SQST_TYPE_SYMLINK] = "symbolic link", [SQST_TYPE_BLOCK] = "block device",
	    [SQST_TYPE_CHAR] = "character device", [SQST_TYPE_FIFO] = "fifo",
	    [SQST_TYPE_SOCKET] = "socket"};

	(void)user;
	if (!path)
		fflush(stdout);
	if (!path || !path->path[0])
		return;
	printf("%s ", kinds[path->type]);
	print_masked(stdout, path->path);
	if (path->type == SQST_TYPE_FILE)
		printf(", %llu bytes", (unsigned long long)path->size);
	printf(", inode %u\n", path->number);
}
