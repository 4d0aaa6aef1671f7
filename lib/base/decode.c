/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are written as letters. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <string.h>

#include "base/decode.h"
#include "base/digit.h"

long sqst_base64_decode(const char *text, size_t size, bool strict, void *out)
{
	uint8_t *to = out;
	size_t letters = size;
	unsigned bits = 0, held = 0;

	while (letters > 0 && text[letters - 1] == '=')
		letters--;
	if (strict && (letters % 4 == 1 || (letters < size && size % 4 != 0)))
		return -1;
	for (size_t i = 0; i < letters; i++) {
		const int value = sqst_digit_base64(text[i]);

		if (value < 0)
			return -1;
		held = held << 6 | (unsigned)value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*to++ = (uint8_t)(held >> bits);
			held &= (1u << bits) - 1;
		}
	}
	return strict && held != 0 ? -1 : (long)(to - (uint8_t *)out);
}
