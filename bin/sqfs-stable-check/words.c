/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and names as they are shown. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "check_options.h"
#include "check_report.h"
#include "sqst/report.h"

/* A backslash is masked too, so that what is shown is what the JSON says. */
void no_memory(void)
{
	const struct sqst_report why = {.message = "out of memory"};

	complain(&why);
	exit(STATUS_SYSTEM);
}

static char *shown(const char *prefix, const char *text)
{
	const char *const end = text + strlen(text);
	char *out = malloc(strlen(prefix) + 4 * strlen(text) + SQST_MASKED_MAX);
	char *to = out;

	if (!out)
		no_memory();
	to = stpcpy(to, prefix);
	while (text < end) {
		if (*text == '\\') {
			to = stpcpy(to, "\\134");
			text++;
			continue;
		}
		text += sqst_text_mask(text, (size_t)(end - text), to);
		to += strlen(to);
	}
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
