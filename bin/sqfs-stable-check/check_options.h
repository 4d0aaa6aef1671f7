/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-check. */
#ifndef BIN_SQFS_STABLE_CHECK_CHECK_OPTIONS_H
#define BIN_SQFS_STABLE_CHECK_CHECK_OPTIONS_H

#include "common/options.h"

/* Exit statuses, as the man page names them. 1 and 3 are verdicts, so what other programs end with
 * in these places has numbers of its own here. */
enum check_status {
	STATUS_VALID = 0,
	STATUS_UNSAFE = 1,
	STATUS_USAGE = 2,
	STATUS_REFUSED = 3,
	/* An image or map is missing, unreadable or damaged. */
	STATUS_INPUT = 4,
	/* The system refused: memory, writing. */
	STATUS_SYSTEM = 5,
};

struct check_arguments {
	/* Old releases, then the new one. */
	struct operands operands;
	const char *json;
	const char *html;
	bool quiet;
};

/* On a mistake one line is printed. */
enum options_end arguments_read(struct check_arguments *arguments, int count, char **list);

#endif
