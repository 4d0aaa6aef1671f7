/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pseudo-file definition: a name, a letter, and what belongs to the letter. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "edit/edit.h"
#include "pseudo/pseudo.h"

static int expect_end(const struct sqst_pseudo_line *line)
{
	if (*line->at)
		return sqst_pseudo_fail(line, "unexpected text at the end: \"%.60s\"", line->at);
	return 0;
}

static int parse_mode_and_owner(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	int rc = sqst_pseudo_mode(line, &item->mode);

	if (rc == 0)
		rc = sqst_pseudo_owner(line, false, &item->uid);
	if (rc == 0)
		rc = sqst_pseudo_owner(line, true, &item->gid);
	return rc;
}

/* As new_encode_dev() of the kernel, which squashfs decodes with new_decode_dev(). */
static int parse_device(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	uint64_t major, minor;
	int rc = sqst_pseudo_number(line, "the major number", 0xFFF, &major);

	if (rc == 0)
		rc = sqst_pseudo_number(line, "the minor number", 0xFFFFF, &minor);
	if (rc < 0)
		return rc;
	item->device = (uint32_t)((minor & 0xFF) | major << 8 | (minor & ~UINT64_C(0xFF)) << 12);
	return expect_end(line);
}

static int parse_ipc(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	const char *word;
	const int rc = sqst_pseudo_word(line, "s (socket) or f (FIFO)", &word);

	if (rc < 0)
		return rc;
	if (strcmp(word, "s") != 0 && strcmp(word, "f") != 0)
		return sqst_pseudo_fail(line, "\"%s\" is neither s (socket) nor f (FIFO)", word);
	item->ipc = word[0];
	return expect_end(line);
}

/* A command or a link's target is the rest of the line as it stands. */
static int parse_rest(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item,
		      const char *what, size_t max)
{
	const size_t length = strlen(line->at);

	if (length == 0)
		return sqst_pseudo_fail(line, "%s is missing", what);
	if (length > max)
		return sqst_pseudo_fail(line, "%s is longer than %zu bytes", what, max);
	item->text = sqst_arena_strndup(line->pseudo->arena, line->at, length);
	return item->text ? 0 : sqst_pseudo_no_memory(line);
}

static int parse_data(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	uint64_t sparse;
	int rc;

	if (!line->source)
		return sqst_pseudo_fail(
		    line, "R takes its content from its own file, so it must be in a file (-pf)");
	rc = sqst_pseudo_number(line, "the length", INT64_MAX, &item->length);
	if (rc == 0)
		rc = sqst_pseudo_number(line, "the offset", INT64_MAX, &item->offset);
	/* squashfs-tools 4.6 and later say whether the file was sparse; holes are found anyway. */
	if (rc == 0 && *line->at)
		rc = sqst_pseudo_number(line, "the sparse flag", 1, &sparse);
	if (rc == 0)
		rc = expect_end(line);
	if (rc < 0)
		return rc;
	if (*line->source == SIZE_MAX)
		*line->source = sqst_pseudo_add_source(line->pseudo, line->file);
	item->source = *line->source;
	return item->source == SIZE_MAX ? sqst_pseudo_no_memory(line) : 0;
}

static int parse_detail(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	switch (item->kind) {
	case 'b':
	case 'c':
		return parse_device(line, item);
	case 'f':
		return parse_rest(line, item, "the command", 1 << 20);
	case 's':
		/* The kernel's squashfs refuses a target longer than a page. */
		return parse_rest(line, item, "the target", PATH_MAX - 1);
	case 'i':
		return parse_ipc(line, item);
	case 'r':
		return parse_data(line, item);
	default:
		return expect_end(line);
	}
}

static int parse_link(struct sqst_pseudo_line *line, struct sqst_pseudo_item *item)
{
	const int rc = sqst_pseudo_word(line, "the path of the file", &item->text);

	return rc < 0 ? rc : expect_end(line);
}

static struct sqst_pseudo_item *item_new(const struct sqst_pseudo_line *line, char letter)
{
	struct sqst_pseudo_item *item = sqst_arena_alloc(line->pseudo->arena, sizeof(*item));

	if (item)
		item->kind = (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
	return item;
}

static int parse_item(struct sqst_pseudo_line *line, char letter, struct sqst_pseudo_item **out)
{
	struct sqst_pseudo_item *item = item_new(line, letter);
	int rc = 0;

	if (!item)
		return sqst_pseudo_no_memory(line);
	*out = item;
	if (letter == 'l' || letter == 'h')
		return parse_link(line, item);
	if (letter != item->kind)
		rc = sqst_pseudo_time(line, &item->time);
	if (rc == 0)
		rc = parse_mode_and_owner(line, item);
	if (rc == 0)
		rc = parse_detail(line, item);
	/* mksquashfs, too, gives symbolic links this mode whatever is said. */
	if (item->kind == 's')
		item->mode = 0777;
	return rc;
}

static int parse_second_name(struct sqst_pseudo_line *line, struct sqst_pseudo_item **out)
{
	const struct sqst_pseudo_entry *other;
	const char *path;
	int rc = sqst_pseudo_path(line, "the other definition's name", &path);

	if (rc == 0)
		rc = expect_end(line);
	if (rc < 0)
		return rc;
	other = sqst_pseudo_find(line->pseudo, path);
	if (!other)
		return sqst_pseudo_fail(line, "\"%s\" is not defined before this line", path);
	if (other->item->kind == 'd' || other->item->kind == 'm')
		return sqst_pseudo_fail(line, "\"%s\" is not a file that can have a second name",
					path);
	*out = other->item;
	return 0;
}

static int define_attribute(struct sqst_pseudo_line *line, const char *path)
{
	struct sqst_override_xattr parsed;
	struct sqst_pseudo_xattr *xattr;
	struct sqst_report report = {0};
	const int rc = sqst_xattr_parse(line->at, &parsed, &report);

	if (rc == SQST_ERR_NOMEM)
		return sqst_pseudo_no_memory(line);
	if (rc < 0)
		return sqst_pseudo_fail(line, "%s", report.message);
	xattr = sqst_pseudo_add_xattr(line->pseudo);
	if (xattr) {
		struct sqst_arena *arena = line->pseudo->arena;

		*xattr = (struct sqst_pseudo_xattr){
		    .path = path, .size = parsed.size, .file = line->file, .line = line->line};
		xattr->name = sqst_arena_strndup(arena, parsed.name, strlen(parsed.name));
		xattr->value = sqst_arena_strndup(arena, parsed.value, parsed.size);
	}
	free(parsed.name);
	free(parsed.value);
	return xattr && xattr->name && xattr->value ? 0 : sqst_pseudo_no_memory(line);
}

static int enter_definition(struct sqst_pseudo_line *line, const char *path,
			    struct sqst_pseudo_item *item)
{
	struct sqst_pseudo_entry *entry = sqst_pseudo_find(line->pseudo, path);

	if (entry && path[0])
		return sqst_pseudo_note(line, "is defined twice; the first definition is used",
					path);
	/* Of the root the last definition holds. */
	if (entry)
		entry->item = item;
	else
		entry = sqst_pseudo_enter(line->pseudo, path, item);
	if (!entry)
		return sqst_pseudo_no_memory(line);
	entry->file = line->file;
	entry->line = line->line;
	return 0;
}

static int parse_letter(struct sqst_pseudo_line *line, const char *letters, char *out)
{
	const char *word;
	const int rc = sqst_pseudo_word(line, "the letter of its type", &word);

	if (rc < 0)
		return rc;
	if (strlen(word) != 1 || !strchr(letters, word[0]))
		return sqst_pseudo_fail(line, "unknown type \"%s\"; types are the letters %s", word,
					letters);
	*out = word[0];
	return 0;
}

int sqst_pseudo_definition(struct sqst_pseudo_line *line)
{
	struct sqst_pseudo_item *item = NULL;
	const char *path;
	char letter;
	int rc = sqst_pseudo_path(line, "the name", &path);

	if (rc == 0)
		rc = parse_letter(line, "dmbcfsixlhLDMBCFSIR", &letter);
	if (rc < 0)
		return rc;
	if (letter == 'x')
		return define_attribute(line, path);
	if (letter == 'L')
		rc = parse_second_name(line, &item);
	else
		rc = parse_item(line, letter, &item);
	if (rc < 0)
		return rc;
	/* mksquashfs, too, goes on without it. */
	if (!path[0] && item->kind != 'd')
		return sqst_pseudo_note(line,
					"(the root) can only be d or D; skipped (-root-mode, "
					"-root-uid, -root-gid and -root-time change the root)",
					path);
	return enter_definition(line, path, item);
}

int sqst_pseudo_directory(struct sqst_pseudo_line *line, struct sqst_pseudo_item **out)
{
	char letter;
	const int rc = parse_letter(line, "dD", &letter);

	return rc < 0 ? rc : parse_item(line, letter, out);
}
