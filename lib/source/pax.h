/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of pax headers (POSIX, pax, "pax Extended Header"), as they stand in the archive:
 * libarchive leaves global ones out, and takes the names of attributes for text. */
#ifndef LIB_SOURCE_PAX_H
#define LIB_SOURCE_PAX_H

#include "base/arena.h"
#include "source/plain_archive.h"

/* "key=value", neither with an end of its own. */
struct sqst_pax_record {
	const char *key;
	size_t key_size;
	const char *value;
	size_t value_size;
};

struct sqst_pax_list {
	struct sqst_pax_record *record;
	size_t count;
	size_t room;
};

struct sqst_pax {
	/* Of all entries from here on, and of the entry that is read. */
	struct sqst_pax_list global;
	struct sqst_pax_list local;
	/* Where global ones are. */
	struct sqst_arena *arena;
	/* Some header was there. */
	bool seen;
};

/* Read the headers that stand between two positions, before an entry. The local records are valid
 * until the next call and until libarchive reads on. SQST_ERR_SOURCE, SQST_ERR_NOMEM. */
int sqst_pax_read(struct sqst_pax *pax, struct sqst_plain *plain, uint64_t from, uint64_t to);

/* The global record with this key, unless a local one replaces it. NULL if there is none. */
const struct sqst_pax_record *sqst_pax_find_global(const struct sqst_pax *pax, const char *key);

/* What follows a prefix in a record's key; NULL if it has another. Not NUL-terminated. */
const char *sqst_pax_behind(const struct sqst_pax_record *record, const char *prefix, size_t *size);

void sqst_pax_release(struct sqst_pax *pax);

#endif
