/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options do, but for those of sources and compressors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

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

bool not_taken(struct build_arguments *arguments, const struct option_row *row, int error,
	       const struct sqst_report *why)
{
	if (!is_mistake(error, why->number)) {
		complain(why);
		arguments->failure = error;
		return false;
	}
	return row ? mistake("-%s: %s", row->name, why->message) : mistake("%s", why->message);
}

bool words_add(struct build_arguments *arguments, struct words *words, const char *word)
{
	const char **item = reallocarray(words->item, words->count + 1, sizeof(*item));

	if (!item)
		return out_of_memory(arguments);
	item[words->count++] = word;
	words->item = item;
	return true;
}

bool set_flag(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)value;
	arguments->build.flags |= (uint32_t)row->number;
	return true;
}

bool clear_flag(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)value;
	arguments->build.flags &= ~(uint32_t)row->number;
	return true;
}

bool set_size(void *to, const struct option_row *row, const char *value)
{
	if (!value_size(value, (uint64_t *)(void *)((char *)to + row->number)))
		return mistake("-%s %s: not a size", row->name, value);
	return true;
}

bool add_word(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	return words_add(arguments, (struct words *)(void *)((char *)to + row->number), value);
}

bool set_parent(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	const size_t count = arguments->build.parents;

	if (count == SQST_PARENTS_MAX)
		return mistake("more than %d parents", SQST_PARENTS_MAX);
	arguments->parent[count] = (struct sqst_parent_file){value, row->number != 0};
	arguments->build.parents++;
	return true;
}

bool set_uuid(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	if (uuid_parse(value, arguments->uuid) != 0)
		return mistake("-%s %s: not a UUID (like 6ba7b812-9dad-11d1-80b4-00c04fd430c8)",
			       row->name, value);
	arguments->build.uuid = arguments->uuid;
	return true;
}

static bool read_power(const struct option_row *row, const char *value, uint32_t least,
		       uint32_t most, const char *rule, uint32_t *out)
{
	uint64_t size;

	if (!value_size(value, &size) || size < least || size > most || (size & (size - 1)))
		return mistake("-%s %s: %s", row->name, value, rule);
	*out = (uint32_t)size;
	return true;
}

bool set_block_size(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	return read_power(row, value, 4096, 1024 * 1024,
			  "a block size is a power of two from 4096 to 1M", &arguments->block_size);
}

bool set_align(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	return read_power(row, value, 0, SQST_ALIGN_MAX, "an alignment is a power of two up to 64M",
			  &arguments->build.align);
}

bool set_jobs(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	return read_number(row, value, 1, 1024, "a number of threads is 1 to 1024",
			   &arguments->build.jobs);
}

bool set_max_depth(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	return read_number(row, value, 1, UINT32_MAX, "a number of levels is 1 or more",
			   &arguments->build.max_depth);
}

bool set_slack(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	_Static_assert(SQST_SLACK_MAX == 1000, "the message says so");
	return read_number(row, value, 0, SQST_SLACK_MAX, "the slack is 0 to 1000 percent",
			   &arguments->build.max_slack);
}

/* ---- times */

static bool read_time(const struct build_arguments *arguments, const struct option_row *row,
		      const char *value, uint32_t *seconds)
{
	/* mksquashfs hands words to date(1). Here a clock is read for nobody who did not ask for
	 * that language. */
	const bool words = arguments->language != LANGUAGE_OWN;

	if (value_time(value, words, seconds))
		return true;
	return mistake("-%s %s: a time is seconds since 1970, 0 to 4294967295%s", row->name, value,
		       words ? ", or what date(1) understands" : "");
}

bool set_mkfs_time(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	arguments->time_option = true;
	if (strcmp(value, "inode") == 0)
		return set_repro(arguments, row, value);
	if (!read_time(arguments, row, value, &arguments->build.mkfs_time))
		return false;
	arguments->newest_time = false;
	arguments->build.flags |= SQST_BUILD_MKFS_TIME;
	return true;
}

bool set_repro(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	(void)row;
	(void)value;
	arguments->time_option = true;
	arguments->newest_time = true;
	arguments->build.flags &= ~(uint32_t)SQST_BUILD_MKFS_TIME;
	return true;
}

bool set_time(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct sqst_overrides *overrides = &arguments->overrides;
	uint32_t *time = row->number == SQST_OVERRIDE_ROOT_TIME ? &overrides->root_time
			 : row->number == SQST_OVERRIDE_CLAMP   ? &overrides->clamp
								: &overrides->time;

	arguments->time_option = true;
	overrides->set |= (uint32_t)row->number;
	return read_time(arguments, row, value, time);
}

bool set_repro_time(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;
	struct option_row files = *row;

	files.number = SQST_OVERRIDE_TIME;
	return set_mkfs_time(arguments, row, value) && set_time(arguments, &files, value);
}

/* Which of the two words of row->value sets a flag. */
static bool choose_flag(struct build_arguments *arguments, const struct option_row *row,
			const char *value, int sets)
{
	const int word = option_choice(row, value);
	const uint32_t flag = (uint32_t)row->number;

	if (word == sets)
		arguments->build.flags |= flag;
	else if (word >= 0)
		arguments->build.flags &= ~flag;
	return word >= 0;
}

bool choose_first(void *to, const struct option_row *row, const char *value)
{
	return choose_flag(to, row, value, 0);
}

bool choose_second(void *to, const struct option_row *row, const char *value)
{
	return choose_flag(to, row, value, 1);
}

/* ---- without effect */

bool take_number(void *to, const struct option_row *row, const char *value)
{
	uint64_t number;

	(void)to;
	return value_number(value, &number) || mistake("-%s %s: not a number", row->name, value);
}

bool take_size(void *to, const struct option_row *row, const char *value)
{
	uint64_t size;

	(void)to;
	return value_size(value, &size) || mistake("-%s %s: not a size", row->name, value);
}
