/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A world of few paths, in arrays: random branches of it, and what a join of two must be. */
#ifndef UNIT_SUPPORT_MERGE_ORACLE_H
#define UNIT_SUPPORT_MERGE_ORACLE_H

#include <time.h>

#include "numbering.h"
#include "sqst/check.h"
#include "sqst/map.h"

#define PATHS 22

/* A release. */
struct world {
	/* 0: not there. */
	uint8_t type[PATHS];
	/* Index of the first path of the hard link group. */
	uint8_t leader[PATHS];
	uint32_t number[PATHS];
	uint32_t top;
	/* The same as the library has it. */
	struct sqst_numbers *numbers;
};

extern const uint8_t world_uuid[SQST_UUID_SIZE];
extern uint64_t chance_state;

uint32_t chance(uint32_t below);
void world_change(struct world *world, bool links);
void world_take(struct world *world, struct sqst_numbers *numbers);
void world_release(struct world *world, const struct world *const *parent, size_t parents);
void world_branch(const struct world *from, struct world *to, bool links);

enum { UNDECIDED = 0xEE };

uint32_t joined_types(const struct world *base, const struct world *ours,
		      const struct world *theirs, uint8_t type[PATHS]);
uint32_t joined_number(size_t at, uint8_t type, const struct world *ours,
		       const struct world *theirs);
void check_safe(const struct world *child, const struct world *old, bool direct);

#endif
