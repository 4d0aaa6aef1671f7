/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block device as the place of an image: written where it is, its superblock last. */
#ifndef LIB_BASE_DEVICE_H
#define LIB_BASE_DEVICE_H

#include "sqst/report.h"

/* The bytes that make the rest an image: squashfs' superblock. */
#define SQST_DEVICE_HEAD 96

struct sqst_device {
	/* Bytes that it has. */
	uint64_t size;
	/* What is to stand at the start of the image in the end; on the device it is zero until
	 * then. */
	uint8_t head[SQST_DEVICE_HEAD];
	bool wiped;
};

/* Open a device for this process alone. `shown` is its name for messages. Returns the descriptor,
 * or SQST_ERR_IO (in use, read-only, no room for a superblock). */
int sqst_device_open(struct sqst_device *device, const char *path, const char *shown,
		     struct sqst_report *why);

/* `base` below is where on the device the image begins, at most size - SQST_DEVICE_HEAD.
 *
 * Keep what of a write belongs to the head, and before the first write take the old head off the
 * device. Returns how many of the bytes were kept, or SQST_ERR_IO. */
int sqst_device_keep(struct sqst_device *device, int fd, const char *shown, uint64_t base,
		     uint64_t offset, const void *data, size_t size, struct sqst_report *why);

/* All but the head is on the device: write that. 0 or SQST_ERR_IO. */
int sqst_device_finish(const struct sqst_device *device, int fd, const char *shown, uint64_t base,
		       struct sqst_report *why);

#endif
