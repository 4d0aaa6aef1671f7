/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary file without a name, written from front to back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/report.h"
#include "base/spool.h"

#define BUFFER_SIZE (1024 * 1024)

int sqst_spool_open(struct sqst_spool *spool, struct sqst_report *why)
{
	return sqst_spool_open_beside(spool, NULL, why);
}

int sqst_spool_open_beside(struct sqst_spool *spool, const char *path, struct sqst_report *why)
{
	const char *directory;

	*spool = (struct sqst_spool){.fd = -1, .why = why};
	spool->buffer = malloc(BUFFER_SIZE);
	if (!spool->buffer)
		return sqst_no_memory(why, NULL);
	if (path)
		spool->fd = sqst_temporary_open_beside(path);
	if (spool->fd < 0)
		spool->fd = sqst_temporary_open(&directory);
	if (spool->fd < 0)
		return sqst_fail_errno(
		    why, SQST_ERR_IO, errno, directory,
		    "cannot create a temporary file here (TMPDIR chooses the directory)");
	return 0;
}

static int flush_spool(struct sqst_spool *spool)
{
	size_t done = 0;

	while (done < spool->used) {
		const ssize_t put = pwrite(spool->fd, spool->buffer + done, spool->used - done,
					   (off_t)(spool->at + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return sqst_fail_errno(
			    spool->why, SQST_ERR_IO, put < 0 ? errno : ENOSPC, NULL,
			    "cannot write a temporary file (TMPDIR chooses its directory)");
		done += (size_t)put;
	}
	spool->used = 0;
	return 0;
}

int sqst_spool_write(struct sqst_spool *spool, uint64_t position, const void *data, size_t size)
{
	const uint8_t *from = data;

	if (position > INT64_MAX || size > INT64_MAX - position)
		return sqst_fail(spool->why, SQST_ERR_LIMIT, NULL,
				 "more data than a temporary file can hold");
	while (size > 0) {
		size_t share;

		if (spool->used > 0 &&
		    (spool->at + spool->used != position || spool->used == BUFFER_SIZE)) {
			const int rc = flush_spool(spool);

			if (rc < 0)
				return rc;
		}
		if (spool->used == 0)
			spool->at = position;
		share = BUFFER_SIZE - spool->used;
		if (share > size)
			share = size;
		memcpy(spool->buffer + spool->used, from, share);
		spool->used += share;
		position += share;
		from += share;
		size -= share;
	}
	return 0;
}

int sqst_spool_finish(struct sqst_spool *spool)
{
	const int rc = flush_spool(spool);

	if (rc < 0)
		return rc;
	if (spool->end > INT64_MAX || ftruncate(spool->fd, (off_t)spool->end) != 0)
		return sqst_fail_errno(spool->why, SQST_ERR_IO, errno, NULL,
				       "cannot set the size of a temporary file");
	return 0;
}

void sqst_spool_release(struct sqst_spool *spool)
{
	free(spool->buffer);
	spool->buffer = NULL;
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
}
