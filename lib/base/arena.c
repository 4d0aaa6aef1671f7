/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is freed all at once. Strings and aligned things are cut from opposite ends of a
 * chunk, so that strings cost no padding. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#define CHUNK_SIZE (256 * 1024)
/* What is larger than this gets a chunk of its own. */
#define CHUNK_SHARE (CHUNK_SIZE / 8)

struct chunk {
	struct chunk *next;
	/* Free bytes are data[low] to data[high - 1]. */
	size_t low;
	size_t high;
	_Alignas(8) unsigned char data[];
};

struct sqst_arena {
	struct chunk *current;
	struct chunk *full;
};

struct sqst_arena *sqst_arena_new(void)
{
	return calloc(1, sizeof(struct sqst_arena));
}

/* calloc hands out fresh pages without touching them, so a chunk costs what is used of it. */
static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk;

	if (size > SIZE_MAX - sizeof(*chunk))
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + size);
	if (chunk)
		chunk->high = size;
	return chunk;
}

static struct chunk *chunk_for(struct sqst_arena *arena, size_t size)
{
	struct chunk *chunk = arena->current;

	if (chunk && chunk->high - chunk->low >= size)
		return chunk;
	chunk = chunk_new(size > CHUNK_SHARE ? size : CHUNK_SIZE);
	if (!chunk)
		return NULL;
	if (size > CHUNK_SHARE) {
		chunk->next = arena->full;
		arena->full = chunk;
		return chunk;
	}
	if (arena->current) {
		arena->current->next = arena->full;
		arena->full = arena->current;
	}
	arena->current = chunk;
	return chunk;
}

void *sqst_arena_alloc(struct sqst_arena *arena, size_t size)
{
	struct chunk *chunk;
	void *memory;

	if (size > SIZE_MAX - 7)
		return NULL;
	size = (size + 7) & ~(size_t)7;
	chunk = chunk_for(arena, size);
	if (!chunk)
		return NULL;
	memory = chunk->data + chunk->low;
	chunk->low += size;
	return memory;
}

void *sqst_arena_array(struct sqst_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return sqst_arena_alloc(arena, bytes);
}

char *sqst_arena_strndup(struct sqst_arena *arena, const char *text, size_t length)
{
	struct chunk *chunk;
	char *copy;

	if (length > SIZE_MAX - 16)
		return NULL;
	/* 7 more, because the low end must stay aligned when both ends meet. */
	chunk = chunk_for(arena, length + 8);
	if (!chunk)
		return NULL;
	chunk->high -= length + 1;
	copy = (char *)chunk->data + chunk->high;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static void chunk_list_append(struct chunk **list, struct chunk *more)
{
	while (*list)
		list = &(*list)->next;
	*list = more;
}

void sqst_arena_take_over(struct sqst_arena *arena, struct sqst_arena *other)
{
	chunk_list_append(&other->full, arena->full);
	chunk_list_append(&other->full, other->current);
	arena->full = other->full;
	*other = (struct sqst_arena){0};
}

static void chunk_list_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void sqst_arena_free(struct sqst_arena *arena)
{
	if (!arena)
		return;
	chunk_list_free(arena->current);
	chunk_list_free(arena->full);
	free(arena);
}
