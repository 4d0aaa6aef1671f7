/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths of up to three numberings, side by side. */
#ifndef LIB_NUMBERS_BESIDE_H
#define LIB_NUMBERS_BESIDE_H

#include "sqst/numbers.h"

#define SQST_JOINT_SIDES 3

/* One path that at least one of them has. */
struct sqst_joint {
	/* Of the path's last component. */
	const char *name;
	/* Each side's, NULL where it is not. */
	const struct sqst_entry *entry[SQST_JOINT_SIDES];
	/* Index of the directory, of the root its own. */
	uint32_t directory;
};

/* All paths, in tree order. side[i] may be NULL: it has no path. *out is the caller's to free(),
 * and points into the sides. 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths). */
int sqst_joint_collect(const struct sqst_numbers *const side[SQST_JOINT_SIDES],
		       struct sqst_joint **out, uint32_t *count, struct sqst_report *why);

/* The path below the root, "" for the root. The caller's to free(); NULL if memory is short. */
char *sqst_joint_path(const struct sqst_joint *joint, uint32_t at);

#endif
