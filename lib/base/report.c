/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One-line messages that are safe to print: control bytes masked, long paths cut in the middle. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/report.h"

/* The longest path in a message; of a longer one, head and tail are shown. */
#define PATH_SHOWN 400

struct message_line {
	char *text;
	size_t size;
	size_t used;
};

static void line_byte(struct message_line *line, char byte)
{
	if (line->used + 1 < line->size)
		line->text[line->used++] = byte;
	line->text[line->used] = '\0';
}

/* With what a terminal would obey masked. */
static void line_masked(struct message_line *line, const char *text, size_t length)
{
	char shown[SQST_MASKED_MAX];

	for (size_t i = 0; i < length;) {
		i += sqst_text_mask(text + i, length - i, shown);
		for (const char *at = shown; *at; at++)
			line_byte(line, *at);
	}
}

static void line_path(struct message_line *line, const char *path)
{
	const size_t length = strlen(path);

	if (length <= PATH_SHOWN) {
		line_masked(line, path, length);
	} else {
		line_masked(line, path, PATH_SHOWN / 2);
		line_masked(line, "[...]", 5);
		line_masked(line, path + length - PATH_SHOWN / 2, PATH_SHOWN / 2);
	}
	line_masked(line, ": ", 2);
}

static void compose(char out[SQST_MESSAGE_MAX], const char *file, const char *tail,
		    const char *format, va_list list)
{
	struct message_line line = {out, SQST_MESSAGE_MAX, 0};
	char text[SQST_MESSAGE_MAX];

	out[0] = '\0';
	vsnprintf(text, sizeof(text), format, list);
	if (file)
		line_path(&line, file);
	line_masked(&line, text, strlen(text));
	if (tail) {
		line_masked(&line, ": ", 2);
		line_masked(&line, tail, strlen(tail));
	}
}

int sqst_fail(struct sqst_report *why, int code, const char *file, const char *format, ...)
{
	va_list list;

	if (!why)
		return code;
	why->code = code;
	why->number = 0;
	va_start(list, format);
	compose(why->message, file, NULL, format, list);
	va_end(list);
	return code;
}

int sqst_no_memory(struct sqst_report *why, const char *file)
{
	return sqst_fail(why, SQST_ERR_NOMEM, file, "out of memory");
}

/* Where memory, descriptors or room are short, no file is to blame: that is not a source that
 * cannot be read, nor a parent that is damaged. */
static int code_of(int code, int number)
{
	switch (number) {
	case ENOMEM:
		return SQST_ERR_NOMEM;
	case EAGAIN:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOSPC:
		return SQST_ERR_IO;
	default:
		return code;
	}
}

int sqst_fail_errno(struct sqst_report *why, int code, int number, const char *file,
		    const char *format, ...)
{
	va_list list;

	code = code_of(code, number);
	if (!why)
		return code;
	why->code = code;
	why->number = number;
	va_start(list, format);
	compose(why->message, file, strerror(number), format, list);
	va_end(list);
	return code;
}

void sqst_warn(struct sqst_report *why, const char *file, const char *format, ...)
{
	char message[SQST_MESSAGE_MAX];
	va_list list;

	if (!why || !why->warn)
		return;
	va_start(list, format);
	compose(message, file, NULL, format, list);
	va_end(list);
	why->warn(why->user, message);
}
