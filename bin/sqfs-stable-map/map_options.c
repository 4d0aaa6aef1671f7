/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: a command, its operands, and options anywhere. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <uuid/uuid.h>

#include "map_options.h"

const char program_name[] = "sqfs-stable-map";

static const struct {
	const char *name;
	/* How many operands stand after the name, and what they are called. */
	size_t operands;
	const char *operand_names;
} commands[] = {
    [COMMAND_DIFF] = {"diff", 2, "OLD NEW"},
    [COMMAND_MERGE] = {"merge", 3, "BASE OURS THEIRS"},
    [COMMAND_INIT] = {"init", 1, "URL"},
};

static const char usage[] =
    "usage: sqfs-stable-map diff [OPTION]... OLD NEW\n"
    "       sqfs-stable-map merge [OPTION]... BASE OURS THEIRS\n"
    "       sqfs-stable-map init [OPTION]... URL\n"
    "What differs between the numbers of two releases; one map for two branches; a\n"
    "registry of numbers in a PostgreSQL database. OLD, NEW and so on are maps or\n"
    "images.\n";

static const char exits[] = "Exit status: diff 0 same, 1 differs; merge 0 done, 1 conflict;\n"
			    "init 0 done; 2 trouble.\n";

static bool set_prefer(void *to, const struct option_row *row, const char *value)
{
	static const enum sqst_merge_side sides[] = {SQST_MERGE_OURS, SQST_MERGE_THEIRS};
	struct map_arguments *arguments = to;
	const int side = option_choice(row, value);

	if (side >= 0)
		arguments->prefer = sides[side];
	return side >= 0;
}

static bool set_lineage(void *to, const struct option_row *row, const char *value)
{
	struct map_arguments *arguments = to;

	if (uuid_parse(value, arguments->uuid) != 0 || sqst_uuid_is_null(arguments->uuid))
		return mistake("-%s %s: not a UUID (like 6ba7b812-9dad-11d1-80b4-00c04fd430c8)",
			       row->name, value);
	arguments->has_uuid = true;
	return true;
}

/* The last of the two counts; row->number: whether it is --keep-links. */
static bool set_links(void *to, const struct option_row *row, const char *value)
{
	struct map_arguments *arguments = to;

	(void)value;
	arguments->keep_links = row->number != 0;
	arguments->links = row->name;
	return true;
}

#define AT(field) offsetof(struct map_arguments, field)

static const struct option_row rows[] = {
    {NULL, NULL, "Diff", NULL, 0, LANGUAGE_OWN},
    {"all", NULL, "print the paths that kept their number, too", set_true, AT(all), LANGUAGE_OWN},
    {NULL, NULL, "Merge", NULL, 0, LANGUAGE_OWN},
    {"o", "FILE", "write the map there, not to OURS", set_string, AT(output), LANGUAGE_OWN},
    {"prefer", "ours|theirs", "whose word counts where one path has two types", set_prefer, 0,
     LANGUAGE_OWN},
    {"keep-links", NULL, "hard link groups that gained or lost names keep numbers (not safe)",
     set_links, 1, LANGUAGE_OWN},
    {"fresh-links", NULL, "they get new numbers (default)", set_links, 0, LANGUAGE_OWN},
    {NULL, NULL, "Init", NULL, 0, LANGUAGE_OWN},
    {"from", "FILE", "with the paths and numbers of this image or map", set_string, AT(from),
     LANGUAGE_OWN},
    {NULL, NULL, "All", NULL, 0, LANGUAGE_OWN},
    {"uuid", "UUID", "merge: which of two lineages goes on; init: the lineage", set_lineage, 0,
     LANGUAGE_OWN},
    {"quiet", NULL, "print errors and warnings only", set_true, AT(quiet), LANGUAGE_OWN},
};

static const struct option_table table = {
    .row = rows,
    .rows = sizeof(rows) / sizeof(rows[0]),
    .language = LANGUAGE_OWN,
    .usage = usage,
    .exits = exits,
};

static bool find_command(const char *name, enum map_command *command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0) {
			*command = (enum map_command)i;
			return true;
		}
	}
	return mistake("%s: not a command: diff, merge or init", name);
}

/* An option that says nothing to the command is a mistake, not without effect. */
static bool check_options(const struct map_arguments *arguments)
{
	const struct map_arguments *a = arguments;
	const bool diff = a->command == COMMAND_DIFF;
	const bool merge = a->command == COMMAND_MERGE;
	const bool init = a->command == COMMAND_INIT;
	const char *name = NULL;

	if (a->all && !diff)
		name = "all";
	if (a->output && !merge)
		name = "o";
	if (a->prefer != SQST_MERGE_NEITHER && !merge)
		name = "prefer";
	if (a->links && !merge)
		name = a->links;
	if (a->from && !init)
		name = "from";
	if (a->has_uuid && diff)
		name = "uuid";
	return !name || mistake("-%s does not go with %s", name, commands[a->command].name);
}

enum options_end arguments_read(struct map_arguments *arguments, int count, char **list)
{
	struct operands *operands = &arguments->operands;
	enum options_end end;

	memset(arguments, 0, sizeof(*arguments));
	end = options_read(&table, count, list, arguments, operands);
	if (end != OPTIONS_READ)
		return end;
	if (operands->count == 0) {
		mistake("a command is missing: diff, merge or init");
		return OPTIONS_BAD;
	}
	if (!find_command(operands->item[0], &arguments->command))
		return OPTIONS_BAD;
	operands->item++;
	operands->count--;
	if (operands->count != commands[arguments->command].operands) {
		mistake("%s takes %s", commands[arguments->command].name,
			commands[arguments->command].operand_names);
		return OPTIONS_BAD;
	}
	return check_options(arguments) ? OPTIONS_READ : OPTIONS_BAD;
}
