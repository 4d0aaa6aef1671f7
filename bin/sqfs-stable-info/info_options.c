/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-info. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "info_options.h"

#define AT(field) offsetof(struct info_arguments, field)

static const struct option_row rows[] = {
    {NULL, NULL, "What is printed, one of them", NULL, 0, LANGUAGE_OWN},
    {"json", NULL, "all of it as JSON", set_true, AT(json), LANGUAGE_OWN},
    {"map", NULL, "the map, the same bytes that sqfs-stable-build --map-out writes", set_true,
     AT(map), LANGUAGE_OWN},
    {"udev", NULL,
     "UUID and label as properties for a udev rule; only the head of the image is read", set_true,
     AT(udev), LANGUAGE_OWN},
};

static const struct option_table table = {
    .row = rows,
    .rows = sizeof(rows) / sizeof(rows[0]),
    .language = LANGUAGE_OWN,
    .usage = "Usage: sqfs-stable-info [OPTION] IMAGE\n"
	     "Tell what a squashfs image, a file or a block device, says of itself: UUID,\n"
	     "label, lineage, inode numbers, and what its export table costs. Images of any\n"
	     "builder are taken.\n",
    .exits = "Exit status: 0 done, 1 the system refused, 2 usage, 3 the image is unreadable,\n"
	     "damaged, or none. More in sqfs-stable-info(1).\n",
};

enum options_end arguments_read(struct info_arguments *arguments, int count, char **list)
{
	struct operands operands;
	enum options_end end;

	memset(arguments, 0, sizeof(*arguments));
	end = options_read(&table, count, list, arguments, &operands);
	if (end != OPTIONS_READ)
		return end;
	if (arguments->json + arguments->map + arguments->udev > 1)
		mistake("only one of --json, --map and --udev can be printed");
	else if (operands.count < 1)
		mistake("IMAGE is missing");
	else if (operands.count > 1)
		mistake("%s: only one IMAGE is taken", operands.item[1]);
	else
		arguments->image = operands.item[0];
	return arguments->image ? OPTIONS_READ : OPTIONS_BAD;
}
