/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-build. */
#ifndef BIN_SQFS_STABLE_BUILD_OPTIONS_H
#define BIN_SQFS_STABLE_BUILD_OPTIONS_H

#include "sqst/build.h"

/* What the program is called in its messages. */
#define PROGRAM "sqfs-stable-build"

/* Exit statuses, as the man page names them. */
enum status {
	STATUS_DONE = 0,
	STATUS_SYSTEM = 1,
	STATUS_USAGE = 2,
	STATUS_PARENT = 3,
	STATUS_SOURCE = 4,
	STATUS_CHANGED = 5,
	STATUS_LIMIT = 6,
	STATUS_EXISTS = 7,
	/* Not an exit status: the program dies of the signal. */
	STATUS_SIGNAL = 128,
};

/* A list of -X options, kept until the compressor is known. */
struct codec_option {
	const struct option *option;
	const char *value;
};

#define CODEC_OPTIONS_MAX 64

struct arguments {
	struct sqst_build_options build;
	struct sqst_parent_file parent[SQST_PARENTS_MAX];
	uint8_t uuid[SQST_UUID_SIZE];
	const char *operand[2];
	unsigned operands;
	struct codec_option codec_option[CODEC_OPTIONS_MAX];
	unsigned codec_options;
	const char *compressor;
	uint32_t block_size;
	const char *json;
	bool quiet;
	bool no_progress;
	bool only_help;
	bool only_version;
};

/* Read the command line and the environment. On a mistake one line is printed and false returned.
 */
bool arguments_read(struct arguments *arguments, int count, char **list);

void print_help(void);

#endif
