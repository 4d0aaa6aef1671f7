/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file output.h
 * Files that the programs write: what they are, and when one may take the place of another.
 *
 * One rule holds for all of them. A file appears whole or not at all. What exists is replaced only
 * by its like, a map by a map and a report by a report, or where the caller forces it; a squashfs
 * image never becomes anything else. A device or FIFO, "-" (standard output) and /dev/stdout are
 * written to, not replaced. A symbolic link is followed, and stays. The new file takes over the
 * mode of the old one, and its owner, group and extended attributes as far as the process may set
 * them.
 */
#ifndef SQST_OUTPUT_H
#define SQST_OUTPUT_H

#include "sqst/predef.h"
#include "sqst/report.h"

/** What is written. */
enum sqst_output_kind {
	/** A squashfs image: it replaces nothing unless it is forced, and no stream can hold it. */
	SQST_OUTPUT_IMAGE,
	/** A map (map.h). */
	SQST_OUTPUT_MAP,
	/** A report as JSON. */
	SQST_OUTPUT_JSON,
	/** A report as an HTML page. */
	SQST_OUTPUT_PAGE,
};

/**
 * Find out whether a file may be written.
 * @return 0, SQST_ERR_EXISTS (it exists, and is something else), SQST_ERR_IO, SQST_ERR_NOMEM
 */
SQST_API int sqst_file_check(const char *path, enum sqst_output_kind kind, struct sqst_report *why);

/**
 * Write a file, whole or not at all: beside its target, fsynced, renamed.
 * @return 0, or as sqst_file_check(); on failure all is as it was
 */
SQST_API int sqst_file_write(const char *path, enum sqst_output_kind kind, const void *data,
			     size_t size, struct sqst_report *why);

/** A file and what becomes of it. */
struct sqst_file {
	const char *path;
	enum sqst_output_kind kind;
	const void *data;
	size_t size;
};

/** As sqst_file_write(), for several files: they appear together, or none does. */
SQST_API int sqst_files_write(const struct sqst_file *file, size_t count, struct sqst_report *why);

/** The largest `count` that sqst_files_write() takes. */
#define SQST_FILES_MAX 8

/** Whether two paths name one file, or would. */
SQST_API bool sqst_file_same(const char *one, const char *other);

#endif
