/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file report.h
 * How the library says what went wrong. It never prints and never exits: every function that can
 * fail returns 0 or a negative ::sqst_error and fills a report that the caller owns.
 *
 * Thread rule: one report belongs to one call at a time.
 *
 * And what every other header needs: export marks, how a long call is ended early, text that is
 * safe to show, files that are written.
 */
#ifndef SQST_REPORT_H
#define SQST_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__) || defined(__clang__)
#define SQST_API            __attribute__((visibility("default")))
#define SQST_PRINTF(at, va) __attribute__((format(printf, at, va)))
#else
#define SQST_API
#define SQST_PRINTF(at, va)
#endif

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
	/** The errno value of the system call that failed, 0 if it was none. */
	int number;
	/** One line without a line end: what file, what is wrong, where, what to do. Masked as
	 *  sqst_text_mask() does (text.h), so that it is safe on a terminal. */
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

/**
 * As sqst_fail(), with `: strerror(number)` behind it. `number` is an errno value; if it says that
 * the system is short of something, the code is ::SQST_ERR_NOMEM (ENOMEM) or ::SQST_ERR_IO (EAGAIN,
 * EDQUOT, EMFILE, ENFILE, ENOSPC), whatever `code` is. Take the code that is returned.
 */
SQST_API int sqst_fail_errno(struct sqst_report *why, int code, int number, const char *file,
			     const char *format, ...) SQST_PRINTF(5, 6);

/** Hand one warning to the report's callback. Does nothing without one. */
SQST_API void sqst_warn(struct sqst_report *why, const char *file, const char *format, ...)
    SQST_PRINTF(3, 4);

/* ---- ending a call early */

/** How a call asks. It must stay valid until the call returns. */
struct sqst_cancel {
	/** Whether the call is to end. Asked on the thread that made the call and on no other, at
	 *  least five times a second unless the system blocks a read or a write, and very often
	 *  otherwise: it should do no more than read a variable. What a signal handler or another
	 *  thread sets there is to be atomic. */
	bool (*asked)(void *user);
	/** Handed to it. */
	void *user;
};

/* ---- text that someone else chose */

/** Room for what sqst_text_mask() makes of one character, NUL included. */
#define SQST_MASKED_MAX 17

/**
 * Decode one character of UTF-8. Too long forms, surrogates and what is above U+10FFFF are none.
 * @param length  bytes that there are, at least 1
 * @param code    the character; untouched if there is none
 * @return how many bytes it has, 1 to 4; 0 if they are no UTF-8
 */
SQST_API size_t sqst_utf8_decode(const char *text, size_t length, uint32_t *code);

/**
 * One character as it may be shown: itself, or each of its bytes as a backslash and three octal
 * digits. A byte that is no UTF-8 is a character of its own, and masked.
 * @param length  bytes that there are, at least 1
 * @param shown   NUL-terminated
 * @return how many bytes of text it was
 */
SQST_API size_t sqst_text_mask(const char *text, size_t length, char shown[SQST_MASKED_MAX]);

/* ---- files that are written */

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
