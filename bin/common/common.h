/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the programs share: how they print, and how they end. */
#ifndef BIN_COMMON_COMMON_H
#define BIN_COMMON_COMMON_H

#include <signal.h>
#include <stdio.h>

#include "sqst/numbers.h"
#include "sqst/report.h"

/* What the program is called in its messages, whatever name it was started by. Each program defines
 * it, in its main.c. */
extern const char program_name[];

/* Exit statuses that mean the same in every program; its man page names them. A program whose own
 * verdicts take 1 or 3 does not use exit_of(). */
enum exit_status {
	EXIT_DONE = 0,
	/* The system refused: memory, writing. */
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
	/* An image or a map is unreadable or damaged, or is none. */
	EXIT_INPUT = 3,
};

/* The exit status of a failed call of the library. */
enum exit_status exit_of(int error);

/* One line on standard error about the command line, control bytes masked. Always false. */
bool mistake(const char *format, ...) SQST_PRINTF(1, 2);

/* "PROGRAM: MESSAGE" on standard error, for a report that a failed call filled. */
void complain(const struct sqst_report *why);

/* "PROGRAM: warning: MESSAGE" on standard error; a sqst_report.warn. */
void complain_warning(void *user, const char *message);

/* Whether an option's value, or NULL, names standard output. */
bool is_standard_output(const char *path);

/* Whether what was printed to standard output so far arrived. Says nothing: output_arrived() will.
 */
bool output_flushed(void);

/* Whether all that was printed to standard output arrived; complains if not, and then says what is
 * done all the same ("the image is complete"; NULL: nothing), and with which file (or NULL). To be
 * called once, last. */
bool output_arrived(const char *file, const char *done);

/* While files get to their places, signals that end the program wait: nothing is left behind, and
 * either all or nothing has been written. For programs that do not catch them. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

/* ---- escape.c */

/* Text of an image, which may be anything, as sqst_text_mask() has it. */
void print_masked(FILE *to, const char *text);

/* Room for a UUID as text, NUL included. */
#define UUID_TEXT_SIZE 37

/* In lower case; the return value is `text`. */
char *uuid_text(const uint8_t uuid[SQST_UUID_SIZE], char text[UUID_TEXT_SIZE]);

/* How many bytes of `text` are one character of UTF-8, 0 if they are none (too long a form and
 * surrogates are none). 1 to 4; text is not at its end. */
size_t utf8_length(const char *text);

/* Text as UTF-8: bytes that are none, and backslashes, are written as a backslash and three octal
 * digits, as a map has them. The caller's to free(); NULL if memory is short. */
char *text_as_utf8(const char *text);

#endif
