/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in a directory of the file system. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "tree/scan_names.h"

void sqst_scan_names_release(struct sqst_scan_names *names)
{
	free(names->text);
	free(names->at);
}

static bool append_name(struct sqst_scan_names *names, const char *name)
{
	const size_t size = strlen(name) + 1;
	char *text = sqst_reserve(names->text, names->used + size, &names->room, 1);
	size_t *at;

	if (!text)
		return false;
	names->text = text;
	at = sqst_grow(names->at, names->count, &names->at_room, sizeof(*at));
	if (!at)
		return false;
	names->at = at;
	memcpy(names->text + names->used, name, size);
	names->at[names->count++] = names->used;
	names->used += size;
	return true;
}

static int by_scanned_name(const void *a, const void *b, void *text)
{
	const size_t left = *(const size_t *)a, right = *(const size_t *)b;
	const int order = strcmp((const char *)text + left, (const char *)text + right);

	return order ? order : left < right ? -1 : left > right;
}

static void sort_once(struct sqst_scan_names *names)
{
	size_t kept = 0;

	if (names->count > 1)
		qsort_r(names->at, names->count, sizeof(*names->at), by_scanned_name, names->text);
	for (size_t i = 0; i < names->count; i++) {
		if (kept == 0 ||
		    strcmp(names->text + names->at[kept - 1], names->text + names->at[i]) != 0)
			names->at[kept++] = names->at[i];
	}
	names->count = kept;
}

int sqst_scan_names_read(struct sqst_scan_names *names, DIR *dir, const char *path,
			 struct sqst_report *why)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry && errno != 0)
			return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
					       "cannot read the directory");
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!append_name(names, entry->d_name))
			return sqst_no_memory(why, path);
	}
	sort_once(names);
	return 0;
}
