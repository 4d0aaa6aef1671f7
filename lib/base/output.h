/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that appears whole or not at all: made beside its target, fsynced, renamed. */
#ifndef LIB_BASE_OUTPUT_H
#define LIB_BASE_OUTPUT_H

#include "sqst/report.h"

struct sqst_output;

/* Find out early what sqst_output_open() would refuse. */
int sqst_output_check(const char *path, bool force, struct sqst_report *why);

/* Open a temporary file beside `path` (beside what it points to, if it is a symbolic link).
 * `force`: an existing regular file may be replaced. Errors: SQST_ERR_EXISTS, SQST_ERR_IO,
 * SQST_ERR_NOMEM. */
int sqst_output_open(const char *path, bool force, struct sqst_output **out,
		     struct sqst_report *why);

/* Write all of it at an absolute offset. 0 or SQST_ERR_IO. */
int sqst_output_write(struct sqst_output *output, uint64_t offset, const void *data, size_t size,
		      struct sqst_report *why);

/* Read back what was written. 0 or SQST_ERR_IO. */
int sqst_output_read(struct sqst_output *output, uint64_t offset, void *data, size_t size,
		     struct sqst_report *why);

/* Cut or grow (with zeros) to `size` and fsync: after this, only the rename is left. 0 or
 * SQST_ERR_IO. */
int sqst_output_prepare(struct sqst_output *output, uint64_t size, struct sqst_report *why);

/* Rename a prepared file onto the target and fsync the directory. 0, SQST_ERR_EXISTS or
 * SQST_ERR_IO; the temporary file is gone either way. Frees output on success and failure. */
int sqst_output_commit(struct sqst_output *output, struct sqst_report *why);

/* Remove the temporary file and free. NULL is allowed. */
void sqst_output_discard(struct sqst_output *output);

#endif
