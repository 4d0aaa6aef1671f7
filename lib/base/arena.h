/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is freed all at once: a million names and inodes cost no malloc header each. */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include <stddef.h>

struct sqst_arena;

/* NULL if memory is short. */
struct sqst_arena *sqst_arena_new(void);

/* Zeroed memory, aligned for any 8-byte type. NULL if memory is short. */
void *sqst_arena_alloc(struct sqst_arena *arena, size_t size);

/* Zeroed memory for count things of size bytes; NULL also when the product overflows. */
void *sqst_arena_array(struct sqst_arena *arena, size_t count, size_t size);

/* A copy of length bytes with a NUL after it, not aligned. */
char *sqst_arena_strndup(struct sqst_arena *arena, const char *text, size_t length);

/* Let `arena` own all that `other` has; `other` is empty then. */
void sqst_arena_take_over(struct sqst_arena *arena, struct sqst_arena *other);

void sqst_arena_free(struct sqst_arena *arena);

#endif
