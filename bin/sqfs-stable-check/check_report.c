/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Releases are read, and each old one is compared with the new one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "check_report.h"
#include "sqst/image.h"
#include "sqst/map.h"
#include "sqst/source.h"

static int read_release(struct release *release, const char *path, bool blocks,
			struct sqst_report *why)
{
	struct sqst_image_facts facts;
	enum sqst_archive_kind kind;
	int rc = sqst_archive_probe(path, &kind, why);

	release->path = path;
	if (rc < 0)
		return rc;
	if (kind == SQST_ARCHIVE_MTREE)
		return sqst_map_read(path, &release->numbers, why);
	rc = sqst_image_examine(path, &facts, &release->numbers, why);
	if (rc == 0)
		rc = sqst_survey_read(path, blocks, &release->survey, why);
	return rc == 0 ? sqst_uboot_read(path, &release->uboot, why) : rc;
}

static void free_release(struct release *release)
{
	sqst_numbers_free(release->numbers);
	sqst_survey_free(release->survey);
	sqst_uboot_free(release->uboot);
}

static struct sqst_check_release seen(const struct release *release)
{
	const struct sqst_survey *survey = release->survey;

	return (struct sqst_check_release){
	    .numbers = release->numbers,
	    .exports = survey ? survey->exports : true,
	    .stray = survey ? survey->orphan : NULL,
	    .strays = survey ? survey->orphans : 0,
	};
}

static int judge_release(struct judgement *judgement, const struct release *new, bool blocks,
			 struct sqst_report *why)
{
	const struct sqst_check_release old_side = seen(&judgement->old), new_side = seen(new);
	int rc = sqst_check_compare(&old_side, &new_side, &judgement->check, why);

	if (rc < 0)
		return rc;
	notes_write(judgement, new);
	judgement->compared = blocks && judgement->old.survey && new->survey;
	if (!judgement->compared)
		return 0;
	rc =
	    sqst_survey_compare_blocks(judgement->old.survey, new->survey, &judgement->blocks, why);
	if (rc < 0)
		return rc;
	return sqst_survey_growth(judgement->old.numbers, judgement->old.survey, new->numbers,
				  new->survey, &judgement->growth, why);
}

int report_read(struct report *report, char **paths, size_t count, bool blocks,
		struct sqst_report *why)
{
	int rc;

	memset(report, 0, sizeof(*report));
	report->olds = count - 1;
	report->old = calloc(report->olds, sizeof(*report->old));
	if (!report->old)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	rc = read_release(&report->new, paths[report->olds], blocks, why);
	for (size_t i = 0; rc == 0 && i < report->olds; i++) {
		struct judgement *judgement = &report->old[i];

		rc = read_release(&judgement->old, paths[i], blocks, why);
		if (rc == 0)
			rc = judge_release(judgement, &report->new, blocks, why);
		if (rc == 0 && judgement->check->verdict > report->verdict)
			report->verdict = judgement->check->verdict;
	}
	return rc;
}

void report_release(struct report *report)
{
	for (size_t i = 0; report->old && i < report->olds; i++) {
		free_release(&report->old[i].old);
		sqst_check_free(report->old[i].check);
		free(report->old[i].blocks.fate);
		sqst_growth_free(report->old[i].growth);
	}
	free(report->old);
	free_release(&report->new);
}
