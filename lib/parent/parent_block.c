/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes and blocks of a parent image, read by threads. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>

#include "base/file.h"
#include "image/block.h"
#include "parent/parent_data.h"

static struct sqst_failure parent_unreadable(const struct sqst_parent_data *parent, int number)
{
	return (struct sqst_failure){SQST_ERR_PARENT, number, parent->image.name,
				     "cannot read the parent image"};
}

bool sqst_parent_pread(const struct sqst_parent_data *parent, void *data, size_t size, uint64_t at,
		       struct sqst_failure *failure)
{
	const ssize_t got = sqst_pread_full(parent->image.fd, data, size, parent->image.base + at);

	if (got < 0)
		*failure = parent_unreadable(parent, errno);
	return got == (ssize_t)size;
}

bool sqst_parent_tools(const struct sqst_parent_data *parent, struct sqst_tools *tools,
		       struct sqst_failure *failure)
{
	if (sqst_tools_unpacking(tools, parent->image.codec, parent->image.super.block_size))
		return true;
	*failure = (struct sqst_failure){SQST_ERR_NOMEM, 0, parent->image.name, "out of memory"};
	return false;
}

bool sqst_parent_block_load(const struct sqst_parent_data *parent, struct sqst_tools *tools,
			    uint64_t at, uint32_t field, struct sqst_parent_block *block,
			    struct sqst_failure *failure)
{
	const struct sqst_stored stored = {at, field};
	struct sqst_image image = parent->image;
	struct sqst_report why;
	uint32_t size = 0;
	int rc;

	/* Data stands before the inode table. */
	if (sqst_stored_size(field) == 0 || at > image.super.inode_table ||
	    sqst_stored_size(field) > image.super.inode_table - at)
		return false;
	if (!sqst_parent_tools(parent, tools, failure))
		return false;
	why.number = 0;
	why.warn = NULL;
	image.why = &why;
	image.cancel = NULL;
	rc = sqst_image_unpack(&image, tools, &stored, tools->unpacked, image.super.block_size,
			       &size);
	if (rc == SQST_ERR_NOMEM)
		*failure = (struct sqst_failure){rc, 0, image.name, "out of memory"};
	else if (rc < 0 && why.number != 0)
		*failure = parent_unreadable(parent, why.number);
	*block = (struct sqst_parent_block){tools->unpacked, size,
					    (field & SQST_BLOCK_RAW) || !tools->decompressor->rest};
	return rc == 0 && size > 0;
}
