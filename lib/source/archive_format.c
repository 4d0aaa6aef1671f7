/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What formats of archives have no room for. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <archive.h>
#include <stddef.h>

#include "source/archive_format.h"

const char *sqst_format_missing(int format)
{
	switch (format) {
	case ARCHIVE_FORMAT_TAR:
		return "v7 tar: no extended attributes, devices or FIFOs";
	case ARCHIVE_FORMAT_TAR_USTAR:
		return "ustar: no extended attributes";
	case ARCHIVE_FORMAT_TAR_GNUTAR:
		return "GNU tar: no extended attributes";
	case ARCHIVE_FORMAT_CPIO_POSIX:
		return "odc cpio: no extended attributes, no owners above 262143";
	case ARCHIVE_FORMAT_CPIO_BIN_LE:
	case ARCHIVE_FORMAT_CPIO_BIN_BE:
		return "binary cpio: no extended attributes, no owners or devices above 65535";
	case ARCHIVE_FORMAT_CPIO_SVR4_NOCRC:
	case ARCHIVE_FORMAT_CPIO_SVR4_CRC:
		return "cpio: no extended attributes";
	case ARCHIVE_FORMAT_ZIP:
		return "zip: no extended attributes, hard links or devices";
	default:
		return NULL;
	}
}
