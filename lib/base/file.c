/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads that are whole or fail. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <unistd.h>

#include "base/file.h"

ssize_t sqst_read_full(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t got = read(fd, (char *)data + done, size - done);

		if (got == 0)
			break;
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		done += (size_t)got;
	}
	return (ssize_t)done;
}

ssize_t sqst_pread_full(int fd, void *data, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		const ssize_t got =
		    pread(fd, (char *)data + done, size - done, (off_t)(offset + done));

		if (got == 0)
			break;
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		done += (size_t)got;
	}
	return (ssize_t)done;
}
