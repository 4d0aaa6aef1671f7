/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary file without a name, written from front to back: for what is made before it is known
 * where it belongs. */
#ifndef LIB_BASE_SPOOL_H
#define LIB_BASE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "sqst/report.h"

struct sqst_spool {
	int fd;
	/* Where the next thing begins. */
	uint64_t end;
	/* Bytes that are not written yet, and where they belong. */
	uint8_t *buffer;
	size_t used;
	uint64_t at;
	struct sqst_report *why;
};

/* In $TMPDIR, else /var/tmp, else /tmp. SQST_ERR_IO, SQST_ERR_NOMEM. */
int sqst_spool_open(struct sqst_spool *spool, struct sqst_report *why);

/* As sqst_spool_open(), but first where the file `path` is or will be. */
int sqst_spool_open_beside(struct sqst_spool *spool, const char *path, struct sqst_report *why);

/* Write at a position at or after spool->end; what is skipped becomes a hole. SQST_ERR_IO,
 * SQST_ERR_LIMIT. */
int sqst_spool_write(struct sqst_spool *spool, uint64_t position, const void *data, size_t size);

/* All is written, and the file has spool->end bytes. SQST_ERR_IO. */
int sqst_spool_finish(struct sqst_spool *spool);

/* The file stays open if it was handed to somebody (fd is -1 then). */
void sqst_spool_release(struct sqst_spool *spool);

#endif
