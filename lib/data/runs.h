/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of bytes of an image that is built on a parent: each file's blocks, and each fragment block.
 * They are gathered first (taken over from the parent, or made and kept in a spool file), then
 * placed, then copied. */
#ifndef LIB_DATA_RUNS_H
#define LIB_DATA_RUNS_H

#include "base/output.h"
#include "base/spool.h"
#include "data/extent.h"
#include "data/layout.h"

struct sqst_image;

/* Bytes of a run that stand together where they are now. */
struct sqst_piece {
	uint64_t at;
	uint64_t size;
	/* In the spool file, not in the parent. */
	bool spooled;
};

struct sqst_run {
	/* A file's blocks; NULL: a fragment block. */
	struct sqst_extent *extent;
	uint32_t fragment;
	uint32_t pieces;
	size_t first_piece;
	uint64_t size;
	/* Its unit of the layout, and where in it. */
	size_t unit;
	uint64_t inside;
};

struct sqst_runs {
	/* Asked while they are copied; may be NULL. */
	const struct sqst_cancel *cancel;
	struct sqst_spool spool;
	struct sqst_run *run;
	size_t count;
	size_t room;
	struct sqst_piece *piece;
	size_t pieces;
	size_t piece_room;
	struct sqst_unit *unit;
	/* The run whose pieces a unit's bytes are. */
	size_t *source;
	size_t units;
	struct sqst_report *why;
};

/* runs must be zero; release it in any case. */
int sqst_runs_open(struct sqst_runs *runs, struct sqst_report *why);

/* Bytes of the parent are the next of this extent, or this fragment (with a NULL extent). All of an
 * extent is added before anything of another. 0 or SQST_ERR_NOMEM. */
int sqst_runs_take(struct sqst_runs *runs, struct sqst_extent *extent, uint32_t fragment,
		   uint64_t at, uint64_t size);

/* The same for new bytes. SQST_ERR_IO, SQST_ERR_NOMEM, SQST_ERR_LIMIT. */
int sqst_runs_make(struct sqst_runs *runs, struct sqst_extent *extent, uint32_t fragment,
		   const void *data, uint32_t size);

/* Bytes of all runs. */
uint64_t sqst_runs_size(const struct sqst_runs *runs);

/* Give each run its place: extent->start, and fragment[].start. layout: start, align, slack and
 * dead are the caller's. Fails as sqst_layout_place(). */
int sqst_runs_place(struct sqst_runs *runs, struct sqst_layout *layout,
		    struct sqst_fragment *fragment);

/* Copy all to their places, but what is in its place already if `copied`: then all of the parent's
 * data was copied to where it is there. parent: the parent's file. layout: as placed. */
int sqst_runs_copy(struct sqst_runs *runs, const struct sqst_layout *layout,
		   const struct sqst_image *parent, bool copied, struct sqst_output *output);

/* Add the parent's bytes that a partly changed file has taken over to the layout's counts of what
 * is in place and what moved. */
void sqst_runs_count(const struct sqst_runs *runs, struct sqst_layout *layout);

void sqst_runs_release(struct sqst_runs *runs);

#endif
