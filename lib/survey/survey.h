/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a survey: what its parts hand to each other. */
#ifndef LIB_SURVEY_SURVEY_H
#define LIB_SURVEY_SURVEY_H

#include "archive/image.h"
#include "sqst/survey.h"

/* Fill survey->file from the inode of each file; `names` as sqst_image_check() left them. */
int sqst_survey_files(struct sqst_source_image *source, const struct sqst_names *names,
		      struct sqst_survey *survey);

/* Fill survey->block. */
int sqst_survey_blocks(const struct sqst_source_image *source, struct sqst_survey *survey);

#endif
