/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-map: maps compared, merged, and kept in a database. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "map_options.h"

const char program_name[] = "sqfs-stable-map";

int main(int count, char **list)
{
	struct map_arguments arguments;
	enum map_status status = STATUS_TROUBLE;
	const char *done = NULL;

	arguments.output = NULL;
	switch (arguments_read(&arguments, count, list)) {
	case OPTIONS_BAD:
		return STATUS_TROUBLE;
	case OPTIONS_ONLY_WORDS:
		status = STATUS_SAME;
		break;
	case OPTIONS_READ:
		status = arguments.command->run(&arguments);
		if (arguments.command->run == run_merge && status == STATUS_SAME)
			done = "the map is complete";
		break;
	}
	return output_arrived(arguments.output, done) ? (int)status : STATUS_TROUBLE;
}
