/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays that grow by one item at a time. */
#ifndef LIB_BASE_ARRAY_H
#define LIB_BASE_ARRAY_H

#include <stdint.h>
#include <stdlib.h>

/* Room for one more item: the array, moved if it had to be, NULL if memory is short (the array and
 * *room are then as they were). `room` counts items, and begins as 0 with a NULL array. */
static inline void *sqst_grow(void *array, size_t used, size_t *room, size_t item)
{
	const size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (used < *room)
		return array;
	if (more > SIZE_MAX / 2 / item)
		return NULL;
	grown = realloc(array, more * item);
	if (grown)
		*room = more;
	return grown;
}

#endif
