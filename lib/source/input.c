/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive: a file in which libarchive may seek, or a pipe. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/report.h"
#include "base/wait.h"
#include "source/input.h"
#include "source/origin_spool.h"

#define BUFFER_SIZE (256 * 1024)
#define TAIL        512

/* What is read next becomes the block. */
static ssize_t read_some(struct sqst_input *input)
{
	ssize_t got;

	input->at += input->size;
	input->size = 0;
	got = sqst_wait_read(input->fd, input->buffer, BUFFER_SIZE, input->cancel);
	if (got > 0)
		input->size = (size_t)got;
	return got;
}

int sqst_input_fail(const struct sqst_input *input, int number, const char *what)
{
	if (number == ECANCELED)
		return sqst_fail(input->why, SQST_ERR_CANCELED, NULL, "canceled");
	return sqst_fail_errno(input->why, SQST_ERR_SOURCE, number, input->name, "%s", what);
}

static int unreadable(const struct sqst_input *input, int number)
{
	return sqst_input_fail(input, number, "cannot read it");
}

/* Zip from a pipe: what is said of modes and types is at its end, so it is read whole first. */
static int spool_whole(struct sqst_input *input, const char *beside)
{
	struct sqst_spool spool;
	ssize_t got = (ssize_t)input->size;
	int rc = sqst_spool_open_beside(&spool, beside, input->why);

	for (; rc == 0 && got > 0; got = read_some(input)) {
		rc = sqst_spool_write(&spool, spool.end, input->buffer, (size_t)got);
		spool.end += (size_t)got;
	}
	if (rc == 0 && got < 0)
		rc = unreadable(input, errno);
	if (rc == 0)
		rc = sqst_spool_finish(&spool);
	if (rc == 0 && lseek(spool.fd, 0, SEEK_SET) != 0)
		rc = unreadable(input, errno);
	if (rc == 0) {
		input->fd = spool.fd;
		input->own_fd = true;
		input->seekable = true;
		input->at = input->size = input->again = 0;
		spool.fd = -1;
	}
	sqst_spool_release(&spool);
	return rc;
}

static void count_trailing_zeros(struct sqst_input *input, size_t size)
{
	size_t at = size;

	while (at > 0 && input->buffer[at - 1] == 0 && size - at < TAIL)
		at--;
	input->zeros = at == 0 ? input->zeros + size : size - at;
}

static bool is_zip(const struct sqst_input *input, ssize_t got)
{
	return got >= 4 && memcmp(input->buffer, "PK", 2) == 0;
}

/* A whole block, so that what it is can be seen in it, and it can be handed out again. */
static int look_ahead(struct sqst_input *input, const char *beside)
{
	const ssize_t got =
	    sqst_wait_read_full(input->fd, input->buffer, BUFFER_SIZE, input->cancel);

	if (got < 0)
		return unreadable(input, errno);
	input->empty = got == 0;
	input->size = input->again = (size_t)got;
	count_trailing_zeros(input, (size_t)got);
	input->zip = is_zip(input, got);
	return input->zip ? spool_whole(input, beside) : 0;
}

static int look_at_start(struct sqst_input *input)
{
	const ssize_t got = sqst_pread_full(input->fd, input->buffer, TAIL, 0);

	if (got < 0)
		return unreadable(input, errno);
	input->empty = got == 0;
	input->zip = is_zip(input, got);
	return 0;
}

int sqst_input_open(struct sqst_input *input, const char *path, const char *beside,
		    const struct sqst_cancel *cancel, struct sqst_report *why)
{
	struct stat st;

	*input = (struct sqst_input){.name = path, .fd = -1, .cancel = cancel, .why = why};
	input->buffer = malloc(BUFFER_SIZE);
	if (!input->buffer)
		return sqst_no_memory(why, path);
	if (strcmp(path, "-") == 0) {
		input->name = "standard input";
		input->fd = STDIN_FILENO;
	} else {
		input->fd = sqst_wait_open(path);
		input->own_fd = true;
	}
	if (input->fd < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "cannot open the archive");
	if (fstat(input->fd, &st) != 0)
		return unreadable(input, errno);
	if (S_ISDIR(st.st_mode))
		return sqst_fail(why, SQST_ERR_SOURCE, input->name,
				 "is a directory, not an archive");
	/* Standard input that is a file may stand anywhere in it. */
	input->seekable =
	    (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) && lseek(input->fd, 0, SEEK_CUR) == 0;
	input->regular = input->seekable && S_ISREG(st.st_mode);
	return input->seekable ? look_at_start(input) : look_ahead(input, beside);
}

ssize_t sqst_input_next(struct sqst_input *input, const void **data)
{
	ssize_t got = (ssize_t)input->again;

	if (got > 0) {
		*data = input->buffer + input->size - input->again;
		input->again = 0;
		return got;
	}
	got = read_some(input);
	if (got < 0)
		input->error = errno;
	else
		count_trailing_zeros(input, (size_t)got);
	*data = input->buffer;
	return got;
}

int sqst_input_back(struct sqst_input *input, uint64_t position)
{
	const uint64_t end = input->at + input->size;

	if (position >= input->at && position <= end) {
		input->again = (size_t)(end - position);
		return 0;
	}
	if (!input->seekable || position > INT64_MAX ||
	    lseek(input->fd, (off_t)position, SEEK_SET) < 0)
		return unreadable(input, input->seekable ? errno : ESPIPE);
	input->at = position;
	input->size = input->again = 0;
	return 0;
}

int64_t sqst_input_seek(struct sqst_input *input, int64_t offset, int whence)
{
	const off_t at = lseek(input->fd, (off_t)offset, whence);

	if (at < 0) {
		input->error = errno;
		return -1;
	}
	input->at = (uint64_t)at;
	input->size = input->again = 0;
	return at;
}

int64_t sqst_input_skip(struct sqst_input *input, int64_t size)
{
	const uint64_t at = input->at + input->size;
	off_t end;

	if (!input->seekable || size < BUFFER_SIZE || input->again > 0)
		return 0;
	end = lseek(input->fd, 0, SEEK_END);
	if (end < 0 || (uint64_t)end < at || (uint64_t)size > (uint64_t)end - at)
		size = 0;
	return sqst_input_seek(input, (int64_t)at + size, SEEK_SET) < 0 ? 0 : size;
}

static la_ssize_t on_read(struct archive *archive, void *user, const void **data)
{
	struct sqst_input *input = user;
	const ssize_t got = sqst_input_next(input, data);

	if (got < 0)
		archive_set_error(archive, input->error, "cannot read it");
	return got;
}

int sqst_input_attach(struct sqst_input *input, struct archive *archive)
{
	archive_read_set_read_callback(archive, on_read);
	archive_read_set_callback_data(archive, input);
	return archive_read_open1(archive);
}

int sqst_input_drain(struct sqst_input *input, uint64_t *zeros)
{
	ssize_t got;

	if (input->seekable && lseek(input->fd, -TAIL, SEEK_END) >= 0)
		input->zeros = 0;
	while ((got = read_some(input)) > 0)
		count_trailing_zeros(input, (size_t)got);
	*zeros = input->zeros;
	return got < 0 ? unreadable(input, errno) : 0;
}

void sqst_input_release(struct sqst_input *input)
{
	free(input->buffer);
	if (input->own_fd && input->fd >= 0)
		close(input->fd);
	input->buffer = NULL;
	input->fd = -1;
}
