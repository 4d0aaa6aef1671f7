/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The regular files of a parent image: its inode table is read once, from front to back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/dir.h>
#include <sqfs/inode.h>

#include "base/array.h"
#include "base/bytes.h"
#include "image/meta.h"
#include "parent/parent_data.h"

static int take_fields(struct sqst_reuse *reuse, struct sqst_cursor *cursor, uint64_t count)
{
	while (count > 0) {
		uint8_t raw[4];
		uint32_t *grown;
		const int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

		if (rc < 0)
			return rc;
		grown = sqst_grow(reuse->field, reuse->fields, &reuse->field_room, sizeof(*grown));
		if (!grown)
			return sqst_image_nomem(&reuse->image);
		reuse->field = grown;
		reuse->field[reuse->fields++] = sqst_get32(raw);
		count--;
	}
	return 0;
}

static int take_file(struct sqst_reuse *reuse, struct sqst_cursor *cursor, uint32_t number,
		     unsigned type)
{
	const unsigned log = reuse->image.super.block_log;
	struct sqst_reuse_file file = {.number = number, .first_field = reuse->fields};
	struct sqst_reuse_file *grown;
	uint64_t blocks;
	int rc;

	if (type == SQFS_INODE_FILE) {
		uint8_t raw[sizeof(sqfs_inode_file_t)];

		rc = sqst_cursor_read(cursor, raw, sizeof(raw));
		if (rc < 0)
			return rc;
		file.start = sqst_get32(raw + offsetof(sqfs_inode_file_t, blocks_start));
		file.fragment = sqst_get32(raw + offsetof(sqfs_inode_file_t, fragment_index));
		file.fragment_offset =
		    sqst_get32(raw + offsetof(sqfs_inode_file_t, fragment_offset));
		file.size = sqst_get32(raw + offsetof(sqfs_inode_file_t, file_size));
	} else {
		uint8_t raw[sizeof(sqfs_inode_file_ext_t)];

		rc = sqst_cursor_read(cursor, raw, sizeof(raw));
		if (rc < 0)
			return rc;
		file.start = sqst_get64(raw + offsetof(sqfs_inode_file_ext_t, blocks_start));
		file.fragment = sqst_get32(raw + offsetof(sqfs_inode_file_ext_t, fragment_idx));
		file.fragment_offset =
		    sqst_get32(raw + offsetof(sqfs_inode_file_ext_t, fragment_offset));
		file.size = sqst_get64(raw + offsetof(sqfs_inode_file_ext_t, file_size));
	}
	blocks = file.size >> log;
	if (file.fragment == SQST_NO_FRAGMENT && (file.size & ((UINT64_C(1) << log) - 1)) != 0)
		blocks++;
	rc = take_fields(reuse, cursor, blocks);
	if (rc < 0 || file.size == 0 || blocks > UINT32_MAX)
		return rc;
	file.blocks = (uint32_t)blocks;
	grown = sqst_grow(reuse->file, reuse->files, &reuse->file_room, sizeof(*grown));
	if (!grown)
		return sqst_image_nomem(&reuse->image);
	reuse->file = grown;
	file.order = reuse->files;
	reuse->file[reuse->files++] = file;
	return 0;
}

static int skip_entries(struct sqst_cursor *cursor, uint64_t size)
{
	return sqst_cursor_skip(cursor, size, SQST_NONE);
}

static int skip_symlink(struct sqst_cursor *cursor, unsigned type)
{
	uint8_t raw[sizeof(sqfs_inode_slink_t)];
	const int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	return skip_entries(cursor,
			    (uint64_t)sqst_get32(raw + offsetof(sqfs_inode_slink_t, target_size)) +
				(type == SQFS_INODE_EXT_SLINK ? 4 : 0));
}

static int skip_directory(struct sqst_cursor *cursor)
{
	uint8_t raw[sizeof(sqfs_inode_dir_ext_t)];
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));
	unsigned entries =
	    rc == 0 ? sqst_get16(raw + offsetof(sqfs_inode_dir_ext_t, inodex_count)) : 0;

	for (; rc == 0 && entries > 0; entries--) {
		uint8_t index[sizeof(sqfs_dir_index_t)];

		rc = sqst_cursor_read(cursor, index, sizeof(index));
		if (rc == 0)
			rc = skip_entries(
			    cursor,
			    (uint64_t)sqst_get32(index + offsetof(sqfs_dir_index_t, size)) + 1);
	}
	return rc;
}

/* One inode. */
static int take_inode(struct sqst_reuse *reuse, struct sqst_cursor *cursor)
{
	uint8_t raw[sizeof(sqfs_inode_t)];
	const int rc = sqst_cursor_read(cursor, raw, sizeof(raw));
	unsigned type;

	if (rc < 0)
		return rc;
	type = sqst_get16(raw + offsetof(sqfs_inode_t, type));
	switch (type) {
	case SQFS_INODE_FILE:
	case SQFS_INODE_EXT_FILE:
		return take_file(reuse, cursor,
				 sqst_get32(raw + offsetof(sqfs_inode_t, inode_number)), type);
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK:
		return skip_symlink(cursor, type);
	case SQFS_INODE_DIR:
		return skip_entries(cursor, sizeof(sqfs_inode_dir_t));
	case SQFS_INODE_EXT_DIR:
		return skip_directory(cursor);
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
		return skip_entries(cursor, sizeof(sqfs_inode_dev_t));
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		return skip_entries(cursor, sizeof(sqfs_inode_dev_ext_t));
	case SQFS_INODE_FIFO:
	case SQFS_INODE_SOCKET:
		return skip_entries(cursor, sizeof(sqfs_inode_ipc_t));
	case SQFS_INODE_EXT_FIFO:
	case SQFS_INODE_EXT_SOCKET:
		return skip_entries(cursor, sizeof(sqfs_inode_ipc_ext_t));
	default:
		return sqst_image_bad(&reuse->image, "the inode table has an inode of type %u",
				      type);
	}
}

static bool at_end(const struct sqst_cursor *cursor, int *rc)
{
	struct sqst_meta block;

	if (cursor->at >= cursor->area->end)
		return true;
	*rc = sqst_meta_load(cursor->image, cursor->area, cursor->at, &block);
	return *rc < 0 || (cursor->offset >= block.size && block.next >= cursor->area->end);
}

int sqst_reuse_read_inodes(struct sqst_reuse *reuse)
{
	struct sqst_cursor cursor = {&reuse->image, &reuse->image.inodes, reuse->image.inodes.start,
				     0};
	int rc = 0;

	while (rc == 0 && !at_end(&cursor, &rc))
		rc = take_inode(reuse, &cursor);
	return rc;
}
