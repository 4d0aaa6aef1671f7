/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of the format, and of what kernels read. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/limits.h"

static const struct {
	uint64_t most;
	/* What a message calls it: "... has N WHAT, and ... is the most". */
	const char *what;
} limits[] = {
    [SQST_LIMIT_IDS] = {65535, "different user and group ids"},
    [SQST_LIMIT_FRAGMENTS] = {(UINT32_C(1) << 28) - 1, "fragment blocks"},
    [SQST_LIMIT_XATTR_SETS] = {(UINT32_C(1) << 28) - 1, "different sets of extended attributes"},
    [SQST_LIMIT_XATTR_NAME] = {255, "bytes in the name of an extended attribute"},
    [SQST_LIMIT_XATTR_VALUE] = {65536, "bytes in the value of an extended attribute"},
    [SQST_LIMIT_XATTR_LIST] = {65536, "bytes in the names of a file's extended attributes"},
    [SQST_LIMIT_XATTR_TABLE] = {UINT32_MAX, "bytes in the table of extended attributes"},
    [SQST_LIMIT_BLOCKS] = {INT32_MAX / 4, "data blocks of a file"},
    [SQST_LIMIT_LISTING] = {INT32_MAX - 16, "bytes in the listing of a directory"},
    [SQST_LIMIT_SYMLINK] = {4095, "bytes in the target of a symbolic link"},
    [SQST_LIMIT_LINKS] = {INT32_MAX, "names of one file"},
    [SQST_LIMIT_PATHS] = {UINT64_C(1) << 30, "bytes in all paths together"},
};

uint64_t sqst_limit_most(enum sqst_limit limit)
{
	return limits[limit].most;
}

int sqst_limit_check(enum sqst_limit limit, uint64_t value, const char *file,
		     struct sqst_report *why)
{
	if (value <= limits[limit].most)
		return 0;
	return sqst_fail(why, SQST_ERR_LIMIT, file, "%llu %s; an image can have at most %llu",
			 (unsigned long long)value, limits[limit].what,
			 (unsigned long long)limits[limit].most);
}
