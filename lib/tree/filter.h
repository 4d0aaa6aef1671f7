/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which names are left out: what the scan asks. */
#ifndef LIB_TREE_FILTER_H
#define LIB_TREE_FILTER_H

#include <sys/types.h>

#include "tree/node.h"
#include "tree/pins.h"

/* Files that plain patterns name, sorted. */
struct sqst_filter_ids {
	struct sqst_filter_id *id;
	size_t count;
	size_t room;
	/* So that their numbers last. */
	struct sqst_pins pins;
};

/* Whether there are patterns that are no plain paths. */
bool sqst_filter_has_patterns(const struct sqst_filter *filter);

/* Whether a wildcard or regular expression leaves out this very path (not one above it). */
bool sqst_filter_matches(struct sqst_filter *filter, const char *path);

/* Before the first source, and after the last one: which patterns leave something out is noted in
 * between, and one warning tells of those that do not. */
void sqst_filter_begin(struct sqst_filter *filter);
void sqst_filter_end(const struct sqst_filter *filter, struct sqst_report *why);

/* Find the files that plain paths name below the sources, and in the file system. What is not there
 * is no error. SQST_ERR_NOMEM, SQST_ERR_SOURCE. */
int sqst_filter_resolve(struct sqst_filter *filter, const char *const *source, size_t count,
			struct sqst_filter_ids *ids, struct sqst_report *why);

/* Whether they name this file, by whatever name; notes which patterns do. */
bool sqst_filter_has_id(const struct sqst_filter_ids *ids, dev_t device, ino_t number);

void sqst_filter_ids_release(struct sqst_filter_ids *ids);

/** How many patterns it has. */
size_t sqst_filter_count(const struct sqst_filter *filter);

/**
 * Whether a path is left out, itself or with a directory above it. For sources that are no
 * directory of the file system: a plain pattern is compared as text.
 * @param path  below the root, "a/b/c"
 */
bool sqst_filter_excludes(struct sqst_filter *filter, const char *path);

/** Take out of a tree what sqst_filter_excludes() says. */
void sqst_tree_filter(struct sqst_tree *tree, struct sqst_filter *filter);

#endif
