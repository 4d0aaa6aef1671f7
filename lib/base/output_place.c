/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs that are copied to their place: block devices, files that are written in place, streams.
 * The copy begins when all of the output is there and has room. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/output_parts.h"
#include "base/report.h"
#include "base/scope.h"

#define COPY_STEP (1024 * 1024)

/* The bytes that make the rest an image: squashfs' superblock. */
#define HEAD_SIZE 96

static int open_device(struct sqst_output *output, struct sqst_report *why)
{
	/* On a block device, O_EXCL means: fail while it is mounted or otherwise held. */
	output->place = open(output->target, O_RDWR | O_EXCL | O_CLOEXEC);
	if (output->place < 0 && errno == EBUSY)
		return sqst_fail(why, SQST_ERR_IO, output->shown,
				 "the block device is in use (mounted, or part of another)");
	if (output->place < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot open the block device for writing");
	return sqst_output_fits(output, HEAD_SIZE, why);
}

/* The descriptor that a stream's name stands for, -1 for none. */
static int named_descriptor(const char *path)
{
	if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0)
		return STDOUT_FILENO;
	return strcmp(path, "/dev/stderr") == 0 ? STDERR_FILENO : -1;
}

int sqst_output_open_place(struct sqst_output *output, struct sqst_report *why)
{
	const int named = named_descriptor(output->shown);

	if (output->is_device)
		return open_device(output, why);
	if (output->delivery == SQST_DELIVERY_STREAM && named >= 0)
		output->place = fcntl(named, F_DUPFD_CLOEXEC, 3);
	else
		output->place = open(output->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (output->place < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot open the output for writing");
	return 0;
}

int sqst_output_fits(const struct sqst_output *output, uint64_t size, struct sqst_report *why)
{
	off_t room;

	if (!output->is_device)
		return 0;
	room = lseek(output->place, 0, SEEK_END);
	if (room < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				       "cannot determine the size of the block device");
	if (output->base > (uint64_t)room || size > (uint64_t)room - output->base)
		return sqst_fail(
		    why, SQST_ERR_IO, output->shown,
		    "the block device has %lld bytes and the image needs %llu; nothing was written",
		    (long long)room, (unsigned long long)(output->base + size));
	return 0;
}

static int put_all(struct sqst_output *output, const char *from, size_t size, uint64_t at,
		   struct sqst_report *why)
{
	const bool stream = output->delivery == SQST_DELIVERY_STREAM;

	while (size > 0) {
		const ssize_t put = stream ? write(output->place, from, size)
					   : pwrite(output->place, from, size, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return sqst_fail_errno(why, SQST_ERR_IO, put < 0 ? errno : ENOSPC,
					       output->shown, "cannot write the output");
		output->spoiled = true;
		from += put;
		at += (uint64_t)put;
		size -= (size_t)put;
	}
	return 0;
}

static int copy_range(struct sqst_output *output, char *buffer, uint64_t at, uint64_t end,
		      struct sqst_report *why)
{
	while (at < end) {
		const size_t step = end - at < COPY_STEP ? (size_t)(end - at) : COPY_STEP;
		const ssize_t got = sqst_pread_full(output->fd, buffer, step, at);
		int rc;

		if (got < 0 || (size_t)got != step)
			return sqst_fail_errno(why, SQST_ERR_IO, got < 0 ? errno : EIO,
					       output->shown,
					       "cannot read back what was made for the output");
		rc = put_all(output, buffer, step, at, why);
		if (rc < 0)
			return rc;
		at += step;
	}
	return 0;
}

static int flush_directory(const struct sqst_output *output, struct sqst_report *why)
{
	/* Not everything can be flushed, a FIFO for one. */
	if (fsync(output->place) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP)
		return 0;
	return sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown, "cannot write the output");
}

/* The superblock last, and zeros in its place until then: what is half written is no image. */
static int overwrite(struct sqst_output *output, char *buffer, struct sqst_report *why)
{
	static const char zeros[HEAD_SIZE];
	const uint64_t end = output->base + output->size;
	const size_t head = output->size < HEAD_SIZE ? (size_t)output->size : HEAD_SIZE;
	int rc = put_all(output, zeros, head, output->base, why);

	if (rc == 0)
		rc = flush_directory(output, why);
	if (rc == 0 && !output->is_device)
		rc = copy_range(output, buffer, 0, output->base, why);
	if (rc == 0)
		rc = copy_range(output, buffer, output->base + head, end, why);
	if (rc == 0 && !output->is_device && ftruncate(output->place, (off_t)end) != 0)
		rc = sqst_fail_errno(why, SQST_ERR_IO, errno, output->shown,
				     "cannot write the output");
	if (rc == 0)
		rc = flush_directory(output, why);
	if (rc == 0)
		rc = copy_range(output, buffer, output->base, output->base + head, why);
	return rc == 0 ? flush_directory(output, why) : rc;
}

int sqst_output_deliver(struct sqst_output *output, struct sqst_report *why)
{
	SQST_AUTO_FREE char *buffer = malloc(COPY_STEP);
	int rc;

	if (!buffer)
		return sqst_no_memory(why, output->shown);
	if (output->delivery == SQST_DELIVERY_OVERWRITE)
		return overwrite(output, buffer, why);
	rc = copy_range(output, buffer, 0, output->base + output->size, why);
	return rc == 0 ? flush_directory(output, why) : rc;
}
