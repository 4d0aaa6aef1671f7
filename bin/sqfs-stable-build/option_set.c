/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options do, but for those of sources and compressors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/array.h"
#include "option.h"
#include "values.h"

bool out_of_memory(struct build_arguments *arguments)
{
	const struct sqst_report why = {.message = "out of memory"};

	complain(&why);
	arguments->failure = SQST_ERR_NOMEM;
	return false;
}

/* A file that an option names and that is not there is a mistake in the command line; one that is
 * there and cannot be read is not. */
static bool is_mistake(int error, int number)
{
	if (error == SQST_ERR_NOMEM || error == SQST_ERR_IO)
		return false;
	switch (number) {
	case 0:
	case EACCES:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
		return true;
	default:
		return false;
	}
}

bool not_taken(struct build_arguments *arguments, const struct option *option, int error,
	       const struct sqst_report *why)
{
	if (!is_mistake(error, why->number)) {
		complain(why);
		arguments->failure = error;
		return false;
	}
	return option ? mistake("-%s: %s", option->name, why->message)
		      : mistake("%s", why->message);
}

bool words_add(struct build_arguments *arguments, struct words *words, const char *word)
{
	const char **item = sqst_grow(words->item, words->count, &words->room, sizeof(*item));

	if (!item)
		return out_of_memory(arguments);
	item[words->count++] = word;
	words->item = item;
	return true;
}

static void *option_field(struct build_arguments *arguments, const struct option *option)
{
	return (char *)arguments + option->number;
}

bool set_flag(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	arguments->build.flags |= option->number;
	return true;
}

bool clear_flag(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	arguments->build.flags &= ~option->number;
	return true;
}

bool set_true(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	*(bool *)option_field(arguments, option) = true;
	return true;
}

bool set_false(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	*(bool *)option_field(arguments, option) = false;
	return true;
}

bool set_string(struct build_arguments *arguments, const struct option *option, const char *value)
{
	*(const char **)option_field(arguments, option) = value;
	return true;
}

bool set_size(struct build_arguments *arguments, const struct option *option, const char *value)
{
	if (!value_size(value, option_field(arguments, option)))
		return mistake("-%s %s: not a size", option->name, value);
	return true;
}

bool add_word(struct build_arguments *arguments, const struct option *option, const char *value)
{
	return words_add(arguments, option_field(arguments, option), value);
}

bool set_parent(struct build_arguments *arguments, const struct option *option, const char *value)
{
	const size_t count = arguments->build.parents;

	if (count == SQST_PARENTS_MAX)
		return mistake("more than %d parents", SQST_PARENTS_MAX);
	arguments->parent[count] = (struct sqst_parent_file){value, option->number != 0};
	arguments->build.parents++;
	return true;
}

bool set_uuid(struct build_arguments *arguments, const struct option *option, const char *value)
{
	if (uuid_parse(value, arguments->uuid) != 0)
		return mistake("-%s %s: not a UUID (like 6ba7b812-9dad-11d1-80b4-00c04fd430c8)",
			       option->name, value);
	arguments->build.uuid = arguments->uuid;
	return true;
}

bool set_compressor(struct build_arguments *arguments, const struct option *option,
		    const char *value)
{
	(void)option;
	arguments->compressor = value;
	return true;
}

bool set_block_size(struct build_arguments *arguments, const struct option *option,
		    const char *value)
{
	uint64_t size;

	if (!value_size(value, &size) || size < 4096 || size > 1024 * 1024 || (size & (size - 1)))
		return mistake("-%s %s: a block size is a power of two from 4096 to 1M",
			       option->name, value);
	arguments->block_size = (uint32_t)size;
	return true;
}

bool set_align(struct build_arguments *arguments, const struct option *option, const char *value)
{
	uint64_t size;

	if (!value_size(value, &size) || size > SQST_ALIGN_MAX || (size & (size - 1)))
		return mistake("-%s %s: an alignment is a power of two up to 64M", option->name,
			       value);
	arguments->build.align = (uint32_t)size;
	return true;
}

bool set_jobs(struct build_arguments *arguments, const struct option *option, const char *value)
{
	uint64_t jobs;

	if (!value_number(value, &jobs) || jobs < 1 || jobs > 1024)
		return mistake("-%s %s: a number of threads is 1 to 1024", option->name, value);
	arguments->build.jobs = (unsigned)jobs;
	return true;
}

bool set_max_depth(struct build_arguments *arguments, const struct option *option,
		   const char *value)
{
	uint64_t levels;

	if (!value_number(value, &levels) || levels < 1 || levels > UINT32_MAX)
		return mistake("-%s %s: a number of levels is 1 or more", option->name, value);
	arguments->build.max_depth = (uint32_t)levels;
	return true;
}

/* ---- times */

static bool read_time(const struct build_arguments *arguments, const struct option *option,
		      const char *value, uint32_t *seconds)
{
	/* mksquashfs hands words to date(1). Here a clock is read for nobody who did not ask for
	 * that language. */
	const bool words = arguments->language != LANGUAGE_OWN;

	if (value_time(value, words, seconds))
		return true;
	return mistake("-%s %s: a time is seconds since 1970, 0 to 4294967295%s", option->name,
		       value, words ? ", or what date(1) understands" : "");
}

bool set_mkfs_time(struct build_arguments *arguments, const struct option *option,
		   const char *value)
{
	arguments->time_option = true;
	if (strcmp(value, "inode") == 0)
		return set_repro(arguments, option, value);
	if (!read_time(arguments, option, value, &arguments->build.mkfs_time))
		return false;
	arguments->newest_time = false;
	arguments->build.flags |= SQST_BUILD_MKFS_TIME;
	return true;
}

bool set_repro(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)option;
	(void)value;
	arguments->time_option = true;
	arguments->newest_time = true;
	arguments->build.flags &= ~(uint32_t)SQST_BUILD_MKFS_TIME;
	return true;
}

bool set_time(struct build_arguments *arguments, const struct option *option, const char *value)
{
	struct sqst_overrides *overrides = &arguments->overrides;
	uint32_t *time = option->number == SQST_OVERRIDE_ROOT_TIME ? &overrides->root_time
			 : option->number == SQST_OVERRIDE_CLAMP   ? &overrides->clamp
								   : &overrides->time;

	arguments->time_option = true;
	overrides->set |= option->number;
	return read_time(arguments, option, value, time);
}

bool set_repro_time(struct build_arguments *arguments, const struct option *option,
		    const char *value)
{
	struct option files = *option;

	files.number = SQST_OVERRIDE_TIME;
	return set_mkfs_time(arguments, option, value) && set_time(arguments, &files, value);
}

bool set_prev_mtime(struct build_arguments *arguments, const struct option *option,
		    const char *value)
{
	if (strcmp(value, "keep") == 0)
		arguments->build.flags |= SQST_BUILD_KEEP_TIMES;
	else if (strcmp(value, "source") == 0)
		arguments->build.flags &= ~(uint32_t)SQST_BUILD_KEEP_TIMES;
	else
		return mistake("-%s %s: keep or source", option->name, value);
	return true;
}

bool set_prev_damaged(struct build_arguments *arguments, const struct option *option,
		      const char *value)
{
	if (strcmp(value, "rebuild") == 0)
		arguments->build.flags |= SQST_BUILD_PREV_REBUILD;
	else if (strcmp(value, "refuse") == 0)
		arguments->build.flags &= ~(uint32_t)SQST_BUILD_PREV_REBUILD;
	else
		return mistake("-%s %s: refuse or rebuild", option->name, value);
	return true;
}

bool set_slack(struct build_arguments *arguments, const struct option *option, const char *value)
{
	uint64_t percent;

	if (!value_number(value, &percent) || percent > SQST_SLACK_MAX)
		return mistake("-%s %s: a slack is 0 to %d per cent", option->name, value,
			       SQST_SLACK_MAX);
	arguments->build.max_slack = (uint32_t)percent;
	return true;
}

/* ---- without effect, or refused */

bool take(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)arguments;
	(void)option;
	(void)value;
	return true;
}

bool take_number(struct build_arguments *arguments, const struct option *option, const char *value)
{
	uint64_t number;

	(void)arguments;
	return value_number(value, &number) || mistake("-%s %s: not a number", option->name, value);
}

bool take_size(struct build_arguments *arguments, const struct option *option, const char *value)
{
	uint64_t size;

	(void)arguments;
	return value_size(value, &size) || mistake("-%s %s: not a size", option->name, value);
}

bool refuse(struct build_arguments *arguments, const struct option *option, const char *value)
{
	(void)arguments;
	(void)value;
	return mistake("-%s is refused: %s", option->name, option->help);
}
