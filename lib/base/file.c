/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads that are whole or fail. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"

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

int sqst_getline(FILE *file, char **line, size_t *room, ssize_t *length)
{
	errno = 0;
	*length = getline(line, room, file);
	return *length < 0 && (ferror(file) || errno == ENOMEM) ? -1 : 0;
}

/* Not O_TMPFILE, which libraries that fake owners do not know everywhere. */
static int make_unlinked(const char *directory)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/sqfs-stable-XXXXXX", directory) >=
	    sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int sqst_temporary_open_beside(const char *path)
{
	SQST_AUTO_FREE char *real = realpath(path, NULL);
	SQST_AUTO_FREE char *directory = strdup(real ? real : path);
	struct stat st;
	char *slash;
	int fd;

	if (!directory || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return -1;
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory ? 1 : 0] = '\0';
	if (stat(slash ? directory : ".", &st) != 0)
		return -1;
	fd = make_unlinked(slash ? directory : ".");
	if (fd >= 0) {
		const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};

		/* The directory may be part of a source. */
		utimensat(AT_FDCWD, slash ? directory : ".", times, 0);
	}
	return fd;
}

int sqst_temporary_open(const char **directory)
{
	int fd;

	*directory = getenv("TMPDIR");
	if (*directory && **directory)
		return make_unlinked(*directory);
	*directory = "/var/tmp";
	fd = make_unlinked(*directory);
	if (fd >= 0)
		return fd;
	*directory = "/tmp";
	return make_unlinked(*directory);
}

char *sqst_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}
