/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs get to their places, all of them or none.
 *
 * First what can be taken back: the renames. Where a file is replaced, the old one keeps a name
 * until all is done. Then streams and what is written over, which cannot be taken back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/output_parts.h"
#include "base/report.h"
#include "base/scope.h"

#define TRIES 100

#ifndef HAVE_RENAMEAT2
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2

static int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	(void)from_fd, (void)from, (void)to_fd, (void)to, (void)flags;
	errno = ENOSYS;
	return -1;
}
#endif

/* A file system that has no hard links says one of these. */
static bool cannot_link(int number)
{
	return number == EPERM || number == ENOSYS || number == ENOTSUP || number == EMLINK;
}

/* rename(2) that fails with EEXIST where something is at the target. */
static int rename_to_nothing(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return -1;
	/* A file system that cannot do it, NFS for one. */
	if (link(from, to) == 0) {
		const int rc = unlink(from), number = errno;

		if (rc != 0)
			unlink(to);
		errno = number;
		return rc;
	}
	if (!cannot_link(errno))
		return -1;
	/* Nor links, as in folders that virtual machines share: looking first is all there is. */
	if (access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

static int rename_for_good(struct sqst_output *output)
{
	const int rc = rename(output->temporary, output->target);

	if (rc == 0) {
		free(sqst_steal(&output->temporary));
		output->spoiled = true;
	}
	return rc;
}

/* Give the old file a second name, `output->temporary` from then on, and put the new one in its
 * place. Where there are no links, the old one goes: then it cannot be taken back, which the caller
 * is told if it comes to that, but the name always has one of the two. */
static int rename_with_backup(struct sqst_output *output)
{
	const size_t size = sqst_output_beside_size(output);
	SQST_AUTO_FREE char *backup = malloc(size);

	if (!backup) {
		errno = ENOMEM;
		return -1;
	}
	for (unsigned i = 0; i < TRIES; i++) {
		sqst_output_beside(output, i, backup, size);
		if (link(output->target, backup) == 0)
			break;
		if (cannot_link(errno))
			return rename_for_good(output);
		if (errno != EEXIST || i == TRIES - 1)
			return -1;
	}
	if (rename(output->temporary, output->target) != 0) {
		const int number = errno;

		unlink(backup);
		errno = number;
		return -1;
	}
	free(output->temporary);
	output->temporary = sqst_steal(&backup);
	return 0;
}

/* The new file takes the target's name, the old one that of the temporary file. */
static int exchange(struct sqst_output *output)
{
	if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->target, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return -1;
	return rename_with_backup(output);
}

static int swap_in(struct sqst_output *output, struct sqst_report *why)
{
	const bool force = (output->how & SQST_OUTPUT_FORCE) != 0;
	int rc = output->old.st_mode ? exchange(output) : -1;

	/* Nothing is there, or what was there has gone meanwhile. */
	if (!output->old.st_mode || (rc != 0 && errno == ENOENT)) {
		rc = rename_to_nothing(output->temporary, output->target);
		if (rc == 0)
			free(sqst_steal(&output->temporary));
		else if (errno == EEXIST && force)
			rc = exchange(output);
		else if (errno == EEXIST)
			return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
					 "the output was created by something else during the "
					 "build and is not replaced");
	}
	if (rc != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot rename the finished file to it");
	output->swapped = true;
	return 0;
}

/* A rename is on disk only when its directory is. Some file systems cannot fsync a directory
 * (EINVAL); then there is nothing more to do. */
static int sync_directory(const struct sqst_output *output, struct sqst_report *why)
{
	SQST_AUTO_FREE char *directory = sqst_directory_of(output->target);
	SQST_AUTO_CLOSE int fd = -1;

	if (!directory)
		return sqst_no_memory(why, output->shown);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* A directory that may be written but not read cannot be opened. */
	if (fd < 0 && errno == EACCES)
		return 0;
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		return sqst_fail_errno(why, SQST_ERR_IO, errno, directory,
				       "cannot fsync the output's directory, so the new file may "
				       "not survive a power failure");
	return 0;
}

/* Whether the old state is back. */
static bool take_back(struct sqst_output *output)
{
	if (!output->swapped || output->spoiled)
		return !output->spoiled;
	output->swapped = false;
	if (!output->temporary)
		return unlink(output->target) == 0;
	if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->target, RENAME_EXCHANGE) == 0)
		return true;
	if (rename(output->temporary, output->target) != 0)
		return false;
	free(sqst_steal(&output->temporary));
	return true;
}

static int commit_all(struct sqst_output *const *list, size_t count, struct sqst_report *why)
{
	static const enum sqst_delivery order[] = {SQST_DELIVERY_STREAM, SQST_DELIVERY_OVERWRITE};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (list[i] && list[i]->delivery != SQST_DELIVERY_RENAME)
			rc = sqst_output_fits(list[i], list[i]->size, why);
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (list[i] && list[i]->delivery == SQST_DELIVERY_RENAME)
			rc = swap_in(list[i], why);
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (list[i] && list[i]->delivery == SQST_DELIVERY_RENAME)
			rc = sync_directory(list[i], why);
	}
	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		for (size_t i = 0; rc == 0 && i < count; i++) {
			if (list[i] && list[i]->delivery == order[k])
				rc = sqst_output_deliver(list[i], why);
		}
	}
	return rc;
}

/* Say what is not as it was. */
static void tell_spoiled(const struct sqst_output *output, struct sqst_report *why)
{
	char text[SQST_MESSAGE_MAX];

	if (!why)
		return;
	snprintf(text, sizeof(text), "%s", why->message);
	sqst_fail(why, why->code, NULL, "%.700s; %.200s is no longer as it was", text,
		  output->shown);
}

int sqst_outputs_commit(struct sqst_output **list, size_t count, struct sqst_report *why)
{
	const int rc = commit_all(list, count, why);

	for (size_t i = count; i-- > 0;) {
		if (!list[i])
			continue;
		if (rc < 0 && !take_back(list[i]))
			tell_spoiled(list[i], why);
		sqst_output_discard(sqst_steal(&list[i]));
	}
	return rc;
}

int sqst_output_commit(struct sqst_output *output, struct sqst_report *why)
{
	return sqst_outputs_commit(&output, 1, why);
}
