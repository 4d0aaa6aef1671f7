/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-build. */
#ifndef BIN_SQFS_STABLE_BUILD_BUILD_OPTIONS_H
#define BIN_SQFS_STABLE_BUILD_BUILD_OPTIONS_H

#include "common/options.h"
#include "sqst/build.h"
#include "sqst/source.h"

/* What the program is called in its messages, whatever name it was started by. */
#define PROGRAM "sqfs-stable-build"

/* Exit statuses, as the man page names them. */
enum build_status {
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
	const struct option_row *row;
	const char *value;
};

#define CODEC_OPTIONS_MAX 64

/* Words of the command line, or of its names on standard input. */
struct words {
	const char **item;
	size_t count;
};

struct build_arguments {
	/* The name of the program decides. */
	enum language language;
	/* An sqst_error that is no mistake in the command line ended its reading; 0: none did. */
	int failure;
	struct sqst_build_options build;
	struct sqst_parent_file parent[SQST_PARENTS_MAX];
	uint8_t uuid[SQST_UUID_SIZE];

	/* Sources, the output last; argv's, or `name`. */
	struct operands operands;
	char **name;
	struct sqst_source *source;
	enum sqst_source_kind kind;
	/* -tar: the one source is an archive on standard input. */
	bool tar;
	/* -cpiostyle: names of sources are on standard input, each with this at its end. */
	bool names;
	int name_end;
	char *name_text;

	struct sqst_overrides overrides;
	struct sqst_override_xattr *xattr;
	struct sqst_pseudo *pseudo;
	struct words sort_files;

	/* Patterns wait until it is known how they are to be read. */
	struct words exclude;
	struct words exclude_files;
	unsigned exclude_style;
	struct sqst_filter *filter;

	struct codec_option codec_option[CODEC_OPTIONS_MAX];
	unsigned codec_options;
	const char *compressor;
	uint32_t block_size;

	const char *json;
	/* When the program began, by now(). */
	double start;
	/* SOURCE_DATE_EPOCH bounds the times of files. */
	bool clamp;
	/* An option named a time, so the variable need not be one. */
	bool time_option;
	/* The newest time in the tree, not the variable, is the superblock's. */
	bool newest_time;
	bool quiet;
	bool no_progress;
	bool percentage;
	bool info;
};

/* Read the command line and the environment. On a mistake, or a failure, one line is printed.
 * arguments_release() is due in any case. */
enum options_end arguments_read(struct build_arguments *arguments, int count, char **list);
void arguments_release(struct build_arguments *arguments);

#endif
