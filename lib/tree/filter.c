/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names that are left out of the image, as mksquashfs' -e, -ef, -wildcards and -regex mean them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/few.h"
#include "base/file.h"
#include "base/pattern.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/filter.h"
#include "tree/filter_pattern.h"
#include "tree/tree.h"

SQST_DEFINE_SCOPE(file, FILE, fclose)

struct sqst_filter *sqst_filter_new(void)
{
	return calloc(1, sizeof(struct sqst_filter));
}

static void pattern_release(struct sqst_pattern *pattern)
{
	for (unsigned i = 0; pattern->regex && i < pattern->parts; i++)
		regfree(&pattern->regex[i]);
	free(pattern->regex);
	free(pattern->part);
	free(pattern->text);
	free(pattern->split);
}

void sqst_filter_free(struct sqst_filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->count; i++)
		pattern_release(&filter->pattern[i]);
	free(filter->pattern);
	free(filter);
}

size_t sqst_filter_count(const struct sqst_filter *filter)
{
	return filter->count;
}

/* ---- adding */

static bool is_host_path(const char *text)
{
	return text[0] == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0;
}

/* Split the path into its components; empty ones are none, nor is "." in a plain path. */
static bool split_pattern(struct sqst_pattern *pattern, const char *text)
{
	size_t room = 1;
	char *rest = NULL;

	for (const char *at = text; *at; at++)
		room += *at == '/';
	pattern->split = strdup(text);
	pattern->part = calloc(room, sizeof(*pattern->part));
	if (!pattern->split || !pattern->part)
		return false;
	for (char *part = strtok_r(pattern->split, "/", &rest); part;
	     part = strtok_r(NULL, "/", &rest)) {
		if (pattern->kind != SQST_FILTER_PLAIN || strcmp(part, ".") != 0)
			pattern->part[pattern->parts++] = part;
	}
	return true;
}

static int compile(struct sqst_pattern *pattern, struct sqst_report *why)
{
	const unsigned parts = pattern->parts;

	pattern->regex = calloc(parts, sizeof(*pattern->regex));
	if (!pattern->regex)
		return sqst_no_memory(why, pattern->text);
	for (pattern->parts = 0; pattern->parts < parts; pattern->parts++) {
		regex_t *regex = &pattern->regex[pattern->parts];
		const char *part = pattern->part[pattern->parts];
		const int rc = sqst_regex_compile(regex, part);
		char text[256];

		if (rc != 0) {
			regerror(rc, regex, text, sizeof(text));
			return sqst_fail(why, SQST_ERR_OPTION, part,
					 "is not a regular expression: %s", text);
		}
	}
	return 0;
}

/* musl's fnmatch() has no extended patterns, and would take them for plain text. */
#ifndef FNM_EXTMATCH
#define FNM_EXTMATCH 0
#endif

static bool is_extended(const char *text)
{
	for (; *text; text++) {
		if (strchr("?*+@!", *text) && text[1] == '(')
			return true;
	}
	return false;
}

static int compile_pattern(struct sqst_pattern *pattern, const char *text, unsigned flags,
			   struct sqst_report *why)
{
	const bool plain = flags == SQST_FILTER_PLAIN;

	if (flags > SQST_FILTER_REGEX)
		return sqst_fail(why, SQST_ERR_OPTION, text, "unknown filter flags 0x%x", flags);
	pattern->kind = (enum sqst_filter_flag)flags;
	pattern->host = is_host_path(text);
	if (!plain && pattern->host)
		return sqst_fail(why, SQST_ERR_OPTION, text,
				 "a wildcard or regular expression is relative to the root of the "
				 "image and has no leading /, ./ or ../");
	if (FNM_EXTMATCH == 0 && flags == SQST_FILTER_WILDCARDS && is_extended(text))
		return sqst_fail(
		    why, SQST_ERR_OPTION, text,
		    "the C library of this system has no extended patterns; use -regex");
	pattern->text = strdup(text);
	if (!plain && strncmp(text, "... ", 4) == 0) {
		pattern->anywhere = true;
		text += 4;
	}
	if (!pattern->text || !split_pattern(pattern, text))
		return sqst_no_memory(why, text);
	if (pattern->parts == 0)
		return sqst_fail(why, SQST_ERR_OPTION, text, "an exclude pattern is empty");
	return flags == SQST_FILTER_REGEX ? compile(pattern, why) : 0;
}

int sqst_filter_add(struct sqst_filter *filter, const char *text, unsigned flags,
		    struct sqst_report *why)
{
	struct sqst_pattern pattern = {0}, *grown;
	int rc;

	grown = sqst_grow(filter->pattern, filter->count, &filter->room, sizeof(*grown));
	if (!grown)
		return sqst_no_memory(why, text);
	filter->pattern = grown;
	rc = compile_pattern(&pattern, text, flags, why);
	if (rc < 0) {
		pattern_release(&pattern);
		return rc;
	}
	filter->pattern[filter->count++] = pattern;
	return 0;
}

/* NULL if there is nothing on the line. */
static const char *pattern_of(char *line)
{
	const size_t length = strlen(line);

	if (length > 0 && line[length - 1] == '\n')
		line[length - 1] = '\0';
	line += strspn(line, " \t\n\v\f\r");
	if (*line == '#')
		return NULL;
	if (*line == '\\')
		line++;
	return *line ? line : NULL;
}

int sqst_filter_load(struct sqst_filter *filter, const char *path, unsigned flags,
		     struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_file) FILE *file = fopen(path, "re");
	SQST_AUTO_FREE char *line = NULL;
	size_t room = 0, number = 0;
	struct sqst_report inner = {0};
	ssize_t length;

	if (!file)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot read it");
	for (;;) {
		const char *pattern;
		int rc;

		if (sqst_getline(file, &line, &room, &length) < 0)
			return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot read it");
		if (length < 0)
			return 0;
		pattern = pattern_of(line);
		number++;
		if (!pattern)
			continue;
		rc = sqst_filter_add(filter, pattern, flags, &inner);
		if (rc < 0)
			return sqst_fail(why, rc, path, "line %zu: %s", number, inner.message);
	}
}

/* ---- matching */

static bool path_split(struct sqst_filter_path *path, const char *text)
{
	char *rest = NULL;

	path->parts = 0;
	if (strlen(text) >= sizeof(path->text))
		return false;
	strcpy(path->text, text);
	for (char *part = strtok_r(path->text, "/", &rest); part;
	     part = strtok_r(NULL, "/", &rest)) {
		if (path->parts == sizeof(path->part) / sizeof(path->part[0]))
			return false;
		path->part[path->parts++] = (uint16_t)(part - path->text);
	}
	return true;
}

static bool part_matches(const struct sqst_pattern *pattern, unsigned at, const char *name)
{
	switch (pattern->kind) {
	case SQST_FILTER_PLAIN:
		return strcmp(pattern->part[at], name) == 0;
	case SQST_FILTER_WILDCARDS:
		return sqst_wildcard_matches(pattern->part[at], name,
					     FNM_PATHNAME | FNM_PERIOD | FNM_EXTMATCH);
	case SQST_FILTER_REGEX:
		return sqst_regex_matches(&pattern->regex[at], name);
	}
	return false;
}

/* Whether the first `parts` components of the path are what the pattern says. The last one first:
 * it tells most paths from another. */
static bool matches(const struct sqst_pattern *pattern, const struct sqst_filter_path *path,
		    unsigned parts)
{
	unsigned at = pattern->parts;

	if (pattern->anywhere ? parts < at : parts != at)
		return false;
	while (at > 0) {
		if (!part_matches(pattern, --at, path->text + path->part[--parts]))
			return false;
	}
	return true;
}

/* Whether the path may have something below it that the pattern matches. */
static bool may_match_below(const struct sqst_pattern *pattern, const struct sqst_filter_path *path)
{
	if (pattern->anywhere || path->parts >= pattern->parts)
		return false;
	for (unsigned at = 0; at < path->parts; at++) {
		if (!part_matches(pattern, at, path->text + path->part[at]))
			return false;
	}
	return true;
}

/* A path that is left out, by one pattern or by several; what is below it is not looked at. */
static void note_fits(struct sqst_filter *filter, const struct sqst_filter_path *path)
{
	for (size_t i = 0; i < filter->count; i++) {
		struct sqst_pattern *pattern = &filter->pattern[i];

		for (unsigned parts = 1; !pattern->fits && parts <= path->parts; parts++)
			pattern->fits = matches(pattern, path, parts);
		if (!pattern->fits)
			pattern->fits = may_match_below(pattern, path);
	}
}

bool sqst_filter_has_patterns(const struct sqst_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (filter->pattern[i].kind != SQST_FILTER_PLAIN)
			return true;
	}
	return false;
}

bool sqst_filter_matches(struct sqst_filter *filter, const char *text)
{
	struct sqst_filter_path *path = &filter->path;

	if (!path_split(path, text))
		return false;
	for (size_t i = 0; i < filter->count; i++) {
		const struct sqst_pattern *pattern = &filter->pattern[i];

		if (pattern->kind == SQST_FILTER_PLAIN || !matches(pattern, path, path->parts))
			continue;
		note_fits(filter, path);
		return true;
	}
	return false;
}

bool sqst_filter_excludes(struct sqst_filter *filter, const char *text)
{
	struct sqst_filter_path *path = &filter->path;

	if (!path_split(path, text))
		return false;
	for (unsigned parts = 1; parts <= path->parts; parts++) {
		for (size_t i = 0; i < filter->count; i++) {
			if (!matches(&filter->pattern[i], path, parts))
				continue;
			note_fits(filter, path);
			return true;
		}
	}
	return false;
}

void sqst_filter_begin(struct sqst_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		filter->pattern[i].fits = false;
}

void sqst_filter_end(const struct sqst_filter *filter, struct sqst_report *why)
{
	struct sqst_few few = {0};

	for (size_t i = 0; i < filter->count; i++) {
		if (!filter->pattern[i].fits)
			sqst_few_add(&few, "%s", filter->pattern[i].text);
	}
	if (few.count > 0)
		sqst_warn(why, NULL, "%zu exclude%s nothing out: %s", few.count,
			  few.count == 1 ? " leaves" : "s leave", few.text);
}

/* In one go for each directory, not one by one: that would move all after each. */
void sqst_tree_filter(struct sqst_tree *tree, struct sqst_filter *filter)
{
	char path[PATH_MAX + SQST_NAME_MAX + 2];

	for (struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		const struct sqst_inode *dir = node->inode;

		if (dir->type != SQST_TYPE_DIR)
			continue;
		for (uint32_t i = 0; i < dir->u.dir.count; i++) {
			struct sqst_node *child = dir->u.dir.child[i];

			if (sqst_node_path(child, path, sizeof(path)) < sizeof(path) &&
			    sqst_filter_excludes(filter, path))
				child->position = SQST_NODE_GONE;
		}
		sqst_tree_remove_marked(tree, node);
	}
}
