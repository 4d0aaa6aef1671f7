/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines that a table describes: one row an option, from which it is read, --help is
 * printed, and the completions are made. A program may speak several command lines ("languages").
 *
 * getopt_long_only() would do most of it, but it takes abbreviations, so that a mistyped option
 * could silently mean another. */
#ifndef BIN_COMMON_OPTIONS_H
#define BIN_COMMON_OPTIONS_H

#include <stddef.h>

#include "common/common.h"

/* Whose command line is spoken. */
enum language {
	/* Options, with one dash or two and the value after them or after '=', may stand between
	 * operands, up to "--". */
	LANGUAGE_OWN = 1,
	/* Operands, then options, with one dash and the value after them. */
	LANGUAGE_MKSQUASHFS = 2,
	/* Options like those of mksquashfs, then operands. */
	LANGUAGE_SQFSTAR = 4,
};

/* What else option_row.in can say. */
enum option_kind {
	/* Not an option of mksquashfs: with two dashes, and '=' then, in each language. */
	OPTION_OURS = 8,
	/* Each word of the rest of the command line is a value. */
	OPTION_REST = 16,
	/* Refused, and `help` is the reason. */
	OPTION_REFUSED = 32,
	/* Prints --help, of it the section that the row is in, or the version; nothing is left to
	 * do then. */
	OPTION_HELP = 64,
	OPTION_HELP_SECTION = 128,
	OPTION_VERSION = 256,
};

struct option_row;

/* What an option does with a program's arguments: false after mistake(). `value`: NULL for an
 * option without one. */
typedef bool option_set(void *arguments, const struct option_row *row, const char *value);

struct option_row {
	/* Without dashes; NULL: the heading of a section, which is `help`. */
	const char *name;
	/* What the value is called in --help, NULL for an option without one. */
	const char *value;
	/* NULL for an alias of the row above. */
	const char *help;
	/* NULL: the option is taken without effect. */
	option_set *set;
	/* For set(): the offset of a field, or what the program likes. */
	size_t number;
	/* The languages that have it, and kinds. */
	unsigned in;
};

/* Setters that put a value where `number` says, as offsetof() has it: into a bool, or a const char
 * pointer (the last option wins). */
option_set set_true, set_false, set_string;

/* The index of a value among those that row->value names ("ours|theirs"), -1 after mistake(). */
int option_choice(const struct option_row *row, const char *value);

struct option_table {
	const struct option_row *row;
	size_t rows;
	enum language language;
	/* What stands before the options in --help, and after them; lines of up to 80 bytes. */
	const char *usage;
	const char *exits;
	/* The line that --version prints. NULL: the program's name and the version of the package,
	 * and --help and --version are no rows of the table: the section "Words" is added. */
	const char *version;
};

/* What is no option, in the order of the command line; the strings are argv's. */
struct operands {
	char **item;
	size_t count;
};

enum options_end {
	/* One line was printed. */
	OPTIONS_BAD,
	OPTIONS_READ,
	/* --help or --version was printed, nothing is left to do. */
	OPTIONS_ONLY_WORDS,
};

/* Read a command line into `arguments`. Operands are gathered at the start of `list`; "-" is one.
 */
enum options_end options_read(const struct option_table *table, int count, char **list,
			      void *arguments, struct operands *operands);

#endif
