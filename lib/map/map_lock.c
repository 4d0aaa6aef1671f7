/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One build at a time on a map that it reads and replaces. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/report.h"
#include "base/scope.h"
#include "sqst/map.h"

/* Between two looks at a lock that another process has. A blocking flock() would be woken up at
 * once, but not by a signal that comes just before the call. */
#define PAUSE_NS 20000000L

struct sqst_map_lock {
	char *path;
	int fd;
	/* When it was locked. */
	struct stat st;
};

SQST_DEFINE_SCOPE(lock, struct sqst_map_lock, sqst_map_lock_free)

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return same_file(a, b) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Open what stands at the path now. */
static int open_map(struct sqst_map_lock *lock, int how, struct sqst_report *why)
{
	const int fd = open(lock->path, how | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &lock->st) != 0) {
		const int number = errno;

		if (fd >= 0)
			close(fd);
		return sqst_fail_errno(why, SQST_ERR_PARENT, number, lock->path,
				       "cannot open the map");
	}
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = fd;
	return 0;
}

/* Whether an error is that of a file system without locks. */
static bool cannot_lock(int number)
{
	switch (number) {
	case EACCES:
	case EBADF:
	case EINVAL:
	case ENOLCK:
	case ENOSYS:
	case EOPNOTSUPP:
		return true;
	default:
		return false;
	}
}

/* 1: locked, 0: another process has the lock, SQST_ERR_PARENT: the map cannot be opened. */
static int try_map_lock(struct sqst_map_lock *lock, struct sqst_report *why)
{
	int rc, number;

	if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
		return 1;
	number = errno;
	if (number == EWOULDBLOCK || number == EINTR)
		return 0;
	if (number == EBADF) {
		/* NFS makes a record lock of it, which wants a file that may be written. */
		rc = open_map(lock, O_RDWR, why);
		if (rc < 0)
			return rc;
		if (flock(lock->fd, LOCK_EX | LOCK_NB) == 0)
			return 1;
		number = errno;
		if (number == EWOULDBLOCK || number == EINTR)
			return 0;
	}
	if (!cannot_lock(number))
		return sqst_fail_errno(why, SQST_ERR_PARENT, number, lock->path,
				       "cannot lock the map");
	sqst_warn(
	    why, lock->path,
	    "cannot lock the map (%s); make sure that no other build uses it at the same time",
	    strerror(number));
	return 1;
}

static int wait_for_lock(struct sqst_map_lock *lock, const struct sqst_cancel *cancel,
			 struct sqst_report *why)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	bool told = false;
	int rc;

	while ((rc = try_map_lock(lock, why)) == 0) {
		rc = sqst_canceled(cancel, why);
		if (rc < 0)
			return rc;
		if (!told)
			sqst_warn(why, lock->path, "waiting for another build that uses this map");
		told = true;
		nanosleep(&pause, NULL);
		/* It may have been replaced, and then nobody else waits for this one. */
		rc = open_map(lock, O_RDONLY, why);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int take_lock(struct sqst_map_lock *lock, const struct sqst_cancel *cancel,
		     struct sqst_report *why)
{
	for (;;) {
		struct stat now;
		int rc = open_map(lock, O_RDONLY, why);

		if (rc == 0)
			rc = wait_for_lock(lock, cancel, why);
		if (rc < 0)
			return rc;
		if (stat(lock->path, &now) != 0)
			return sqst_fail_errno(why, SQST_ERR_PARENT, errno, lock->path,
					       "cannot open the map");
		/* Else it was replaced between the opening and the lock. */
		if (same_file(&now, &lock->st)) {
			lock->st = now;
			return 0;
		}
	}
}

int sqst_map_lock_take(const char *path, const struct sqst_cancel *cancel,
		       struct sqst_map_lock **out, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_lock) struct sqst_map_lock *lock = NULL;
	struct stat st;
	int rc;

	*out = NULL;
	/* Opening a FIFO would wait for a writer. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return 0;
	lock = calloc(1, sizeof(*lock));
	if (lock) {
		lock->fd = -1;
		lock->path = strdup(path);
	}
	if (!lock || !lock->path)
		return sqst_no_memory(why, path);
	rc = take_lock(lock, cancel, why);
	if (rc == 0)
		*out = sqst_steal(&lock);
	return rc;
}

int sqst_map_lock_check(const struct sqst_map_lock *lock, struct sqst_report *why)
{
	struct stat now;
	bool there;

	if (!lock)
		return 0;
	there = stat(lock->path, &now) == 0;
	if (!there && errno != ENOENT && errno != ENOTDIR && errno != ESTALE)
		return sqst_fail_errno(why, SQST_ERR_PARENT, errno, lock->path,
				       "cannot stat the map");
	if (there && is_unchanged(&now, &lock->st))
		return 0;
	return sqst_fail(why, SQST_ERR_CHANGED, lock->path,
			 "the map was changed by something else during the build; build again");
}

void sqst_map_lock_free(struct sqst_map_lock *lock)
{
	if (!lock)
		return;
	if (lock->fd >= 0)
		close(lock->fd);
	free(lock->path);
	free(lock);
}
