/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of images: names and labels may hold any byte. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "common/common.h"
#include "sqst/report.h"

_Static_assert(UUID_TEXT_SIZE == UUID_STR_LEN, "libuuid writes as much");

void print_masked(FILE *to, const char *text)
{
	const char *const end = text + strlen(text);
	char shown[SQST_MASKED_MAX];

	while (text < end) {
		text += sqst_text_mask(text, (size_t)(end - text), shown);
		fputs(shown, to);
	}
}

char *uuid_text(const uint8_t uuid[SQST_UUID_SIZE], char text[UUID_TEXT_SIZE])
{
	uuid_unparse_lower(uuid, text);
	return text;
}

size_t utf8_length(const char *text)
{
	uint32_t code;

	return sqst_utf8_decode(text, strlen(text), &code);
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
