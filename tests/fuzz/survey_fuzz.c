/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as an image that is surveyed and checked against itself. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run.h"
#include "sqst/check.h"
#include "sqst/image.h"

const char corpus[] = "image";

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* An image is safe after itself, and what its files take can be added up. */
static void check_survey(const char *path, const struct sqst_numbers *numbers)
{
	struct sqst_report why = {0};
	struct sqst_survey *survey = NULL;
	struct sqst_growth *growth = NULL;
	struct sqst_block_map map = {0};
	struct sqst_check *check;
	const int rc = sqst_survey_read(path, true, &survey, &why);

	must(rc == 0 || (!survey && rc == SQST_ERR_SOURCE && why.message[0] != '\0'));
	if (rc == 0 && numbers) {
		const struct sqst_check_release self = {.numbers = numbers,
							.exports = survey->exports,
							.orphan = survey->orphan,
							.orphans = survey->orphans};

		must(sqst_check_compare(&self, &self, &check, NULL) == 0);
		must(check->verdict ==
		     (survey->exports ? SQST_VERDICT_VALID : SQST_VERDICT_REFUSED));
		must(check->kept == numbers->paths && check->conflicts == 0);
		sqst_check_free(check);
		must(sqst_survey_compare_blocks(survey, survey, &map, NULL) == 0);
		must(map.count[SQST_BLOCK_IN_PLACE] == survey->blocks);
		must(sqst_survey_growth(numbers, survey, numbers, survey, &growth, NULL) == 0);
	}
	free(map.fate);
	sqst_growth_free(growth);
	sqst_survey_free(survey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqst_numbers *numbers = NULL;
	const int memory = memfd_create("image", MFD_CLOEXEC);
	char path[64];

	must(memory >= 0 && write(memory, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	if (sqst_image_read_numbers(path, &numbers, NULL) < 0)
		numbers = NULL;
	check_survey(path, numbers);
	sqst_numbers_free(numbers);
	close(memory);
	return 0;
}
