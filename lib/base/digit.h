/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digits of codings: their values, -1 for what is none. */
#ifndef LIB_BASE_DIGIT_H
#define LIB_BASE_DIGIT_H

#include <string.h>

static inline int sqst_digit(char letter, const char *digits)
{
	const char *const at = letter ? strchr(digits, letter) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Of either case. */
static inline int sqst_digit_hex(char letter)
{
	return sqst_digit(letter >= 'A' && letter <= 'F' ? (char)(letter | 0x20) : letter,
			  "0123456789abcdef");
}

/* RFC 4648 */
static inline int sqst_digit_base64(char letter)
{
	return sqst_digit(letter,
			  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}

#endif
