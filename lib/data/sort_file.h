/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sort files: which files' data comes first, and how it is stored. One line a rule:
 *
 *     PATH PRIORITY [FLAG,FLAG...]
 *
 * as mksquashfs has it, but for the flags, which are those of gensquashfs. A backslash takes the
 * meaning of the character after it away; empty lines and lines that begin with '#' are skipped.
 * The data of files with a higher priority comes first; what has none has 0. A directory's line
 * holds for all below it that no line of its own has. */
#ifndef LIB_DATA_SORT_FILE_H
#define LIB_DATA_SORT_FILE_H

#include "sqst/report.h"

/* How a file is stored. */
enum sqst_sort_flag {
	/* No tail in a fragment block. */
	SQST_SORT_NO_FRAGMENT = 1,
	/* Blocks of its own, as they are. */
	SQST_SORT_RAW = 2,
	/* The first block at a multiple of the alignment. */
	SQST_SORT_ALIGN = 4,
	/* Stored even if another file has the same content. */
	SQST_SORT_NO_DUPLICATE = 8,
	/* Blocks of zeros are stored. */
	SQST_SORT_NO_SPARSE = 16,
};

/* Which paths a rule is about. */
enum sqst_sort_match {
	/* PATH, and what is below it. */
	SQST_SORT_PATH,
	/* What the pattern PATH matches; its wildcards match no '/', or any character. */
	SQST_SORT_GLOB,
	SQST_SORT_GLOB_ANY,
};

/* The default of SQST_SORT_ALIGN, the block size of most devices. */
#define SQST_SORT_ALIGNMENT 4096U

#define SQST_SORT_PRIORITY_MIN (-32768)
#define SQST_SORT_PRIORITY_MAX 32767

struct sqst_sort_rule {
	/* Without its backslashes, but for a pattern. */
	char *path;
	int priority;
	enum sqst_sort_match match;
	/* An or of enum sqst_sort_flag. */
	unsigned flags;
	/* Where it stands, for messages. */
	const char *file;
	unsigned line;
};

/* The rules of all sort files; a later one wins. */
struct sqst_sort {
	struct sqst_sort_rule *rule;
	size_t rules;
	size_t room;
};

/* Add the rules in `size` bytes of text. `file` names them and must stay. 0, SQST_ERR_NOMEM or
 * SQST_ERR_OPTION. */
int sqst_sort_parse(struct sqst_sort *sort, const char *file, const char *text, size_t size,
		    struct sqst_report *why);

/* Add the rules of a file. As sqst_sort_parse(); SQST_ERR_SOURCE when it cannot be read,
 * SQST_ERR_CANCELED. cancel may be NULL. */
int sqst_sort_load(struct sqst_sort *sort, const char *file, const struct sqst_cancel *cancel,
		   struct sqst_report *why);

/* Frees the rules, not sort. */
void sqst_sort_release(struct sqst_sort *sort);

#endif
