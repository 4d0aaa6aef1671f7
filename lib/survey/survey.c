/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an image holds besides its numbers: the steps of reading it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/array.h"
#include "base/scope.h"
#include "survey/survey.h"

struct orphans {
	struct sqst_survey *survey;
	size_t room;
};

static int add_orphan(struct sqst_image *image, uint32_t number, void *user)
{
	struct orphans *orphans = user;
	struct sqst_survey *survey = orphans->survey;
	uint32_t *grown = sqst_grow(survey->stray, survey->strays, &orphans->room, sizeof(*grown));

	if (!grown)
		return sqst_image_nomem(image);
	survey->stray = grown;
	survey->stray[survey->strays++] = number;
	return 0;
}

static int survey_tree(struct sqst_image *image, struct sqst_numbers *numbers,
		       struct sqst_names *names, struct sqst_survey *survey)
{
	struct orphans orphans = {.survey = survey};
	int rc = sqst_super_read(image);

	if (rc < 0)
		return rc;
	survey->bytes = image->super.bytes_used;
	survey->block_size = image->super.block_size;
	survey->codec = image->super.codec;
	survey->exports = image->super.export_table != SQST_NONE;
	if ((rc = sqst_image_walk(image, numbers, names)) < 0 ||
	    (rc = sqst_image_check(image, numbers, names)) < 0)
		return rc;
	return sqst_image_exports(image, numbers, names, add_orphan, &orphans);
}

static int survey_data(struct sqst_image *image, const struct sqst_names *names,
		       struct sqst_survey *survey)
{
	SQST_CLEANUP(sqst_fragments_release) struct sqst_fragments fragments = {0};
	SQST_AUTO_FREE uint32_t *id = NULL;
	int rc;

	/* Owners are of no interest, but are to be sound. */
	if ((rc = sqst_image_ids(image, &id)) < 0 ||
	    (rc = sqst_fragments_open(&fragments, image)) < 0 ||
	    (rc = sqst_survey_xattrs(image, names, survey)) < 0)
		return rc;
	return sqst_survey_files(image, &fragments, names, survey);
}

int sqst_survey_read(const char *path, bool blocks, struct sqst_survey **out,
		     struct sqst_report *why)
{
	struct sqst_survey *survey = calloc(1, sizeof(*survey));
	struct sqst_numbers *numbers = sqst_numbers_new(path);
	struct sqst_names names = {0};
	struct sqst_image image;
	int rc = sqst_image_open(&image, path, &sqst_image_role_source, NULL, why);

	if (rc == 0 && (!survey || !numbers))
		rc = sqst_image_nomem(&image);
	if (rc == 0)
		rc = survey_tree(&image, numbers, &names, survey);
	if (rc == 0)
		rc = survey_data(&image, &names, survey);
	if (rc == 0 && blocks)
		rc = sqst_survey_blocks(&image, survey);
	free(names.name);
	sqst_numbers_free(numbers);
	sqst_image_close(&image);
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
