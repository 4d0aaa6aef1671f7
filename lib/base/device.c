/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block device as the place of an image: written where it is, its superblock last. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/device.h"

int sqst_device_open(struct sqst_device *device, const char *path, const char *shown,
		     struct sqst_report *why)
{
	/* On a block device, O_EXCL means: fail while it is mounted or otherwise held. */
	const int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	off_t size;

	if (fd < 0 && errno == EBUSY)
		return sqst_fail(why, SQST_ERR_IO, shown,
				 "the block device is in use (mounted, or part of another)");
	if (fd < 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, shown,
				       "cannot open the block device for writing");
	size = lseek(fd, 0, SEEK_END);
	if (size < SQST_DEVICE_HEAD) {
		close(fd);
		return sqst_fail(why, SQST_ERR_IO, shown,
				 "the block device has %lld bytes, too few for an image",
				 (long long)size);
	}
	device->size = (uint64_t)size;
	return fd;
}

static int put_head(const uint8_t head[SQST_DEVICE_HEAD], int fd, const char *shown, uint64_t base,
		    struct sqst_report *why)
{
	if (pwrite(fd, head, SQST_DEVICE_HEAD, (off_t)base) != SQST_DEVICE_HEAD || fsync(fd) != 0)
		return sqst_fail_errno(why, SQST_ERR_IO, errno, shown,
				       "cannot write the block device");
	return 0;
}

int sqst_device_keep(struct sqst_device *device, int fd, const char *shown, uint64_t base,
		     uint64_t offset, const void *data, size_t size, struct sqst_report *why)
{
	static const uint8_t zeros[SQST_DEVICE_HEAD];
	size_t kept = 0;

	if (size > device->size - base || offset > device->size - base - size)
		return sqst_fail(why, SQST_ERR_IO, shown,
				 "the block device has %llu bytes, too few for the image",
				 (unsigned long long)device->size);
	/* An old superblock must not stand in front of new data. */
	if (!device->wiped) {
		const int rc = put_head(zeros, fd, shown, base, why);

		if (rc < 0)
			return rc;
		device->wiped = true;
	}
	if (offset < SQST_DEVICE_HEAD) {
		kept = SQST_DEVICE_HEAD - (size_t)offset;
		if (kept > size)
			kept = size;
		memcpy(device->head + offset, data, kept);
	}
	return (int)kept;
}

int sqst_device_finish(const struct sqst_device *device, int fd, const char *shown, uint64_t base,
		       struct sqst_report *why)
{
	return put_head(device->head, fd, shown, base, why);
}
