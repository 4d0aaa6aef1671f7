/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and names as they are shown. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "story.h"

/* Control characters, C1 too, and what breaks lines or turns the direction of text: a name must not
 * look like another one. */
static bool is_hostile(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code >= 0xe0000;
}

static uint32_t decode(const char *text, size_t length)
{
	uint32_t code = (unsigned char)text[0];

	if (length > 1)
		code &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	return code;
}

static char *shown(const char *prefix, const char *text)
{
	char *clean = text_as_utf8(text);
	char *out = clean ? malloc(strlen(prefix) + 4 * strlen(clean) + 1) : NULL;
	char *to = out;

	if (out)
		to = stpcpy(to, prefix);
	for (const char *from = clean; out && *from;) {
		const size_t length = utf8_length(from);
		const bool mask = is_hostile(decode(from, length));

		for (size_t i = 0; i < length; i++, from++) {
			if (mask)
				to += sprintf(to, "\\%03o", (unsigned char)*from);
			else
				*to++ = *from;
		}
	}
	if (out)
		*to = '\0';
	free(clean);
	return out;
}

char *path_shown(const char *path)
{
	return shown("/", path);
}

char *text_shown(const char *text)
{
	return shown("", text);
}

const char *type_name(int type)
{
	switch ((enum sqst_type)type) {
	case SQST_TYPE_DIR:
		return "directory";
	case SQST_TYPE_FILE:
		return "file";
	case SQST_TYPE_SYMLINK:
		return "symbolic link";
	case SQST_TYPE_BLOCK:
		return "block device";
	case SQST_TYPE_CHAR:
		return "character device";
	case SQST_TYPE_FIFO:
		return "FIFO";
	case SQST_TYPE_SOCKET:
		return "socket";
	}
	return "nothing";
}

const char *size_text(uint64_t bytes, char text[SIZE_TEXT_SIZE])
{
	if (bytes < 1000)
		snprintf(text, SIZE_TEXT_SIZE, "%u B", (unsigned)bytes);
	else if (bytes < 1000000)
		snprintf(text, SIZE_TEXT_SIZE, "%.1f kB", (double)bytes / 1e3);
	else if (bytes < 1000000000)
		snprintf(text, SIZE_TEXT_SIZE, "%.1f MB", (double)bytes / 1e6);
	else
		snprintf(text, SIZE_TEXT_SIZE, "%.2f GB", (double)bytes / 1e9);
	return text;
}
