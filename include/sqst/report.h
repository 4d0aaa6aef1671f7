/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file report.h
 * How the library says what went wrong. It never prints and never exits: every function that can
 * fail returns 0 or a negative ::sqst_error and fills a report that the caller owns.
 *
 * Thread rule: one report belongs to one call at a time.
 */
#ifndef SQST_REPORT_H
#define SQST_REPORT_H

#include "sqst/predef.h"

/** Why a call failed. All are negative, so that `rc < 0` is the test for failure. */
enum sqst_error {
	/** Memory could not be had. */
	SQST_ERR_NOMEM = -1,
	/** The system refused: writing the output, disk full, a thread that does not start. */
	SQST_ERR_IO = -2,
	/** A source (directory, file) is missing, unreadable or of a kind that cannot be stored. */
	SQST_ERR_SOURCE = -3,
	/** A source changed while it was read. */
	SQST_ERR_CHANGED = -4,
	/** A parent (image or map) is damaged, hostile, or disagrees with itself or another parent.
	 */
	SQST_ERR_PARENT = -5,
	/** A limit of the format: numbers used up, more than 65,535 owners, a file too large. */
	SQST_ERR_LIMIT = -6,
	/** An option is unknown, out of range, or does not go with another. */
	SQST_ERR_OPTION = -7,
	/** The output exists and replacing it was not asked for. */
	SQST_ERR_EXISTS = -8,
	/** The caller asked for it (cancel.h; for the program: a signal came). */
	SQST_ERR_CANCELED = -9,
};

/** Room for one message. Longer ones are cut; a path in them is cut in its middle. */
#define SQST_MESSAGE_MAX 1024

/** What a failed call says of it. Zero-initialise it, set the two callbacks if warnings are wanted.
 */
struct sqst_report {
	/** Why the last call failed, 0 if none did. */
	int code;
	/** One line without a line end: what file, what is wrong, where, what to do. Bytes that are
	 *  control characters are masked as \ooo, so that it is safe on a terminal. */
	char message[SQST_MESSAGE_MAX];
	/** Called for things that do not stop the work, one line each, masked likewise. May be
	 * NULL. */
	void (*warn)(void *user, const char *message);
	/** Handed to warn. */
	void *user;
};

/**
 * Fill a report.
 * @param why     the report, may be NULL (then only the code is returned)
 * @param code    an ::sqst_error
 * @param file    the file or path that it is about, or NULL
 * @param format  printf format of the rest of the line: what is wrong, where, what to do
 * @return code, so that `return sqst_fail(…)` reads well
 */
SQST_API int sqst_fail(struct sqst_report *why, int code, const char *file, const char *format, ...)
    SQST_PRINTF(4, 5);

/** As sqst_fail(), with `: strerror(number)` behind it. `number` is an errno value. */
SQST_API int sqst_fail_errno(struct sqst_report *why, int code, int number, const char *file,
			     const char *format, ...) SQST_PRINTF(5, 6);

/** Hand one warning to the report's callback. Does nothing without one. */
SQST_API void sqst_warn(struct sqst_report *why, const char *file, const char *format, ...)
    SQST_PRINTF(3, 4);

#endif
