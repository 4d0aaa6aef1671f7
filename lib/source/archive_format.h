/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What formats of archives have no room for. */
#ifndef LIB_SOURCE_ARCHIVE_FORMAT_H
#define LIB_SOURCE_ARCHIVE_FORMAT_H

/* What no entry of an archive of this format (ARCHIVE_FORMAT_* of archive.h) can have; NULL:
 * nothing that an image has. A constant. */
const char *sqst_format_missing(int format);

#endif
