/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image being read, and how reading it fails.
 *
 * Everything in this folder treats the image as hostile. Memory and time grow with what is really
 * stored in it, never with what a field claims. */
#ifndef LIB_IMAGE_READ_H
#define LIB_IMAGE_READ_H

#include <sys/stat.h>

#include "base/format.h"
#include "codec/pool.h"
#include "numbers/record.h"
#include "sqst/report.h"

/* An optional table that is not there, and an entry of the export table without an inode. */
#define SQST_NONE UINT64_MAX

/* What an image is read as: it says how reading it fails. */
struct sqst_image_role {
	/* An sqst_error. */
	int code;
	/* What an error about opening it calls the image. */
	const char *subject;
	/* What to do about a damaged one. */
	const char *advice;
};

extern const struct sqst_image_role sqst_image_role_parent;
extern const struct sqst_image_role sqst_image_role_source;
/* Only looked at: by the programs that tell of images, and to find out what a source is. */
extern const struct sqst_image_role sqst_image_role_examined;
extern const struct sqst_image_role sqst_image_role_probed;

/* What is needed of the superblock, in host order. */
struct sqst_super {
	uint32_t inodes;
	uint32_t block_size;
	uint32_t fragments;
	uint32_t mkfs_time;
	uint16_t codec;
	uint16_t block_log;
	uint16_t flags;
	uint16_t ids;
	uint64_t root;
	uint64_t bytes_used;
	uint64_t id_table;
	uint64_t xattr_table;
	uint64_t inode_table;
	uint64_t directory_table;
	uint64_t fragment_table;
	uint64_t export_table;
};

/* Where the metadata blocks of a table are. */
struct sqst_area {
	const char *name;
	uint64_t start;
	uint64_t end;
};

struct sqst_meta_cache;

/* Zero is a closed one. A thread that reads along with others has a copy, whose `why` is its own
 * and whose `cancel` is NULL, and what it unpacks with. */
struct sqst_image {
	/* As the caller named it, FILE or FILE@OFFSET, and the file's own name; both owned. */
	char *name;
	char *file;
	int fd;
	/* Where in the file the image begins; all other positions count from there. */
	uint64_t base;
	/* The file as it was when it was opened. */
	struct stat st;
	const struct sqst_image_role *role;
	uint64_t size;
	struct sqst_report *why;
	/* Asked before each read of sqst_image_pread(); may be NULL. */
	const struct sqst_cancel *cancel;
	struct sqst_super super;
	struct sqst_area inodes;
	struct sqst_area directories;
	/* The blocks that the export table's index at super.export_table points to. */
	struct sqst_area exports;
	const struct sqst_codec *codec;
	struct sqst_tools tools;
	struct sqst_meta_cache *cache;
};

/* ---- fail.c: each returns the code. */

/* "NAME: …", with the code of the image's role. */
int sqst_image_fail(const struct sqst_image *image, const char *format, ...) SQST_PRINTF(2, 3);

/* "NAME: damaged: …", and the role's advice. */
int sqst_image_bad(const struct sqst_image *image, const char *format, ...) SQST_PRINTF(2, 3);

int sqst_image_nomem(const struct sqst_image *image);

/* Read exactly size bytes, which the caller knows to be below bytes_used. */
int sqst_image_pread(const struct sqst_image *image, void *data, size_t size, uint64_t offset);

/* ---- open.c */

/* Open an image that is a file or block device, or stands in one: "FILE@OFFSET" says where (bytes,
 * decimal or 0x...), and after an ELF file (an AppImage's runtime) it is looked for. A file of the
 * whole name comes first. To be closed in any case. `cancel` may be NULL. Returns the role's code,
 * SQST_ERR_NOMEM, SQST_ERR_IO. */
int sqst_image_open(struct sqst_image *image, const char *path, const struct sqst_image_role *role,
		    const struct sqst_cancel *cancel, struct sqst_report *why);

/* Open the file of an open image once more, to be read as something else. To be closed in any case.
 */
int sqst_image_share(struct sqst_image *image, const struct sqst_image *other,
		     const struct sqst_image_role *role, const struct sqst_cancel *cancel,
		     struct sqst_report *why);

/* Free what was opened, and what was made to read it. */
void sqst_image_close(struct sqst_image *image);

/* Whether the open file, and with `by_name` also what now has its name, is what was opened. -1 with
 * errno set if that cannot be found out. */
int sqst_image_is_same(const struct sqst_image *image, bool by_name, bool *same);

/* ---- super.c */

/* Read and check the superblock, and where the tables are. */
int sqst_super_read(struct sqst_image *image);

/* Read no more than the superblock, and check only that it is one. */
int sqst_super_head(struct sqst_image *image);

/* Bytes of the index of a table with entries of `entry_size` bytes: a position a block. */
uint64_t sqst_index_size(uint64_t entries, uint64_t entry_size);

/* Where the head ends: superblock, compressor options, extra information. */
int sqst_super_head_end(const struct sqst_image *image, uint64_t *end);

/* Check the compressor options block and decode the extra-information block, if there. Of extra
 * information that is damaged, or newer than this library, the UUID and the label are taken all the
 * same, if they are there. */
int sqst_super_extra(const struct sqst_image *image, struct sqst_lineage *lineage);

#endif
