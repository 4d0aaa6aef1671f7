/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes that are not to leave the cache of their file system. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/report.h"
#include "tree/pins.h"

/* linux/magic.h; not all of it is there everywhere. */
#define OVERLAY 0x794C7630
#define FUSE    0x65735546

static bool renumbers(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       ((unsigned long)fs.f_type == OVERLAY || (unsigned long)fs.f_type == FUSE);
}

int sqst_pins_add(struct sqst_pins *pins, const char *path, bool follow, struct sqst_report *why)
{
	const int fd = open(path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	int *grown;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "cannot be held open until the source is read (ulimit -n)");
	if (fd < 0)
		return 0;
	if (!renumbers(fd)) {
		close(fd);
		return 0;
	}
	grown = sqst_grow(pins->fd, pins->count, &pins->room, sizeof(*grown));
	if (!grown) {
		close(fd);
		return sqst_no_memory(why, path);
	}
	pins->fd = grown;
	pins->fd[pins->count++] = fd;
	return 0;
}

void sqst_pins_release(struct sqst_pins *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		close(pins->fd[i]);
	free(pins->fd);
	*pins = (struct sqst_pins){0};
}
