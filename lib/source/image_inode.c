/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All that an inode of an image says. Its place and type were checked when the image was walked. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <limits.h>
#include <sqfs/inode.h>

#include "base/bytes.h"
#include "source/image_source.h"

#define AT(type, field)    (raw + offsetof(type, field))
#define GET16(type, field) sqst_get16(AT(type, field))
#define GET32(type, field) sqst_get32(AT(type, field))
#define GET64(type, field) sqst_get64(AT(type, field))

/* The largest fixed part, an extended file's. */
#define BODY_MAX sizeof(sqfs_inode_file_ext_t)

static int read_header(struct sqst_source_image *source, uint64_t ref, struct sqst_cursor *cursor,
		       uint8_t raw[sizeof(sqfs_inode_t)])
{
	const int rc = sqst_cursor_seek(cursor, &source->image, &source->image.inodes, ref);

	return rc == 0 ? sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_t)) : rc;
}

static int read_file_inode(struct sqst_source_image *source, struct sqst_cursor *cursor,
			   unsigned type, struct sqst_source_file *file, uint32_t *xattr)
{
	const unsigned log = source->image.super.block_log;
	uint8_t raw[BODY_MAX];
	int rc;

	if (type == SQFS_INODE_FILE) {
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_file_t));
		if (rc < 0)
			return rc;
		*file = (struct sqst_source_file){
		    .size = GET32(sqfs_inode_file_t, file_size),
		    .start = GET32(sqfs_inode_file_t, blocks_start),
		    .fragment = GET32(sqfs_inode_file_t, fragment_index),
		    .fragment_offset = GET32(sqfs_inode_file_t, fragment_offset),
		};
	} else {
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_file_ext_t));
		if (rc < 0)
			return rc;
		*file = (struct sqst_source_file){
		    .size = GET64(sqfs_inode_file_ext_t, file_size),
		    .start = GET64(sqfs_inode_file_ext_t, blocks_start),
		    .fragment = GET32(sqfs_inode_file_ext_t, fragment_idx),
		    .fragment_offset = GET32(sqfs_inode_file_ext_t, fragment_offset),
		};
		*xattr = GET32(sqfs_inode_file_ext_t, xattr_idx);
	}
	if (file->size > INT64_MAX)
		return sqst_image_bad(&source->image, "a file has %" PRIu64 " bytes", file->size);
	file->blocks = file->size >> log;
	if (file->fragment == SQST_NO_FRAGMENT && (file->size & ((UINT64_C(1) << log) - 1)) != 0)
		file->blocks++;
	return 0;
}

int sqst_source_file_read(struct sqst_source_image *source, uint64_t ref,
			  struct sqst_source_file *file, struct sqst_cursor *cursor)
{
	uint8_t raw[sizeof(sqfs_inode_t)];
	uint32_t xattr;
	unsigned type;
	int rc = read_header(source, ref, cursor, raw);

	if (rc < 0)
		return rc;
	type = GET16(sqfs_inode_t, type);
	if (type != SQFS_INODE_FILE && type != SQFS_INODE_EXT_FILE)
		return sqst_image_bad(&source->image,
				      "the inode at reference 0x%" PRIx64 " is no file", ref);
	return read_file_inode(source, cursor, type, file, &xattr);
}

static int read_target(struct sqst_source_image *source, struct sqst_cursor *cursor, bool extended,
		       char target[PATH_MAX], uint32_t *xattr)
{
	uint8_t raw[sizeof(sqfs_inode_slink_t)];
	uint32_t length;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	length = GET32(sqfs_inode_slink_t, target_size);
	if (length >= PATH_MAX)
		return sqst_image_bad(&source->image,
				      "a symbolic link's target has %" PRIu32 " bytes", length);
	rc = sqst_cursor_read(cursor, target, length);
	target[length] = '\0';
	if (rc == 0 && extended) {
		rc = sqst_cursor_read(cursor, raw, 4);
		*xattr = sqst_get32(raw);
	}
	return rc;
}

static int read_symlink(struct sqst_source_image *source, struct sqst_stage *stage,
			struct sqst_cursor *cursor, bool extended, struct sqst_stage_body *body,
			uint32_t *xattr)
{
	char target[PATH_MAX];
	const int rc = read_target(source, cursor, extended, target, xattr);

	return rc == 0 ? sqst_stage_symlink(stage, "a symbolic link", target, body) : rc;
}

/* What is behind the header, by type. *xattr: the set of attributes. */
static int read_body(struct sqst_source_image *source, struct sqst_stage *stage,
		     struct sqst_cursor *cursor, unsigned type, struct sqst_stage_body *body,
		     uint32_t *xattr)
{
	struct sqst_source_file file;
	uint8_t raw[BODY_MAX];
	int rc = 0;

	switch (type) {
	case SQFS_INODE_FILE:
	case SQFS_INODE_EXT_FILE:
		rc = read_file_inode(source, cursor, type, &file, xattr);
		body->u.file.size = rc == 0 ? file.size : 0;
		break;
	case SQFS_INODE_SLINK:
	case SQFS_INODE_EXT_SLINK:
		rc = read_symlink(source, stage, cursor, type == SQFS_INODE_EXT_SLINK, body, xattr);
		break;
	case SQFS_INODE_BDEV:
	case SQFS_INODE_CDEV:
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_dev_t));
		body->u.device = rc == 0 ? GET32(sqfs_inode_dev_t, devno) : 0;
		break;
	case SQFS_INODE_EXT_BDEV:
	case SQFS_INODE_EXT_CDEV:
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_dev_ext_t));
		body->u.device = rc == 0 ? GET32(sqfs_inode_dev_ext_t, devno) : 0;
		*xattr = rc == 0 ? GET32(sqfs_inode_dev_ext_t, xattr_idx) : 0;
		break;
	case SQFS_INODE_EXT_DIR:
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_dir_ext_t));
		*xattr = rc == 0 ? GET32(sqfs_inode_dir_ext_t, xattr_idx) : 0;
		break;
	case SQFS_INODE_EXT_FIFO:
	case SQFS_INODE_EXT_SOCKET:
		rc = sqst_cursor_read(cursor, raw, sizeof(sqfs_inode_ipc_ext_t));
		*xattr = rc == 0 ? GET32(sqfs_inode_ipc_ext_t, xattr_idx) : 0;
		break;
	default:
		break;
	}
	return rc;
}

int sqst_source_xattr_index(struct sqst_source_image *source, uint64_t ref, uint32_t *out)
{
	uint8_t raw[sizeof(sqfs_inode_t)];
	char target[PATH_MAX];
	struct sqst_stage_body body;
	struct sqst_cursor cursor;
	unsigned type;
	int rc = read_header(source, ref, &cursor, raw);

	*out = SQST_NO_XATTR;
	if (rc < 0)
		return rc;
	type = GET16(sqfs_inode_t, type);
	if (type == SQFS_INODE_SLINK || type == SQFS_INODE_EXT_SLINK)
		return read_target(source, &cursor, type == SQFS_INODE_EXT_SLINK, target, out);
	/* Only a symbolic link needs a stage. */
	return read_body(source, NULL, &cursor, type, &body, out);
}

int sqst_source_body(struct sqst_source_image *source, struct sqst_stage *stage, uint64_t ref,
		     struct sqst_stage_body **out)
{
	uint8_t raw[sizeof(sqfs_inode_t)];
	struct sqst_stage_body *body;
	struct sqst_cursor cursor;
	uint32_t xattr = SQST_NO_XATTR;
	unsigned type, uid, gid;
	int rc = read_header(source, ref, &cursor, raw);

	if (rc < 0)
		return rc;
	type = GET16(sqfs_inode_t, type);
	uid = GET16(sqfs_inode_t, uid_idx);
	gid = GET16(sqfs_inode_t, gid_idx);
	if (uid >= source->image.super.ids || gid >= source->image.super.ids)
		return sqst_image_bad(&source->image,
				      "the inode at reference 0x%" PRIx64
				      " has owner %u:%u of the id table, which has %u entries",
				      ref, uid, gid, source->image.super.ids);
	body = sqst_stage_body(
	    stage, (enum sqst_type)(type > SQFS_INODE_SOCKET ? type - SQFS_INODE_SOCKET : type));
	if (!body)
		return sqst_stage_nomem(stage);
	body->mode = GET16(sqfs_inode_t, mode) & 07777;
	body->uid = source->id[uid];
	body->gid = source->id[gid];
	body->mtime = GET32(sqfs_inode_t, mod_time);
	rc = read_body(source, stage, &cursor, type, body, &xattr);
	if (body->type == SQST_TYPE_FILE)
		body->u.file.base = ref;
	if (rc == 0)
		rc = sqst_source_xattrs(source, stage, xattr, body);
	*out = body;
	return rc;
}
