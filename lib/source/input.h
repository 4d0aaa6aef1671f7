/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive as they stand in its file, or come out of a pipe. */
#ifndef LIB_SOURCE_INPUT_H
#define LIB_SOURCE_INPUT_H

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
	/* A regular file, which has what it had when it is read again. */
	bool regular;
	/* It has no bytes. */
	bool empty;
	/* Zip, where names are text: libarchive converts them. */
	bool zip;
	/* The block that was handed out last: where it begins in the input, its size, and how much
	 * of its end is to be handed out again. */
	uint8_t *buffer;
	uint64_t at;
	size_t size;
	size_t again;
	/* How many zero bytes end what was read so far. */
	uint64_t zeros;
	/* Why the last read failed, an errno value. */
	int error;
	/* May be NULL. */
	const struct sqst_cancel *cancel;
	struct sqst_report *why;
};

/* "-" is standard input; what must be kept of it is kept beside the file `beside`, or where a spool
 * is if that is NULL. What is empty is no error here. SQST_ERR_SOURCE, SQST_ERR_NOMEM, SQST_ERR_IO,
 * SQST_ERR_CANCELED. */
int sqst_input_open(struct sqst_input *input, const char *path, const char *beside,
		    const struct sqst_cancel *cancel, struct sqst_report *why);

/* Fail as reading did, with `number` in errno. */
int sqst_input_fail(const struct sqst_input *input, int number, const char *what);

/* The next bytes, valid until the next call; 0 at the end, -1 with input->error. */
ssize_t sqst_input_next(struct sqst_input *input, const void **data);

/* Go on at this byte: any of a seekable input, else one of the last block or right after it.
 * SQST_ERR_SOURCE. */
int sqst_input_back(struct sqst_input *input, uint64_t position);

/* What libarchive may call with an input: to seek, and to skip, which does nothing at or after the
 * end, so that an archive that was cut short is seen as one. */
int64_t sqst_input_seek(struct sqst_input *input, int64_t offset, int whence);
int64_t sqst_input_skip(struct sqst_input *input, int64_t size);

/* Let libarchive read from it where it stands. Returns libarchive's code. */
int sqst_input_attach(struct sqst_input *input, struct archive *archive);

/* Read a pipe to its end, so that what writes into it does not fail. *zeros: how many zero bytes
 * end the whole (512 at most are looked at). SQST_ERR_SOURCE, SQST_ERR_CANCELED. */
int sqst_input_drain(struct sqst_input *input, uint64_t *zeros);

void sqst_input_release(struct sqst_input *input);

#endif
