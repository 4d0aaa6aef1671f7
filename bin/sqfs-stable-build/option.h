/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One option: a row of the table, and the functions that rows name. */
#ifndef BIN_SQFS_STABLE_BUILD_OPTION_H
#define BIN_SQFS_STABLE_BUILD_OPTION_H

#include "build_options.h"
#include "common/common.h"

/* Which command lines have it (enum language), and whether it is one that mksquashfs lacks: those
 * may be written with two dashes in every language. */
#define IN_ALL      (LANGUAGE_OWN | LANGUAGE_MKSQUASHFS | LANGUAGE_SQFSTAR)
#define IN_DROP_IN  (LANGUAGE_MKSQUASHFS | LANGUAGE_SQFSTAR)
#define IN_OURS     (IN_ALL | OPTION_OURS)
#define OPTION_OURS 8

struct option {
	/* Without dashes; NULL: a heading, which is `help`. */
	const char *name;
	/* What the value is called, NULL for an option without one. */
	const char *value;
	/* Text for --help, for refuse() the reason; NULL for an alias of the row above. */
	const char *help;
	bool (*set)(struct build_arguments *arguments, const struct option *option,
		    const char *value);
	/* For set(): a build flag, the offset of a field, an index. */
	uint32_t number;
	unsigned languages;
};

extern const struct option option_table[];
extern const size_t option_count;

typedef bool option_set(struct build_arguments *arguments, const struct option *option,
			const char *value);

/* What is no mistake in the command line: prints, and returns false with the error kept for the
 * exit status. */
bool out_of_memory(struct build_arguments *arguments);

/* The library does not take an option's value; as mistake(), but for errors of the system. `option`
 * may be NULL. */
bool not_taken(struct build_arguments *arguments, const struct option *option, int error,
	       const struct sqst_report *why);

/* Add a word; prints and returns false if memory is short. */
bool words_add(struct build_arguments *arguments, struct words *words, const char *word);

/* ---- option_set.c */

option_set set_flag, clear_flag; /* number: build flags */
option_set set_true, set_false;  /* number: offset of a bool in struct build_arguments */
option_set set_string;           /* number: offset of a const char pointer */
option_set set_size;             /* number: offset of a uint64_t */
option_set add_word;             /* number: offset of a struct words */
option_set set_parent;           /* number: 1 for a map */
option_set set_uuid, set_compressor, set_block_size, set_jobs, set_align, set_max_depth;
option_set set_mkfs_time, set_repro, set_repro_time;
option_set set_time; /* number: an enum sqst_override */
option_set set_prev_mtime;
option_set set_prev_damaged;
option_set set_slack;
option_set take, take_number, take_size; /* checked, without effect */
option_set refuse;

/* ---- option_source.c */

option_set set_sources, set_exclude_style, exclude_rest;
option_set set_names; /* number: what ends a name */
option_set set_owner; /* number: an enum sqst_override */
option_set set_id_offset, set_all_root, set_root_mode, set_mode;
option_set set_default_mode;
option_set set_default_owner; /* number: 1 for the group */
option_set add_xattr, add_pseudo, load_pseudo, set_pseudo_directory;

/* Operands and patterns become sources and a filter. */
bool sources_finish(struct build_arguments *arguments);

/* ---- codec_options.c */

enum codec_option_number {
	X_LEVEL,
	X_WINDOW,
	X_STRATEGY,
	X_HC,
	X_BCJ,
	X_DICT,
	X_PRESET,
	X_EXTREME,
	X_LC,
	X_LP,
	X_PB,
	X_ALGORITHM,
};

option_set keep_codec_option; /* number: an enum codec_option_number */

bool codec_finish(struct build_arguments *arguments);

#endif
