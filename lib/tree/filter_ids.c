/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that plain paths of a filter name. mksquashfs looks them up once and then compares
 * device and inode number, so a path may lead through symbolic links and "..", and all names of a
 * hard link go. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/filter.h"
#include "tree/filter_pattern.h"

struct sqst_filter_id {
	uint64_t device;
	uint64_t number;
	struct sqst_pattern *pattern;
};

static int by_id(const void *a, const void *b)
{
	const struct sqst_filter_id *one = a, *two = b;

	if (one->device != two->device)
		return one->device < two->device ? -1 : 1;
	if (one->number != two->number)
		return one->number < two->number ? -1 : 1;
	/* All of one array. */
	return (one->pattern > two->pattern) - (one->pattern < two->pattern);
}

/* *found: the file is there. */
static int add_file_id(struct sqst_filter_ids *ids, struct sqst_pattern *pattern, const char *path,
		       bool *found, struct sqst_report *why)
{
	struct sqst_filter_id *grown;
	struct stat st;
	const int rc = sqst_pins_add(&ids->pins, path, false, why);

	*found = false;
	if (rc < 0)
		return rc;
	if (lstat(path, &st) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			sqst_warn(why, path, "cannot stat it to exclude it: %s", strerror(errno));
		return 0;
	}
	*found = true;
	grown = sqst_grow(ids->id, ids->count, &ids->room, sizeof(*grown));
	if (!grown)
		return sqst_no_memory(why, path);
	ids->id = grown;
	grown[ids->count++] = (struct sqst_filter_id){st.st_dev, st.st_ino, pattern};
	return 0;
}

static int add_below(struct sqst_filter_ids *ids, struct sqst_pattern *pattern, const char *source,
		     struct sqst_report *why)
{
	char path[PATH_MAX];
	const int length = snprintf(path, sizeof(path), "%s/%s", source, pattern->text);
	bool found;
	int rc;

	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	rc = add_file_id(ids, pattern, path, &found, why);
	pattern->fits |= found;
	return rc;
}

/* Whether a path of the file system lies below a source, though it may not be met there: what is
 * above it may be left out too. */
static bool is_below_listed(const char *path, const char *const *source, size_t count)
{
	SQST_AUTO_FREE char *copy = strdup(path);
	SQST_AUTO_FREE char *directory = copy ? realpath(dirname(copy), NULL) : NULL;
	bool below = false;

	for (size_t i = 0; directory && !below && i < count; i++) {
		SQST_AUTO_FREE char *top = realpath(source[i], NULL);
		const size_t length = top ? strlen(top) : 0;

		below = top && strncmp(directory, top, length) == 0 &&
			(length == 1 || directory[length] == '\0' || directory[length] == '/');
	}
	return below;
}

int sqst_filter_resolve(struct sqst_filter *filter, const char *const *source, size_t count,
			struct sqst_filter_ids *ids, struct sqst_report *why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < filter->count; i++) {
		struct sqst_pattern *pattern = &filter->pattern[i];
		bool found;

		if (pattern->kind != SQST_FILTER_PLAIN)
			continue;
		if (pattern->host) {
			rc = add_file_id(ids, pattern, pattern->text, &found, why);
			pattern->fits |= found && is_below_listed(pattern->text, source, count);
			continue;
		}
		for (size_t j = 0; rc == 0 && j < count; j++)
			rc = add_below(ids, pattern, source[j], why);
	}
	if (ids->count > 1)
		qsort(ids->id, ids->count, sizeof(*ids->id), by_id);
	return rc;
}

/* The first one of this file, or the place where it would be. */
static size_t find_first(const struct sqst_filter_ids *ids, const struct sqst_filter_id *id)
{
	size_t low = 0, high = ids->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (by_id(&ids->id[middle], id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool sqst_filter_has_id(const struct sqst_filter_ids *ids, dev_t device, ino_t number)
{
	const struct sqst_filter_id wanted = {device, number, NULL};
	bool has = false;

	for (size_t i = find_first(ids, &wanted); i < ids->count; i++) {
		if (ids->id[i].device != wanted.device || ids->id[i].number != wanted.number)
			break;
		ids->id[i].pattern->fits = true;
		has = true;
	}
	return has;
}

void sqst_filter_ids_release(struct sqst_filter_ids *ids)
{
	free(ids->id);
	sqst_pins_release(&ids->pins);
	*ids = (struct sqst_filter_ids){0};
}
