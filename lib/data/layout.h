/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the data of an update goes. Runs of bytes that are taken over from the parent stay at
 * their offset, so that an update by blocks moves only what changed; new ones go into gaps that
 * dead data left, or to the end. When that wastes too much room, as little as possible is moved,
 * and by whole blocks of 4096 bytes where it can be. */
#ifndef LIB_DATA_LAYOUT_H
#define LIB_DATA_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "sqst/report.h"

#define SQST_UNIT_NEW UINT64_MAX

/* A run of bytes that has to stay together: the blocks of a file, or a fragment block. */
struct sqst_unit {
	/* In bytes, above 0. */
	uint64_t size;
	/* Offset in the parent, or SQST_UNIT_NEW. */
	uint64_t old_place;
	/* The result. */
	uint64_t place;
};

/* How far it had to go. */
enum sqst_layout_level {
	/* What can stay stays, the rest is in gaps or after the end. */
	SQST_LAYOUT_PLACED = 0,
	/* The last units were moved into gaps. */
	SQST_LAYOUT_FILLED = 1,
	/* Units were slid down. */
	SQST_LAYOUT_SLID = 2,
	/* All is packed, and blocks do not keep their boundaries. */
	SQST_LAYOUT_PACKED = 3,
};

struct sqst_layout {
	/* First offset that data may have, after the head of the image. */
	uint64_t start;
	/* Each unit starts at a multiple of it: a power of two; 0 or 1: anywhere. */
	uint32_t align;
	/* The waste that may be, in percent of what a fresh build would have. */
	uint32_t slack;
	/* Bytes inside of units that nobody needs, at most the sum of their sizes: waste too. */
	uint64_t dead;

	/* What came out. Offset after the last unit; start if there are none. */
	uint64_t end;
	/* Bytes of units of the parent that are where they were, and of those that are not. */
	uint64_t in_place;
	uint64_t moved;
	/* Bytes between start and end that no unit has. */
	uint64_t gaps;
	unsigned level;
};

/* Give each unit its place. The result is a function of the arguments alone, and no unit overlaps
 * another. Units of the parent should not have overlapped one another; of two that did the later
 * one moves.
 *
 * The waste, that is end - start - (sum of sizes - dead), is above slack only where `dead` and
 * `align` leave no other way; the level is SQST_LAYOUT_PACKED then. Before that level a unit of the
 * parent keeps its offset modulo 4096, unless `align` is in the way.
 *
 * Returns 0, SQST_ERR_NOMEM, or SQST_ERR_LIMIT if an offset would not fit into int64_t; places mean
 * nothing after a failure. */
int sqst_layout_place(struct sqst_layout *layout, struct sqst_unit *unit, size_t units,
		      struct sqst_report *why);

#endif
