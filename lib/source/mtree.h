/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mtree specifications: keywords of a line, and reading a whole one. */
#ifndef LIB_SOURCE_MTREE_H
#define LIB_SOURCE_MTREE_H

#include "sqst/report.h"
#include "tree/node.h"

/* Which keywords an entry has. */
enum sqst_mtree_has {
	SQST_MTREE_TYPE = 0x001,
	SQST_MTREE_MODE = 0x002,
	SQST_MTREE_UID = 0x004,
	SQST_MTREE_GID = 0x008,
	SQST_MTREE_TIME = 0x010,
	SQST_MTREE_SIZE = 0x020,
	SQST_MTREE_DEVICE = 0x040,
	SQST_MTREE_OPTIONAL = 0x080,
	SQST_MTREE_IGNORE = 0x100,
	SQST_MTREE_UNAME = 0x200,
	SQST_MTREE_GNAME = 0x400,
};

struct sqst_mtree_keys {
	/* An or of sqst_mtree_has. */
	unsigned has;
	uint8_t type;
	uint16_t mode;
	int64_t uid;
	int64_t gid;
	int64_t time;
	uint64_t size;
	uint64_t major;
	uint64_t minor;
	/* In the line, unescaped; NULL for none. */
	const char *link;
	const char *contents;
};

/* Unescape a word in place. False: a backslash that means nothing, or a NUL byte. */
bool sqst_mtree_unescape(char *word);

/* Take one keyword, "key" or "key=value"; unknown ones are skipped. NULL, or what is wrong. */
const char *sqst_mtree_key(struct sqst_mtree_keys *keys, char *word);

/* Forget a keyword, or all of them with "all". */
void sqst_mtree_unset(struct sqst_mtree_keys *keys, const char *name);

#endif
