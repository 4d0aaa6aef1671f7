/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inodes as bytes of the inode table. The basic form is used where it can hold everything, the
 * extended one else; field order as in squashfs_fs.h of the kernel. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/bytes.h"
#include "data/extent.h"
#include "write/inode_record.h"
#include "write/listing.h"

/* The extended form of a type: its basic value plus this. */
#define EXTENDED 7u

/* Longest fixed part: an extended regular file's. */
#define FIXED_MAX 64

static uint8_t *put_header(uint8_t *to, const struct sqst_inode *inode, bool extended,
			   uint32_t number, struct sqst_owners owners)
{
	to = sqst_put16(to, inode->type + (extended ? EXTENDED : 0u));
	to = sqst_put16(to, inode->mode);
	to = sqst_put16(to, owners.uid);
	to = sqst_put16(to, owners.gid);
	to = sqst_put32(to, inode->mtime);
	return sqst_put32(to, number);
}

static int append_sizes(struct sqst_stream *stream, const struct sqst_extent *extent)
{
	uint8_t bytes[4 * 256];
	uint32_t done = 0;

	while (done < extent->blocks) {
		uint8_t *to = bytes;
		int rc;

		for (; done < extent->blocks && to < bytes + sizeof(bytes); done++)
			to = sqst_put32(to, extent->size[done]);
		rc = sqst_stream_append(stream, bytes, (size_t)(to - bytes));
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int write_file(struct sqst_stream *stream, const struct sqst_inode *inode,
		      struct sqst_owners owners)
{
	const struct sqst_extent *extent = inode->u.file.extent;
	const uint64_t size = inode->u.file.size;
	const bool extended = inode->nlink > 1 || owners.xattr != SQST_NO_XATTR ||
			      extent->sparse > 0 || size > UINT32_MAX || extent->start > UINT32_MAX;
	uint8_t bytes[FIXED_MAX];
	uint8_t *to = put_header(bytes, inode, extended, inode->number, owners);
	int rc;

	if (extended) {
		/* The kernel subtracts this from the size to get the blocks in use; mksquashfs
		 * keeps it below the size, so that a file never seems to use none. */
		const uint64_t sparse =
		    extent->sparse > 0 && extent->sparse >= size ? size - 1 : extent->sparse;

		to = sqst_put64(to, extent->start);
		to = sqst_put64(to, size);
		to = sqst_put64(to, sparse);
		to = sqst_put32(to, inode->nlink);
		to = sqst_put32(to, extent->fragment);
		to = sqst_put32(to, extent->fragment_offset);
		to = sqst_put32(to, owners.xattr);
	} else {
		to = sqst_put32(to, (uint32_t)extent->start);
		to = sqst_put32(to, extent->fragment);
		to = sqst_put32(to, extent->fragment_offset);
		to = sqst_put32(to, (uint32_t)size);
	}
	rc = sqst_stream_append(stream, bytes, (size_t)(to - bytes));
	return rc < 0 ? rc : append_sizes(stream, extent);
}

static int write_symlink(struct sqst_stream *stream, const struct sqst_inode *inode,
			 struct sqst_owners owners)
{
	const bool extended = owners.xattr != SQST_NO_XATTR;
	uint8_t bytes[FIXED_MAX], last[4];
	uint8_t *to = put_header(bytes, inode, extended, inode->number, owners);
	int rc;

	to = sqst_put32(to, inode->nlink);
	to = sqst_put32(to, inode->u.symlink.length);
	rc = sqst_stream_append(stream, bytes, (size_t)(to - bytes));
	if (rc == 0)
		rc = sqst_stream_append(stream, inode->u.symlink.target, inode->u.symlink.length);
	if (rc == 0 && extended) {
		sqst_put32(last, owners.xattr);
		rc = sqst_stream_append(stream, last, sizeof(last));
	}
	return rc;
}

static int write_special(struct sqst_stream *stream, const struct sqst_inode *inode,
			 struct sqst_owners owners)
{
	const bool extended = owners.xattr != SQST_NO_XATTR;
	uint8_t bytes[FIXED_MAX];
	uint8_t *to = put_header(bytes, inode, extended, inode->number, owners);

	to = sqst_put32(to, inode->nlink);
	if (inode->type == SQST_TYPE_BLOCK || inode->type == SQST_TYPE_CHAR)
		to = sqst_put32(to, inode->u.device);
	if (extended)
		to = sqst_put32(to, owners.xattr);
	return sqst_stream_append(stream, bytes, (size_t)(to - bytes));
}

int sqst_inode_write(struct sqst_stream *stream, const struct sqst_inode *inode,
		     struct sqst_owners owners)
{
	if (inode->type == SQST_TYPE_FILE)
		return write_file(stream, inode, owners);
	if (inode->type == SQST_TYPE_SYMLINK)
		return write_symlink(stream, inode, owners);
	return write_special(stream, inode, owners);
}

static uint32_t subdirectories(const struct sqst_inode *inode)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < inode->u.dir.count; i++)
		count += inode->u.dir.child[i]->inode->type == SQST_TYPE_DIR;
	return count;
}

int sqst_inode_write_dir(struct sqst_stream *stream, const struct sqst_inode *inode,
			 uint32_t number, struct sqst_owners owners, uint32_t parent,
			 const struct sqst_stream *directories, const struct sqst_listing *listing)
{
	/* The size counts 3 bytes more than there are: readers make "." and ".." up. */
	const uint32_t size = listing->size + 3;
	const uint64_t reference =
	    listing->size > 0 ? sqst_stream_reference(directories, listing->place) : 0;
	const uint32_t nlink = 2 + subdirectories(inode);
	uint8_t bytes[FIXED_MAX];
	uint8_t *to = put_header(bytes, inode, listing->extended, number, owners);
	int rc;

	if (listing->extended) {
		to = sqst_put32(to, nlink);
		to = sqst_put32(to, size);
		to = sqst_put32(to, (uint32_t)(reference >> 16));
		to = sqst_put32(to, parent);
		to = sqst_put16(to, listing->index_count);
		to = sqst_put16(to, (uint32_t)(reference & 0xFFFF));
		to = sqst_put32(to, owners.xattr);
	} else {
		to = sqst_put32(to, (uint32_t)(reference >> 16));
		to = sqst_put32(to, nlink);
		to = sqst_put16(to, size);
		to = sqst_put16(to, (uint32_t)(reference & 0xFFFF));
		to = sqst_put32(to, parent);
	}
	rc = sqst_stream_append(stream, bytes, (size_t)(to - bytes));
	if (rc == 0 && listing->extended && listing->index_count > 0)
		rc = sqst_listing_write_index(stream, directories, listing);
	return rc;
}

int sqst_inode_write_filler(struct sqst_stream *stream, uint32_t number)
{
	const struct sqst_inode inode = {.type = SQST_TYPE_FIFO, .nlink = 1, .number = number};

	/* The first entry of the id table is always there: it is what the first inode wrote. */
	return write_special(stream, &inode, (struct sqst_owners){0, 0, SQST_NO_XATTR});
}
