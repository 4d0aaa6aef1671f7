/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-check. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "check_options.h"
#include "sqst/report.h"

#define AT(field) offsetof(struct check_arguments, field)

static const struct option_row rows[] = {
    {NULL, NULL, "Reports", NULL, 0, LANGUAGE_OWN},
    {"html", "FILE", "write a self-contained HTML page", set_string, AT(html), LANGUAGE_OWN},
    {"json", "FILE",
     "write the whole report as JSON (- for standard output, then nothing else is printed there)",
     set_string, AT(json), LANGUAGE_OWN},
    {"quiet", NULL, "print errors only; the exit status is the verdict", set_true, AT(quiet),
     LANGUAGE_OWN},
    {"q", NULL, NULL, set_true, AT(quiet), LANGUAGE_OWN},
};

static const struct option_table table = {
    .row = rows,
    .rows = sizeof(rows) / sizeof(rows[0]),
    .language = LANGUAGE_OWN,
    .usage = "Usage: sqfs-stable-check [OPTION]... OLD... NEW\n"
	     "Tell whether the squashfs image NEW is safe on devices that run any of OLD,\n"
	     "where an overlayfs upper layer stays from one image to the other. Images of any\n"
	     "builder are taken, and maps in place of images.\n",
    .exits = "Exit status: 0 valid, 3 refused (safe, nothing is kept), 1 unsafe, 2 usage,\n"
	     "4 an image is unreadable or damaged, 5 the system refused. More in\n"
	     "sqfs-stable-check(1).\n",
};

enum options_end arguments_read(struct check_arguments *arguments, int count, char **list)
{
	enum options_end end;

	memset(arguments, 0, sizeof(*arguments));
	end = options_read(&table, count, list, arguments, &arguments->operands);
	if (end != OPTIONS_READ)
		return end;
	if (arguments->operands.count < 2)
		mistake("%s is missing", arguments->operands.count < 1 ? "OLD" : "NEW");
	else if (is_standard_output(arguments->json) && is_standard_output(arguments->html))
		mistake("only one of --json and --html can be standard output");
	else if (arguments->json && arguments->html &&
		 sqst_file_same(arguments->json, arguments->html))
		mistake("--json and --html name one file");
	else
		return OPTIONS_READ;
	return OPTIONS_BAD;
}
