/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written to an output before it gets to its place. */
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

#include "base/file.h"
#include "base/output_parts.h"
#include "base/report.h"
#include "base/scope.h"

/* Names tried for the temporary file before giving up. */
#define TRIES 100

/* Bytes after which the kernel is asked to start writing, so that the fsync at the end does not
 * wait for all of the image at once. */
#define WRITEBACK_STEP (8u << 20)

static int open_beside(struct sqst_output *output, struct sqst_report *why)
{
	const size_t size = sqst_output_beside_size(output);

	output->temporary = malloc(size);
	if (!output->temporary)
		return sqst_no_memory(why, output->shown);
	for (unsigned i = 0; i < TRIES; i++) {
		sqst_output_beside(output, i, output->temporary, size);
		output->fd = open(output->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (output->fd >= 0)
			break;
		if (errno != EEXIST)
			break;
	}
	if (output->fd < 0) {
		const int number = errno;

		free(sqst_steal(&output->temporary));
		return sqst_fail_errno(why, SQST_ERR_IO, number, output->shown,
				       "cannot create a temporary file beside the output");
	}
	if (output->old.st_mode)
		sqst_output_inherit(output);
	return 0;
}

static int open_temporary(struct sqst_output *output, struct sqst_report *why)
{
	const char *directory;

	output->fd = sqst_temporary_open(&directory);
	if (output->fd < 0)
		return sqst_fail_errno(
		    why, SQST_ERR_IO, errno, directory,
		    "cannot create a temporary file here (TMPDIR chooses the directory)");
	return sqst_output_open_place(output, why);
}

int sqst_output_open(const char *path, enum sqst_output_kind kind, unsigned how,
		     struct sqst_output **out, struct sqst_report *why)
{
	struct sqst_output *output;
	int rc = sqst_output_new(path, kind, how, &output, why);

	if (rc < 0)
		return rc;
	rc = output->delivery == SQST_DELIVERY_RENAME ? open_beside(output, why)
						      : open_temporary(output, why);
	if (rc < 0)
		sqst_output_discard(output);
	else
		*out = output;
	return rc;
}

int sqst_output_start_at(struct sqst_output *output, uint64_t base, struct sqst_report *why)
{
	output->base = base;
	return sqst_output_fits(output, 0, why);
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
	SQST_AUTO_FREE uint8_t *buffer = malloc(COPY_STEP);

	if (!buffer)
		return sqst_no_memory(why, output->shown);
	while (size > 0) {
		const size_t step = size < COPY_STEP ? (size_t)size : COPY_STEP;
		const ssize_t got = sqst_pread_full(fd, buffer, step, from);
		int rc;

		if (got < 0)
			return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
					       "cannot read the data to be copied to it");
		if ((size_t)got != step)
			return sqst_fail(why, SQST_ERR_CHANGED, output->shown,
					 "the data to be copied to it was truncated; build again "
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

int sqst_output_copy(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
		     uint64_t size, struct sqst_report *why)
{
	/* Blocks can be shared only if a range begins with one, in both files. */
	const uint64_t head = (4096 - from % 4096) % 4096;
	uint64_t done = 0;

	if (head > 0 && head < size)
		done = copy_in_kernel(output, offset, fd, from, head);
	done += copy_in_kernel(output, offset + done, fd, from + done, size - done);
	if (offset + done > output->written_to) {
		output->written_to = offset + done;
		start_writeback(output);
	}
	return copy_through_memory(output, offset + done, fd, from + done, size - done, why);
}

/* A file that was made for the output has zeros after what was written. */
int sqst_output_zero(struct sqst_output *output, uint64_t offset, uint64_t size,
		     struct sqst_report *why)
{
	static const uint8_t zeros[4096];
	int rc = 0;

	while (rc == 0 && size > 0 && offset < output->written_to) {
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
	if (ftruncate(output->fd, (off_t)(output->base + offset)) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot write the output");
	return 0;
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

int sqst_output_prepare(struct sqst_output *output, uint64_t size, struct sqst_report *why)
{
	output->size = size;
	if (ftruncate(output->fd, (off_t)(output->base + size)) != 0 ||
	    (output->delivery == SQST_DELIVERY_RENAME && fsync(output->fd) != 0))
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot write the output");
	return 0;
}

/* ---- for what is written in one piece */

int sqst_file_check(const char *path, enum sqst_output_kind kind, struct sqst_report *why)
{
	return sqst_output_check(path, kind, 0, why);
}

static int write_whole(const struct sqst_file *file, struct sqst_output **out,
		       struct sqst_report *why)
{
	int rc = sqst_output_open(file->path, file->kind, 0, out, why);

	if (rc == 0)
		rc = sqst_output_write(*out, 0, file->data, file->size, why);
	return rc == 0 ? sqst_output_prepare(*out, file->size, why) : rc;
}

int sqst_files_write(const struct sqst_file *file, size_t count, struct sqst_report *why)
{
	struct sqst_output *output[SQST_FILES_MAX] = {0};
	int rc =
	    count > SQST_FILES_MAX ? sqst_fail(why, SQST_ERR_OPTION, NULL, "too many files") : 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = write_whole(&file[i], &output[i], why);
	if (rc == 0)
		return sqst_outputs_commit(output, count, why);
	for (size_t i = 0; i < SQST_FILES_MAX; i++)
		sqst_output_discard(output[i]);
	return rc;
}

bool sqst_file_same(const char *one, const char *other)
{
	return sqst_output_same(one, other);
}
