/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few large pieces of memory, kept between blocks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/bytes.h"
#include "codec/xz_pool.h"

/* Smaller pieces are malloc()'s own trade; larger ones only a hostile stream asks for. */
#define KEPT_MIN 4096U
#define KEPT_MAX (16U * 1024U * 1024U)

/* The smallest free slot that holds size bytes, else the largest free one that does not (its
 * memory is given up for a piece that serves both), else an empty one; -1 if all are used. */
static int find_free_slot(const struct sqst_xz_pool *pool, size_t size)
{
	int fit = -1, grow = -1, empty = -1;

	for (int i = 0; i < SQST_XZ_POOL_SLOTS; i++) {
		const size_t has = pool->slot[i].size;

		if (pool->slot[i].used)
			continue;
		if (!pool->slot[i].data) {
			empty = i;
		} else if (has >= size) {
			if (fit < 0 || has < pool->slot[fit].size)
				fit = i;
		} else if (grow < 0 || has > pool->slot[grow].size) {
			grow = i;
		}
	}
	return fit >= 0 ? fit : grow >= 0 ? grow : empty;
}

void *sqst_xz_pool_alloc(void *opaque, size_t count, size_t size)
{
	struct sqst_xz_pool *pool = opaque;
	size_t bytes;
	int at;

	if (sqst_mul_overflows(count, size, &bytes))
		return NULL;
	if (bytes < KEPT_MIN || bytes > KEPT_MAX)
		return malloc(bytes);
	at = find_free_slot(pool, bytes);
	if (at < 0)
		return malloc(bytes);
	if (pool->slot[at].size < bytes) {
		free(pool->slot[at].data);
		pool->slot[at].size = 0;
		pool->slot[at].data = malloc(bytes);
		if (!pool->slot[at].data)
			return NULL;
		pool->slot[at].size = bytes;
	}
	pool->slot[at].used = true;
	return pool->slot[at].data;
}

void sqst_xz_pool_free(void *opaque, void *data)
{
	struct sqst_xz_pool *pool = opaque;

	if (!data)
		return;
	for (int i = 0; i < SQST_XZ_POOL_SLOTS; i++) {
		if (pool->slot[i].data == data) {
			pool->slot[i].used = false;
			return;
		}
	}
	free(data);
}

void sqst_xz_pool_clear(struct sqst_xz_pool *pool)
{
	for (int i = 0; i < SQST_XZ_POOL_SLOTS; i++)
		free(pool->slot[i].data);
	*pool = (struct sqst_xz_pool){0};
}
