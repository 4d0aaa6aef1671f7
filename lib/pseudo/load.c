/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions from the command line and from files; a file may carry content after them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "pseudo/pseudo.h"

SQST_DEFINE_SCOPE(file, FILE, fclose)

/* A definition is not longer than this, its continuation lines included. */
#define LINE_MAX_BYTES (1 << 20)

static const char marker[] = "# START OF DATA - DO NOT MODIFY";

/* One line with its continuations. */
struct logical_line {
	char *text;
	size_t length;
	size_t room;
};

static int put_byte(struct logical_line *text, char c)
{
	char *grown = sqst_reserve(text->text, text->length + 2, &text->room, 1);

	if (!grown)
		return SQST_ERR_NOMEM;
	text->text = grown;
	text->text[text->length++] = c;
	text->text[text->length] = '\0';
	return text->length > LINE_MAX_BYTES ? SQST_ERR_LIMIT : 0;
}

/* A backslash at the end joins the next line, a doubled one does not (as in mksquashfs, which looks
 * no further than these two). */
static bool continues(const struct logical_line *text, size_t start)
{
	const size_t length = text->length - start;
	const char *last;

	/* There may be no text at all. */
	if (length == 0)
		return false;
	last = text->text + text->length - 1;
	return *last == '\\' && !(length >= 2 && last[-1] == '\\');
}

/* Read a logical line. *lines counts physical ones. Returns 1, 0 at the end of the file, or an
 * error: SQST_ERR_LIMIT for one that is too long, SQST_ERR_SOURCE for one with a NUL byte. */
static int read_logical_line(FILE *stream, struct logical_line *text, size_t *lines)
{
	size_t start = 0;
	bool any = false;
	int c, rc;

	text->length = 0;
	while ((c = getc_unlocked(stream)) != EOF) {
		any = true;
		if (c == '\0')
			return SQST_ERR_SOURCE;
		if (c != '\n') {
			rc = put_byte(text, (char)c);
			if (rc < 0)
				return rc;
			continue;
		}
		++*lines;
		if (!continues(text, start))
			return 1;
		text->length--;
		start = text->length;
	}
	if (!any)
		return 0;
	++*lines;
	if (continues(text, start))
		text->length--;
	return 1;
}

static int fail_line(int rc, const char *name, size_t line, struct sqst_report *why)
{
	switch (rc) {
	case SQST_ERR_NOMEM:
		return sqst_no_memory(why, name);
	case SQST_ERR_LIMIT:
		return sqst_fail(why, SQST_ERR_SOURCE, name, "line %zu is longer than %d bytes",
				 line, LINE_MAX_BYTES);
	default:
		return sqst_fail(
		    why, SQST_ERR_SOURCE, name,
		    "line %zu has a NUL byte, so this is not a list of pseudo definitions", line);
	}
}

static int parse_text(struct sqst_pseudo_line *line, struct logical_line *text, bool *at_data)
{
	const char *definition = text->text;

	if (text->length == 0)
		return 0;
	text->text[text->length] = '\0';
	definition += strspn(definition, " \t\v\f\r");
	*at_data = strcmp(definition, marker) == 0;
	if (definition[0] == '\0' || definition[0] == '#')
		return 0;
	line->definition = line->at = definition;
	return sqst_pseudo_definition(line);
}

static int parse_lines(struct sqst_pseudo_line *line, FILE *stream, struct logical_line *text,
		       bool *at_data)
{
	size_t lines = 0;

	while (!*at_data) {
		int rc;

		line->line = lines + 1;
		rc = read_logical_line(stream, text, &lines);
		if (rc < 0)
			return fail_line(rc, line->file, lines + 1, line->why);
		if (rc == 0)
			return ferror(stream) ? sqst_fail_errno(line->why, SQST_ERR_SOURCE, errno,
								line->file, "cannot read the file")
					      : 0;
		rc = parse_text(line, text, at_data);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sqst_pseudo_parse(struct sqst_pseudo *pseudo, FILE *stream, const char *name, size_t *source,
		      struct sqst_report *why)
{
	struct sqst_pseudo_line line = {.pseudo = pseudo, .source = source, .why = why};
	struct logical_line text = {0};
	bool at_data = false;
	int rc;

	*source = SIZE_MAX;
	line.file = sqst_arena_strndup(pseudo->arena, name, strlen(name));
	if (!line.file)
		return sqst_no_memory(why, name);
	rc = parse_lines(&line, stream, &text, &at_data);
	free(text.text);
	if (rc < 0 || *source == SIZE_MAX)
		return rc;
	if (!at_data)
		return sqst_fail(
		    why, SQST_ERR_SOURCE, name,
		    "R definitions need their content after a line \"%s\", which is missing",
		    marker);
	/* After the marker is one more line, "#". */
	if (getc_unlocked(stream) != '#' || getc_unlocked(stream) != '\n')
		return sqst_fail(why, SQST_ERR_SOURCE, name,
				 "the line after \"%s\" must be \"#\"; the file is damaged",
				 marker);
	return 0;
}

/* The rest of a pipe goes to a temporary file, so that it can be read by offset. */
static int spool_rest(FILE *stream, struct sqst_pseudo_source *source, struct sqst_report *why)
{
	SQST_AUTO_FREE char *buffer = malloc(1 << 17);

	if (!buffer)
		return sqst_no_memory(why, source->name);
	source->fd = sqst_pseudo_spool(why);
	if (source->fd < 0)
		return SQST_ERR_IO;
	source->spooled = true;
	for (;;) {
		const size_t got = fread(buffer, 1, 1 << 17, stream);
		int rc;

		if (got == 0)
			break;
		rc = sqst_pseudo_spool_write(source->fd, buffer, got, why);
		if (rc < 0)
			return rc;
		source->size += got;
	}
	if (ferror(stream))
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, source->name,
				       "cannot read the file");
	return 0;
}

static int take_data(FILE *stream, struct sqst_pseudo_source *source, struct sqst_report *why)
{
	const off_t start = ftello(stream);
	struct stat st;

	if (fstat(fileno(stream), &st) != 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, source->name, "cannot stat it");
	if (!S_ISREG(st.st_mode) || start < 0)
		return spool_rest(stream, source, why);
	source->fd = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3);
	if (source->fd < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, source->name, "cannot open it");
	source->start = (uint64_t)start;
	source->size = st.st_size > start ? (uint64_t)(st.st_size - start) : 0;
	source->mtime = st.st_mtim;
	return 0;
}

/* What R definitions point at must be there; better found now than in the middle of the build. */
static int check_data(const struct sqst_pseudo *pseudo, size_t index, struct sqst_report *why)
{
	const struct sqst_pseudo_source *source = &pseudo->source[index];

	for (size_t i = 0; i < pseudo->entries; i++) {
		const struct sqst_pseudo_entry *entry = &pseudo->entry[i];
		const struct sqst_pseudo_item *item = entry->item;

		if (item->kind != 'r' || item->source != index)
			continue;
		if (item->offset > source->size || item->length > source->size - item->offset)
			return sqst_fail(why, SQST_ERR_SOURCE, source->name,
					 "line %zu: \"%s\" needs %llu bytes at offset %llu, but "
					 "there are %llu bytes of content; the file is truncated",
					 entry->line, entry->path, (unsigned long long)item->length,
					 (unsigned long long)item->offset,
					 (unsigned long long)source->size);
	}
	return 0;
}

int sqst_pseudo_load(struct sqst_pseudo *pseudo, const char *path, struct sqst_report *why)
{
	const bool standard_input = strcmp(path, "-") == 0;
	const char *name = standard_input ? "standard input" : path;
	SQST_CLEANUP(sqst_scope_file) FILE *stream = NULL;
	SQST_AUTO_CLOSE int fd = -1;
	size_t source;
	int rc;

	fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			    : open(path, O_RDONLY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopen(fd, "r");
	if (!stream)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, name,
				       "cannot open the pseudo definitions");
	/* The stream closes it from here on. */
	fd = -1;
	rc = sqst_pseudo_parse(pseudo, stream, name, &source, why);
	if (rc < 0 || source == SIZE_MAX)
		return rc;
	rc = take_data(stream, &pseudo->source[source], why);
	return rc < 0 ? rc : check_data(pseudo, source, why);
}

static struct sqst_pseudo_line line_of(struct sqst_pseudo *pseudo, const char *definition,
				       struct sqst_report *why)
{
	definition += strspn(definition, " \t\n\v\f\r");
	return (struct sqst_pseudo_line){
	    .pseudo = pseudo, .definition = definition, .at = definition, .why = why};
}

int sqst_pseudo_add(struct sqst_pseudo *pseudo, const char *definition, struct sqst_report *why)
{
	struct sqst_pseudo_line line = line_of(pseudo, definition, why);

	return sqst_pseudo_definition(&line);
}

int sqst_pseudo_default_directory(struct sqst_pseudo *pseudo, const char *definition,
				  struct sqst_report *why)
{
	struct sqst_pseudo_line line = line_of(pseudo, definition, why);

	return sqst_pseudo_directory(&line, &pseudo->directory);
}
