/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One inode of the inode table: its number, its type, and of a directory where its listing is. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/inode.h>

#include "base/bytes.h"
#include "image/read.h"

/* A listing's size in its inode is 3 more than it has ("." and ".." count for it); so says the
 * kernel's fs/squashfs/dir.c. */
#define LISTING_EXTRA 3

#define AT(type, field)    (raw + offsetof(type, field))
#define GET16(type, field) sqst_get16(AT(type, field))
#define GET32(type, field) sqst_get32(AT(type, field))
#define GET64(type, field) sqst_get64(AT(type, field))

/* What follows the common header; the largest is that of a large file. */
union body {
	sqfs_inode_dir_t dir;
	sqfs_inode_dir_ext_t dir_ext;
	sqfs_inode_file_t file;
	sqfs_inode_file_ext_t file_ext;
	sqfs_inode_slink_t slink;
	sqfs_inode_dev_t dev;
	sqfs_inode_dev_ext_t dev_ext;
	sqfs_inode_ipc_t ipc;
	sqfs_inode_ipc_ext_t ipc_ext;
};

_Static_assert(sizeof(sqfs_inode_t) == 16 && sizeof(sqfs_inode_dir_t) == 16 &&
		   sizeof(sqfs_inode_dir_ext_t) == 24 && sizeof(sqfs_inode_file_t) == 16 &&
		   sizeof(sqfs_inode_file_ext_t) == 40,
	       "the structures have the format's sizes");

/* Bytes of the fixed part behind the header; 0 for a type that there is not. A symbolic link's
 * extended attributes stand behind its target. */
static size_t body_size(unsigned type)
{
	switch (type) {
	case SQFS_INODE_DIR:
		return sizeof(sqfs_inode_dir_t);
	case SQFS_INODE_EXT_DIR:
		return sizeof(sqfs_inode_dir_ext_t);
	case SQFS_INODE_FILE:
		return sizeof(sqfs_inode_file_t);
	case SQFS_INODE_EXT_FILE:
		return sizeof(sqfs_inode_file_ext_t);
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK:
		return sizeof(sqfs_inode_slink_t);
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
		return sizeof(sqfs_inode_dev_t);
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		return sizeof(sqfs_inode_dev_ext_t);
	case SQFS_INODE_FIFO:
	case SQFS_INODE_SOCKET:
		return sizeof(sqfs_inode_ipc_t);
	case SQFS_INODE_EXT_FIFO:
	case SQFS_INODE_EXT_SOCKET:
		return sizeof(sqfs_inode_ipc_ext_t);
	default:
		return 0;
	}
}

/* Bytes of the list of block sizes. No more than 2^52 blocks, so nothing overflows. */
static uint64_t block_list(const struct sqst_image *image, uint64_t size, uint32_t fragment)
{
	uint64_t blocks = size >> image->super.block_log;

	if (fragment == SQST_NO_FRAGMENT && (size & (image->super.block_size - 1)) != 0)
		blocks++;
	return blocks * 4;
}

static uint32_t listing_size(uint32_t file_size)
{
	return file_size > LISTING_EXTRA ? file_size - LISTING_EXTRA : 0;
}

static void decode_body(const struct sqst_image *image, unsigned type, const uint8_t *raw,
			struct sqst_image_inode *inode)
{
	switch (type) {
	case SQFS_INODE_DIR:
		inode->listing =
		    SQST_REF(GET32(sqfs_inode_dir_t, start_block), GET16(sqfs_inode_dir_t, offset));
		inode->listing_size = listing_size(GET16(sqfs_inode_dir_t, size));
		inode->parent = GET32(sqfs_inode_dir_t, parent_inode);
		break;
	case SQFS_INODE_EXT_DIR:
		inode->listing = SQST_REF(GET32(sqfs_inode_dir_ext_t, start_block),
					  GET16(sqfs_inode_dir_ext_t, offset));
		inode->listing_size = listing_size(GET32(sqfs_inode_dir_ext_t, size));
		inode->parent = GET32(sqfs_inode_dir_ext_t, parent_inode);
		inode->index = GET16(sqfs_inode_dir_ext_t, inodex_count);
		break;
	case SQFS_INODE_FILE:
		inode->tail = block_list(image, GET32(sqfs_inode_file_t, file_size),
					 GET32(sqfs_inode_file_t, fragment_index));
		break;
	case SQFS_INODE_EXT_FILE:
		inode->tail = block_list(image, GET64(sqfs_inode_file_ext_t, file_size),
					 GET32(sqfs_inode_file_ext_t, fragment_idx));
		break;
	case SQFS_INODE_SLINK:
		inode->tail = GET32(sqfs_inode_slink_t, target_size);
		break;
	case SQFS_INODE_EXT_SLINK:
		inode->tail = (uint64_t)GET32(sqfs_inode_slink_t, target_size) + 4;
		break;
	default:
		break;
	}
}

int sqst_image_inode_read(struct sqst_image *image, uint64_t ref, struct sqst_image_inode *inode,
			  struct sqst_cursor *cursor)
{
	uint8_t raw[sizeof(union body)];
	unsigned type;
	size_t size;
	int rc = sqst_cursor_seek(cursor, image, &image->inodes, ref);

	if (rc == 0)
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_t));
	if (rc < 0)
		return rc;
	*inode = (struct sqst_image_inode){.number = GET32(sqfs_inode_t, inode_number)};
	type = GET16(sqfs_inode_t, type);
	size = body_size(type);
	if (size == 0)
		return sqst_image_bad(
		    image, "the inode at reference 0x%" PRIx64 " is of type %u, which there is not",
		    ref, type);
	rc = sqst_cursor_read(cursor, raw, size);
	if (rc < 0)
		return rc;
	inode->extended = type > SQFS_INODE_SOCKET;
	inode->type = (uint8_t)(type > SQFS_INODE_SOCKET ? type - SQFS_INODE_SOCKET : type);
	decode_body(image, type, raw, inode);
	return 0;
}
