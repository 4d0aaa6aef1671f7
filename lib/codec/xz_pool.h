/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that liblzma gives back after one block and asks for again with the next. Without it each
 * block costs mmap(), a page fault for every page touched, and munmap(). */
#ifndef LIB_CODEC_XZ_POOL_H
#define LIB_CODEC_XZ_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* More than liblzma ever holds at once of the sizes that are kept. */
#define SQST_XZ_POOL_SLOTS 12

/* All zero: empty. */
struct sqst_xz_pool {
	struct {
		void *data;
		size_t size;
		bool used;
	} slot[SQST_XZ_POOL_SLOTS];
};

/* The functions of an lzma_allocator whose opaque is a pool. */
void *sqst_xz_pool_alloc(void *opaque, size_t count, size_t size);
void sqst_xz_pool_free(void *opaque, void *data);

/* Give all memory back to the system. */
void sqst_xz_pool_clear(struct sqst_xz_pool *pool);

#endif
