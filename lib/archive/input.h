/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive, as libarchive asks for them. */
#ifndef LIB_ARCHIVE_INPUT_H
#define LIB_ARCHIVE_INPUT_H

#include <archive.h>

#include "sqst/cancel.h"
#include "sqst/report.h"

struct sqst_input {
	/* For messages. */
	const char *name;
	int fd;
	bool own_fd;
	/* A regular file or a device: libarchive may skip and seek (zip's directory is at the end).
	 */
	bool seekable;
	/* Zip, where names are text: libarchive converts them. */
	bool zip;
	uint8_t *buffer;
	/* Bytes in the buffer that were read to see what it is, and are handed out first. */
	size_t ahead;
	/* How many zero bytes end what was read so far. */
	uint64_t zeros;
	/* Why the last read failed, an errno value. */
	int error;
	/* May be NULL. */
	const struct sqst_cancel *cancel;
	struct sqst_report *why;
};

/* "-" is standard input. SQST_ERR_SOURCE, SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_CANCELED. */
int sqst_input_open(struct sqst_input *input, const char *path, const struct sqst_cancel *cancel,
		    struct sqst_report *why);

/* Fail as reading did, with `number` in errno. */
int sqst_input_fail(const struct sqst_input *input, int number, const char *what);

/* Let libarchive read from it. Returns libarchive's code. */
int sqst_input_attach(struct sqst_input *input, struct archive *archive);

/* Read a pipe to its end, so that what writes into it does not fail. *zeros: how many zero bytes
 * end the whole (512 at most are looked at). SQST_ERR_SOURCE, SQST_ERR_CANCELED. */
int sqst_input_drain(struct sqst_input *input, uint64_t *zeros);

void sqst_input_release(struct sqst_input *input);

#endif
