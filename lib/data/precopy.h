/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a parent is copied while it is still being compared: most of it stays where it is,
 * and the disk has something to do meanwhile. What turns out otherwise is written over. */
#ifndef LIB_DATA_PRECOPY_H
#define LIB_DATA_PRECOPY_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/output.h"
#include "sqst/cancel.h"

struct sqst_image;

struct sqst_precopy {
	pthread_t thread;
	bool running;
	/* Set to end it early. */
	atomic_bool ending;
	struct sqst_output *output;
	const struct sqst_image *parent;
	uint64_t from;
	uint64_t to;
	int rc;
	struct sqst_report why;
};

/* Begin to copy bytes from `from` to `to` of the parent to where they are there. Until it is ended,
 * nobody else uses the output. Without a thread nothing is copied. */
void sqst_precopy_start(struct sqst_precopy *precopy, struct sqst_output *output,
			const struct sqst_image *parent, uint64_t from, uint64_t to);

/* Wait for it. *copied: all of it is there. SQST_ERR_IO, SQST_ERR_CHANGED, SQST_ERR_NOMEM,
 * SQST_ERR_CANCELED. */
int sqst_precopy_finish(struct sqst_precopy *precopy, bool *copied,
			const struct sqst_cancel *cancel, struct sqst_report *why);

/* End it early. */
void sqst_precopy_stop(struct sqst_precopy *precopy);

#endif
