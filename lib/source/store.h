/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents of an archive, which can be read only once and in its own order, while an image is
 * written in another: ranges of the archive's file where they stand there as they are, else copies.
 * Holes are between the parts and take no room. */
#ifndef LIB_SOURCE_STORE_H
#define LIB_SOURCE_STORE_H

#include <sys/stat.h>

#include "source/chunks.h"
#include "tree/tree.h"

struct sqst_part {
	/* Where it begins in the content. */
	uint64_t offset;
	uint64_t size;
	/* Where it begins in the archive's file, or among the copies. */
	uint64_t at;
	bool copied;
};

struct sqst_store {
	struct sqst_chunks copies;
	/* The archive's file; -1 if nothing refers to it. */
	int archive;
	struct stat st;
	struct sqst_part *part;
	size_t parts;
	size_t room;
	/* The first part of the content that is being stored. */
	size_t first;
};

/* The origin's state is the store. key[0]: the first part, key[1]: how many. */
extern const struct sqst_origin_type sqst_origin_store;

/* NULL if memory is short. `beside`: where copies are tried first, or NULL. */
struct sqst_store *sqst_store_new(const char *beside);

/* Begin a content. */
void sqst_store_begin(struct sqst_store *store);

/* Bytes at an offset of the content, at or after the end of those before. SQST_ERR_NOMEM,
 * SQST_ERR_IO, SQST_ERR_SOURCE (not in order). */
int sqst_store_copy(struct sqst_store *store, uint64_t offset, const void *data, size_t size,
		    struct sqst_report *why);

/* As sqst_store_copy(), but they stand in the archive's file. */
int sqst_store_refer(struct sqst_store *store, uint64_t offset, uint64_t at, uint64_t size,
		     struct sqst_report *why);

/* All contents are stored. fd: the archive's file, which is duplicated if something refers to it.
 * SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_SOURCE. */
int sqst_store_finish(struct sqst_store *store, int fd, struct sqst_report *why);

/* NULL is allowed. */
void sqst_store_free(struct sqst_store *store);

#endif
