/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what may keep its reader waiting. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cancel.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/wait.h"

/* Most files that are read whole are shorter. */
#define READ_FIRST 65536

int sqst_wait_open(const char *path)
{
	struct stat st;
	const bool fifo = stat(path, &st) == 0 && S_ISFIFO(st.st_mode);

	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (fifo ? O_NONBLOCK : 0));
}

int sqst_wait_readable(int fd, const struct sqst_cancel *cancel)
{
	struct pollfd end = {.fd = fd, .events = POLLIN};

	for (;;) {
		int ready;

		if (sqst_cancel_asked(cancel)) {
			errno = ECANCELED;
			return -1;
		}
		ready = poll(&end, 1, SQST_CANCEL_PAUSE);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
	}
}

ssize_t sqst_wait_read(int fd, void *data, size_t size, const struct sqst_cancel *cancel)
{
	ssize_t got;

	do {
		if (sqst_wait_readable(fd, cancel) < 0)
			return -1;
		got = read(fd, data, size);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got;
}

ssize_t sqst_wait_read_full(int fd, void *data, size_t size, const struct sqst_cancel *cancel)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t got = sqst_wait_read(fd, (char *)data + done, size - done, cancel);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int sqst_wait_read_all(const struct sqst_wait_file *file, const struct sqst_cancel *cancel,
		       char **text, size_t *size, struct sqst_report *why)
{
	SQST_AUTO_FREE char *all = NULL;
	size_t room = 0, used = 0;
	ssize_t got = READ_FIRST;

	/* Not by its size: it may be a pipe. */
	while (got > 0) {
		char *grown =
		    used > file->most ? NULL : sqst_reserve(all, used + READ_FIRST, &room, 1);

		if (!grown)
			return sqst_no_memory(why, file->path);
		all = grown;
		got = sqst_wait_read_full(file->fd, all + used, room - 1 - used, cancel);
		if (got < 0 && errno == ECANCELED)
			return sqst_fail(why, SQST_ERR_CANCELED, NULL, "canceled");
		if (got < 0)
			return sqst_fail_errno(why, file->code, errno, file->path, "%s",
					       file->what);
		used += (size_t)got;
		if (used < room - 1)
			break;
	}
	all[used] = '\0';
	*text = sqst_steal(&all);
	*size = used;
	return 0;
}

static ssize_t stream_read(void *cookie, char *data, size_t size)
{
	const struct sqst_wait_source *source = cookie;

	return sqst_wait_read(source->fd, data, size, source->cancel);
}

FILE *sqst_wait_stream(struct sqst_wait_source *source)
{
	return fopencookie(source, "r", (cookie_io_functions_t){.read = stream_read});
}
