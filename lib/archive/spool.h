/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary file without a name, written from front to back, that keeps contents until the tree
 * is freed. */
#ifndef LIB_ARCHIVE_SPOOL_H
#define LIB_ARCHIVE_SPOOL_H

#include "tree/tree.h"

struct sqst_spool {
	int fd;
	/* Where the next content begins. */
	uint64_t end;
	/* Bytes that are not written yet, and where they belong. */
	uint8_t *buffer;
	size_t used;
	uint64_t at;
	struct sqst_report *why;
};

/* In $TMPDIR, else /var/tmp, else /tmp. SQST_ERR_IO, SQST_ERR_NOMEM. */
int sqst_spool_open(struct sqst_spool *spool, struct sqst_report *why);

/* Write at a position at or behind spool->end; what is skipped becomes a hole. SQST_ERR_IO. */
int sqst_spool_write(struct sqst_spool *spool, uint64_t position, const void *data, size_t size);

/* All is written, and the file has spool->end bytes. SQST_ERR_IO. */
int sqst_spool_finish(struct sqst_spool *spool);

/* The file stays open if it was handed to a tree (fd is -1 then). */
void sqst_spool_release(struct sqst_spool *spool);

/* Contents in a spool file, which is the origin's fd: key[0] is where one begins. */
extern const struct sqst_origin_type sqst_origin_spool;

#endif
