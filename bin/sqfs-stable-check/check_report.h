/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that is told: the new release, and what it means for each old one. */
#ifndef BIN_SQFS_STABLE_CHECK_CHECK_REPORT_H
#define BIN_SQFS_STABLE_CHECK_CHECK_REPORT_H

#include "common/common.h"
#include "sqst/check.h"
#include "sqst/image.h"

/* An image, or a map (nothing but numbers then). */
struct release {
	const char *path;
	struct sqst_numbers *numbers;
	struct sqst_survey *survey;
	struct sqst_uboot *uboot;
};

enum note_level {
	NOTE_REASON,
	NOTE_WARNING,
	NOTE_REMARK,
};

/* A sentence about an old release. */
struct note {
	enum note_level level;
	char text[320];
};

#define NOTES_MAX 14

/* What the new release means for an old one. */
struct judgement {
	struct release old;
	struct sqst_check *check;
	/* Both are images, and a report was asked for: blocks and growth. */
	bool compared;
	struct sqst_block_map blocks;
	struct sqst_growth *growth;
	struct note note[NOTES_MAX];
	size_t notes;
};

struct report {
	struct release new;
	/* As named on the command line. */
	struct judgement *old;
	size_t olds;
	/* The worst. */
	enum sqst_verdict verdict;
};

/* Read and compare. `paths`: the old releases, then the new one, `count` of them, 2 at least.
 * `blocks`: images are read whole. 0 or an sqst_error; to be released in any case. */
int report_read(struct report *report, char **paths, size_t count, bool blocks,
		struct sqst_report *why);
void report_release(struct report *report);

/* ---- notes.c */

/* Put into words what makes the verdict, and what else is to be known. */
void notes_write(struct judgement *judgement, const struct release *new);

/* Whether U-Boot, which takes the inode with the highest number for the root, finds it. */
bool finds_root(const struct sqst_lineage *lineage);

/* ---- words.c */

/* Memory is short while all is still to be written: a line on standard error, and the end. */
_Noreturn void no_memory(void);

/* A path of an image as it is shown: with a '/' in front, UTF-8, anything that could move a cursor
 * or turn the direction of text as \ooo. The caller's to free(). */
char *path_shown(const char *path);

/* The same of any text, without the '/'. */
char *text_shown(const char *text);

const char *type_name(int type);

/* In kB, MB or GB. */
#define SIZE_TEXT_SIZE 32
const char *size_text(uint64_t bytes, char text[SIZE_TEXT_SIZE]);

/* ---- print.c, json.c, page.c */

void report_print(const struct report *report);

/* The caller's to free(). */
char *report_json(const struct report *report, size_t *size);
char *report_page(const struct report *report, size_t *size);

#endif
