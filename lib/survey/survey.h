/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a survey: what its parts hand to each other. */
#ifndef LIB_SURVEY_SURVEY_H
#define LIB_SURVEY_SURVEY_H

#include "image/block.h"
#include "image/tree.h"
#include "sqst/survey.h"

/* Fill survey->file from the inode of each file; `names` as sqst_image_check() left them. */
int sqst_survey_files(struct sqst_image *image, struct sqst_fragments *fragments,
		      const struct sqst_names *names, struct sqst_survey *survey);

/* ---- unused.c */

struct sqst_range;

/* Where the data of an image is. Zero is none. */
struct sqst_ranges {
	struct sqst_range *range;
	size_t count;
	size_t room;
};

/* 0 or SQST_ERR_NOMEM. */
int sqst_ranges_add(struct sqst_ranges *ranges, const struct sqst_image *image, uint64_t start,
		    uint64_t size);

/* Count the bytes between head and inode table that are not zero and in no range. */
int sqst_ranges_count_gaps(struct sqst_ranges *ranges, struct sqst_image *image, uint64_t *count);

void sqst_ranges_release(struct sqst_ranges *ranges);

/* Count the sets of extended attributes that no inode has. */
int sqst_survey_xattrs(struct sqst_image *image, const struct sqst_names *names,
		       struct sqst_survey *survey);

/* Fill survey->block. */
int sqst_survey_blocks(const struct sqst_image *image, struct sqst_survey *survey);

#endif
