/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a filter. */
#ifndef LIB_TREE_FILTER_PATTERN_H
#define LIB_TREE_FILTER_PATTERN_H

#include <limits.h>

#include "sqst/source.h"
#include <regex.h>

struct sqst_pattern {
	enum sqst_filter_flag kind;
	/* Of a plain path: it is one of the file system, not one below a source. */
	bool host;
	/* Holds at any depth. */
	bool anywhere;
	/* It has left something out, or would have but for another pattern. */
	bool fits;
	/* As it was added. */
	char *text;
	/* The components, in `split`. */
	char **part;
	regex_t *regex;
	unsigned parts;
	char *split;
};

/* A path taken apart. */
struct sqst_filter_path {
	char text[PATH_MAX + SQST_NAME_MAX + 2];
	/* Where in the text each component begins. */
	uint16_t part[PATH_MAX / 2 + SQST_NAME_MAX];
	unsigned parts;
};

struct sqst_filter {
	struct sqst_pattern *pattern;
	size_t count;
	size_t room;
	/* The one that is looked at: too large for a stack on which regexec() wants 20 KiB. */
	struct sqst_filter_path path;
};

#endif
