/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of images: names and labels may hold any byte. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "common/common.h"

_Static_assert(UUID_TEXT_SIZE == UUID_STR_LEN, "libuuid writes as much");

void print_masked(FILE *to, const char *text)
{
	for (; *text; text++) {
		const unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			fprintf(to, "\\%03o", byte);
		else
			putc(byte, to);
	}
}

char *uuid_text(const uint8_t uuid[SQST_UUID_SIZE], char text[UUID_TEXT_SIZE])
{
	uuid_unparse_lower(uuid, text);
	return text;
}

size_t utf8_length(const char *text)
{
	/* Of the first byte: how many follow, and the lowest value that needs that many. */
	static const struct {
		unsigned char mask, lead;
		uint32_t lowest;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	const unsigned char first = (unsigned char)text[0];

	for (size_t more = 0; more < sizeof(forms) / sizeof(forms[0]); more++) {
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
		return more + 1;
	}
	return 0;
}

char *text_as_utf8(const char *text)
{
	char *out = malloc(4 * strlen(text) + 1);
	char *to = out;

	while (out && *text) {
		const size_t length = *text == '\\' ? 0 : utf8_length(text);

		if (length == 0) {
			to += snprintf(to, 5, "\\%03o", (unsigned char)*text++);
			continue;
		}
		memcpy(to, text, length);
		to += length;
		text += length;
	}
	if (out)
		*to = '\0';
	return out;
}
