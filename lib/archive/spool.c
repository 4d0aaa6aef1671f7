/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents of an archive, kept in a temporary file: an archive can be read only once and in its own
 * order, an image is written in another. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/spool.h"
#include "base/file.h"

#define BUFFER_SIZE (1024 * 1024)

int sqst_spool_open(struct sqst_spool *spool, struct sqst_report *why)
{
	const char *directory;

	*spool = (struct sqst_spool){.fd = -1, .why = why};
	spool->buffer = malloc(BUFFER_SIZE);
	if (!spool->buffer)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	spool->fd = sqst_temporary_open(&directory);
	if (spool->fd < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, directory,
				       "cannot make a temporary file there (TMPDIR says where)");
	return 0;
}

static int flush(struct sqst_spool *spool)
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
			    "cannot write the temporary file for the archive's contents (TMPDIR "
			    "says where it is)");
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
				 "the archive's contents are too large for a temporary file");
	while (size > 0) {
		size_t share;

		if (spool->used > 0 &&
		    (spool->at + spool->used != position || spool->used == BUFFER_SIZE)) {
			const int rc = flush(spool);

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
	const int rc = flush(spool);

	if (rc < 0)
		return rc;
	if (spool->end > INT64_MAX || ftruncate(spool->fd, (off_t)spool->end) != 0)
		return sqst_fail_errno(spool->why, SQST_ERR_IO, errno, NULL,
				       "cannot set the size of the temporary file for the "
				       "archive's contents");
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

/* ---- the origin */

static int open_content(const struct sqst_origin *origin, struct sqst_content *content,
			struct sqst_report *why)
{
	(void)why;
	content->fd = origin->fd;
	content->base = content->node->inode->u.file.key[0];
	content->seekable = true;
	return 0;
}

/* Nobody else has the file. */
static int check(const struct sqst_origin *origin, const struct sqst_content *content,
		 struct sqst_report *why)
{
	(void)origin;
	(void)content;
	(void)why;
	return 0;
}

static void name(const struct sqst_origin *origin, const struct sqst_node *node, char *out,
		 size_t size)
{
	const size_t base = strlen(origin->name);

	out[0] = '\0';
	if (base + 2 >= size)
		return;
	memcpy(out, origin->name, base);
	out[base] = ':';
	out[base + 1] = '\0';
	if (sqst_node_path(node, out + base + 1, size - base - 1) >= size - base - 1)
		out[base] = '\0';
}

static void release(struct sqst_origin *origin)
{
	if (origin->own_fd && origin->fd >= 0)
		close(origin->fd);
}

const struct sqst_origin_type sqst_origin_spool = {
    .open = open_content,
    .check = check,
    .name = name,
    .release = release,
};
