/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is, as the format has it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sys/stat.h>

#include "tree/kind.h"

int sqst_type_of_mode(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SQST_TYPE_DIR;
	case S_IFREG:
		return SQST_TYPE_FILE;
	case S_IFLNK:
		return SQST_TYPE_SYMLINK;
	case S_IFBLK:
		return SQST_TYPE_BLOCK;
	case S_IFCHR:
		return SQST_TYPE_CHAR;
	case S_IFIFO:
		return SQST_TYPE_FIFO;
	case S_IFSOCK:
		return SQST_TYPE_SOCKET;
	default:
		return 0;
	}
}

bool sqst_device_encode(uint64_t major_number, uint64_t minor_number, uint32_t *out)
{
	if (major_number > 0xFFF || minor_number > 0xFFFFF)
		return false;
	*out = (uint32_t)((minor_number & 0xFF) | major_number << 8 |
			  (minor_number & ~UINT64_C(0xFF)) << 12);
	return true;
}

uint32_t sqst_time_clamp(int64_t seconds, uint64_t *clamped)
{
	if (seconds >= 0 && seconds <= (int64_t)UINT32_MAX)
		return (uint32_t)seconds;
	if (clamped)
		++*clamped;
	return seconds < 0 ? 0 : UINT32_MAX;
}
