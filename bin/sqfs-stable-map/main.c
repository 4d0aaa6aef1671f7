/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-map: maps compared, merged, and kept in a database. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "map_options.h"

static enum map_status run(const struct map_arguments *arguments)
{
	switch (arguments->command) {
	case COMMAND_DIFF:
		return run_diff(arguments);
	case COMMAND_MERGE:
		return run_merge(arguments);
	case COMMAND_INIT:
		return run_init(arguments);
	}
	return STATUS_TROUBLE;
}

int main(int count, char **list)
{
	struct map_arguments arguments;
	enum map_status status = STATUS_TROUBLE;
	const char *done = NULL;

	switch (arguments_read(&arguments, count, list)) {
	case OPTIONS_BAD:
		break;
	case OPTIONS_ONLY_WORDS:
		status = STATUS_SAME;
		break;
	case OPTIONS_READ:
		status = run(&arguments);
		if (arguments.command == COMMAND_MERGE && status == STATUS_SAME)
			done = "the map is complete";
		break;
	}
	if (!output_arrived(arguments.output, done))
		status = STATUS_TROUBLE;
	return (int)status;
}
