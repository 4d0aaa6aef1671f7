/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The free room between units of a layout, found by size. */
#ifndef LIB_DATA_GAPS_H
#define LIB_DATA_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#define SQST_GAP_NONE UINT32_MAX

/* What a block-hash update compares: a run that moves by a multiple of it keeps its blocks. */
#define SQST_GAP_BLOCK 4096

/* The offsets that a unit may have: those that leave `residue` when divided by `step`, a power of
 * two. */
struct sqst_grid {
	uint64_t step;
	uint64_t residue;
};

/* The lowest offset of the grid that is not below `offset`. */
static inline uint64_t sqst_grid_up(struct sqst_grid grid, uint64_t offset)
{
	return offset + ((grid.residue - offset) & (grid.step - 1));
}

struct sqst_gap {
	/* 0: there is none. */
	uint64_t size;
	/* The place of the unit after it. */
	uint64_t end;
	/* Where gaps of this subtree end within a block, a bit for each 64th of it. */
	uint64_t ends;
	uint32_t left;
	uint32_t right;
};

/* A unit has at most one gap in front of it, so a gap is named by the index of the unit after. A
 * treap in order of size, then offset; its priorities come from the index, so that its shape too
 * is a function of the input. */
struct sqst_gaps {
	struct sqst_gap *gap;
	uint32_t root;
};

/* Make an empty set for indices below count; false if memory is short. */
bool sqst_gaps_init(struct sqst_gaps *gaps, uint32_t count);

void sqst_gaps_release(struct sqst_gaps *gaps);

/* Add the gap of `size` bytes that ends at `end`, nothing if size is 0. There must be none with
 * this index. */
void sqst_gaps_add(struct sqst_gaps *gaps, uint32_t index, uint64_t end, uint64_t size);

/* Take a gap out; returns its size, 0 if there was none. */
uint64_t sqst_gaps_take(struct sqst_gaps *gaps, uint32_t index);

/* The smallest gap, of equal ones the lowest, that has `size` bytes from an offset of the grid on;
 * SQST_GAP_NONE if there is none.
 *
 * The grid's step is SQST_GAP_BLOCK, or residue is 0 and each gap's end is a multiple of step. In
 * the former case the search gives up after very many gaps that are large enough but begin at the
 * wrong place, and takes the smallest that would do wherever it begins. */
uint32_t sqst_gaps_find(const struct sqst_gaps *gaps, uint64_t size, struct sqst_grid grid);

#endif
