/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an archive without the compression that it may be in. They are handed to libarchive,
 * and can be looked at where it has read them: it does not tell all that headers say. */
#ifndef LIB_SOURCE_PLAIN_ARCHIVE_H
#define LIB_SOURCE_PLAIN_ARCHIVE_H

#include "source/input.h"

struct sqst_plain {
	struct sqst_input *input;
	/* What decompresses; NULL if nothing has to. Positions count its output then, else they are
	 * those of the input. */
	struct archive *filter;
	/* Where in the input the filter began. */
	uint64_t filter_base;
	/* The block that was handed out last, where it begins, and how much of its end is to be
	 * handed out again. */
	const uint8_t *data;
	uint64_t at;
	size_t size;
	size_t again;
	/* Where the archive that reads from this began. */
	uint64_t base;
	/* What was handed out lately, for sqst_plain_look(); of a plain file: room for that. */
	uint8_t *window;
	uint64_t window_at;
	size_t window_size;
	size_t window_room;
	/* Nothing from here on may leave the window. */
	uint64_t keep_from;
	bool keep;
	/* Memory was short in a call of libarchive. */
	bool no_memory;
	struct sqst_report *why;
};

/* See what the input is, where it stands, and decompress it if need be. SQST_ERR_SOURCE,
 * SQST_ERR_NOMEM. */
int sqst_plain_open(struct sqst_plain *plain, struct sqst_input *input, struct sqst_report *why);

/* Let libarchive read from it. Returns libarchive's code. */
int sqst_plain_attach(struct sqst_plain *plain, struct archive *archive);

/* How far an archive that reads from this has come. */
uint64_t sqst_plain_position(const struct sqst_plain *plain, struct archive *archive);

/* Let all from `position` on be seen until this is called again. */
void sqst_plain_keep(struct sqst_plain *plain, uint64_t position);

/* The bytes at a position, which were kept; valid until the next call and until libarchive reads.
 * SQST_ERR_SOURCE (more of them than are kept; not readable), SQST_ERR_CHANGED, SQST_ERR_NOMEM. */
int sqst_plain_look(struct sqst_plain *plain, uint64_t position, size_t size,
		    const uint8_t **bytes);

/* Where bytes that libarchive has handed on stand in the file that is the input. False: nowhere,
 * since they were unpacked, or libarchive has put them together, or it is no regular file. */
bool sqst_plain_find(const struct sqst_plain *plain, const void *data, uint64_t *position);

/* Go on after an archive that ended at `position`, if anything but zeros follows there. *more:
 * whether; plain->base is where, of the decompressed bytes or of the input. SQST_ERR_SOURCE,
 * SQST_ERR_NOMEM. */
int sqst_plain_next(struct sqst_plain *plain, uint64_t position, bool *more);

void sqst_plain_release(struct sqst_plain *plain);

#endif
