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

#include "base/cancel.h"
#include "base/wait.h"

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

static ssize_t stream_read(void *cookie, char *data, size_t size)
{
	const struct sqst_wait_source *source = cookie;

	return sqst_wait_read(source->fd, data, size, source->cancel);
}

FILE *sqst_wait_stream(struct sqst_wait_source *source)
{
	return fopencookie(source, "r", (cookie_io_functions_t){.read = stream_read});
}
