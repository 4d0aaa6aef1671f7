/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image holds besides its numbers: the steps of reading it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "survey/survey.h"

/* Strays while they are collected. */
struct strays {
	struct sqst_survey *survey;
	size_t room;
};

static int add_stray(struct sqst_image *image, uint32_t number, void *user)
{
	struct strays *strays = user;
	struct sqst_survey *survey = strays->survey;

	if (survey->strays == strays->room) {
		const size_t room = strays->room ? strays->room * 2 : 64;
		uint32_t *grown = realloc(survey->stray, room * sizeof(*grown));

		if (!grown)
			return sqst_image_nomem(image);
		survey->stray = grown;
		strays->room = room;
	}
	survey->stray[survey->strays++] = number;
	return 0;
}

static int survey_image(struct sqst_source_image *source, struct sqst_numbers *numbers,
			struct sqst_names *names, bool blocks, struct sqst_survey *survey)
{
	struct sqst_image *image = &source->image;
	struct strays strays = {.survey = survey};
	int rc = sqst_super_read(image);

	if (rc < 0)
		return rc;
	survey->bytes = image->super.bytes_used;
	survey->block_size = image->super.block_size;
	survey->codec = image->super.codec;
	survey->exports = image->super.export_table != SQST_NONE;
	image->stray = add_stray;
	image->stray_user = &strays;
	if ((rc = sqst_image_walk(image, numbers, names)) < 0 ||
	    (rc = sqst_image_check(image, numbers, names)) < 0 ||
	    (rc = sqst_image_exports(image, numbers, names, false)) < 0 ||
	    (rc = sqst_source_tables(source)) < 0 ||
	    (rc = sqst_survey_xattrs(source, names, survey)) < 0 ||
	    (rc = sqst_survey_files(source, names, survey)) < 0)
		return rc;
	return blocks ? sqst_survey_blocks(source, survey) : 0;
}

int sqst_survey_read(const char *path, bool blocks, struct sqst_survey **out,
		     struct sqst_report *why)
{
	struct sqst_source_image *source = calloc(1, sizeof(*source));
	struct sqst_survey *survey = calloc(1, sizeof(*survey));
	struct sqst_numbers *numbers = sqst_numbers_new(path);
	struct sqst_names names = {0};
	int rc;

	if (source)
		source->image.fd = -1;
	if (!source || !survey || !numbers)
		rc = sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	else
		rc = sqst_source_image_open(source, path, why);
	if (rc == 0)
		rc = sqst_source_code(survey_image(source, numbers, &names, blocks, survey), why);
	free(names.name);
	sqst_numbers_free(numbers);
	sqst_source_image_free(source);
	if (rc < 0)
		sqst_survey_free(survey);
	else
		*out = survey;
	return rc;
}

void sqst_survey_free(struct sqst_survey *survey)
{
	if (!survey)
		return;
	free(survey->stray);
	free(survey->file);
	free(survey->block);
	free(survey);
}
