/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-build: a directory becomes a squashfs image whose inode numbers survive updates. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build_options.h"
#include "common/common.h"
#include "summary.h"

const char program_name[] = PROGRAM;

/* The signal that ended the build. */
static atomic_int caught;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may use atomics without locks only");

static bool is_caught(void *user)
{
	(void)user;
	return caught != 0;
}

static void catch (int number)
{
	caught = number;
	/* A second one ends the program at once. */
	signal(number, SIG_DFL);
}

/* Without SA_RESTART, so that a read that hangs is interrupted. A signal that the caller ignores
 * (nohup) stays ignored. */
static void catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
	struct sigaction action, before;

	memset(&action, 0, sizeof(action));
	action.sa_handler = catch;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* EPIPE and EFBIG from write() say what these two signals would. */
		if (signals[i] == SIGPIPE || signals[i] == SIGXFSZ)
			signal(signals[i], SIG_IGN);
		else if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void warn_user(void *user, const char *message)
{
	progress_end();
	complain_warning(user, message);
}

static enum build_status status_of(enum sqst_error error)
{
	switch (error) {
	case SQST_ERR_NOMEM:
	case SQST_ERR_IO:
	case SQST_ERR_CANCELED:
		return STATUS_SYSTEM;
	case SQST_ERR_SOURCE:
		return STATUS_SOURCE;
	case SQST_ERR_CHANGED:
		return STATUS_CHANGED;
	case SQST_ERR_PARENT:
		return STATUS_PARENT;
	case SQST_ERR_LIMIT:
		return STATUS_LIMIT;
	case SQST_ERR_OPTION:
		return STATUS_USAGE;
	case SQST_ERR_EXISTS:
		return STATUS_EXISTS;
	}
	return STATUS_SYSTEM;
}

/* Die of the signal, so that a shell or make sees what happened. */
static enum build_status end_by_signal(const struct build_arguments *arguments)
{
	const int number = caught;
	struct sqst_report why = {0};

	sqst_fail(&why, SQST_ERR_CANCELED, arguments->build.output,
		  "ended by signal %d; nothing was changed", number);
	fprintf(stderr, PROGRAM ": %s\n", why.message);
	signal(number, SIG_DFL);
	raise(number);
	return STATUS_SYSTEM;
}

static enum build_status run_build(struct build_arguments *arguments)
{
	struct sqst_report why = {.warn = warn_user};
	struct sqst_build_result result;
	static const struct sqst_cancel cancel = {.asked = is_caught};
	int rc;

	arguments->start = now();
	if (arguments->percentage)
		arguments->build.progress = percentage_show;
	else if (!arguments->quiet && !arguments->no_progress && isatty(STDERR_FILENO))
		arguments->build.progress = progress_show;
	if (arguments->info)
		arguments->build.each_path = name_show;
	arguments->build.cancel = &cancel;
	arguments->build.report_output = arguments->json;
	arguments->build.report = report_make;
	arguments->build.user = arguments;
	rc = sqst_build(&arguments->build, &result, &why);
	progress_end();
	if (rc < 0 && caught)
		return STATUS_SIGNAL;
	if (rc < 0) {
		fprintf(stderr, PROGRAM ": %s%s\n", why.message,
			rc == SQST_ERR_EXISTS && arguments->language != LANGUAGE_OWN
			    ? " (appending to an image is not supported)"
			    : "");
		return status_of((enum sqst_error)rc);
	}
	if (!arguments->quiet)
		summary_print(arguments, &result);
	return STATUS_DONE;
}

static enum build_status build(struct build_arguments *arguments)
{
	enum build_status status;

	catch_signals();
	status = run_build(arguments);
	return status == STATUS_SIGNAL ? end_by_signal(arguments) : status;
}

int main(int count, char **list)
{
	struct build_arguments arguments;
	enum build_status status = STATUS_USAGE;
	const char *complete = NULL;

	switch (arguments_read(&arguments, count, list)) {
	case OPTIONS_BAD:
		if (arguments.failure)
			status = status_of((enum sqst_error)arguments.failure);
		break;
	case OPTIONS_ONLY_WORDS:
		status = STATUS_DONE;
		break;
	case OPTIONS_READ:
		status = build(&arguments);
		if (status == STATUS_DONE)
			complete = arguments.build.output;
		break;
	}
	if (!output_arrived(complete, complete ? "the image is complete" : NULL) &&
	    status == STATUS_DONE)
		status = STATUS_SYSTEM;
	arguments_release(&arguments);
	return (int)status;
}
