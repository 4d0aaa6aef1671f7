/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of sources: what they are, what is left out of them, what is set in them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "values.h"

bool set_sources(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	static const char *const kinds[] = {[SQST_SOURCE_AUTO] = "auto",
					    [SQST_SOURCE_FILES] = "files",
					    [SQST_SOURCE_ARCHIVE] = "archive",
					    [SQST_SOURCE_MTREE] = "mtree",
					    [SQST_SOURCE_IMAGE] = "image"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], value) == 0) {
			arguments->kind = (enum sqst_source_kind)i;
			return true;
		}
	}
	return mistake("-%s %s: auto, files, archive, mtree or image", row->name, value);
}

bool set_names(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)value;
	arguments->names = true;
	arguments->name_end = (int)row->number;
	return true;
}

bool set_exclude_style(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)value;
	arguments->exclude_style = (unsigned)row->number;
	return true;
}

/* ---- overrides */

/* A number, or a name that this system knows, as mksquashfs 4.6 takes them. */
static bool read_owner(const char *value, bool group, uint32_t *out)
{
	const struct passwd *user;
	const struct group *users;
	uint64_t number;

	if (value_number(value, &number)) {
		/* -1 is no owner to the kernel. */
		*out = (uint32_t)number;
		return number < UINT32_MAX;
	}
	if (group) {
		users = getgrnam(value);
		*out = users ? users->gr_gid : 0;
		return users != NULL;
	}
	user = getpwnam(value);
	*out = user ? user->pw_uid : 0;
	return user != NULL;
}

bool set_owner(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct sqst_overrides *overrides = &arguments->overrides;
	const bool group = row->number & (SQST_OVERRIDE_GID | SQST_OVERRIDE_ROOT_GID);
	uint32_t *out = row->number == SQST_OVERRIDE_UID        ? &overrides->uid
			: row->number == SQST_OVERRIDE_GID      ? &overrides->gid
			: row->number == SQST_OVERRIDE_ROOT_UID ? &overrides->root_uid
								: &overrides->root_gid;

	if (!read_owner(value, group, out))
		return mistake("-%s %s: not a number or the name of a %s of this system", row->name,
			       value, group ? "group" : "user");
	overrides->set |= (uint32_t)row->number;
	return true;
}

bool set_all_root(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)row;
	(void)value;
	arguments->overrides.uid = arguments->overrides.gid = 0;
	arguments->overrides.set |= SQST_OVERRIDE_UID | SQST_OVERRIDE_GID;
	return true;
}

bool set_id_offset(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	uint64_t number;

	if (!value_number(value, &number) || number > UINT32_MAX)
		return mistake("-%s %s: not a number from 0 to 4294967295", row->name, value);
	arguments->overrides.id_offset = (uint32_t)number;
	return true;
}

static bool check_mode(const struct option_row *row, const char *value, uint16_t *mode)
{
	struct sqst_report why = {0};

	return sqst_mode_apply(value, true, mode, &why) == 0 ||
	       mistake("-%s %s: not a mode (like 0755 or u=rwX,go=rX)", row->name, value);
}

bool set_root_mode(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	uint16_t mode = 0;

	if (value[0] < '0' || value[0] > '7')
		return mistake("-%s %s: not an octal mode", row->name, value);
	if (!check_mode(row, value, &mode))
		return false;
	arguments->overrides.root_mode = mode;
	arguments->overrides.set |= SQST_OVERRIDE_ROOT_MODE;
	return true;
}

bool set_default_mode(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct sqst_archive_options *archive = &arguments->build.archive;

	archive->default_mode = 0;
	archive->default_mode_set = true;
	return check_mode(row, value, &archive->default_mode);
}

bool set_default_owner(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct sqst_archive_options *archive = &arguments->build.archive;
	uint32_t *out = row->number ? &archive->default_gid : &archive->default_uid;

	return read_owner(value, row->number != 0, out) ||
	       mistake("-%s %s: not a number or the name of a %s of this system", row->name, value,
		       row->number ? "group" : "user");
}

/* number: offset of the mode's text */
bool set_mode(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	uint16_t mode = 0;

	return check_mode(row, value, &mode) && set_string(arguments, row, value);
}

bool add_xattr(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct sqst_overrides *overrides = &arguments->overrides;
	const size_t size = (overrides->xattrs + 1) * sizeof(*arguments->xattr);
	struct sqst_override_xattr *list = realloc(arguments->xattr, size);
	struct sqst_report why = {0};
	int rc;

	if (!list)
		return out_of_memory(arguments);
	arguments->xattr = list;
	overrides->xattr = list;
	rc = sqst_xattr_parse(value, &list[overrides->xattrs], &why);
	if (rc < 0)
		return not_taken(arguments, row, rc, &why);
	overrides->xattrs++;
	return true;
}

/* ---- pseudo files */

static bool
give_pseudo(struct build_arguments *arguments, const struct option_row *row, const char *value,
	    int (*take)(struct sqst_pseudo *pseudo, const char *text, struct sqst_report *why))
{
	struct sqst_report why = {0};
	int rc;

	if (!arguments->pseudo)
		arguments->pseudo = sqst_pseudo_new();
	if (!arguments->pseudo)
		return out_of_memory(arguments);
	arguments->build.pseudo = arguments->pseudo;
	rc = take(arguments->pseudo, value, &why);
	return rc == 0 || not_taken(arguments, row, rc, &why);
}

bool add_pseudo(void *to, const struct option_row *row, const char *value)
{
	return give_pseudo(to, row, value, sqst_pseudo_add);
}

bool load_pseudo(void *to, const struct option_row *row, const char *value)
{
	return give_pseudo(to, row, value, sqst_pseudo_load);
}

bool set_pseudo_directory(void *to, const struct option_row *row, const char *value)
{
	return give_pseudo(to, row, value, sqst_pseudo_default_directory);
}

/* ---- when the line has been read */

static bool make_filter(struct build_arguments *arguments)
{
	struct sqst_report why = {0};
	int rc = 0;

	if (arguments->exclude.count + arguments->exclude_files.count == 0)
		return true;
	arguments->filter = sqst_filter_new();
	if (!arguments->filter)
		return out_of_memory(arguments);
	for (size_t i = 0; rc == 0 && i < arguments->exclude_files.count; i++)
		rc = sqst_filter_load(arguments->filter, arguments->exclude_files.item[i],
				      arguments->exclude_style, &why);
	for (size_t i = 0; rc == 0 && i < arguments->exclude.count; i++)
		rc = sqst_filter_add(arguments->filter, arguments->exclude.item[i],
				     arguments->exclude_style, &why);
	arguments->build.scan.filter = arguments->filter;
	return rc == 0 || not_taken(arguments, NULL, rc, &why);
}

/* All of standard input, with a NUL after it. */
static bool read_input(struct build_arguments *arguments, size_t *size)
{
	size_t room = 0, got = 1;

	*size = 0;
	while (got > 0) {
		if (*size + 1 >= room) {
			char *text = realloc(arguments->name_text, room = 2 * room + 65536);

			if (!text)
				return out_of_memory(arguments);
			arguments->name_text = text;
		}
		got = fread(arguments->name_text + *size, 1, room - 1 - *size, stdin);
		*size += got;
	}
	arguments->name_text[*size] = '\0';
	return true;
}

/* The names on standard input take the place of the source "-". */
static bool read_names(struct build_arguments *arguments)
{
	struct operands *operands = &arguments->operands;
	size_t size, ends = 0, count = 0;
	char *end;

	if (!read_input(arguments, &size))
		return false;
	for (size_t i = 0; i < size; i++)
		ends += arguments->name_text[i] == (char)arguments->name_end;
	arguments->name = calloc(ends + 2, sizeof(*arguments->name));
	if (!arguments->name)
		return out_of_memory(arguments);
	for (char *name = arguments->name_text; name < arguments->name_text + size;
	     name = end + 1) {
		end =
		    memchr(name, arguments->name_end, (size_t)(arguments->name_text + size - name));
		if (!end)
			end = arguments->name_text + size;
		*end = '\0';
		if (*name)
			arguments->name[count++] = name;
	}
	arguments->name[count++] = operands->item[1];
	*operands = (struct operands){arguments->name, count};
	arguments->build.flags |= SQST_BUILD_NO_STRIP | SQST_BUILD_NO_DESCENT;
	return true;
}

/* mksquashfs knows "-" as no source at all, with -tar as an archive on standard input, with
 * -cpiostyle as names on standard input. */
static bool drop_in_sources(struct build_arguments *arguments)
{
	const struct operands *operands = &arguments->operands;
	const bool dash = operands->count > 1 && strcmp(operands->item[0], "-") == 0;

	if (arguments->language != LANGUAGE_MKSQUASHFS ||
	    (!dash && !arguments->tar && !arguments->names))
		return true;
	if (!dash || operands->count != 2)
		return mistake("%s: with \"-\", -tar or -cpiostyle there is one source, \"-\"",
			       operands->item[0]);
	if (arguments->tar) {
		arguments->kind = SQST_SOURCE_ARCHIVE;
		return true;
	}
	if (arguments->names)
		return read_names(arguments);
	/* No source: the output alone is left. */
	arguments->operands.item[0] = arguments->operands.item[1];
	arguments->operands.count = 1;
	return arguments->pseudo || mistake("source \"-\" needs -tar, -cpiostyle, or pseudo "
					    "files (-p, -pf)");
}

bool sources_finish(struct build_arguments *arguments)
{
	const struct operands *operands = &arguments->operands;
	size_t count;

	if (!drop_in_sources(arguments))
		return false;
	count = operands->count;
	arguments->build.output = operands->item[count - 1];
	arguments->build.sources = count - 1;
	if (arguments->language == LANGUAGE_SQFSTAR) {
		arguments->build.sources = 1;
		arguments->kind = SQST_SOURCE_ARCHIVE;
	}
	arguments->source = calloc(count, sizeof(*arguments->source));
	if (!arguments->source)
		return out_of_memory(arguments);
	arguments->build.source = arguments->source;
	for (size_t i = 0; i < arguments->build.sources; i++) {
		const char *path = count > 1 ? operands->item[i] : "-";

		arguments->source[i] = (struct sqst_source){path, arguments->kind};
	}
	return make_filter(arguments);
}
