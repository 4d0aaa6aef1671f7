/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, from whatever has them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "map_options.h"
#include "sqst/image.h"
#include "sqst/map.h"
#include "sqst/source.h"

int numbers_read(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	enum sqst_archive_kind kind;
	const int rc = sqst_archive_probe(path, &kind, why);

	if (rc < 0)
		return rc;
	/* A pipe, whose bytes can be read once, is a map. */
	return kind == SQST_ARCHIVE_IMAGE ? sqst_image_read_numbers(path, out, why)
					  : sqst_map_read(path, out, why);
}

const char *type_name(uint8_t type)
{
	static const char *const names[] = {"nothing", "dir",  "file", "link",
					    "block",   "char", "fifo", "socket"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}
