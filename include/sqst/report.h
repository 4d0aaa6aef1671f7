/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file report.h
 * How the library reports errors, and what every other header needs: export marks, canceling a
 * long call, text that is safe to show, and files that are written whole or not at all.
 *
 * Error rule: the library never prints and never exits. A function that can fail returns 0 or a
 * negative ::sqst_error and describes the failure in a report that the caller owns. `why` may be
 * NULL in every call. A call that succeeds may leave anything in the report: read it after a
 * failure only. After a failure every `out` parameter is as it was before the call, unless its
 * function says otherwise.
 *
 * Ownership rule: an object that a call hands out belongs to the caller, who frees it with the
 * function that the call names. What a structure points to belongs to that structure, unless a
 * field says otherwise. Strings that a caller passes are only borrowed, until the call returns.
 *
 * Thread rule: the library has no mutable global state. Several threads may call it at the same
 * time as long as they use different objects; any number of threads may read one object that none
 * of them changes. One report belongs to one call at a time. Callbacks run on the thread that made
 * the call. build.h names the exceptions.
 *
 * Units: sizes and offsets are bytes, times are seconds since 1970-01-01 00:00 UTC, inode numbers
 * count from 1, paths are bytes without a leading slash ("" for the root, else "a/b").
 *
 * Not promised, by this header and the others:
 * - Before version 1.0, functions, structures and constants may change with every version, and the
 *   soname stays 0. Build a program against the version that it runs with.
 * - Structures that the library allocates may grow at their end. Never copy one by its size, keep
 *   arrays of it or allocate one.
 * - Messages are for people. Their words may change with every version; a program looks at the
 *   code.
 * - Which error is reported when there is more than one.
 */
#ifndef SQST_REPORT_H
#define SQST_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define SQST_API            __attribute__((visibility("default")))
#define SQST_PRINTF(at, va) __attribute__((format(printf, at, va)))
#else
#define SQST_API
#define SQST_PRINTF(at, va)
#endif

/** Why a call failed. All are negative, so `rc < 0` tests for failure. */
enum sqst_error {
	/** Out of memory. */
	SQST_ERR_NOMEM = -1,
	/** The system refused: the output cannot be written, the disk is full, a thread cannot be
	 *  started, too many files are open. */
	SQST_ERR_IO = -2,
	/** A source (directory, file, image) is missing, unreadable, damaged, or of a kind that
	 *  cannot be stored. */
	SQST_ERR_SOURCE = -3,
	/** A file changed while it was read. */
	SQST_ERR_CHANGED = -4,
	/** A parent (image, map or registry) is missing, unreadable or damaged, or contradicts
	 *  itself or another parent. */
	SQST_ERR_PARENT = -5,
	/** A limit of the format: inode numbers used up, more than 65,535 owners, a file too large.
	 */
	SQST_ERR_LIMIT = -6,
	/** An option is unknown, out of range, or conflicts with another. */
	SQST_ERR_OPTION = -7,
	/** The output exists and may not be replaced. */
	SQST_ERR_EXISTS = -8,
	/** The caller canceled the call (struct sqst_cancel). */
	SQST_ERR_CANCELED = -9,
};

/** Bytes of the longest message, NUL included. Longer ones are cut; a path in one is cut in its
 *  middle. */
#define SQST_MESSAGE_MAX 1024

/** Describes a failed call. Zero-initialise it; set `warn` and `user` to receive warnings. */
struct sqst_report {
	/** The ::sqst_error of the last failure, 0 if there was none. */
	int code;
	/** The errno value of the system call that failed, 0 if none did. */
	int number;
	/** One line without a line end: which file, what is wrong, where, what to do. Masked as
	 *  sqst_text_mask() does, so it is safe on a terminal. */
	char message[SQST_MESSAGE_MAX];
	/** Called with each warning, about something that does not stop the work: one masked line,
	 *  valid during the call. May be NULL. */
	void (*warn)(void *user, const char *message);
	/** Passed to warn. */
	void *user;
};

/**
 * Fill a report.
 * @param why     may be NULL: then nothing is filled
 * @param code    an ::sqst_error
 * @param file    the file or path at fault, or NULL; it becomes the start of the message
 * @param format  printf format of the rest of the line: what is wrong, where, what to do
 * @return code, so that `return sqst_fail(…)` reads well
 */
SQST_API int sqst_fail(struct sqst_report *why, int code, const char *file, const char *format, ...)
    SQST_PRINTF(4, 5);

/**
 * As sqst_fail(), with ": " and strerror(number) at the end of the message.
 * @param number  an errno value; it becomes why->number
 * @return `code`, unless `number` says that the system is short of something: ::SQST_ERR_NOMEM for
 *         ENOMEM, ::SQST_ERR_IO for EAGAIN, EDQUOT, EMFILE, ENFILE and ENOSPC
 */
SQST_API int sqst_fail_errno(struct sqst_report *why, int code, int number, const char *file,
			     const char *format, ...) SQST_PRINTF(5, 6);

/**
 * Pass one warning to the report's callback. Does nothing without a report or a callback, and
 * changes nothing in the report.
 * @param file  as for sqst_fail()
 */
SQST_API void sqst_warn(struct sqst_report *why, const char *file, const char *format, ...)
    SQST_PRINTF(3, 4);

/* ---- canceling a call */

/** Lets a caller end a call early. It must stay valid until the call returns. */
struct sqst_cancel {
	/** Returns whether the call is to end. It runs on the thread that made the call, at least
	 *  five times a second unless a system call blocks, and usually far more often: it should
	 *  do no more than read a variable. A variable that a signal handler or another thread sets
	 *  must be atomic. */
	bool (*asked)(void *user);
	/** Passed to asked. */
	void *user;
};

/* ---- untrusted text */

/** Bytes that sqst_text_mask() writes at most for one character, NUL included. */
#define SQST_MASKED_MAX 17

/**
 * Decode one character of UTF-8 (RFC 3629). Overlong forms, surrogates and values above U+10FFFF
 * are invalid.
 * @param length  bytes available, at least 1
 * @param code    the character; untouched if it is invalid
 * @return the length of the character, 1 to 4 bytes; 0 if it is invalid or incomplete
 */
SQST_API size_t sqst_utf8_decode(const char *text, size_t length, uint32_t *code);

/**
 * Make one character safe to show. A control character, one that changes the direction of text, one
 * without width and a byte that is not UTF-8 become a backslash and three octal digits a byte; any
 * other character stays as it is.
 * @param length  bytes available, at least 1
 * @param shown   the result, NUL-terminated
 * @return bytes of `text` that the result stands for
 */
SQST_API size_t sqst_text_mask(const char *text, size_t length, char shown[SQST_MASKED_MAX]);

/* ---- files that are written */

/** What an output file holds. build.h has the table of what each kind may replace. */
enum sqst_output_kind {
	/** A squashfs image. */
	SQST_OUTPUT_IMAGE,
	/** A map (map.h). */
	SQST_OUTPUT_MAP,
	/** A report as JSON. */
	SQST_OUTPUT_JSON,
	/** A report as an HTML page. */
	SQST_OUTPUT_PAGE,
};

/**
 * Find out whether sqst_files_write() would refuse a path. Creates nothing. The answer may be out
 * of date when the file is written; the write checks again.
 * @param path  a file, or "-" for standard output
 * @return 0, SQST_ERR_EXISTS (a file that this kind may not replace), SQST_ERR_IO (a directory, a
 *         dangling symbolic link, a block device, no permission), SQST_ERR_OPTION (an image to
 *         standard output), SQST_ERR_NOMEM
 */
SQST_API int sqst_file_check(const char *path, enum sqst_output_kind kind, struct sqst_report *why);

/** A file to write. Nothing is owned. */
struct sqst_file {
	const char *path;
	enum sqst_output_kind kind;
	/** `size` bytes. */
	const void *data;
	size_t size;
};

/**
 * Write files: all of them appear, or none does. Each regular file is written beside its target,
 * flushed to disk with fsync() and renamed; if a rename fails, those before it are undone. A stream
 * (standard output, a FIFO, a character device) is written from front to back when everything else
 * is ready, and cannot be undone; the message then says so.
 * @param count  at most ::SQST_FILES_MAX
 * @return 0, SQST_ERR_OPTION (too many files), or as sqst_file_check()
 */
SQST_API int sqst_files_write(const struct sqst_file *file, size_t count, struct sqst_report *why);

/** The largest `count` of sqst_files_write(). */
#define SQST_FILES_MAX 8

/**
 * Whether two paths name one file, or would name one if they existed; "-" is standard output.
 * Symbolic links are followed. Directories and character devices, which can take more than one
 * output, are never the same. False also if a path cannot be resolved or memory is short.
 */
SQST_API bool sqst_file_same(const char *one, const char *other);

#ifdef __cplusplus
}
#endif

#endif
