/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages and exit statuses that programs share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdio_ext.h>
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

bool is_standard_output(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

bool output_flushed(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

void signals_hold(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGQUIT);
	sigaddset(&held, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &held, before);
}

void signals_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool output_arrived(const char *file, const char *done)
{
	const bool failed = ferror(stdout) != 0, pending = __fpending(stdout) > 0;
	struct sqst_report why = {0};

	errno = 0;
	/* Closed from the start is as good as anything to a program that says nothing. */
	if ((fclose(stdout) == 0 || (errno == EBADF && !pending)) && !failed)
		return true;
	/* Of what failed before, the cause is not known any more. */
	if (errno)
		sqst_fail_errno(&why, SQST_ERR_IO, errno, file,
				"%s%sstandard output cannot be written", done ? done : "",
				done ? ", but " : "");
	else
		sqst_fail(&why, SQST_ERR_IO, file, "%s%sstandard output cannot be written",
			  done ? done : "", done ? ", but " : "");
	complain(&why);
	return false;
}
