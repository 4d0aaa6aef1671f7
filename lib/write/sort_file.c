/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading sort files. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/wait.h"
#include "write/sort_file.h"

/* A line for each of a million files, and then some. */
#define FILE_MAX ((size_t)1 << 30)

/* One line, without its end. */
struct line {
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

static void skip_space(struct line *line)
{
	while (line->at < line->end && is_space(*line->at))
		line->at++;
}

static int bad(const struct line *line, const char *what)
{
	return sqst_fail(line->why, SQST_ERR_OPTION, line->file, "line %u: %s", line->number, what);
}

/* The path as it stands, up to white space that has no backslash in front. */
static char *take_path(struct line *line)
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

static int take_priority(struct line *line, int *priority)
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
			return bad(line, "a priority is -32768 to 32767");
	}
	if (line->at == digits)
		return bad(line, "no priority behind the path (a space in a path needs a "
				 "backslash in front)");
	*priority = negative ? -value : value;
	return *priority > SQST_SORT_PRIORITY_MAX ? bad(line, "a priority is -32768 to 32767") : 0;
}

static unsigned flag_of(const char *name, size_t length)
{
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = {{"align", SQST_SORT_ALIGN},
		     {"dont_compress", SQST_SORT_RAW},
		     {"dont_deduplicate", SQST_SORT_NO_DUPLICATE},
		     {"dont_fragment", SQST_SORT_NO_FRAGMENT},
		     {"glob", SQST_SORT_GLOB},
		     {"glob_no_path", SQST_SORT_GLOB_ANY},
		     {"nosparse", SQST_SORT_NO_SPARSE}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strlen(flags[i].name) == length && memcmp(flags[i].name, name, length) == 0)
			return flags[i].flag;
	}
	return 0;
}

static int take_flags(struct line *line, unsigned *flags)
{
	*flags = 0;
	if (line->at == line->end || *line->at != '[')
		return 0;
	do {
		const char *name;
		unsigned flag;

		line->at++;
		skip_space(line);
		name = line->at;
		while (line->at < line->end && !is_space(*line->at) && *line->at != ',' &&
		       *line->at != ']')
			line->at++;
		flag = flag_of(name, (size_t)(line->at - name));
		if (!flag)
			return bad(line, "a flag is one of align, dont_compress, dont_deduplicate, "
					 "dont_fragment, glob, glob_no_path, nosparse");
		*flags |= flag;
		skip_space(line);
	} while (line->at < line->end && *line->at == ',');
	if (line->at == line->end || *line->at != ']')
		return bad(line, "the flags do not end with ']'");
	line->at++;
	return 0;
}

static int add_rule(struct sqst_sort *sort, struct sqst_sort_rule rule, struct sqst_report *why)
{
	if (sort->rules == sort->room) {
		const size_t room = sort->room ? sort->room * 2 : 64;
		struct sqst_sort_rule *grown = realloc(sort->rule, room * sizeof(*grown));

		if (!grown)
			return sqst_fail(why, SQST_ERR_NOMEM, rule.file, "out of memory");
		sort->rule = grown;
		sort->room = room;
	}
	sort->rule[sort->rules++] = rule;
	return 0;
}

static int take_line(struct sqst_sort *sort, struct line *line)
{
	struct sqst_sort_rule rule = {.file = line->file, .line = line->number};
	SQST_AUTO_FREE char *path = NULL;
	int rc;

	skip_space(line);
	if (line->at == line->end || *line->at == '#')
		return 0;
	if (memchr(line->at, '\0', (size_t)(line->end - line->at)))
		return bad(line, "a NUL byte");
	path = take_path(line);
	if (!path)
		return sqst_fail(line->why, SQST_ERR_NOMEM, line->file, "out of memory");
	skip_space(line);
	rc = take_priority(line, &rule.priority);
	skip_space(line);
	if (rc == 0)
		rc = take_flags(line, &rule.flags);
	skip_space(line);
	if (rc == 0 && line->at != line->end)
		return bad(line, "more behind the priority than [flags]");
	if (rc < 0)
		return rc;
	if (!(rule.flags & (SQST_SORT_GLOB | SQST_SORT_GLOB_ANY)))
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
		struct line line = {text, stop ? stop : end, file, ++number, why};

		text = stop ? stop + 1 : end;
		rc = take_line(sort, &line);
	}
	return rc;
}

/* Not by its size: it may be a pipe. */
static int read_all(int fd, const char *file, const struct sqst_cancel *cancel, char **text,
		    size_t *size, struct sqst_report *why)
{
	size_t room = 0;

	for (*size = 0;;) {
		ssize_t got;

		if (*size == room) {
			char *grown = room < FILE_MAX ? realloc(*text, room * 2 + 65536) : NULL;

			if (!grown)
				return sqst_fail(why, SQST_ERR_NOMEM, file, "out of memory");
			*text = grown;
			room = room * 2 + 65536;
		}
		got = sqst_wait_read_full(fd, *text + *size, room - *size, cancel);
		if (got < 0 && errno == ECANCELED)
			return sqst_fail(why, SQST_ERR_CANCELED, NULL, "canceled");
		if (got < 0)
			return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, file,
					       "cannot read the sort file");
		*size += (size_t)got;
		if (*size < room)
			return 0;
	}
}

int sqst_sort_load(struct sqst_sort *sort, const char *file, const struct sqst_cancel *cancel,
		   struct sqst_report *why)
{
	SQST_AUTO_CLOSE int fd = sqst_wait_open(file);
	SQST_AUTO_FREE char *text = NULL;
	size_t size;
	int rc;

	if (fd < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, file,
				       "cannot open the sort file");
	rc = read_all(fd, file, cancel, &text, &size, why);
	return rc == 0 ? sqst_sort_parse(sort, file, text, size, why) : rc;
}

void sqst_sort_release(struct sqst_sort *sort)
{
	for (size_t i = 0; i < sort->rules; i++)
		free(sort->rule[i].path);
	free(sort->rule);
	*sort = (struct sqst_sort){0};
}
