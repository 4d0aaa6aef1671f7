/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file uboot.h
 * What U-Boot's squashfs reader (fs/squashfs) makes of an image of any builder: which names it does
 * not find, and how much of its heap the image takes. As with image.h, images are not trusted.
 *
 * U-Boot looks for inodes by number, and takes the one with the superblock's inode count for the
 * root. On the way through a path it reads the size of each directory from bytes 24 and 25 of the
 * inode, whatever its type. In an extended directory's inode these are the low half of start_block,
 * where the listing begins in the directory table: names that stand farther behind in the listing
 * are not found. (In the last directory of a path it finds all.)
 */
#ifndef SQST_UBOOT_H
#define SQST_UBOOT_H

#include "sqst/predef.h"
#include "sqst/report.h"

/** Hidden names that are listed; further ones are only counted. */
#define SQST_UBOOT_LISTED 1000

/** An image as U-Boot sees it. */
struct sqst_uboot {
	/** It finds the root directory. If not, it finds nothing. */
	bool finds_root;
	/** It has the compressor (gzip, lzo, zstd and lz4; no release has xz or lzma). */
	bool has_codec;
	/** It finds the end of the directory table, where the fragment table begins. */
	bool finds_tables;
	/** It unpacks the inode table in order. It does not if a block that is stored as it is
	 * stands before one that is compressed: what follows is read from a wrong place. */
	bool inodes_in_order;
	/** Directories into which no path goes on, since they are not found in the directory that
	 * they are in. What is below them is not counted. */
	uint32_t hidden;
	/** Symbolic links of which the same is true. It matters for those that lead to directories;
	 * as the last name of a path each is found. */
	uint32_t hidden_links;
	/** The first ::SQST_UBOOT_LISTED of both, without a slash in front, each directory's
	 * together. */
	char **path;
	size_t paths;
	/** Bytes of its heap for each of the unpacked tables, and for all that it holds at one time
	 * before it looks for a name, on a device with sectors of 512 bytes. 0 without
	 * finds_tables. */
	uint64_t inode_table;
	uint64_t directory_table;
	uint64_t heap;
};

/**
 * Work out what U-Boot sees.
 * @param out  the caller's to free with sqst_uboot_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (unreadable, or its tree is damaged)
 */
SQST_API int sqst_uboot_read(const char *path, struct sqst_uboot **out, struct sqst_report *why);

/** Free it. NULL is allowed. */
SQST_API void sqst_uboot_free(struct sqst_uboot *uboot);

#endif
