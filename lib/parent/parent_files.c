/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The regular files of a parent image: its inode table is read once, from front to back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/array.h"
#include "base/bytes.h"
#include "image/inode.h"
#include "parent/parent_data.h"

/* Size fields that are read at once. */
#define FIELDS 64

static int take_fields(struct sqst_parent_data *parent, struct sqst_cursor *cursor, uint64_t count)
{
	while (count > 0) {
		const size_t some = count < FIELDS ? (size_t)count : FIELDS;
		uint8_t raw[4 * FIELDS];
		const int rc = sqst_cursor_read(cursor, raw, 4 * some);

		if (rc < 0)
			return rc;
		for (size_t i = 0; i < some; i++) {
			uint32_t *grown = sqst_grow(parent->field, parent->fields,
						    &parent->field_room, sizeof(*grown));

			if (!grown)
				return sqst_image_nomem(&parent->image);
			parent->field = grown;
			parent->field[parent->fields++] = sqst_get32(raw + 4 * i);
		}
		count -= some;
	}
	return 0;
}

static int take_file(struct sqst_parent_data *parent, struct sqst_cursor *cursor,
		     const struct sqst_image_inode *inode)
{
	const struct sqst_parent_inode file = {
	    .size = inode->size,
	    .start = inode->start,
	    .number = inode->number,
	    .fragment = inode->fragment,
	    .fragment_offset = inode->fragment_offset,
	    .blocks = (uint32_t)inode->blocks,
	    .first_field = parent->fields,
	    .order = parent->files,
	};
	struct sqst_parent_inode *grown;
	const int rc = take_fields(parent, cursor, inode->blocks);

	if (rc < 0 || inode->size == 0 || inode->blocks > UINT32_MAX)
		return rc;
	grown = sqst_grow(parent->file, parent->files, &parent->file_room, sizeof(*grown));
	if (!grown)
		return sqst_image_nomem(&parent->image);
	parent->file = grown;
	parent->file[parent->files++] = file;
	return 0;
}

int sqst_parent_read_inodes(struct sqst_parent_data *parent)
{
	struct sqst_cursor cursor = {&parent->image, &parent->image.inodes,
				     parent->image.inodes.start, 0};
	struct sqst_image_inode inode;
	bool more;
	int rc;

	while ((rc = sqst_cursor_settle(&cursor, &more)) == 0 && more) {
		rc = sqst_image_inode_next(&cursor, &inode);
		if (rc == 0)
			rc = inode.type == SQST_TYPE_FILE ? take_file(parent, &cursor, &inode)
							  : sqst_image_inode_skip(&cursor, &inode);
		if (rc < 0)
			return rc;
	}
	return rc;
}
