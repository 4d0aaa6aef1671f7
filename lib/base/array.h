/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing arrays. */
#ifndef LIB_BASE_ARRAY_H
#define LIB_BASE_ARRAY_H

#include <stdint.h>
#include <stdlib.h>

/* Room for `need` items: the array, moved if it had to be, NULL only if memory is short (the array
 * and *room are then as they were). `room` counts items, and begins as 0 with a NULL array; it
 * doubles, so that a million items are not copied a million times. */
static inline void *sqst_reserve(void *array, size_t need, size_t *room, size_t item)
{
	const size_t twice = *room ? *room * 2 : 64;
	const size_t more = need > twice ? need : twice;
	void *grown;

	if (need <= *room && *room > 0)
		return array;
	if (more > SIZE_MAX / 2 / item)
		return NULL;
	grown = realloc(array, more * item);
	if (grown)
		*room = more;
	return grown;
}

/* Room for one more. */
static inline void *sqst_grow(void *array, size_t used, size_t *room, size_t item)
{
	return sqst_reserve(array, used + 1, room, item);
}

#endif
