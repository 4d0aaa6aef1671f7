/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-check: is a new image safe on devices that run an old one? */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "check_options.h"
#include "check_report.h"
#include "common/json.h"
#include "sqst/report.h"

const char program_name[] = "sqfs-stable-check";

static enum check_status status_of_error(int error)
{
	return exit_of(error) == EXIT_INPUT ? STATUS_INPUT : STATUS_SYSTEM;
}

static enum check_status status_of_verdict(enum sqst_verdict verdict)
{
	switch (verdict) {
	case SQST_VERDICT_VALID:
		return STATUS_VALID;
	case SQST_VERDICT_REFUSED:
		return STATUS_REFUSED;
	case SQST_VERDICT_UNSAFE:
		break;
	}
	return STATUS_UNSAFE;
}

static enum check_status tell_verdict(const struct report *report,
				      const struct check_arguments *arguments)
{
	struct sqst_file file[2];
	char *json = NULL, *page = NULL;
	size_t files = 0, size;
	bool done;

	if (arguments->json) {
		json = report_json(report, &size);
		file[files++] = (struct sqst_file){arguments->json, SQST_OUTPUT_JSON, json, size};
	}
	if (arguments->html) {
		page = report_page(report, &size);
		file[files++] = (struct sqst_file){arguments->html, SQST_OUTPUT_PAGE, page, size};
	}
	if (!arguments->quiet && !is_standard_output(arguments->json) &&
	    !is_standard_output(arguments->html))
		report_print(report);
	/* All is made and printed before a file changes. */
	done = output_flushed() && files_write(file, files);
	free(json);
	free(page);
	return done ? status_of_verdict(report->verdict) : STATUS_SYSTEM;
}

static enum check_status check_releases(const struct check_arguments *arguments)
{
	struct sqst_report why = {.warn = complain_warning};
	struct report report;
	enum check_status status;
	int rc = 0;

	if (arguments->json)
		rc = sqst_file_check(arguments->json, SQST_OUTPUT_JSON, &why);
	if (rc == 0 && arguments->html)
		rc = sqst_file_check(arguments->html, SQST_OUTPUT_PAGE, &why);
	if (rc < 0) {
		complain(&why);
		return rc == SQST_ERR_EXISTS ? STATUS_USAGE : status_of_error(rc);
	}
	rc = report_read(&report, arguments->operands.item, arguments->operands.count,
			 arguments->json || arguments->html, &why);

	if (rc < 0) {
		complain(&why);
		status = status_of_error(rc);
	} else {
		status = tell_verdict(&report, arguments);
	}
	report_release(&report);
	return status;
}

int main(int count, char **list)
{
	struct check_arguments arguments;
	enum check_status status = STATUS_USAGE;
	bool done;

	switch (arguments_read(&arguments, count, list)) {
	case OPTIONS_BAD:
		break;
	case OPTIONS_ONLY_WORDS:
		status = STATUS_VALID;
		break;
	case OPTIONS_READ:
		status = check_releases(&arguments);
		break;
	}
	done = status != STATUS_SYSTEM && status != STATUS_USAGE && status != STATUS_INPUT &&
	       (arguments.json || arguments.html);
	if (!output_arrived(NULL, done ? "the reports are complete" : NULL))
		status = STATUS_SYSTEM;
	return (int)status;
}
