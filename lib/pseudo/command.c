/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Commands whose output becomes the content of a file, and date(1). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/file.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/wait.h"
#include "pseudo/pseudo.h"

extern char **environ;

int sqst_pseudo_spool(struct sqst_report *why)
{
	const char *directory;
	const int fd = sqst_temporary_open(&directory);

	if (fd < 0)
		return sqst_fail_errno(
		    why, SQST_ERR_IO, errno, directory,
		    "cannot create a temporary file (TMPDIR chooses its directory)");
	return fd;
}

int sqst_pseudo_spool_write(int fd, const void *data, size_t size, struct sqst_report *why)
{
	const char *at = data;

	while (size > 0) {
		const ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return sqst_fail_errno(
			    why, SQST_ERR_IO, errno, NULL,
			    "cannot write a temporary file (TMPDIR chooses its directory)");
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

/* What the child inherits: no signal mask of the caller's threads, and a process group of its own,
 * so that all that it starts can be ended. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, pipe_signal;
	int rc;

	sigemptyset(&none);
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	rc = posix_spawnattr_setsigmask(attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &pipe_signal);
	if (rc == 0)
		rc = posix_spawnattr_setpgroup(attributes, 0);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
							      POSIX_SPAWN_SETSIGDEF |
							      POSIX_SPAWN_SETPGROUP);
	return rc;
}

/* The child's standard output is a pipe, so that its end is seen even when a process of it stays in
 * the background. */
static int start_command(const char *const *argv, bool quiet, pid_t *pid, int *out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	rc = set_attributes(&attributes);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (rc == 0 && quiet)
		rc = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
						      O_WRONLY, 0);
	if (rc == 0) {
		/* posix_spawn takes the words as char *const[] for history's sake. */
		char *const *words = (char *const *)(uintptr_t)argv;

		rc = posix_spawnp(pid, argv[0], &actions, &attributes, words, environ);
	}
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (rc == 0)
		*out = ends[0];
	else
		close(ends[0]);
	return rc;
}

/* Copy until the other end is closed. */
static int copy_output(int from, int to, uint64_t *size, const char *what,
		       const struct sqst_cancel *cancel, struct sqst_report *why)
{
	SQST_AUTO_FREE char *buffer = malloc(1 << 16);

	if (!buffer)
		return sqst_no_memory(why, what);
	for (;;) {
		const ssize_t got = sqst_wait_read(from, buffer, 1 << 16, cancel);
		int rc;

		if (got < 0 && errno == ECANCELED)
			return sqst_fail(why, SQST_ERR_CANCELED, NULL, "canceled");
		if (got < 0)
			return sqst_fail_errno(why, SQST_ERR_IO, errno, what,
					       "cannot read the output of the command");
		if (got == 0)
			return 0;
		rc = sqst_pseudo_spool_write(to, buffer, (size_t)got, why);
		if (rc < 0)
			return rc;
		*size += (size_t)got;
	}
}

static void sleep_ms(unsigned milliseconds)
{
	const struct timespec pause = {.tv_nsec = milliseconds * 1000000L};

	nanosleep(&pause, NULL);
}

/* Whether the child has ended. It stays a zombie, so that its process group's number is nobody
 * else's. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
	       info.si_pid == pid;
}

/* A child that closed its output may run on. */
static int wait_for_end(pid_t pid, const struct sqst_cancel *cancel, struct sqst_report *why)
{
	unsigned pause = 1;

	while (!has_ended(pid)) {
		const int rc = sqst_canceled(cancel, why);

		if (rc < 0)
			return rc;
		sleep_ms(pause);
		pause = pause * 2 < SQST_CANCEL_PAUSE ? pause * 2 : SQST_CANCEL_PAUSE;
	}
	return 0;
}

/* Whether all who could write into the pipe are gone. What they wrote, as much as a pipe holds, is
 * dropped. */
static bool is_closed(int from)
{
	struct pollfd end = {.fd = from, .events = POLLIN};
	char unwanted[4096];

	for (unsigned i = 0; i < 16 && poll(&end, 1, 0) > 0; i++) {
		const ssize_t got = read(from, unwanted, sizeof(unwanted));

		if (got <= 0)
			return got == 0;
	}
	return false;
}

/* Milliseconds between asking a child to end and ending it. */
#define GRACE 250

/* End the child and all that it started: politely, then in earnest. No signal is to come between,
 * which might leave them behind. */
static void end(pid_t pid, int from)
{
	sigset_t all, before;
	int status;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	kill(-pid, SIGTERM);
	for (unsigned waited = 0; waited < GRACE; waited += 10) {
		if (has_ended(pid) && is_closed(from))
			break;
		sleep_ms(10);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int command_status(pid_t pid, const char *what, struct sqst_report *why)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return sqst_fail_errno(why, SQST_ERR_IO, errno, what,
					       "cannot wait for the command");
	}
	if (WIFSIGNALED(status))
		return sqst_fail(why, SQST_ERR_SOURCE, what,
				 "the command was killed by signal %d (%s)", WTERMSIG(status),
				 strsignal(WTERMSIG(status)));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return sqst_fail(why, SQST_ERR_SOURCE, what, "the command exited with status %d",
				 WEXITSTATUS(status));
	return 0;
}

static int run_command(const char *const *argv, bool quiet, const char *what, int out,
		       uint64_t *size, const struct sqst_cancel *cancel, struct sqst_report *why)
{
	SQST_AUTO_CLOSE int from = -1;
	pid_t pid;
	int rc;

	*size = 0;
	rc = start_command(argv, quiet, &pid, &from);
	if (rc != 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, rc, what, "cannot run %s", argv[0]);
	rc = copy_output(from, out, size, what, cancel, why);
	if (rc == 0)
		rc = wait_for_end(pid, cancel, why);
	if (rc == 0)
		return command_status(pid, what, why);
	end(pid, from);
	return rc;
}

/* A process group in the background that reads from the terminal is stopped, and would stay so.
 * With the signals for that ignored, which programs inherit, the read fails. */
#define SHELL_START "trap '' TTIN TTOU; exec /bin/sh -c \"$1\""

int sqst_pseudo_run(const char *command, int out, uint64_t *size, const struct sqst_cancel *cancel,
		    struct sqst_report *why)
{
	const char *const argv[] = {"/bin/sh", "-c", SHELL_START, "/bin/sh", command, NULL};

	return run_command(argv, false, argv[0], out, size, cancel, why);
}

int sqst_pseudo_date(const char *text, uint32_t *out, struct sqst_report *why)
{
	const char *const argv[] = {"date", "-d", text, "+%s", NULL};
	struct sqst_report unused = {0};
	SQST_AUTO_CLOSE int spool = sqst_pseudo_spool(why);
	char digits[32] = "", *end;
	long long seconds;
	uint64_t size;
	int rc;

	if (spool < 0)
		return SQST_ERR_IO;
	rc = run_command(argv, true, "date", spool, &size, NULL, &unused);
	if (rc == 0 && sqst_pread_full(spool, digits, sizeof(digits) - 1, 0) < 0)
		rc = SQST_ERR_IO;
	if (rc < 0)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "date does not understand the time \"%s\"", text);
	seconds = strtoll(digits, &end, 10);
	if (end == digits || *end != '\n' || seconds < 0 || seconds > (long long)UINT32_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "the time \"%s\" is not between 1970 and 2106", text);
	*out = (uint32_t)seconds;
	return 0;
}
