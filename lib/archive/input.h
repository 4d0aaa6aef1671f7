/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive, as libarchive asks for them. */
#ifndef LIB_ARCHIVE_INPUT_H
#define LIB_ARCHIVE_INPUT_H

#include <archive.h>

#include "sqst/report.h"

struct sqst_input {
	/* For messages. */
	const char *name;
	int fd;
	bool own_fd;
	/* A regular file or a device: libarchive may skip and seek (zip's directory is at the end).
	 */
	bool seekable;
	/* It has no bytes. */
	bool empty;
	/* Zip, where names are text: libarchive converts them. */
	bool zip;
	uint8_t *buffer;
	/* Bytes in the buffer that were read to see what it is, and are handed out first. */
	size_t ahead;
	/* How many zero bytes end what was read so far. */
	uint64_t zeros;
	/* Why the last read failed, an errno value. */
	int error;
	struct sqst_report *why;
};

/* "-" is standard input. What is empty is no error here. SQST_ERR_SOURCE, SQST_ERR_NOMEM,
 * SQST_ERR_IO. */
int sqst_input_open(struct sqst_input *input, const char *path, struct sqst_report *why);

/* Let libarchive read from it. Returns libarchive's code. */
int sqst_input_attach(struct sqst_input *input, struct archive *archive);

/* Read a pipe to its end, so that what writes into it does not fail. *zeros: how many zero bytes
 * end the whole (512 at most are looked at). SQST_ERR_SOURCE. */
int sqst_input_drain(struct sqst_input *input, uint64_t *zeros);

void sqst_input_release(struct sqst_input *input);

#endif
