/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sqfs-stable-info: what a squashfs image says of itself and of its numbering. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "common/json.h"
#include "info_options.h"
#include "show.h"
#include "sqst/image.h"
#include "sqst/map.h"

const char program_name[] = "sqfs-stable-info";

static enum exit_status refuse_image(const struct sqst_report *why)
{
	complain(why);
	return exit_of(why->code);
}

/* A device is asked at each start, and must come up: what can be had is printed. */
static enum exit_status print_udev(const char *path)
{
	struct sqst_report why = {0};
	struct sqst_image_head head;

	if (sqst_image_read_head(path, &head, &why) < 0)
		return refuse_image(&why);
	if (head.damaged)
		complain_warning(NULL, why.message);
	show_udev(&head);
	return EXIT_DONE;
}

static enum exit_status print_map(const struct sqst_numbers *numbers)
{
	struct sqst_report why = {0};
	char *map;
	size_t size;
	bool done;

	if (sqst_map_text(numbers, &map, &size, &why) < 0)
		return refuse_image(&why);
	done = file_write("-", SQST_OUTPUT_MAP, map, size);
	free(map);
	return done ? EXIT_DONE : EXIT_SYSTEM;
}

static void warn_of_memory(struct shown *shown)
{
	const uint64_t bytes = shown->facts->export_memory;

	if (bytes <= EXPORT_MEMORY_READY)
		return;
	snprintf(shown->warning, sizeof(shown->warning),
		 "mounting it takes %" PRIu64
		 " KiB of kernel memory in one allocation for the export table, more than %u "
		 "KiB; a lineage that begins anew, without a parent, has a small one",
		 (bytes + 1023) / 1024, EXPORT_MEMORY_READY / 1024);
}

static enum exit_status print_all(const struct info_arguments *arguments)
{
	struct sqst_report why = {.warn = complain_warning};
	struct sqst_numbers *numbers;
	struct sqst_image_facts facts;
	struct sqst_uboot *uboot = NULL;
	struct shown shown = {.path = arguments->image, .facts = &facts};
	enum exit_status status = EXIT_DONE;

	if (sqst_image_examine(arguments->image, &facts, &numbers, &why) < 0)
		return refuse_image(&why);
	if (!arguments->map && sqst_uboot_read(arguments->image, &uboot, &why) < 0) {
		sqst_numbers_free(numbers);
		return refuse_image(&why);
	}
	shown.numbers = numbers;
	shown.uboot = uboot;
	warn_of_memory(&shown);
	if (arguments->map)
		status = print_map(numbers);
	else if (arguments->json)
		status = show_json(&shown) ? EXIT_DONE : EXIT_SYSTEM;
	else
		show_text(&shown);
	if (shown.warning[0] && !arguments->map)
		sqst_warn(&why, arguments->image, "%s", shown.warning);
	sqst_uboot_free(uboot);
	sqst_numbers_free(numbers);
	return status;
}

int main(int count, char **list)
{
	struct info_arguments arguments;
	enum exit_status status = EXIT_USAGE;

	switch (arguments_read(&arguments, count, list)) {
	case OPTIONS_BAD:
		break;
	case OPTIONS_ONLY_WORDS:
		status = EXIT_DONE;
		break;
	case OPTIONS_READ:
		status = arguments.udev ? print_udev(arguments.image) : print_all(&arguments);
		break;
	}
	if (!output_arrived(NULL, NULL))
		status = EXIT_SYSTEM;
	return (int)status;
}
