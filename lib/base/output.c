/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that appears whole or not at all: made beside its target, fsynced, renamed. A block device
 * is written in place (device.h). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/device.h"
#include "base/file.h"
#include "base/output.h"
#include "base/scope.h"

/* Names tried for the temporary file before giving up. */
#define TRIES 100

/* Bytes after which the kernel is asked to start writing, so that the fsync at the end does not
 * wait for all of the image at once. */
#define WRITEBACK_STEP (8u << 20)

struct sqst_output {
	/* As the caller named it, for messages. */
	char *shown;
	/* Where it is to be, symbolic links resolved. */
	char *target;
	char *temporary;
	int fd;
	/* An or of enum sqst_output_how. */
	unsigned how;
	/* Where in the file the caller's offset 0 is. */
	uint64_t base;
	bool is_device;
	struct sqst_device device;
	uint64_t written_to;
	uint64_t flushed_to;
};

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Check what stands at the target and take its mode over. */
static int check_target(struct sqst_output *output, mode_t *mode, struct sqst_report *why)
{
	struct stat st;

	if (stat(output->target, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot look at the output");
	}
	output->is_device = S_ISBLK(st.st_mode) && (output->how & SQST_OUTPUT_DEVICE);
	if (!S_ISREG(st.st_mode) && !output->is_device)
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the output exists and is not a regular file");
	if (!(output->how & SQST_OUTPUT_FORCE))
		return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
				 "the output exists; --force (or -noappend) replaces it");
	*mode = st.st_mode & 07777;
	return 0;
}

static int open_temporary(struct sqst_output *output, struct sqst_report *why)
{
	const size_t size = strlen(output->target) + 32;
	const char *slash = strrchr(output->target, '/');
	const size_t at = slash ? (size_t)(slash - output->target) + 1 : 0;

	output->temporary = malloc(size);
	if (!output->temporary)
		return sqst_fail(why, SQST_ERR_NOMEM, output->shown, "out of memory");
	for (unsigned i = 0; i < TRIES; i++) {
		/* The name is cut so that a target of NAME_MAX bytes still gets one. */
		snprintf(output->temporary, size, "%.*s.%.200s.%ld-%u", (int)at, output->target,
			 output->target + at, (long)getpid(), i);
		output->fd = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (output->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(sqst_steal(&output->temporary));
	return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
			       "cannot make a temporary file beside the output");
}

/* An output whose target is known and may be replaced, without a temporary file yet. */
static int output_new(const char *path, unsigned how, struct sqst_output **out, mode_t *mode,
		      struct sqst_report *why)
{
	struct sqst_output *output = calloc(1, sizeof(*output));
	struct stat st;
	int rc;

	if (!output)
		return sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	output->fd = -1;
	output->how = how;
	output->shown = strdup(path);
	output->target = realpath(path, NULL);
	if (!output->target)
		output->target = strdup(path);
	if (!output->shown || !output->target)
		rc = sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	else if (lstat(output->target, &st) == 0 && S_ISLNK(st.st_mode))
		rc = sqst_fail(why, SQST_ERR_IO, path,
			       "the output is a symbolic link that leads nowhere");
	else
		rc = check_target(output, mode, why);
	if (rc < 0)
		sqst_output_discard(output);
	else
		*out = output;
	return rc;
}

/* What is written to: the device, or a temporary file, which also tells whether the directory is
 * there and may be written to. */
static int open_place(struct sqst_output *output, struct sqst_report *why)
{
	if (!output->is_device)
		return open_temporary(output, why);
	output->fd = sqst_device_open(&output->device, output->target, output->shown, why);
	return output->fd < 0 ? output->fd : 0;
}

int sqst_output_check(const char *path, unsigned how, struct sqst_report *why)
{
	struct sqst_output *output;
	mode_t mode = 0;
	int rc = output_new(path, how, &output, &mode, why);

	if (rc == 0) {
		rc = open_place(output, why);
		sqst_output_discard(output);
	}
	return rc;
}

int sqst_output_open(const char *path, unsigned how, struct sqst_output **out,
		     struct sqst_report *why)
{
	struct sqst_output *output;
	mode_t mode = 0;
	int rc = output_new(path, how, &output, &mode, why);

	if (rc < 0)
		return rc;
	rc = open_place(output, why);
	if (rc < 0) {
		sqst_output_discard(output);
		return rc;
	}
	if (mode && !output->is_device)
		(void)!fchmod(output->fd, mode);
	*out = output;
	return 0;
}

int sqst_output_start_at(struct sqst_output *output, uint64_t base, struct sqst_report *why)
{
	if (output->is_device && base > output->device.size - SQST_DEVICE_HEAD)
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the block device ends at %llu, before the image would begin",
				 (unsigned long long)output->device.size);
	output->base = base;
	return 0;
}

static void start_writeback(struct sqst_output *output)
{
#ifdef HAVE_SYNC_FILE_RANGE
	if (output->written_to - output->flushed_to < WRITEBACK_STEP)
		return;
	/* Only a hint: fsync at the end is what counts. */
	(void)sync_file_range(output->fd, (off_t)(output->base + output->flushed_to),
			      (off_t)(output->written_to - output->flushed_to),
			      SYNC_FILE_RANGE_WRITE);
	output->flushed_to = output->written_to;
#else
	(void)output;
#endif
}

int sqst_output_write(struct sqst_output *output, uint64_t offset, const void *data, size_t size,
		      struct sqst_report *why)
{
	const char *from = data;

	if (output->is_device) {
		const int kept = sqst_device_keep(&output->device, output->fd, output->shown,
						  output->base, offset, data, size, why);

		if (kept < 0)
			return kept;
		from += kept;
		offset += (uint64_t)kept;
		size -= (size_t)kept;
	}
	while (size > 0) {
		const ssize_t put = pwrite(output->fd, from, size, (off_t)(output->base + offset));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return sqst_fail_errno(why, SQST_ERR_IO, put < 0 ? errno : ENOSPC,
					       output->shown, "cannot write the output");
		from += put;
		offset += (uint64_t)put;
		size -= (size_t)put;
	}
	if (offset > output->written_to) {
		output->written_to = offset;
		start_writeback(output);
	}
	return 0;
}

/* Bytes that are copied through memory at once. */
#define COPY_STEP (256 * 1024)

static int copy_through_memory(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
			       uint64_t size, struct sqst_report *why)
{
	SQST_AUTO_FREE uint8_t *buffer = size > 0 ? malloc(COPY_STEP) : NULL;

	if (size > 0 && !buffer)
		return sqst_fail(why, SQST_ERR_NOMEM, output->shown, "out of memory");
	while (size > 0) {
		const size_t step = size < COPY_STEP ? (size_t)size : COPY_STEP;
		const ssize_t got = sqst_pread_full(fd, buffer, step, from);
		int rc;

		if (got < 0)
			return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
					       "cannot read what is to be copied to it");
		if ((size_t)got != step)
			return sqst_fail(why, SQST_ERR_CHANGED, output->shown,
					 "what is to be copied to it became shorter; build again "
					 "when nothing writes to the parent image");
		rc = sqst_output_write(output, offset, buffer, step, why);
		if (rc < 0)
			return rc;
		offset += step;
		from += step;
		size -= step;
	}
	return 0;
}

/* Within the kernel, which shares whole blocks if it can. Returns the bytes that were copied. */
static uint64_t copy_in_kernel(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
			       uint64_t size)
{
	off_t in = (off_t)from, out = (off_t)(output->base + offset);
	uint64_t done = 0;

	while (done < size) {
		const uint64_t left = size - done;
		const ssize_t put = copy_file_range(fd, &in, output->fd, &out,
						    left < SSIZE_MAX ? (size_t)left : SSIZE_MAX, 0);

		/* What it cannot do, copying through memory can, or says why not. */
		if (put <= 0)
			break;
		done += (uint64_t)put;
	}
	return done;
}

static int copy_step(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
		     uint64_t size, struct sqst_report *why)
{
	const uint64_t done =
	    output->is_device ? 0 : copy_in_kernel(output, offset, fd, from, size);

	if (offset + done > output->written_to) {
		output->written_to = offset + done;
		start_writeback(output);
	}
	return copy_through_memory(output, offset + done, fd, from + done, size - done, why);
}

/* Bytes between two looks at whether the caller wants the rest: a moment even on a slow disk, and a
 * multiple of what file systems share. */
#define CANCEL_STEP (UINT64_C(4) << 20)

int sqst_output_copy(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
		     uint64_t size, const struct sqst_cancel *cancel, struct sqst_report *why)
{
	/* Blocks can be shared only if a range begins with one, in both files. */
	const uint64_t head = (4096 - from % 4096) % 4096;
	uint64_t step = head > 0 ? head : CANCEL_STEP;
	int rc = 0;

	while (rc == 0 && size > 0) {
		if (step > size)
			step = size;
		rc = sqst_canceled(cancel, why);
		if (rc == 0)
			rc = copy_step(output, offset, fd, from, step, why);
		offset += step;
		from += step;
		size -= step;
		step = CANCEL_STEP;
	}
	return rc;
}

/* A file that was made for the output has zeros behind what was written. */
int sqst_output_zero(struct sqst_output *output, uint64_t offset, uint64_t size,
		     struct sqst_report *why)
{
	static const uint8_t zeros[4096];
	int rc = 0;

	while (rc == 0 && size > 0 && (output->is_device || offset < output->written_to)) {
		const size_t step = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);

		rc = sqst_output_write(output, offset, zeros, step, why);
		offset += step;
		size -= step;
	}
	return rc;
}

int sqst_output_cut(struct sqst_output *output, uint64_t offset, struct sqst_report *why)
{
	if (output->written_to <= offset)
		return 0;
	output->written_to = offset;
	if (output->flushed_to > offset)
		output->flushed_to = offset;
	if (!output->is_device && ftruncate(output->fd, (off_t)(output->base + offset)) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot write the output");
	return 0;
}

bool sqst_output_is_device(const struct sqst_output *output)
{
	return output->is_device;
}

int sqst_output_read(struct sqst_output *output, uint64_t offset, void *data, size_t size,
		     struct sqst_report *why)
{
	const ssize_t got = sqst_pread_full(output->fd, data, size, output->base + offset);

	if (got < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot read the output back");
	if ((size_t)got != size)
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "cannot read the output back: it ends at %llu",
				 (unsigned long long)(offset + (uint64_t)got));
	return 0;
}

/* A rename is on disk only when its directory is. Some file systems cannot fsync a directory
 * (EINVAL); then there is nothing more to do. */
static int sync_directory(const struct sqst_output *output, struct sqst_report *why)
{
	SQST_AUTO_FREE char *directory = directory_of(output->target);
	SQST_AUTO_CLOSE int fd = -1;

	if (!directory)
		return sqst_fail(why, SQST_ERR_NOMEM, output->shown, "out of memory");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, directory,
				       "cannot fsync the output's directory");
	return 0;
}

/* A device cannot grow: the zeros up to `size` are written. */
static int pad_device(struct sqst_output *output, uint64_t size, struct sqst_report *why)
{
	static const uint8_t zeros[4096];

	while (output->written_to < size) {
		const uint64_t left = size - output->written_to;
		const int rc =
		    sqst_output_write(output, output->written_to, zeros,
				      left < sizeof(zeros) ? (size_t)left : sizeof(zeros), why);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int sqst_output_prepare(struct sqst_output *output, uint64_t size, struct sqst_report *why)
{
	if (output->is_device) {
		const int rc = pad_device(output, size, why);

		if (rc < 0)
			return rc;
	} else if (ftruncate(output->fd, (off_t)(output->base + size)) != 0) {
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot write the output");
	}
	if (fsync(output->fd) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot write the output");
	return 0;
}

static int commit(struct sqst_output *output, struct sqst_report *why)
{
	if (output->is_device)
		return sqst_device_finish(&output->device, output->fd, output->shown, output->base,
					  why);
	if (!(output->how & SQST_OUTPUT_FORCE) && access(output->target, F_OK) == 0)
		return sqst_fail(why, SQST_ERR_EXISTS, output->shown,
				 "the output appeared while it was built; --force replaces it");
	if (rename(output->temporary, output->target) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot rename the finished file to it");
	free(sqst_steal(&output->temporary));
	return sync_directory(output, why);
}

int sqst_output_commit(struct sqst_output *output, struct sqst_report *why)
{
	const int rc = commit(output, why);

	sqst_output_discard(output);
	return rc;
}

void sqst_output_discard(struct sqst_output *output)
{
	if (!output)
		return;
	if (output->temporary)
		unlink(output->temporary);
	if (output->fd >= 0)
		close(output->fd);
	free(output->temporary);
	free(output->target);
	free(output->shown);
	free(output);
}
