/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One inode of the inode table. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/dir.h>
#include <sqfs/inode.h>

#include "base/bytes.h"
#include "image/inode.h"
#include "tree/node.h"

/* A listing's size in its inode is 3 more than it has ("." and ".." count for it); so says the
 * kernel's fs/squashfs/dir.c. */
#define LISTING_EXTRA 3

/* After the target of an extended symbolic link. */
#define XATTR_SIZE 4

#define AT(type, field)    (raw + offsetof(type, field))
#define GET16(type, field) sqst_get16(AT(type, field))
#define GET32(type, field) sqst_get32(AT(type, field))
#define GET64(type, field) sqst_get64(AT(type, field))

/* A header and the largest of the fixed parts. */
#define RAW_MAX (sizeof(sqfs_inode_t) + sizeof(sqfs_inode_file_ext_t))

_Static_assert(sizeof(sqfs_inode_t) == 16 && sizeof(sqfs_inode_dir_t) == 16 &&
		   sizeof(sqfs_inode_dir_ext_t) == 24 && sizeof(sqfs_inode_file_t) == 16 &&
		   sizeof(sqfs_inode_file_ext_t) == 40,
	       "the structures have the format's sizes");

/* Bytes of the fixed part after the header. A symbolic link's extended attributes stand after its
 * target. */
static const uint8_t body_size[] = {
    [SQFS_INODE_DIR] = sizeof(sqfs_inode_dir_t),
    [SQFS_INODE_FILE] = sizeof(sqfs_inode_file_t),
    [SQFS_INODE_SLINK] = sizeof(sqfs_inode_slink_t),
    [SQFS_INODE_BDEV] = sizeof(sqfs_inode_dev_t),
    [SQFS_INODE_CDEV] = sizeof(sqfs_inode_dev_t),
    [SQFS_INODE_FIFO] = sizeof(sqfs_inode_ipc_t),
    [SQFS_INODE_SOCKET] = sizeof(sqfs_inode_ipc_t),
    [SQFS_INODE_EXT_DIR] = sizeof(sqfs_inode_dir_ext_t),
    [SQFS_INODE_EXT_FILE] = sizeof(sqfs_inode_file_ext_t),
    [SQFS_INODE_EXT_SLINK] = sizeof(sqfs_inode_slink_t),
    [SQFS_INODE_EXT_BDEV] = sizeof(sqfs_inode_dev_ext_t),
    [SQFS_INODE_EXT_CDEV] = sizeof(sqfs_inode_dev_ext_t),
    [SQFS_INODE_EXT_FIFO] = sizeof(sqfs_inode_ipc_ext_t),
    [SQFS_INODE_EXT_SOCKET] = sizeof(sqfs_inode_ipc_ext_t),
};

/* No more than 2^52 blocks, so nothing overflows. */
static void count_blocks(const struct sqst_image *image, struct sqst_image_inode *inode)
{
	inode->blocks = inode->size >> image->super.block_log;
	if (inode->fragment == SQST_NO_FRAGMENT &&
	    (inode->size & (image->super.block_size - 1)) != 0)
		inode->blocks++;
	inode->tail = inode->blocks * 4;
}

static uint32_t listing_size(uint32_t file_size)
{
	return file_size > LISTING_EXTRA ? file_size - LISTING_EXTRA : 0;
}

static void decode_basic(const struct sqst_image *image, const uint8_t *raw,
			 struct sqst_image_inode *inode)
{
	switch (inode->type) {
	case SQFS_INODE_DIR:
		inode->listing =
		    SQST_REF(GET32(sqfs_inode_dir_t, start_block), GET16(sqfs_inode_dir_t, offset));
		inode->listing_size = listing_size(GET16(sqfs_inode_dir_t, size));
		inode->parent = GET32(sqfs_inode_dir_t, parent_inode);
		break;
	case SQFS_INODE_FILE:
		inode->size = GET32(sqfs_inode_file_t, file_size);
		inode->start = GET32(sqfs_inode_file_t, blocks_start);
		inode->fragment = GET32(sqfs_inode_file_t, fragment_index);
		inode->fragment_offset = GET32(sqfs_inode_file_t, fragment_offset);
		count_blocks(image, inode);
		break;
	case SQFS_INODE_SLINK:
		inode->tail = GET32(sqfs_inode_slink_t, target_size);
		break;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
		inode->device = GET32(sqfs_inode_dev_t, devno);
		break;
	default:
		break;
	}
}

static void decode_extended(const struct sqst_image *image, const uint8_t *raw,
			    struct sqst_image_inode *inode)
{
	switch (inode->type) {
	case SQFS_INODE_DIR:
		inode->listing = SQST_REF(GET32(sqfs_inode_dir_ext_t, start_block),
					  GET16(sqfs_inode_dir_ext_t, offset));
		inode->listing_size = listing_size(GET32(sqfs_inode_dir_ext_t, size));
		inode->parent = GET32(sqfs_inode_dir_ext_t, parent_inode);
		inode->index = GET16(sqfs_inode_dir_ext_t, inodex_count);
		inode->xattr = GET32(sqfs_inode_dir_ext_t, xattr_idx);
		break;
	case SQFS_INODE_FILE:
		inode->size = GET64(sqfs_inode_file_ext_t, file_size);
		inode->start = GET64(sqfs_inode_file_ext_t, blocks_start);
		inode->fragment = GET32(sqfs_inode_file_ext_t, fragment_idx);
		inode->fragment_offset = GET32(sqfs_inode_file_ext_t, fragment_offset);
		inode->xattr = GET32(sqfs_inode_file_ext_t, xattr_idx);
		count_blocks(image, inode);
		break;
	case SQFS_INODE_SLINK:
		inode->tail = (uint64_t)GET32(sqfs_inode_slink_t, target_size) + XATTR_SIZE;
		break;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
		inode->device = GET32(sqfs_inode_dev_ext_t, devno);
		inode->xattr = GET32(sqfs_inode_dev_ext_t, xattr_idx);
		break;
	default:
		inode->xattr = GET32(sqfs_inode_ipc_ext_t, xattr_idx);
		break;
	}
}

/* *raw: an inode's header and fixed part, of which `copy` is only needed at a block's end. */
static int read_raw(struct sqst_cursor *cursor, uint8_t copy[RAW_MAX], const uint8_t **raw)
{
	const uint64_t ref = SQST_REF(cursor->at - cursor->area->start, cursor->offset);
	uint32_t left = 0;
	bool whole;
	unsigned type;
	int rc = sqst_cursor_peek(cursor, raw, &left);

	whole = left >= RAW_MAX;
	if (rc == 0 && !whole) {
		rc = sqst_cursor_read(cursor, copy, sizeof(sqfs_inode_t));
		*raw = copy;
	}
	if (rc < 0)
		return rc;
	type = sqst_get16(*raw);
	if (type >= sizeof(body_size) || body_size[type] == 0)
		return sqst_image_bad(cursor->image,
				      "the inode at reference 0x%" PRIx64 " has unknown type %u",
				      ref, type);
	if (!whole)
		return sqst_cursor_read(cursor, copy + sizeof(sqfs_inode_t), body_size[type]);
	cursor->offset += (uint32_t)sizeof(sqfs_inode_t) + body_size[type];
	return 0;
}

int sqst_image_inode_next(struct sqst_cursor *cursor, struct sqst_image_inode *inode)
{
	uint8_t copy[RAW_MAX];
	const uint8_t *raw = NULL;
	unsigned type;
	const int rc = read_raw(cursor, copy, &raw);

	if (rc < 0)
		return rc;
	type = GET16(sqfs_inode_t, type);
	*inode = (struct sqst_image_inode){
	    .number = GET32(sqfs_inode_t, inode_number),
	    .type = (uint8_t)(type > SQFS_INODE_SOCKET ? type - SQFS_INODE_SOCKET : type),
	    .extended = type > SQFS_INODE_SOCKET,
	    .mode = GET16(sqfs_inode_t, mode) & 07777,
	    .uid = GET16(sqfs_inode_t, uid_idx),
	    .gid = GET16(sqfs_inode_t, gid_idx),
	    .mtime = GET32(sqfs_inode_t, mod_time),
	    .xattr = SQST_NO_XATTR,
	};
	raw += sizeof(sqfs_inode_t);
	if (inode->extended)
		decode_extended(cursor->image, raw, inode);
	else
		decode_basic(cursor->image, raw, inode);
	return 0;
}

int sqst_image_inode_read(struct sqst_image *image, uint64_t ref, struct sqst_image_inode *inode,
			  struct sqst_cursor *cursor)
{
	const int rc = sqst_cursor_seek(cursor, image, &image->inodes, ref);

	return rc == 0 ? sqst_image_inode_next(cursor, inode) : rc;
}

int sqst_image_file_read(struct sqst_image *image, uint64_t ref, struct sqst_image_inode *inode,
			 struct sqst_cursor *cursor)
{
	const int rc = sqst_image_inode_read(image, ref, inode, cursor);

	if (rc < 0 || inode->type == SQST_TYPE_FILE)
		return rc;
	return sqst_image_bad(image, "the inode at reference 0x%" PRIx64 " is not a regular file",
			      ref);
}

int sqst_image_inode_skip(struct sqst_cursor *cursor, const struct sqst_image_inode *inode)
{
	const uint32_t index = inode->type == SQST_TYPE_DIR ? inode->index : 0;
	int rc = sqst_cursor_skip(cursor, inode->tail, SQST_NONE);

	for (uint32_t i = 0; rc == 0 && i < index; i++) {
		uint8_t raw[sizeof(sqfs_dir_index_t)];

		rc = sqst_cursor_read(cursor, raw, sizeof(raw));
		if (rc == 0)
			rc = sqst_cursor_skip(cursor, (uint64_t)GET32(sqfs_dir_index_t, size) + 1,
					      SQST_NONE);
	}
	return rc;
}

int sqst_image_target(struct sqst_cursor *cursor, struct sqst_image_inode *inode,
		      char target[PATH_MAX])
{
	const uint64_t length = inode->tail - (inode->extended ? XATTR_SIZE : 0);
	uint8_t raw[XATTR_SIZE];
	int rc;

	if (length >= PATH_MAX)
		return sqst_image_bad(cursor->image,
				      "invalid symbolic link target of %" PRIu64 " bytes", length);
	rc = sqst_cursor_read(cursor, target, length);
	target[length] = '\0';
	if (rc == 0 && inode->extended) {
		rc = sqst_cursor_read(cursor, raw, sizeof(raw));
		inode->xattr = sqst_get32(raw);
	}
	return rc;
}
