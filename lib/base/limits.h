/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of the format, and of what kernels read: checked where a count is written. */
#ifndef LIB_BASE_LIMITS_H
#define LIB_BASE_LIMITS_H

#include "sqst/report.h"

enum sqst_limit {
	/* Different user and group ids: the superblock counts them in 16 bits, so 65,536 would be
	 * read as none (the kernel refuses that). */
	SQST_LIMIT_IDS,
	/* Fragment blocks: the kernel computes the bytes of their table in 32 bits. */
	SQST_LIMIT_FRAGMENTS,
	/* Different sets of extended attributes: likewise. */
	SQST_LIMIT_XATTR_SETS,
	/* Bytes of an attribute's name with its namespace (XATTR_NAME_MAX), and of its value
	 * (XATTR_SIZE_MAX): no system call reads more. */
	SQST_LIMIT_XATTR_NAME,
	SQST_LIMIT_XATTR_VALUE,
	/* Bytes of all names of a set, each with its NUL (XATTR_LIST_MAX): with more, listxattr()
	 * tells none. */
	SQST_LIMIT_XATTR_LIST,
	/* Bytes of the blocks that names and values are in: a set's reference has 32 bits for the
	 * offset of a block. */
	SQST_LIMIT_XATTR_TABLE,
	/* Data blocks of a file: the kernel counts the bytes of their sizes in a signed int. */
	SQST_LIMIT_BLOCKS,
	/* Bytes of a directory's listing: the kernel keeps the size in a signed int. */
	SQST_LIMIT_LISTING,
	/* Bytes of a symbolic link's target: Linux has no longer paths, and squashfs refuses more
	 * than a page. */
	SQST_LIMIT_SYMLINK,
	/* Names of one inode: the kernel counts them in 32 bits, and user space with a sign. */
	SQST_LIMIT_LINKS,
	/* Bytes of all paths below the root together: an image with more cannot be a parent
	   (image/read.h). */
	SQST_LIMIT_PATHS,
};
#define SQST_LIMITS (SQST_LIMIT_PATHS + 1)

/* The largest value that is allowed. */
uint64_t sqst_limit_most(enum sqst_limit limit);

/* 0, or SQST_ERR_LIMIT with a message that says of `file` what there is too much of. */
int sqst_limit_check(enum sqst_limit limit, uint64_t value, const char *file,
		     struct sqst_report *why);

#endif
