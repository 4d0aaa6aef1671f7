/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "name=value", with the value's encodings of setfattr(1) and mksquashfs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/decode.h"
#include "base/digit.h"
#include "base/report.h"
#include "base/scope.h"
#include "edit/edit.h"
#include "tree/tree.h"

/* All decoders: `out` has room for strlen(text) bytes. Bytes written, or -1. */

static long decode_hex(const char *text, uint8_t *out)
{
	long used = 0;

	for (; text[0]; text += 2) {
		const int high = sqst_digit_hex(text[0]),
			  low = high < 0 ? -1 : sqst_digit_hex(text[1]);

		if (low < 0)
			return -1;
		out[used++] = (uint8_t)(high << 4 | low);
	}
	return used;
}

static long decode_text(const char *text, uint8_t *out)
{
	long used = 0;

	while (*text) {
		int byte = (unsigned char)*text;
		int length = 1;

		if (byte == '\\' && text[1] == '\\') {
			length = 2;
		} else if (byte == '\\') {
			byte = sqst_digit_unescape(text, 4);
			length = 4;
		}
		if (byte < 0)
			return -1;
		out[used++] = (uint8_t)byte;
		text += length;
	}
	return used;
}

static long decode_octal(const char *text, uint8_t *out)
{
	const size_t length = strlen(text);

	if (text[0] == '0' && text[1]) {
		switch (text[1]) {
		case 'x':
		case 'X':
			return decode_hex(text + 2, out);
		case 's':
		case 'S':
			return sqst_base64_decode(text + 2, length - 2, true, out);
		case 't':
		case 'T':
			return decode_text(text + 2, out);
		case 'b':
		case 'B':
			memcpy(out, text + 2, length - 2);
			return (long)length - 2;
		default:
			break;
		}
	}
	memcpy(out, text, length);
	return (long)length;
}

int sqst_xattr_parse(const char *text, struct sqst_override_xattr *out, struct sqst_report *why)
{
	const char *equals = strchr(text, '=');
	SQST_AUTO_FREE char *name = NULL;
	SQST_AUTO_FREE uint8_t *value = NULL;
	long size;

	if (!equals || equals == text)
		return sqst_fail(why, SQST_ERR_OPTION, text,
				 "an extended attribute must be NAME=VALUE");
	/* The limits of Linux: XATTR_NAME_MAX, XATTR_SIZE_MAX. */
	if (equals - text > 255)
		return sqst_fail(why, SQST_ERR_OPTION, text,
				 "the name of the extended attribute exceeds 255 bytes");
	name = strndup(text, (size_t)(equals - text));
	value = malloc(strlen(equals + 1) + 1);
	if (!name || !value)
		return sqst_no_memory(why, text);
	if (!sqst_xattr_namespace_known(name))
		return sqst_fail(why, SQST_ERR_OPTION, name,
				 "squashfs only has user.*, trusted.* and security.* attributes, "
				 "with a name after the dot");
	size = decode_octal(equals + 1, value);
	if (size < 0)
		return sqst_fail(why, SQST_ERR_OPTION, text,
				 "the value does not match its prefix: 0x is hexadecimal, 0s "
				 "base64, 0t text with \\ooo");
	if (size > 65536)
		return sqst_fail(why, SQST_ERR_OPTION, name,
				 "the value has %ld bytes; the maximum is 65536", size);
	out->name = sqst_steal(&name);
	out->value = sqst_steal(&value);
	out->size = (uint32_t)size;
	return 0;
}
