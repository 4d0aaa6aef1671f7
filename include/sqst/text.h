/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file text.h
 * Names and labels are bytes that someone else chose. Before they are shown they go through here:
 * what a terminal obeys (control characters, C1 too, as UTF-8 or as single bytes), and what breaks
 * lines, turns the direction of text or is not seen, so that one name looks like another.
 */
#ifndef SQST_TEXT_H
#define SQST_TEXT_H

#include "sqst/predef.h"

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

#endif
