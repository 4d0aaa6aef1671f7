/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Digits of codings. */
#ifndef LIB_BASE_DIGIT_H
#define LIB_BASE_DIGIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value of a digit, -1 for what is none. */
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

/* The byte that "\ooo" stands for, -1 if it is not that: of `size` bytes, or up to a NUL. */
static inline int sqst_digit_unescape(const char *text, size_t size)
{
	if (size < 4 || text[1] < '0' || text[1] > '3' || text[2] < '0' || text[2] > '7' ||
	    text[3] < '0' || text[3] > '7')
		return -1;
	return (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
}

/* Write it, without a NUL. Returns where it ends. */
static inline char *sqst_digit_escape(char *to, unsigned char byte)
{
	*to++ = '\\';
	*to++ = (char)('0' + (byte >> 6));
	*to++ = (char)('0' + (byte >> 3 & 7));
	*to++ = (char)('0' + (byte & 7));
	return to;
}

/* A number in a header of tar. False if there is something else than octal digits, blanks and NULs
 * in it. */
static inline bool sqst_digit_tar(const uint8_t *digits, size_t count, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < count; i++) {
		if (digits[i] >= '0' && digits[i] <= '7')
			*out = *out * 8 + (uint64_t)(digits[i] - '0');
		else if (digits[i] != ' ' && digits[i] != '\0')
			return false;
	}
	return true;
}

#endif
