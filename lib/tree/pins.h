/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are known again by their inode number, held open so that it lasts: overlayfs (layers
 * on several file systems) and FUSE give an inode another number when it has left their cache. */
#ifndef LIB_TREE_PINS_H
#define LIB_TREE_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "sqst/report.h"

struct sqst_pins {
	int *fd;
	size_t count;
	size_t room;
};

/* Hold what a path is (or, with `follow`, what it leads to), if its file system is one of those;
 * before the number is asked for. A path that is not there is none. SQST_ERR_NOMEM, SQST_ERR_SOURCE
 * (too many files are open). */
int sqst_pins_add(struct sqst_pins *pins, const char *path, bool follow, struct sqst_report *why);

void sqst_pins_release(struct sqst_pins *pins);

#endif
