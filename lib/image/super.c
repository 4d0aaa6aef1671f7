/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock, and what stands right after it: compressor options and extra information. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/super.h>

#include "base/bytes.h"
#include "image/read.h"
#include "numbers/record.h"

#define MAGIC 0x73717368

#define AT(field)    (raw + offsetof(sqfs_super_t, field))
#define GET16(field) sqst_get16(AT(field))
#define GET32(field) sqst_get32(AT(field))
#define GET64(field) sqst_get64(AT(field))

_Static_assert(sizeof(sqfs_super_t) == 96, "the superblock has 96 bytes");

static void decode_super(const uint8_t *raw, struct sqst_super *super)
{
	super->inodes = GET32(inode_count);
	super->block_size = GET32(block_size);
	super->fragments = GET32(fragment_entry_count);
	super->mkfs_time = GET32(modification_time);
	super->codec = GET16(compression_id);
	super->block_log = GET16(block_log);
	super->flags = GET16(flags);
	super->ids = GET16(id_count);
	super->root = GET64(root_inode_ref);
	super->bytes_used = GET64(bytes_used);
	super->id_table = GET64(id_table_start);
	super->xattr_table = GET64(xattr_id_table_start);
	super->inode_table = GET64(inode_table_start);
	super->directory_table = GET64(directory_table_start);
	super->fragment_table = GET64(fragment_table_start);
	super->export_table = GET64(export_table_start);
}

static int check_kind(const struct sqst_image *image, const uint8_t *raw)
{
	const unsigned major = GET16(version_major), minor = GET16(version_minor);

	if (GET32(magic) == __builtin_bswap32(MAGIC))
		return sqst_image_fail(image, "is a big-endian squashfs image from before version "
					      "4.0; rebuild it with a current tool");
	if (GET32(magic) != MAGIC)
		return sqst_image_fail(
		    image, "is not a squashfs image: no magic number at offset 0x%" PRIx64,
		    image->base);
	if (major != SQFS_VERSION_MAJOR || minor != SQFS_VERSION_MINOR)
		return sqst_image_fail(image,
				       "is squashfs version %u.%u; only 4.0 is supported, so "
				       "rebuild it with a current tool",
				       major, minor);
	return 0;
}

static int check_fields(const struct sqst_image *image)
{
	const struct sqst_super *super = &image->super;

	if (super->block_log < 12 || super->block_log > 20 ||
	    super->block_size != UINT32_C(1) << super->block_log)
		return sqst_image_bad(
		    image,
		    "block size %" PRIu32
		    " and its logarithm %u in the superblock (offset 0xc) are invalid",
		    super->block_size, super->block_log);
	if (super->bytes_used < sizeof(sqfs_super_t) || super->bytes_used > image->size)
		return sqst_image_bad(image,
				      "the superblock (offset 0x28) claims %" PRIu64
				      " bytes, but the file has %" PRIu64,
				      super->bytes_used, image->size);
	if (super->inodes < 1 || super->inodes > SQST_NUMBER_MAX)
		return sqst_image_bad(
		    image,
		    "inode count %" PRIu32
		    " in the superblock (offset 0x4) is not between 1 and %" PRIu32,
		    super->inodes, SQST_NUMBER_MAX);
	if (super->ids < 1)
		return sqst_image_bad(image, "the id count in the superblock (offset 0x1a) is 0");
	return 0;
}

static int check_codec(struct sqst_image *image)
{
	const int id = image->super.codec;

	image->codec = sqst_codec_get(id);
	if (image->codec && image->codec->decompressor)
		return 0;
	if (id < SQST_CODEC_GZIP || id > SQST_CODEC_ZSTD)
		return sqst_image_bad(image,
				      "unknown compressor %d in the superblock (offset 0x14)", id);
	return sqst_image_fail(image,
			       "is compressed with %s, which this sqfs-stable was built without; "
			       "use a build that has it",
			       sqst_codec_name(id));
}

/* A table whose blocks are found by an index of 64-bit positions at `start`, which takes `size`
 * bytes and ends at most at `end`. *first becomes the position of its first block. */
static int check_index(const struct sqst_image *image, const char *name, uint64_t start,
		       uint64_t size, uint64_t end, uint64_t *first)
{
	uint8_t raw[8];
	int rc;

	if (start > end || size > end - start)
		return sqst_image_bad(image,
				      "the %s table at offset 0x%" PRIx64
				      ", with an index of %" PRIu64
				      " bytes, overlaps what follows at 0x%" PRIx64,
				      name, start, size, end);
	rc = sqst_image_pread(image, raw, sizeof(raw), start);
	if (rc < 0)
		return rc;
	*first = sqst_get64(raw);
	if (*first >= start)
		return sqst_image_bad(image,
				      "the %s table's first block at offset 0x%" PRIx64
				      " is not before its index at 0x%" PRIx64,
				      name, *first, start);
	return 0;
}

uint64_t sqst_index_size(uint64_t entries, uint64_t entry_size)
{
	return (entries * entry_size + SQST_META_SIZE - 1) / SQST_META_SIZE * 8;
}

/* The extended attributes' table is last: a header of 16 bytes, the first 8 of them the position of
 * the first block of attributes. */
static int check_xattr_table(const struct sqst_image *image, uint64_t *end)
{
	const struct sqst_super *super = &image->super;

	if (super->xattr_table == SQST_NONE)
		return 0;
	return check_index(image, "extended attribute", super->xattr_table, 16, *end, end);
}

/* From the last table to the first, as the kernel does (squashfs_fill_super): the first block of
 * each is where the one before it ends. The index of the export table, and of no other here, must
 * have exactly the length for its entries (squashfs_read_inode_lookup_table). */
static int check_tables(struct sqst_image *image)
{
	const struct sqst_super *super = &image->super;
	uint64_t end = super->bytes_used;
	int rc = check_xattr_table(image, &end);

	if (rc == 0)
		rc = check_index(image, "id", super->id_table, sqst_index_size(super->ids, 4), end,
				 &end);
	if (rc == 0 && super->export_table != SQST_NONE) {
		const uint64_t size = sqst_index_size(super->inodes, 8);

		if (super->export_table > end || end - super->export_table != size)
			return sqst_image_bad(image,
					      "the export table's index at offset 0x%" PRIx64
					      " must have %" PRIu64 " bytes, up to 0x%" PRIx64
					      ", for %" PRIu32 " inodes",
					      super->export_table, size, end, super->inodes);
		rc = check_index(image, "export", super->export_table, size, end, &end);
		image->exports = (struct sqst_area){"export table", end, super->export_table};
	}
	if (rc == 0 && super->fragments > 0)
		rc = check_index(image, "fragment", super->fragment_table,
				 sqst_index_size(super->fragments, 16), end, &end);
	if (rc < 0)
		return rc;
	if (super->directory_table > end)
		return sqst_image_bad(image,
				      "the directory table at offset 0x%" PRIx64
				      " does not start before the next table at 0x%" PRIx64,
				      super->directory_table, end);
	if (super->inode_table < sizeof(sqfs_super_t) ||
	    super->inode_table >= super->directory_table)
		return sqst_image_bad(image,
				      "the inode table at offset 0x%" PRIx64
				      " is not between the superblock and the directory table at "
				      "0x%" PRIx64,
				      super->inode_table, super->directory_table);
	image->inodes =
	    (struct sqst_area){"inode table", super->inode_table, super->directory_table};
	image->directories = (struct sqst_area){"directory table", super->directory_table, end};
	return 0;
}

int sqst_super_head(struct sqst_image *image)
{
	uint8_t raw[sizeof(sqfs_super_t)];
	int rc;

	if (image->size < sizeof(raw))
		return sqst_image_fail(image,
				       "is not a squashfs image: %" PRIu64
				       " bytes are fewer than a superblock has",
				       image->size);
	rc = sqst_image_pread(image, raw, sizeof(raw), 0);
	if (rc < 0)
		return rc;
	decode_super(raw, &image->super);
	return check_kind(image, raw);
}

int sqst_super_read(struct sqst_image *image)
{
	int rc = sqst_super_head(image);

	if (rc < 0 || (rc = check_fields(image)) < 0 || (rc = check_codec(image)) < 0)
		return rc;
	return check_tables(image);
}

/* A metadata block between superblock and inode table that must be stored as it is. `content` has
 * room for any. */
static int read_plain(const struct sqst_image *image, const char *name, uint64_t at,
		      uint8_t content[SQST_META_SIZE], size_t *size)
{
	const uint64_t end = image->super.inode_table;
	uint8_t raw[2];
	uint32_t length;
	int rc;

	if (at > end || end - at < sizeof(raw))
		return sqst_image_bad(image,
				      "the %s block at offset 0x%" PRIx64
				      " overlaps the inode table at 0x%" PRIx64,
				      name, at, end);
	rc = sqst_image_pread(image, raw, sizeof(raw), at);
	if (rc < 0)
		return rc;
	length = sqst_get16(raw);
	if (!(length & SQST_META_RAW))
		return sqst_image_bad(image, "the %s block at offset 0x%" PRIx64 " is compressed",
				      name, at);
	length &= ~(uint32_t)SQST_META_RAW;
	if (length == 0 || length > SQST_META_SIZE)
		return sqst_image_bad(image,
				      "the %s block at offset 0x%" PRIx64
				      " has invalid size %" PRIu32 " (1 to %d)",
				      name, at, length, SQST_META_SIZE);
	if (length > end - at - sizeof(raw))
		return sqst_image_bad(image,
				      "the %s block at offset 0x%" PRIx64 " of %" PRIu32
				      " bytes overlaps the inode table at 0x%" PRIx64,
				      name, at, length, end);
	*size = length;
	return sqst_image_pread(image, content, length, at + sizeof(raw));
}

/* The content of the extra-information block and where it stands; no bytes if there is none. */
static int read_extra(const struct sqst_image *image, uint8_t content[SQST_META_SIZE], size_t *size,
		      uint64_t *at)
{
	int rc;

	*at = sizeof(sqfs_super_t);
	if (image->super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS) {
		rc = read_plain(image, "compressor options", *at, content, size);
		if (rc < 0)
			return rc;
		*at += 2 + *size;
	}
	*size = 0;
	if (!(image->super.flags & SQST_SUPER_FLAG_EXTRA_INFO))
		return 0;
	rc = read_plain(image, "extra-information", *at, content, size);
	*at += 2;
	return rc;
}

int sqst_super_head_end(const struct sqst_image *image, uint64_t *end)
{
	uint8_t content[SQST_META_SIZE];
	size_t size;
	const int rc = read_extra(image, content, &size, end);

	*end += size;
	return rc;
}

int sqst_super_extra(const struct sqst_image *image, struct sqst_lineage *lineage)
{
	uint8_t content[SQST_META_SIZE];
	uint64_t at;
	size_t size;
	int rc = read_extra(image, content, &size, &at);

	if (rc < 0 || size == 0)
		return rc;
	rc = sqst_extra_decode(image->name, at, content, size, lineage, image->why);
	if (rc < 0)
		sqst_extra_salvage(content, size, lineage);
	return rc;
}
