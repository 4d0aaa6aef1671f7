/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Outputs: files that appear whole or not at all, and together.
 *
 * How what was written gets to its place depends on what is there:
 * - a regular file, or nothing: it is made beside its target, fsynced, and renamed;
 * - a block device, or any file with SQST_OUTPUT_IN_PLACE: it is made in a temporary file and
 * copied when all of it is known, so that only a failure of the copy itself leaves half of it;
 * - a character device, a FIFO, "-" (standard output), or /dev/stdout: likewise, and written to it
 *   from front to back. Such a thing is never replaced. */
#ifndef LIB_BASE_OUTPUT_H
#define LIB_BASE_OUTPUT_H

#include "sqst/report.h"

struct sqst_output;

enum sqst_output_how {
	/* What exists may be replaced. */
	SQST_OUTPUT_FORCE = 1,
	/* What exists is written over, not replaced: neither it nor its directory gets a new name.
	 */
	SQST_OUTPUT_IN_PLACE = 2,
};

/* Find out what sqst_output_open() would refuse, without touching the directory. `how`: an or of
 * enum sqst_output_how. SQST_ERR_EXISTS (it exists and is not what it would replace), SQST_ERR_IO,
 * SQST_ERR_NOMEM, SQST_ERR_OPTION. */
int sqst_output_check(const char *path, enum sqst_output_kind kind, unsigned how,
		      struct sqst_report *why);

/* Open an output. Fails as sqst_output_check() does. */
int sqst_output_open(const char *path, enum sqst_output_kind kind, unsigned how,
		     struct sqst_output **out, struct sqst_report *why);

/* Whether two paths name one file: by what they lead to, or would. */
bool sqst_output_same(const char *one, const char *other);

/* Whether a file's path is one that the output's temporary file has, or that one which was killed
 * left behind: beside the output, and named as such. */
bool sqst_output_made(const char *output, const char *path);

/* Before anything is written: offsets are counted from this byte of the file on. What is in front
 * is zero, or on a device left alone. 0 or SQST_ERR_IO. */
int sqst_output_start_at(struct sqst_output *output, uint64_t base, struct sqst_report *why);

/* Write all of it at an offset. 0 or SQST_ERR_IO. */
int sqst_output_write(struct sqst_output *output, uint64_t offset, const void *data, size_t size,
		      struct sqst_report *why);

/* Copy bytes of another file to an offset; blocks are shared where the file system can do that. 0,
 * SQST_ERR_IO, SQST_ERR_CHANGED (the file is shorter). */
int sqst_output_copy(struct sqst_output *output, uint64_t offset, int fd, uint64_t from,
		     uint64_t size, struct sqst_report *why);

/* Let `size` bytes at an offset be zero, whatever was written there. 0 or SQST_ERR_IO. */
int sqst_output_zero(struct sqst_output *output, uint64_t offset, uint64_t size,
		     struct sqst_report *why);

/* Forget what was written from an offset on. 0 or SQST_ERR_IO. */
int sqst_output_cut(struct sqst_output *output, uint64_t offset, struct sqst_report *why);

/* Read back what was written. 0 or SQST_ERR_IO. */
int sqst_output_read(struct sqst_output *output, uint64_t offset, void *data, size_t size,
		     struct sqst_report *why);

/* Set the final size, counted from the base, and flush to disk; the size is what a place must have
 * room for. 0 or SQST_ERR_IO. */
int sqst_output_prepare(struct sqst_output *output, uint64_t size, struct sqst_report *why);

/* Let all of them get to their places, or none: when one fails, those before it are taken back. On
 * failure the message ends with what is there now, unless all is as it was. Consumes the outputs in
 * any case; a NULL in the list is passed over. SQST_ERR_EXISTS (the target appeared meanwhile),
 * SQST_ERR_IO. */
int sqst_outputs_commit(struct sqst_output **list, size_t count, struct sqst_report *why);

/* sqst_outputs_commit() of one. */
int sqst_output_commit(struct sqst_output *output, struct sqst_report *why);

/* Remove what was made and free it. NULL is allowed. */
void sqst_output_discard(struct sqst_output *output);

#endif
