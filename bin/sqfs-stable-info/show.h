/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-info prints of an image. */
#ifndef BIN_SQFS_STABLE_INFO_SHOW_H
#define BIN_SQFS_STABLE_INFO_SHOW_H

#include "common/common.h"
#include "sqst/image.h"

/* Bytes of kernel memory in one allocation that are worth a warning. Up to eight pages the kernel
 * finds readily (PAGE_ALLOC_COSTLY_ORDER); for more it may have to move memory about, and on a
 * device that is short of it, fail the mount. */
#define EXPORT_MEMORY_READY (32u << 10)

/* An image that was read whole. */
struct shown {
	const char *path;
	const struct sqst_image_facts *facts;
	const struct sqst_numbers *numbers;
	const struct sqst_uboot *uboot;
	/* "" if there is none. */
	char warning[256];
};

/* A line for each thing on standard output. */
void show_text(const struct shown *shown);

/* The same as one object. False after a line on standard error. */
bool show_json(const struct shown *shown);

/* KEY=VALUE lines for IMPORT{program} of a udev rule. */
void show_udev(const struct sqst_image_head *head);

#endif
