/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a map, one by one. */
#ifndef LIB_MAP_MAP_LINE_H
#define LIB_MAP_MAP_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "sqst/numbers.h"
#include "sqst/report.h"

#define SQST_MAP_FIRST_LINE "#mtree"
#define SQST_MAP_HEADER     "# sqfs-stable:"
#define SQST_MAP_VERSION    1

/* mtree's names of file types, by ::sqst_type; NULL where there is none. */
extern const char *const sqst_map_type[SQST_TYPE_SOCKET + 1];

/* One line, without its line end, and where it stands. */
struct sqst_map_text {
	const char *name;
	size_t line;
	const char *text;
	size_t size;
	struct sqst_report *why;
};

/* What an entry line says. */
struct sqst_map_line {
	/* Unescaped, below the root: "" or "a/b". Not NUL-terminated. */
	const char *path;
	uint32_t length;
	uint32_t number;
	/* Its line in the file, from 1. */
	uint32_t line;
	/* For who builds the tree from lines: the line of the directory, and the children. */
	uint32_t parent;
	uint32_t count;
	uint8_t type;
};

/* Fill a report with "line N: ...". Returns SQST_ERR_PARENT. */
int sqst_map_bad(const struct sqst_map_text *at, const char *format, ...) SQST_PRINTF(2, 3);

/* Read the header line. Returns 0 or SQST_ERR_PARENT. */
int sqst_map_parse_header(const struct sqst_map_text *at, struct sqst_lineage *lineage);

/* Read an entry line. `path` has room for at->size bytes; line->path is set to it. Returns 0 or
 * SQST_ERR_PARENT. */
int sqst_map_parse_entry(const struct sqst_map_text *at, char *path, struct sqst_map_line *line);

#endif
