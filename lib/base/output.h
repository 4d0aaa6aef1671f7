/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that appears whole or not at all: made beside its target, fsynced, renamed. Or a block
 * device, which is written in place; until the commit it holds no image. */
#ifndef LIB_BASE_OUTPUT_H
#define LIB_BASE_OUTPUT_H

#include "sqst/cancel.h"
#include "sqst/report.h"

struct sqst_output;

enum sqst_output_how {
	/* What exists may be replaced. */
	SQST_OUTPUT_FORCE = 1,
	/* It may be a block device, one that nothing uses. */
	SQST_OUTPUT_DEVICE = 2,
};

/* Find out early what sqst_output_open() would refuse. */
int sqst_output_check(const char *path, unsigned how, struct sqst_report *why);

/* Open a temporary file beside `path` (beside what it points to, if it is a symbolic link), or a
 * block device. how: an or of enum sqst_output_how. Errors: SQST_ERR_EXISTS, SQST_ERR_IO,
 * SQST_ERR_NOMEM. */
int sqst_output_open(const char *path, unsigned how, struct sqst_output **out,
		     struct sqst_report *why);

/* Before anything is written: offsets are counted from this byte of the file on. What is in front
 * is zero, or on a device left alone. 0 or SQST_ERR_IO. */
int sqst_output_start_at(struct sqst_output *output, uint64_t base, struct sqst_report *why);

/* Write all of it at an offset. 0 or SQST_ERR_IO. */
int sqst_output_write(struct sqst_output *output, uint64_t offset, const void *data, size_t size,
		      struct sqst_report *why);

/* Copy bytes of another file to an offset; blocks are shared where the file system can do that.
 * cancel, which may be NULL, is asked every few MiB. 0, SQST_ERR_IO, SQST_ERR_CHANGED (the file is
 * shorter), SQST_ERR_CANCELED. */
int sqst_output_copy(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
		     uint64_t size, const struct sqst_cancel *cancel, struct sqst_report *why);

/* See that there are zeros at an offset. 0 or SQST_ERR_IO. */
int sqst_output_zero(struct sqst_output *output, uint64_t offset, uint64_t size,
		     struct sqst_report *why);

/* Take back what was written at and behind an offset (of a device, only the knowledge of it). 0 or
 * SQST_ERR_IO. */
int sqst_output_cut(struct sqst_output *output, uint64_t offset, struct sqst_report *why);

/* Whether it is a block device. */
bool sqst_output_is_device(const struct sqst_output *output);

/* Read back what was written. 0 or SQST_ERR_IO. */
int sqst_output_read(struct sqst_output *output, uint64_t offset, void *data, size_t size,
		     struct sqst_report *why);

/* Cut or grow (with zeros) to `size` and fsync: after this, only the rename, or a device's first
 * bytes, are left. 0 or SQST_ERR_IO. */
int sqst_output_prepare(struct sqst_output *output, uint64_t size, struct sqst_report *why);

/* Rename a prepared file onto the target and fsync the directory (a device: write its first bytes).
 * 0, SQST_ERR_EXISTS or SQST_ERR_IO; the temporary file is gone either way. Frees output on success
 * and failure. */
int sqst_output_commit(struct sqst_output *output, struct sqst_report *why);

/* Remove the temporary file and free. NULL is allowed. */
void sqst_output_discard(struct sqst_output *output);

#endif
