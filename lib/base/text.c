/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may be shown of text that someone else chose. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/digit.h"
#include "sqst/report.h"

size_t sqst_utf8_decode(const char *text, size_t length, uint32_t *code)
{
	/* Of the first byte: how many follow, and the lowest value that needs that many. */
	static const struct {
		unsigned char mask, lead;
		uint32_t lowest;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	const unsigned char first = (unsigned char)text[0];

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]) && more < length; more++) {
		uint32_t value = first & (unsigned char)~forms[more].mask;

		if ((first & forms[more].mask) != forms[more].lead)
			continue;
		for (size_t i = 1; i <= more; i++) {
			if (((unsigned char)text[i] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | ((unsigned char)text[i] & 0x3f);
		}
		if (value < forms[more].lowest || value > 0x10ffff ||
		    (value >= 0xd800 && value <= 0xdfff))
			return 0;
		*code = value;
		return more + 1;
	}
	return 0;
}

/* Control characters; marks and overrides of direction; line and paragraph separators; what has no
 * width; tags and private planes. */
static bool is_hostile(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code >= 0xe0000;
}

size_t sqst_text_mask(const char *text, size_t length, char shown[SQST_MASKED_MAX])
{
	uint32_t code = 0;
	const size_t found = sqst_utf8_decode(text, length, &code);
	const size_t bytes = found ? found : 1;
	char *to = shown;

	if (found && !is_hostile(code)) {
		memcpy(shown, text, bytes);
		shown[bytes] = '\0';
		return bytes;
	}
	for (size_t i = 0; i < bytes; i++)
		to = sqst_digit_escape(to, (unsigned char)text[i]);
	*to = '\0';
	return bytes;
}
