/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-info. */
#ifndef BIN_SQFS_STABLE_INFO_INFO_OPTIONS_H
#define BIN_SQFS_STABLE_INFO_INFO_OPTIONS_H

#include "common/options.h"

struct info_arguments {
	const char *image;
	bool json;
	bool map;
	bool udev;
};

/* One line is printed on a mistake. */
enum options_end arguments_read(struct info_arguments *arguments, int count, char **list);

#endif
