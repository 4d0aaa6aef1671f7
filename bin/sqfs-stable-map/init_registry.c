/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* init: a registry of numbers in a database. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "map_options.h"
#include "sqst/map.h"

enum map_status run_init(const struct map_arguments *arguments)
{
	struct sqst_report why = {.warn = complain_warning};
	struct sqst_numbers *from = NULL;
	uint8_t uuid[SQST_UUID_SIZE] = {0};
	char text[UUID_TEXT_SIZE];
	int rc = 0;

	if (arguments->has_uuid)
		memcpy(uuid, arguments->uuid, sizeof(uuid));
	if (arguments->from)
		rc = numbers_read(arguments->from, &from, &why);
	if (rc == 0)
		rc = sqst_registry_create(arguments->operands.item[0], uuid, from, &why);
	sqst_numbers_free(from);
	if (rc < 0) {
		complain(&why);
		return STATUS_TROUBLE;
	}
	if (!arguments->quiet)
		printf("%s\n", uuid_text(uuid, text));
	return STATUS_SAME;
}
