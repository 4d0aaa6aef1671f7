/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages and exit statuses that programs share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/common.h"

enum exit_status exit_of(int error)
{
	switch ((enum sqst_error)error) {
	case SQST_ERR_OPTION:
		return EXIT_USAGE;
	case SQST_ERR_PARENT:
	case SQST_ERR_SOURCE:
	case SQST_ERR_CHANGED:
	case SQST_ERR_LIMIT:
		return EXIT_INPUT;
	case SQST_ERR_NOMEM:
	case SQST_ERR_IO:
	case SQST_ERR_CANCELED:
	case SQST_ERR_EXISTS:
		return EXIT_SYSTEM;
	}
	return EXIT_SYSTEM;
}

bool mistake(const char *format, ...)
{
	struct sqst_report report = {0};
	char text[SQST_MESSAGE_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	/* Through a report, which masks control bytes of what the user gave. */
	sqst_fail(&report, SQST_ERR_OPTION, NULL, "%s", text);
	fprintf(stderr, "%s: %s (--help lists the options)\n", program_name, report.message);
	return false;
}

void complain(const struct sqst_report *why)
{
	fprintf(stderr, "%s: %s\n", program_name, why->message);
}

void complain_warning(void *user, const char *message)
{
	(void)user;
	fprintf(stderr, "%s: warning: %s\n", program_name, message);
}

bool output_arrived(void)
{
	const bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return true;
	fprintf(stderr, "%s: standard output: cannot be written: %s\n", program_name,
		strerror(errno ? errno : EIO));
	return false;
}
