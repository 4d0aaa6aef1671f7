/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines that a table describes: one row an option, from which it is read, --help is
 * printed, and the completions are made. With one dash or two, the value behind it or after '='.
 * Abbreviations are not taken: a mistyped option must not silently mean another. */
#ifndef BIN_COMMON_OPTIONS_H
#define BIN_COMMON_OPTIONS_H

#include <stddef.h>

#include "common/common.h"

struct option_row {
	/* Without dashes; NULL: a heading, which is `help`. */
	const char *name;
	/* What the value is called in --help, NULL for an option without one. */
	const char *value;
	const char *help;
	/* Where in the program's arguments it is put: a bool without a value, a const char pointer
	 * with one (the last wins); as offsetof() has it. */
	size_t offset;
	/* Or what is done with it, false after mistake(). NULL: it is put at `offset`. */
	bool (*set)(void *arguments, const struct option_row *row, const char *value);
};

struct option_table {
	const struct option_row *row;
	size_t rows;
	/* What stands before the options in --help, and behind them; lines of up to 80 bytes. */
	const char *usage;
	const char *exits;
};

/* What is no option, in the order of the command line; the strings are argv's. */
struct operands {
	char **item;
	int count;
};

enum options_end {
	/* One line was printed. */
	OPTIONS_BAD,
	OPTIONS_READ,
	/* --help or --version was printed, nothing is left to do. Every table has them, without a
	 * row. */
	OPTIONS_ONLY_WORDS,
};

/* Read a command line into `arguments`. Operands may stand between options, and are gathered at the
 * start of `list`; behind "--" there are only operands, and "-" is one. */
enum options_end options_read(const struct option_table *table, int count, char **list,
			      void *arguments, struct operands *operands);

/* Where the help of an option begins in a line of --help. */
#define HELP_COLUMN 25

/* Print the help of an option from that column on, in lines that a terminal holds. `used`: how many
 * bytes of the line are printed already. */
void print_help_text(const char *text, int used);

#endif
