/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in a directory of the file system. */
#ifndef LIB_TREE_SCAN_NAMES_H
#define LIB_TREE_SCAN_NAMES_H

#include <dirent.h>

#include "sqst/report.h"

/* Sorted before anything is done with them: the tree must not depend on the order in which a file
 * system lists. */
struct sqst_scan_names {
	char *text;
	size_t used;
	size_t room;
	/* Where in `text` each begins. */
	size_t *at;
	size_t count;
	size_t at_room;
};

/* Read all names but "." and "..", each once. `path` is for messages. SQST_ERR_NOMEM,
 * SQST_ERR_SOURCE. */
int sqst_scan_names_read(struct sqst_scan_names *names, DIR *dir, const char *path,
			 struct sqst_report *why);

void sqst_scan_names_release(struct sqst_scan_names *names);

#endif
