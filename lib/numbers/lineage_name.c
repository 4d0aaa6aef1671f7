/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a numbering is called: version-5 UUIDs over its canonical map. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <uuid.h>

#include "base/scope.h"
#include "sqst/lineage.h"
#include "sqst/map.h"

/* The project's namespace, 09603f22-d8ca-5c2c-9311-d2569f43a4d1: the version-5 UUID of the name
 * "https://sqfs-stable" in the URL namespace of RFC 9562. It can never change: every lineage UUID
 * that was not given with --uuid comes from it. */
static const uint8_t namespace[SQST_UUID_SIZE] = {
    0x09, 0x60, 0x3f, 0x22, 0xd8, 0xca, 0x5c, 0x2c, 0x93, 0x11, 0xd2, 0x56, 0x9f, 0x43, 0xa4, 0xd1,
};

int sqst_lineage_name(struct sqst_numbers *numbers, struct sqst_report *why)
{
	struct sqst_lineage *lineage = &numbers->lineage;
	SQST_AUTO_FREE char *map = NULL;
	size_t size;
	const int rc = sqst_map_canonical(numbers, &map, &size, why);

	if (rc < 0)
		return rc;
	/* libuuid's SHA-1 counts bytes in 32 bits. */
	if (size > UINT32_MAX)
		return sqst_fail(why, SQST_ERR_LIMIT, numbers->source,
				 "the canonical map is larger than 4 GiB");
	if (sqst_uuid_is_null(lineage->uuid))
		uuid_generate_sha1(lineage->uuid, namespace, map, size);
	uuid_generate_sha1(lineage->id, lineage->uuid, map, size);
	return 0;
}
