/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of the page. */
#ifndef BIN_SQFS_STABLE_CHECK_PAGE_H
#define BIN_SQFS_STABLE_CHECK_PAGE_H

#include "check_report.h"

/* The style sheet. */
extern const char page_style[];

/* ---- page_text.c */

/* Text with what HTML gives a meaning to written so that it has none. */
void page_text(FILE *to, const char *text);

/* A path of an image, in an element of its own. */
void page_path(FILE *to, const char *path);

/* With thin spaces between groups of three digits. */
void page_number(FILE *to, uint64_t number);

/* One entry of a legend: a coloured square of a class, a count, what it is. */
void page_legend(FILE *to, const char *class, uint64_t count, const char *text);

/* ---- page_svg.c, page_tables.c */

/* The number space as a strip. */
void page_strip(FILE *to, const struct judgement *judgement, const struct release *new);

/* The new image's blocks as a map. */
void page_blocks(FILE *to, const struct judgement *judgement);

/* What grew, as bars. */
void page_growth(FILE *to, const struct judgement *judgement);

/* Conflicts, link groups, numbers that are used again, changed types. */
void page_tables(FILE *to, const struct sqst_check *check);

#endif
