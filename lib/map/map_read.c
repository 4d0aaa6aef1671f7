/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a map: the file, its lines, and what they say together. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "base/wait.h"
#include "map/map_line.h"
#include "map/map_load.h"
#include "map/map_text.h"
#include "map/map_tree.h"
#include "numbers/numbers.h"
#include "numbers/record.h"

/* What has been read of a map. */
struct map_reading {
	struct sqst_map_line *line;
	uint32_t count;
	/* Unescaped paths, one after the other. */
	char *path;
	size_t path_used;
	bool has_header;
};

static bool starts_with(const struct sqst_map_text *at, const char *prefix)
{
	const size_t size = strlen(prefix);

	return at->size >= size && memcmp(at->text, prefix, size) == 0;
}

static int read_comment(struct map_reading *reading, const struct sqst_map_text *at,
			struct sqst_lineage *lineage)
{
	if (!starts_with(at, SQST_MAP_HEADER))
		return 0;
	if (reading->has_header)
		return sqst_map_bad(at, "a second \"" SQST_MAP_HEADER "\" line");
	reading->has_header = true;
	return sqst_map_parse_header(at, lineage);
}

static int read_map_line(struct map_reading *reading, const struct sqst_map_text *at,
			 struct sqst_lineage *lineage)
{
	struct sqst_map_line *line = &reading->line[reading->count];
	int rc;

	if (at->line == 1) {
		if (at->size != strlen(SQST_MAP_FIRST_LINE) ||
		    !starts_with(at, SQST_MAP_FIRST_LINE))
			return sqst_map_bad(
			    at, "not a map: the first line is not \"" SQST_MAP_FIRST_LINE "\"");
		return 0;
	}
	if (at->size == 0)
		return 0;
	if (memchr(at->text, '\0', at->size))
		return sqst_map_bad(at, "the line has a NUL byte");
	if (at->text[0] == '#')
		return read_comment(reading, at, lineage);
	if (at->text[0] == '/')
		return sqst_map_bad(at, "special lines (/set, /unset) are not supported; write "
					"each path's keywords on its own line");
	if (at->text[0] != '.')
		return sqst_map_bad(at, "a path must be \".\" or start with \"./\"");
	if (!reading->has_header)
		return sqst_map_bad(at, "there is no \"" SQST_MAP_HEADER "\" line before the first "
					"path");
	rc = sqst_map_parse_entry(at, reading->path + reading->path_used, line);
	if (rc < 0)
		return rc;
	reading->path_used += line->length;
	reading->count++;
	return 0;
}

static int read_map_lines(struct map_reading *reading, const char *name, const char *text,
			  size_t size, struct sqst_lineage *lineage, struct sqst_report *why)
{
	struct sqst_map_text at = {.name = name, .line = 1, .why = why};

	for (size_t start = 0; start < size; at.line++) {
		const char *end = memchr(text + start, '\n', size - start);
		int rc;

		at.text = text + start;
		at.size = end ? (size_t)(end - at.text) : size - start;
		rc = !end && at.line > 1 ? sqst_map_bad(&at, "the file is truncated in this line")
					 : read_map_line(reading, &at, lineage);
		if (rc < 0)
			return rc;
		start += at.size + 1;
	}
	at.line = at.line > 1 ? at.line - 1 : 1;
	if (size == 0)
		return sqst_map_bad(&at, "not a map: the file is empty");
	if (!reading->has_header)
		return sqst_map_bad(&at, "the file ends without a \"" SQST_MAP_HEADER "\" line");
	return 0;
}

/* How many lines can be entries; no more than that are kept. */
static size_t count_entries(const char *text, size_t size)
{
	size_t count = 0;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		const size_t line = end ? (size_t)(end - text) + 1 : size;

		count += text[0] == '.';
		text += line;
		size -= line;
	}
	return count;
}

/* Fill numbers->lineage and the entries. */
static int parse(struct sqst_numbers *numbers, const char *text, size_t size,
		 struct sqst_report *why)
{
	const size_t entries = count_entries(text, size);
	SQST_AUTO_FREE struct sqst_map_line *line = NULL;
	SQST_AUTO_FREE char *path = NULL;
	struct map_reading reading = {0};
	int rc;

	if (entries >= SQST_NUMBER_MAX || size >= PTRDIFF_MAX)
		return sqst_fail(why, SQST_ERR_PARENT, numbers->source, "the map is too large");
	/* One more, for malloc(0) may give NULL. Only what is used becomes real memory. */
	reading.line = line = malloc((entries + 1) * sizeof(*line));
	reading.path = path = malloc(size + 1);
	if (!line || !path)
		return sqst_no_memory(why, numbers->source);
	rc = read_map_lines(&reading, numbers->source, text, size, &numbers->lineage, why);
	if (rc < 0)
		return rc;
	return sqst_map_build(line, reading.count, numbers, why);
}

int sqst_map_parse(const char *name, const char *text, size_t size, struct sqst_numbers **out,
		   struct sqst_report *why)
{
	struct sqst_numbers *numbers = sqst_numbers_new(name);
	int rc;

	if (!numbers)
		return sqst_no_memory(why, name);
	rc = parse(numbers, text, size, why);
	/* An image without a record has no id, and so its map gives none. */
	if (rc == 0 && numbers->lineage.recorded)
		rc = sqst_lineage_name(numbers, why);
	if (rc < 0)
		sqst_numbers_free(numbers);
	else
		*out = numbers;
	return rc;
}

int sqst_map_load(const char *path, const struct sqst_cancel *cancel, struct sqst_numbers **out,
		  struct sqst_report *why)
{
	SQST_AUTO_CLOSE const int fd = sqst_wait_open(path);
	const struct sqst_wait_file file = {fd, path, SIZE_MAX / 2, SQST_ERR_PARENT,
					    "cannot read the map"};
	SQST_AUTO_FREE char *text = NULL;
	size_t size = 0;
	int rc;

	if (fd < 0)
		return sqst_fail_errno(why, SQST_ERR_PARENT, errno, path, "cannot open the map");
	rc = sqst_wait_read_all(&file, cancel, &text, &size, why);
	if (rc < 0)
		return rc;
	return sqst_map_parse(path, text, size, out, why);
}

int sqst_map_read(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	return sqst_map_load(path, NULL, out, why);
}
