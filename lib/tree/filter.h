/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names are left out: what the scan asks. */
#ifndef LIB_TREE_FILTER_H
#define LIB_TREE_FILTER_H

#include <sys/types.h>

#include "sqst/edit.h"
#include "tree/pins.h"

/* Files that plain patterns name, sorted. */
struct sqst_filter_ids {
	struct sqst_filter_id *id;
	size_t count;
	/* So that their numbers last. */
	struct sqst_pins pins;
};

/* Whether there are patterns that are no plain paths. */
bool sqst_filter_has_patterns(const struct sqst_filter *filter);

/* Whether a wildcard or regular expression leaves out this very path (not one above it). */
bool sqst_filter_matches(const struct sqst_filter *filter, const char *path);

/* Find the files that plain paths name below the sources, and in the file system. What is not there
 * is no error. SQST_ERR_NOMEM, SQST_ERR_SOURCE. */
int sqst_filter_resolve(const struct sqst_filter *filter, const char *const *source, size_t count,
			struct sqst_filter_ids *ids, struct sqst_report *why);

bool sqst_filter_has_id(const struct sqst_filter_ids *ids, dev_t device, ino_t number);

void sqst_filter_ids_release(struct sqst_filter_ids *ids);

#endif
