/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file map.h
 * The persisted path-to-inode map: an mtree file, sorted by path as bytes.
 *
 *     #mtree
 *     # sqfs-stable: version=1 uuid=… generation=… top=13771
 *     . type=dir inode=1
 *     ./bin type=link inode=2
 *
 * Paths are escaped as mtree escapes them: a byte up to 0x20, from 0x7f on, '#', '=' and '\' is
 * written as a backslash and three octal digits. The entry lines alone, without the comment lines,
 * are the canonical map; the image's own id is made from it.
 *
 * The header line has version and top always, uuid if the image has a lineage UUID, and generation
 * if it has a stable-numbering record. Without uuid or without generation the map gives no own id,
 * as such an image has none. Fields and keywords that are not known are ignored, and so are empty
 * lines and other comment lines.
 */
#ifndef SQST_MAP_H
#define SQST_MAP_H

#include "sqst/cancel.h"
#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/**
 * Read a map. The image's own id is computed, so that a map and the image that it was written with
 * give the same numbers and the same lineage (but for the label, the parents' ids and the root's
 * double, which a map does not carry: no child needs them). The lines may be in any order.
 *
 * Refused, with the line: no "#mtree" first line; no or an unknown version; a field missing, twice
 * or not a number; a number of 0 or above top; a number on two paths that are not both of one type
 * other than directory; a path twice, without its directory, with "." or ".." or an empty name or
 * one of more than 255 bytes in it; an escape that is not three octal digits, or stands for NUL or
 * '/'; a control character that is not escaped (carriage returns too); a line continued in the
 * next; "/set" lines; a last line without its end; no root.
 *
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT
 */
SQST_API int sqst_map_read(const char *path, struct sqst_numbers **out, struct sqst_report *why);

/** As sqst_map_read(), from memory; `name` is used in messages. */
SQST_API int sqst_map_parse(const char *name, const char *text, size_t size,
			    struct sqst_numbers **out, struct sqst_report *why);

/**
 * Write the map as sqst_file_write() does (output.h): it replaces a map, and nothing else.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_EXISTS (something else is there)
 */
SQST_API int sqst_map_write(const struct sqst_numbers *numbers, const char *path,
			    struct sqst_report *why);

/**
 * The map as one string, byte for byte as sqst_map_write() writes it.
 * @param out   the caller's to free(); not NUL-terminated
 * @param size  its bytes
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_map_text(const struct sqst_numbers *numbers, char **out, size_t *size,
			   struct sqst_report *why);

struct sqst_map_lock;

/**
 * Lock a map before it is read, to replace it afterwards: else two processes that both read it
 * would give one number to two paths. sqst_build() does so with a map that is a parent and its
 * output.
 *
 * While another process has it locked, this waits, and says so once through the report's warn().
 * What is locked is the file itself (flock(2)): nothing lies around beside it, and the lock of a
 * process that was killed is gone. A map that was replaced by a rename meanwhile is locked anew. A
 * file system that cannot lock is warned of.
 *
 * @param cancel  says whether it is to wait no longer; may be NULL
 * @param out     the caller's to free with sqst_map_lock_free(); NULL for what is no regular file
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT (no such map), SQST_ERR_CANCELED
 */
SQST_API int sqst_map_lock_take(const char *path, const struct sqst_cancel *cancel,
				struct sqst_map_lock **out, struct sqst_report *why);

/**
 * To be called right before the map is replaced: it must still be what was locked. Something that
 * takes no lock (a version control system, an editor) may have written it.
 * @param lock  may be NULL
 * @return 0 or SQST_ERR_CHANGED
 */
SQST_API int sqst_map_lock_check(const struct sqst_map_lock *lock, struct sqst_report *why);

/** Unlock. NULL is allowed. */
SQST_API void sqst_map_lock_free(struct sqst_map_lock *lock);

/**
 * The canonical map as one string.
 * @param out   the caller's to free() ; not NUL-terminated
 * @param size  its bytes
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_map_canonical(const struct sqst_numbers *numbers, char **out, size_t *size,
				struct sqst_report *why);

#endif
