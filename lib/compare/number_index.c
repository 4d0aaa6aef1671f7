/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths of a release as an array. Two of them are paired directory by directory: both are
 * sorted by name, so no path is looked up. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "compare/number_index.h"

static int by_index_number(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

bool sqst_index_make(struct sqst_index *index, const struct sqst_numbers *numbers)
{
	const uint32_t paths = numbers->paths;
	uint32_t made = 1;

	index->place = calloc(paths, sizeof(*index->place));
	index->by_number = calloc(paths, sizeof(*index->by_number));
	if (!index->place || !index->by_number)
		return false;
	index->count = paths;
	index->place[0].entry = &numbers->root;
	for (uint32_t i = 0; i < made; i++) {
		struct sqst_indexed_path *place = &index->place[i];
		const struct sqst_entry *entry = place->entry;

		place->twin = SQST_NO_PLACE;
		place->child = made;
		index->by_number[i] = (uint64_t)entry->number << 32 | i;
		for (uint32_t c = 0; c < entry->count; c++, made++) {
			index->place[made].entry = &entry->child[c];
			index->place[made].parent = i;
		}
	}
	qsort(index->by_number, paths, sizeof(*index->by_number), by_index_number);
	return true;
}

void sqst_index_release(struct sqst_index *index)
{
	free(index->place);
	free(index->by_number);
}

static void pair_children(struct sqst_index *was, struct sqst_index *is, uint32_t dir)
{
	const struct sqst_indexed_path *left = &was->place[dir], *right = &is->place[left->twin];
	uint32_t a = 0, b = 0;

	while (a < left->entry->count && b < right->entry->count) {
		const int order = strcmp(left->entry->child[a].name, right->entry->child[b].name);

		if (order == 0) {
			was->place[left->child + a].twin = right->child + b;
			is->place[right->child + b].twin = left->child + a;
		}
		a += order <= 0;
		b += order >= 0;
	}
}

void sqst_index_pair(struct sqst_index *was, struct sqst_index *is)
{
	was->place[0].twin = is->place[0].twin = 0;
	/* A directory stands in front of what is in it. What is no directory has no children. */
	for (uint32_t i = 0; i < was->count; i++) {
		if (was->place[i].twin != SQST_NO_PLACE)
			pair_children(was, is, i);
	}
}

uint32_t sqst_index_end(const struct sqst_index *index, uint32_t at)
{
	const uint32_t number = sqst_index_number(index, at);

	while (at < index->count && sqst_index_number(index, at) == number)
		at++;
	return at;
}

const char *sqst_index_path(const struct sqst_index *index, uint32_t place,
			    struct sqst_arena *arena)
{
	size_t size = 0, length;
	char *path;

	for (uint32_t i = place; i != 0; i = index->place[i].parent)
		size += strlen(index->place[i].entry->name) + 1;
	if (size == 0)
		return "";
	path = sqst_arena_alloc(arena, size);
	if (!path)
		return NULL;
	/* From its end; the '/' behind the last name is the NUL. */
	for (uint32_t i = place; i != 0; i = index->place[i].parent) {
		length = strlen(index->place[i].entry->name);
		path[--size] = i == place ? '\0' : '/';
		size -= length;
		memcpy(path + size, index->place[i].entry->name, length);
	}
	return path;
}
