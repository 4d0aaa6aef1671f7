/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of sets of extended attributes, and where the attributes are. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/xattr.h>

#include "base/bytes.h"
#include "image/xattr_table.h"

int sqst_xattr_table_open(struct sqst_xattr_table *xattrs, struct sqst_image *image)
{
	const struct sqst_super *super = &image->super;
	const uint64_t index = super->xattr_table;
	uint8_t raw[sizeof(sqfs_xattr_id_table_t)];
	uint64_t start;
	uint32_t count;
	int rc;

	*xattrs = (struct sqst_xattr_table){0};
	if (index == SQST_NONE)
		return 0;
	rc = sqst_image_pread(image, raw, sizeof(raw), index);
	if (rc < 0)
		return rc;
	start = sqst_get64(raw);
	count = sqst_get32(raw + 8);
	if (count == 0)
		return 0;
	if (sqst_index_size(count, 16) > super->bytes_used - index - sizeof(raw))
		return sqst_image_bad(image,
				      "the extended attribute table has %" PRIu32
				      " sets, for which the image is too short",
				      count);
	/* The header stands between the blocks and the index. */
	rc = sqst_table_open(&xattrs->sets, image, "table of sets of extended attributes",
			     index + sizeof(raw), index, count, 16);
	if (rc < 0)
		return rc;
	if (start > xattrs->sets.area.start)
		return sqst_image_bad(image,
				      "the extended attributes at offset 0x%" PRIx64
				      " are not before their sets",
				      start);
	xattrs->area =
	    (struct sqst_area){"extended attribute table", start, xattrs->sets.area.start};
	return 0;
}

void sqst_xattr_table_release(struct sqst_xattr_table *xattrs)
{
	sqst_table_release(&xattrs->sets);
}
