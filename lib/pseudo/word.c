/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of a pseudo-file definition. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "pseudo/pseudo.h"

int sqst_pseudo_fail(const struct sqst_pseudo_line *line, const char *format, ...)
{
	char text[SQST_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line->file)
		return sqst_fail(line->why, SQST_ERR_SOURCE, line->file,
				 "line %zu: %s, in the pseudo definition \"%.200s\"", line->line,
				 text, line->definition);
	return sqst_fail(line->why, SQST_ERR_OPTION, NULL,
			 "%s, in the pseudo definition \"%.200s\"", text, line->definition);
}

int sqst_pseudo_no_memory(const struct sqst_pseudo_line *line)
{
	return sqst_no_memory(line->why, line->file);
}

/* As isspace() of the C locale, which mksquashfs asks. */
static bool is_word_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blanks(struct sqst_pseudo_line *line)
{
	while (is_word_blank(*line->at))
		line->at++;
}

int sqst_pseudo_word(struct sqst_pseudo_line *line, const char *what, const char **out)
{
	char *word = sqst_arena_alloc(line->pseudo->arena, strlen(line->at) + 1), *to = word;
	const char *at = line->at;
	bool quoted = false;

	if (!word)
		return sqst_pseudo_no_memory(line);
	for (; *at && (quoted || !is_word_blank(*at)); at++) {
		if (*at == '"') {
			quoted = !quoted;
			continue;
		}
		if (*at == '\\' && *++at == '\0')
			break;
		*to++ = *at;
	}
	*to = '\0';
	if (quoted)
		return sqst_pseudo_fail(line, "the quotes of %s are not closed", what);
	if (to == word)
		return sqst_pseudo_fail(line, "%s is missing", what);
	line->at = at;
	skip_blanks(line);
	*out = word;
	return 0;
}

/* One component: from `at` to the next slash. False for ".", ".." and what is too long. */
static bool component_usable(const char *at, size_t length)
{
	const bool dots = (length == 1 && at[0] == '.') || (length == 2 && !memcmp(at, "..", 2));

	return length <= SQST_NAME_MAX && !dots;
}

int sqst_pseudo_path(struct sqst_pseudo_line *line, const char *what, const char **out)
{
	const char *word, *from;
	char *path, *to;
	const int rc = sqst_pseudo_word(line, what, &word);

	if (rc < 0)
		return rc;
	to = path = sqst_arena_alloc(line->pseudo->arena, strlen(word) + 1);
	if (!path)
		return sqst_pseudo_no_memory(line);
	for (from = word; *from;) {
		const size_t length = strcspn(from, "/");

		if (length > 0) {
			if (!component_usable(from, length))
				return sqst_pseudo_fail(line,
							"%s has an invalid component (\".\", "
							"\"..\" or more than %d bytes)",
							what, SQST_NAME_MAX);
			if (to > path)
				*to++ = '/';
			memcpy(to, from, length);
			to += length;
		}
		from += length + (from[length] == '/' ? 1 : 0);
	}
	*to = '\0';
	if (to - path >= PATH_MAX)
		return sqst_pseudo_fail(line, "%s is longer than %d bytes", what, PATH_MAX - 1);
	*out = path;
	return 0;
}

int sqst_pseudo_number(struct sqst_pseudo_line *line, const char *what, uint64_t max, uint64_t *out)
{
	const size_t length = strspn(line->at, "0123456789");
	unsigned long long value;

	if (length == 0 || (line->at[length] && !is_word_blank(line->at[length])))
		return sqst_pseudo_fail(line, "%s is missing or not a decimal number", what);
	errno = 0;
	value = strtoull(line->at, NULL, 10);
	if (errno == ERANGE || value > max)
		return sqst_pseudo_fail(line, "%s is above %llu", what, (unsigned long long)max);
	line->at += length;
	skip_blanks(line);
	*out = value;
	return 0;
}

int sqst_pseudo_mode(struct sqst_pseudo_line *line, uint16_t *out)
{
	const size_t length = strspn(line->at, "01234567");
	unsigned long value;

	if (length == 0 || (line->at[length] && !is_word_blank(line->at[length])))
		return sqst_pseudo_fail(line, "the mode is missing or not an octal number");
	errno = 0;
	value = strtoul(line->at, NULL, 8);
	if (errno == ERANGE || value > 07777)
		return sqst_pseudo_fail(line, "the mode is above 7777");
	line->at += length;
	skip_blanks(line);
	*out = (uint16_t)value;
	return 0;
}

static int look_up_owner(const char *name, bool group, char *buffer, size_t size, uint32_t *out,
			 bool *found)
{
	struct passwd user, *is_user = NULL;
	struct group other, *is_group = NULL;
	int rc;

	if (group)
		rc = getgrnam_r(name, &other, buffer, size, &is_group);
	else
		rc = getpwnam_r(name, &user, buffer, size, &is_user);
	*found = is_user || is_group;
	if (is_user)
		*out = is_user->pw_uid;
	if (is_group)
		*out = is_group->gr_gid;
	return rc;
}

static bool look_up_grown(const char *name, bool group, uint32_t *out)
{
	SQST_AUTO_FREE char *buffer = NULL;
	size_t room = 0;

	for (size_t size = 4096; size <= (16 << 20); size *= 4) {
		char *grown = sqst_reserve(buffer, size, &room, 1);
		bool found;

		if (!grown)
			return false;
		buffer = grown;
		if (look_up_owner(name, group, buffer, size, out, &found) != ERANGE)
			return found;
	}
	return false;
}

int sqst_pseudo_owner(struct sqst_pseudo_line *line, bool group, uint32_t *out)
{
	const char *what = group ? "the gid" : "the uid";
	const size_t length = strcspn(line->at, " \t\n\v\f\r");
	const char *name;
	char *end;
	unsigned long long value;

	if (length == 0)
		return sqst_pseudo_fail(line, "%s is missing", what);
	name = sqst_arena_strndup(line->pseudo->arena, line->at, length);
	if (!name)
		return sqst_pseudo_no_memory(line);
	errno = 0;
	value = strtoull(name, &end, 10);
	if (*end == '\0' && name[0] >= '0' && name[0] <= '9') {
		if (errno == ERANGE || value > UINT32_MAX)
			return sqst_pseudo_fail(line, "%s is above %u", what, UINT32_MAX);
		*out = (uint32_t)value;
	} else if (!look_up_grown(name, group, out)) {
		return sqst_pseudo_fail(line, "this system has no %s \"%s\"",
					group ? "group" : "user", name);
	}
	line->at += length;
	skip_blanks(line);
	return 0;
}

int sqst_pseudo_time(struct sqst_pseudo_line *line, struct sqst_pseudo_time *out)
{
	const char *word;
	size_t length;
	const int rc = sqst_pseudo_word(line, "the time", &word);

	if (rc < 0)
		return rc;
	out->given = true;
	length = strlen(word);
	if (strspn(word, "0123456789") != length) {
		out->text = word;
		return 0;
	}
	if (length > 10 || strtoull(word, NULL, 10) > UINT32_MAX)
		return sqst_pseudo_fail(line, "the time is above %u", UINT32_MAX);
	out->seconds = (uint32_t)strtoull(word, NULL, 10);
	return 0;
}
