/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: mksquashfs' spelling with one dash or two, or, called by the name of mksquashfs
 * or sqfstar, the command line of that program.
 *
 * getopt_long_only() would do most of it, but it takes abbreviations, so that a mistyped option of
 * mksquashfs could silently mean another. */
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

static const struct option *find_build_option(const struct build_arguments *arguments,
					      const char *text, size_t *length)
{
	const bool own = arguments->language == LANGUAGE_OWN;
	const bool two = text[1] == '-';
	const char *name = text + (two ? 2 : 1);

	/* "-name=value" is ours only: mksquashfs would call it unknown. */
	*length = own || two ? strcspn(name, "=") : strlen(name);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &option_table[i];

		if (option->name && strlen(option->name) == *length &&
		    memcmp(option->name, name, *length) == 0 &&
		    option->languages & (unsigned)arguments->language &&
		    (own || !two || option->languages & OPTION_OURS))
			return option;
	}
	return NULL;
}

/* The reason of an alias is that of the row above it. */
static const struct option *with_help(const struct option *option)
{
	while (!option->help)
		option--;
	return option;
}

/* *at is the option's place in the list, and moves to its value if that stands apart. */
static bool read_build_option(struct build_arguments *arguments, int count, char **list, int *at)
{
	const char *text = list[*at];
	const char *name = text + (text[1] == '-' ? 2 : 1);
	size_t length;
	const struct option *option = find_build_option(arguments, text, &length);
	const char *value = NULL;

	if (!option)
		return mistake("%s: unknown option", text);
	if (option->set == refuse)
		return mistake("%s is refused: %s", text, with_help(option)->help);
	if (!option->value && name[length] == '=')
		return mistake("%s: this option takes no value", text);
	if (option->set == exclude_rest) {
		bool done = true;

		while (done && ++*at < count)
			done = exclude_rest(arguments, option, list[*at]);
		return done;
	}
	if (option->value && name[length] == '=')
		value = name + length + 1;
	else if (option->value && *at + 1 < count)
		value = list[++*at];
	if (option->value && !value)
		return mistake("%s: %s is missing behind it", text, option->value);
	return option->set(arguments, option, value);
}

static bool is_option(const char *text)
{
	return text[0] == '-' && text[1] != '\0';
}

static bool only_words(const struct build_arguments *arguments)
{
	return arguments->only_help || arguments->only_codec_help || arguments->only_version;
}

/* What stands between options: operands, in our language; what to leave out, in sqfstar's, once the
 * output is known; nothing, in mksquashfs', where operands stand in front. */
static bool read_operand(struct build_arguments *arguments, const char *text, bool in_front)
{
	struct words *operands = &arguments->operands;

	if (arguments->language == LANGUAGE_SQFSTAR && operands->count == 1)
		return words_add(arguments, &arguments->exclude, text);
	if (arguments->language == LANGUAGE_MKSQUASHFS && !in_front)
		return mistake("%s: not an option; sources and output stand before the options",
			       text);
	return words_add(arguments, operands, text);
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
		return mistake("OUTPUT is missing: it stands behind SOURCE, before the options");
	return mistake("%s is missing", count + 1 == wanted ? "OUTPUT" : "SOURCE");
}

static bool read_list(struct build_arguments *arguments, int count, char **list)
{
	bool more_options = true, in_front = true;

	for (int i = 1; i < count; i++) {
		if (arguments->language == LANGUAGE_OWN && more_options &&
		    strcmp(list[i], "--") == 0) {
			more_options = false;
			continue;
		}
		if (!more_options || !is_option(list[i]) ||
		    (arguments->language == LANGUAGE_SQFSTAR && arguments->operands.count > 0)) {
			if (!read_operand(arguments, list[i], in_front))
				return false;
			continue;
		}
		in_front = false;
		if (!read_build_option(arguments, count, list, &i))
			return false;
		if (only_words(arguments))
			return true;
	}
	return check_operands(arguments);
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

bool arguments_read(struct build_arguments *arguments, int count, char **list)
{
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
	if (!read_list(arguments, count, list))
		return false;
	if (only_words(arguments))
		return true;
	arguments->build.overrides = &arguments->overrides;
	arguments->build.sort_file = arguments->sort_files.item;
	arguments->build.sort_files = arguments->sort_files.count;
	return codec_finish(arguments) && sources_finish(arguments) &&
	       read_source_date_epoch(arguments);
}

void arguments_release(struct build_arguments *arguments)
{
	for (size_t i = 0; i < arguments->overrides.xattrs; i++) {
		free(arguments->xattr[i].name);
		free(arguments->xattr[i].value);
	}
	free(arguments->xattr);
	free(arguments->source);
	free(arguments->operands.item);
	free(arguments->sort_files.item);
	free(arguments->exclude.item);
	free(arguments->exclude_files.item);
	free(arguments->name_text);
	sqst_pseudo_free(arguments->pseudo);
	sqst_filter_free(arguments->filter);
}
