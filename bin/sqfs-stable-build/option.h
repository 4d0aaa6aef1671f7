/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of options, and the functions that its rows name. */
#ifndef BIN_SQFS_STABLE_BUILD_OPTION_H
#define BIN_SQFS_STABLE_BUILD_OPTION_H

#include "build_options.h"

#define IN_ALL     (LANGUAGE_OWN | LANGUAGE_MKSQUASHFS | LANGUAGE_SQFSTAR)
#define IN_DROP_IN (LANGUAGE_MKSQUASHFS | LANGUAGE_SQFSTAR)
#define IN_OURS    (IN_ALL | OPTION_OURS)

extern const struct option_row build_rows[];
extern const size_t build_row_count;

/* What is no mistake in the command line: prints, and returns false with the error kept for the
 * exit status. */
bool out_of_memory(struct build_arguments *arguments);

/* The library does not take an option's value; as mistake(), but for errors of the system. `row`
 * may be NULL. */
bool not_taken(struct build_arguments *arguments, const struct option_row *row, int error,
	       const struct sqst_report *why);

/* Add a word; prints and returns false if memory is short. */
bool words_add(struct build_arguments *arguments, struct words *words, const char *word);

/* ---- option_set.c */

option_set set_flag, clear_flag; /* number: build flags */
option_set set_size;             /* number: offset of a uint64_t */
option_set add_word;             /* number: offset of a struct words */
option_set set_parent;           /* number: 1 for a map */
option_set set_uuid, set_block_size, set_jobs, set_align, set_max_depth, set_slack;
option_set set_mkfs_time, set_repro, set_repro_time;
option_set set_time;                    /* number: an enum sqst_override */
option_set choose_first, choose_second; /* number: a build flag that this word sets */
option_set take_number, take_size;      /* checked, without effect */

/* ---- option_source.c */

option_set set_sources, set_exclude_style;
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
