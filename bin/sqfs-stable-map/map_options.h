/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-map. */
#ifndef BIN_SQFS_STABLE_MAP_MAP_OPTIONS_H
#define BIN_SQFS_STABLE_MAP_MAP_OPTIONS_H

#include "common/options.h"
#include "sqst/check.h"
#include "sqst/map.h"

/* Exit statuses, as the man page names them: those of diff(1), which is also how git understands a
 * merge driver. */
enum map_status {
	STATUS_SAME = 0,
	STATUS_DIFFERS = 1,
	STATUS_CONFLICT = 1,
	STATUS_TROUBLE = 2,
};

enum map_command {
	COMMAND_DIFF,
	COMMAND_MERGE,
	COMMAND_INIT,
};

struct map_arguments {
	enum map_command command;
	/* Those of the command. */
	struct operands operands;
	const char *output;
	const char *from;
	enum sqst_merge_side prefer;
	uint8_t uuid[SQST_UUID_SIZE];
	bool has_uuid;
	bool keep_links;
	/* Which of the options about hard links was given, NULL for none. */
	const char *links;
	bool all;
	bool quiet;
};

/* On a mistake one line is printed. */
enum options_end arguments_read(struct map_arguments *arguments, int count, char **list);

/* ---- load_numbers.c */

/* An image or a map, told apart by its first bytes; what is no file is a map. The same errors as
 * sqst_map_read(). */
int numbers_read(const char *path, struct sqst_numbers **out, struct sqst_report *why);

/* The name of an ::sqst_type as a map has it; "nothing" for 0. */
const char *type_name(uint8_t type);

/* ---- one file each */

enum map_status run_diff(const struct map_arguments *arguments);
enum map_status run_merge(const struct map_arguments *arguments);
enum map_status run_init(const struct map_arguments *arguments);

#endif
