/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that plain paths of a filter name. mksquashfs looks them up once and then compares
 * device and inode number, so a path may lead through symbolic links and "..", and all names of a
 * hard link go. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tree/filter.h"
#include "tree/filter_pattern.h"

struct sqst_filter_id {
	uint64_t device;
	uint64_t number;
};

static int by_id(const void *a, const void *b)
{
	const struct sqst_filter_id *one = a, *two = b;

	if (one->device != two->device)
		return one->device < two->device ? -1 : 1;
	return (one->number > two->number) - (one->number < two->number);
}

static int add(struct sqst_filter_ids *ids, const char *path, bool *found, struct sqst_report *why)
{
	struct sqst_filter_id *grown;
	struct stat st;
	const int rc = sqst_pins_add(&ids->pins, path, false, why);

	if (rc < 0)
		return rc;
	if (lstat(path, &st) != 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			sqst_warn(why, path, "to leave it out, it cannot be looked at: %s",
				  strerror(errno));
		return 0;
	}
	*found = true;
	grown = realloc(ids->id, (ids->count + 1) * sizeof(*grown));
	if (!grown)
		return sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	ids->id = grown;
	grown[ids->count++] = (struct sqst_filter_id){st.st_dev, st.st_ino};
	return 0;
}

static int add_below(struct sqst_filter_ids *ids, const char *source, const char *below,
		     bool *found, struct sqst_report *why)
{
	char path[PATH_MAX];
	const int length = snprintf(path, sizeof(path), "%s/%s", source, below);

	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	return add(ids, path, found, why);
}

int sqst_filter_resolve(const struct sqst_filter *filter, const char *const *source, size_t count,
			struct sqst_filter_ids *ids, struct sqst_report *why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < filter->count; i++) {
		const struct sqst_pattern *pattern = &filter->pattern[i];
		bool found = false;

		if (pattern->kind != SQST_FILTER_PLAIN)
			continue;
		if (pattern->host)
			rc = add(ids, pattern->text, &found, why);
		for (size_t j = 0; rc == 0 && !pattern->host && j < count; j++)
			rc = add_below(ids, source[j], pattern->text, &found, why);
		if (rc == 0 && pattern->host && !found)
			sqst_warn(why, pattern->text, "is to be left out, but is not there");
	}
	if (ids->count > 1)
		qsort(ids->id, ids->count, sizeof(*ids->id), by_id);
	return rc;
}

bool sqst_filter_has_id(const struct sqst_filter_ids *ids, dev_t device, ino_t number)
{
	const struct sqst_filter_id id = {device, number};

	return ids->count > 0 && bsearch(&id, ids->id, ids->count, sizeof(id), by_id);
}

void sqst_filter_ids_release(struct sqst_filter_ids *ids)
{
	free(ids->id);
	sqst_pins_release(&ids->pins);
	*ids = (struct sqst_filter_ids){0};
}
