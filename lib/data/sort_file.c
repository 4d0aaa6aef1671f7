/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading sort files. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/wait.h"
#include "data/sort_file.h"

/* A line for each of a million files, and then some. */
#define FILE_MAX ((size_t)1 << 30)

/* One line, without its end. */
struct sort_line {
	const char *at;
	const char *end;
	const char *file;
	unsigned number;
	struct sqst_report *why;
};

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_space(struct sort_line *line)
{
	while (line->at < line->end && is_space(*line->at))
		line->at++;
}

static int fail_sort_line(const struct sort_line *line, const char *what)
{
	return sqst_fail(line->why, SQST_ERR_OPTION, line->file, "line %u: %s", line->number, what);
}

/* The path as it stands, up to white space that has no backslash in front. */
static char *take_path(struct sort_line *line)
{
	const char *start = line->at;

	while (line->at < line->end && !is_space(*line->at))
		line->at += *line->at == '\\' && line->at + 1 < line->end ? 2 : 1;
	return strndup(start, (size_t)(line->at - start));
}

static void drop_backslashes(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
}

static int take_priority(struct sort_line *line, int *priority)
{
	const bool negative = line->at < line->end && *line->at == '-';
	const char *digits;
	int value = 0;

	if (line->at < line->end && (*line->at == '-' || *line->at == '+'))
		line->at++;
	for (digits = line->at; line->at < line->end && *line->at >= '0' && *line->at <= '9';
	     line->at++) {
		value = value * 10 + (*line->at - '0');
		if (value > -SQST_SORT_PRIORITY_MIN)
			return fail_sort_line(line,
					      "the priority is not a number from -32768 to 32767");
	}
	if (line->at == digits)
		return fail_sort_line(
		    line,
		    "no priority after the path (a space in a path needs a backslash before it)");
	*priority = negative ? -value : value;
	return *priority > SQST_SORT_PRIORITY_MAX
		   ? fail_sort_line(line, "the priority is not a number from -32768 to 32767")
		   : 0;
}

/* False if there is no such word. */
static bool take_flag(struct sqst_sort_rule *rule, const char *name, size_t length)
{
	static const struct {
		const char *name;
		unsigned flag;
		enum sqst_sort_match match;
	} flags[] = {{"align", SQST_SORT_ALIGN, SQST_SORT_PATH},
		     {"dont_compress", SQST_SORT_RAW, SQST_SORT_PATH},
		     {"dont_deduplicate", SQST_SORT_NO_DUPLICATE, SQST_SORT_PATH},
		     {"dont_fragment", SQST_SORT_NO_FRAGMENT, SQST_SORT_PATH},
		     {"glob", 0, SQST_SORT_GLOB},
		     {"glob_no_path", 0, SQST_SORT_GLOB_ANY},
		     {"nosparse", SQST_SORT_NO_SPARSE, SQST_SORT_PATH}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strlen(flags[i].name) != length || memcmp(flags[i].name, name, length) != 0)
			continue;
		rule->flags |= flags[i].flag;
		if (flags[i].match > rule->match)
			rule->match = flags[i].match;
		return true;
	}
	return false;
}

static int take_flags(struct sort_line *line, struct sqst_sort_rule *rule)
{
	if (line->at == line->end || *line->at != '[')
		return 0;
	do {
		const char *name;

		line->at++;
		skip_space(line);
		name = line->at;
		while (line->at < line->end && !is_space(*line->at) && *line->at != ',' &&
		       *line->at != ']')
			line->at++;
		if (!take_flag(rule, name, (size_t)(line->at - name)))
			return fail_sort_line(
			    line, "unknown flag; flags are align, dont_compress, dont_deduplicate, "
				  "dont_fragment, glob, glob_no_path, nosparse");
		skip_space(line);
	} while (line->at < line->end && *line->at == ',');
	if (line->at == line->end || *line->at != ']')
		return fail_sort_line(line, "missing ']' after the flags");
	line->at++;
	return 0;
}

static int add_rule(struct sqst_sort *sort, struct sqst_sort_rule rule, struct sqst_report *why)
{
	struct sqst_sort_rule *grown =
	    sqst_grow(sort->rule, sort->rules, &sort->room, sizeof(*grown));

	if (!grown)
		return sqst_no_memory(why, rule.file);
	sort->rule = grown;
	sort->rule[sort->rules++] = rule;
	return 0;
}

static int take_sort_line(struct sqst_sort *sort, struct sort_line *line)
{
	struct sqst_sort_rule rule = {.file = line->file, .line = line->number};
	SQST_AUTO_FREE char *path = NULL;
	int rc;

	skip_space(line);
	if (line->at == line->end || *line->at == '#')
		return 0;
	if (memchr(line->at, '\0', (size_t)(line->end - line->at)))
		return fail_sort_line(line, "a NUL byte");
	path = take_path(line);
	if (!path)
		return sqst_no_memory(line->why, line->file);
	skip_space(line);
	rc = take_priority(line, &rule.priority);
	skip_space(line);
	if (rc == 0)
		rc = take_flags(line, &rule);
	skip_space(line);
	if (rc == 0 && line->at != line->end)
		return fail_sort_line(
		    line, "unexpected text after the priority; only [flags] may follow");
	if (rc < 0)
		return rc;
	if (rule.match == SQST_SORT_PATH)
		drop_backslashes(path);
	rule.path = path;
	rc = add_rule(sort, rule, line->why);
	if (rc == 0)
		path = NULL;
	return rc;
}

int sqst_sort_parse(struct sqst_sort *sort, const char *file, const char *text, size_t size,
		    struct sqst_report *why)
{
	const char *const end = text + size;
	unsigned number = 0;
	int rc = 0;

	while (rc == 0 && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct sort_line line = {text, stop ? stop : end, file, ++number, why};

		text = stop ? stop + 1 : end;
		rc = take_sort_line(sort, &line);
	}
	return rc;
}

int sqst_sort_load(struct sqst_sort *sort, const char *path, const struct sqst_cancel *cancel,
		   struct sqst_report *why)
{
	SQST_AUTO_CLOSE int fd = sqst_wait_open(path);
	const struct sqst_wait_file file = {fd, path, FILE_MAX, SQST_ERR_SOURCE,
					    "cannot read the sort file"};
	SQST_AUTO_FREE char *text = NULL;
	size_t size;
	int rc;

	if (fd < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "cannot open the sort file");
	rc = sqst_wait_read_all(&file, cancel, &text, &size, why);
	return rc == 0 ? sqst_sort_parse(sort, path, text, size, why) : rc;
}

void sqst_sort_release(struct sqst_sort *sort)
{
	for (size_t i = 0; i < sort->rules; i++)
		free(sort->rule[i].path);
	free(sort->rule);
	*sort = (struct sqst_sort){0};
}
