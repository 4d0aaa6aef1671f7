/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-build: a directory becomes a squashfs image whose inode numbers survive updates. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/common.h"
#include "options.h"
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

static void warn(void *user, const char *message)
{
	progress_end();
	complain_warning(user, message);
}

static enum status status_of(enum sqst_error error)
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

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Die of the signal, so that a shell or make sees what happened. */
static enum status end_by_signal(const struct arguments *arguments)
{
	const int number = caught;

	fprintf(stderr, PROGRAM ": %s: ended by signal %d; nothing was changed\n",
		arguments->build.output, number);
	signal(number, SIG_DFL);
	raise(number);
	return STATUS_SYSTEM;
}

static enum status run(struct arguments *arguments, struct report_file *json)
{
	struct sqst_report why = {.warn = warn};
	struct sqst_build_result result;
	const double start = now();
	static const struct sqst_cancel cancel = {.asked = is_caught};
	double seconds;
	int rc;

	if (arguments->percentage)
		arguments->build.progress = percentage_show;
	else if (!arguments->quiet && !arguments->no_progress && isatty(STDERR_FILENO))
		arguments->build.progress = progress_show;
	if (arguments->info)
		arguments->build.inspect = names_show;
	arguments->build.cancel = &cancel;
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
	seconds = now() - start;
	if (!arguments->quiet)
		summary_print(arguments, &result, seconds);
	if (arguments->json && !report_write(json, arguments, &result, seconds))
		return STATUS_SYSTEM;
	return STATUS_DONE;
}

static enum status build(struct arguments *arguments)
{
	struct report_file json = {.fd = -1};
	enum status status;

	catch_signals();
	if (arguments->json && !report_open(&json, arguments->json))
		return STATUS_SYSTEM;
	status = run(arguments, &json);
	report_discard(&json);
	return status == STATUS_SIGNAL ? end_by_signal(arguments) : status;
}

int main(int count, char **list)
{
	struct arguments arguments;
	enum status status = STATUS_USAGE;

	if (!arguments_read(&arguments, count, list))
		status = STATUS_USAGE;
	else if (arguments.only_help || arguments.only_codec_help)
		print_help(&arguments), status = STATUS_DONE;
	else if (arguments.only_version)
		print_version(&arguments), status = STATUS_DONE;
	else
		status = build(&arguments);
	arguments_release(&arguments);
	return (int)status;
}
