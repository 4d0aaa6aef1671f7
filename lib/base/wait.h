/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what may keep its reader waiting (pipes, terminals, sockets) without being deaf to the
 * caller meanwhile. A read that a signal interrupts is not enough: the signal may come just before
 * it. */
#ifndef LIB_BASE_WAIT_H
#define LIB_BASE_WAIT_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "sqst/report.h"

/* Open for reading. A FIFO is open at once, not when somebody writes to it; then the first read
 * waits. Returns the descriptor, -1 with errno set. */
int sqst_wait_open(const char *path);

/* Wait until a read returns at once. 0, or -1 with errno set: ECANCELED when the caller wants no
 * more. */
int sqst_wait_readable(int fd, const struct sqst_cancel *cancel);

/* As read(), EINTR and EAGAIN being retried; -1 with ECANCELED when the caller wants no more. */
ssize_t sqst_wait_read(int fd, void *data, size_t size, const struct sqst_cancel *cancel);

/* The same, until size bytes, the end, or an error. */
ssize_t sqst_wait_read_full(int fd, void *data, size_t size, const struct sqst_cancel *cancel);

/* All until the end, in memory of the caller's, with a NUL after it that is not counted. What
 * cannot be read is reported with `code`, as `what` says ("cannot read the map"); other errors:
 * SQST_ERR_NOMEM (also for more than `most` bytes), SQST_ERR_CANCELED. */
struct sqst_wait_file {
	int fd;
	const char *path;
	size_t most;
	int code;
	const char *what;
};
int sqst_wait_read_all(const struct sqst_wait_file *file, const struct sqst_cancel *cancel,
		       char **text, size_t *size, struct sqst_report *why);

/* A stream that reads so. `source` must stay until it is closed; so must its descriptor, which
 * closing the stream leaves open. NULL with errno set. */
struct sqst_wait_source {
	int fd;
	const struct sqst_cancel *cancel;
};
FILE *sqst_wait_stream(struct sqst_wait_source *source);

#endif
