/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: mksquashfs' spelling with one dash or two, or, called by the name of mksquashfs
 * or sqfstar, the command line of that program. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "values.h"

static enum language language_of(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;
	const char *name = slash ? slash + 1 : program;

	if (name && (strcmp(name, "mksquashfs") == 0 || strcmp(name, "mksquashfs4") == 0))
		return LANGUAGE_MKSQUASHFS;
	if (name && strcmp(name, "sqfstar") == 0)
		return LANGUAGE_SQFSTAR;
	return LANGUAGE_OWN;
}

/* The version of mksquashfs and sqfstar whose command line is spoken. */
#define SPOKEN "4.6.1"

#define PREV                                                                                       \
	" With --prev, paths that the\n"                                                           \
	"previous image has keep their inode numbers, so that an overlayfs upper layer\n"          \
	"stays valid when one image replaces the other.\n"

static struct option_table table_of(enum language language)
{
	struct option_table table = {
	    .row = build_rows,
	    .rows = build_row_count,
	    .language = language,
	    .exits = "Exit status: 0 done, 1 the system refused, 2 usage, 3 a parent is refused,\n"
		     "4 the source is unreadable, 5 the source changed, 6 a limit of the format,\n"
		     "7 the output exists. More in " PROGRAM "(1).\n",
	};

	/* Build tools take the first N.N.N, or the third word, for the version of mksquashfs. */
	switch (language) {
	case LANGUAGE_OWN:
		table.usage =
		    "Usage: " PROGRAM " [OPTION]... SOURCE... OUTPUT\n"
		    "Make a squashfs image of a directory, several files and directories, an "
		    "archive, an\n"
		    "mtree specification or another image." PREV;
		table.version = PROGRAM " version " PACKAGE_VERSION;
		break;
	case LANGUAGE_MKSQUASHFS:
		table.usage =
		    "Usage: mksquashfs SOURCE... OUTPUT [OPTION]... [-e NAME...]\n"
		    "This is " PROGRAM ", which speaks the language of mksquashfs " SPOKEN "." PREV;
		table.version =
		    "mksquashfs version " SPOKEN " as spoken by " PROGRAM " " PACKAGE_VERSION;
		break;
	case LANGUAGE_SQFSTAR:
		table.usage =
		    "Usage: sqfstar [OPTION]... OUTPUT [NAME-TO-LEAVE-OUT]... <ARCHIVE\n"
		    "This is " PROGRAM ", which speaks the language of sqfstar " SPOKEN "." PREV;
		table.version =
		    "sqfstar version " SPOKEN " as spoken by " PROGRAM " " PACKAGE_VERSION;
		break;
	}
	return table;
}

static bool check_operands(const struct build_arguments *arguments)
{
	const size_t wanted = arguments->language == LANGUAGE_SQFSTAR ? 1 : 2;
	const size_t count = arguments->operands.count;

	if (count >= wanted)
		return true;
	if (arguments->language == LANGUAGE_MKSQUASHFS && count == 0)
		return mistake("SOURCE and OUTPUT are missing before the options");
	if (arguments->language == LANGUAGE_MKSQUASHFS)
		return mistake("OUTPUT is missing: it comes after SOURCE, before the options");
	return mistake("%s is missing", count + 1 == wanted ? "OUTPUT" : "SOURCE");
}

/* After sqfstar's output stands what is to be left out. */
static bool exclude_operands(struct build_arguments *arguments)
{
	struct operands *operands = &arguments->operands;

	if (arguments->language != LANGUAGE_SQFSTAR)
		return true;
	for (size_t i = 1; i < operands->count; i++) {
		if (!words_add(arguments, &arguments->exclude, operands->item[i]))
			return false;
	}
	operands->count = 1;
	return true;
}

/* An option wins over the variable: one for the superblock over its use there, one for files over
 * its use for them. https://reproducible-builds.org/specs/source-date-epoch/ */
static bool read_source_date_epoch(struct build_arguments *arguments)
{
	struct sqst_overrides *overrides = &arguments->overrides;
	const char *value = getenv("SOURCE_DATE_EPOCH");
	const bool clamp = arguments->language != LANGUAGE_OWN || arguments->newest_time;
	const bool stamp =
	    !(arguments->build.flags & SQST_BUILD_MKFS_TIME) && !arguments->newest_time;
	uint64_t seconds;

	if (!value || !*value || (!clamp && !stamp))
		return true;
	if (!value_number(value, &seconds) || seconds > UINT32_MAX)
		return arguments->time_option ||
		       mistake("SOURCE_DATE_EPOCH=%s: not seconds since 1970, 0 to 4294967295",
			       value);
	if (stamp) {
		arguments->build.mkfs_time = (uint32_t)seconds;
		arguments->build.flags |= SQST_BUILD_MKFS_TIME;
	}
	if (clamp && !(overrides->set & SQST_OVERRIDE_CLAMP)) {
		overrides->clamp = (uint32_t)seconds;
		overrides->set |= SQST_OVERRIDE_CLAMP;
	}
	return true;
}

enum options_end arguments_read(struct build_arguments *arguments, int count, char **list)
{
	struct option_table table;
	enum options_end end;

	memset(arguments, 0, sizeof(*arguments));
	sqst_build_options_init(&arguments->build);
	arguments->language = language_of(count > 0 ? list[0] : NULL);
	arguments->compressor = sqst_codec_name((int)arguments->build.codec.id);
	arguments->block_size = arguments->build.codec.block_size;
	arguments->build.parent = arguments->parent;
	/* As both do since 4.6. */
	arguments->build.archive.allow_empty = arguments->language != LANGUAGE_OWN;
	/* sqfstar has no -wildcards and no -tailends, both are always on. */
	if (arguments->language == LANGUAGE_SQFSTAR) {
		arguments->exclude_style = SQST_FILTER_WILDCARDS;
		arguments->build.flags |= SQST_BUILD_TAILENDS;
	}
	if (arguments->language == LANGUAGE_MKSQUASHFS)
		arguments->kind = SQST_SOURCE_FILES;
	table = table_of(arguments->language);
	end = options_read(&table, count, list, arguments, &arguments->operands);
	if (end != OPTIONS_READ)
		return end;
	if (!check_operands(arguments) || !exclude_operands(arguments))
		return OPTIONS_BAD;
	arguments->build.overrides = &arguments->overrides;
	arguments->build.sort_file = arguments->sort_files.item;
	arguments->build.sort_files = arguments->sort_files.count;
	return codec_finish(arguments) && sources_finish(arguments) &&
		       read_source_date_epoch(arguments)
		   ? OPTIONS_READ
		   : OPTIONS_BAD;
}

void arguments_release(struct build_arguments *arguments)
{
	for (size_t i = 0; i < arguments->overrides.xattrs; i++) {
		free(arguments->xattr[i].name);
		free(arguments->xattr[i].value);
	}
	free(arguments->xattr);
	free(arguments->source);
	free(arguments->name);
	free(arguments->sort_files.item);
	free(arguments->exclude.item);
	free(arguments->exclude_files.item);
	free(arguments->name_text);
	sqst_pseudo_free(arguments->pseudo);
	sqst_filter_free(arguments->filter);
}
