/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file image.h
 * Reading the numbering of an existing squashfs 4.0 image, ours or another tool's, with any
 * compressor. The image is untrusted: every offset, count and reference is checked before it is
 * followed, and a damaged image is refused with what is wrong and at which offset or path.
 */
#ifndef SQST_IMAGE_H
#define SQST_IMAGE_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/**
 * Read an image's numbers.
 *
 * Refused: no squashfs 4.0; a table outside the image or out of order; a metadata block that does
 * not decompress; a number of 0, above the superblock's inode count, or on two different inodes; a
 * directory that contains itself or is in two places; a name twice or out of order, empty, "." or
 * ".." or with '/' or NUL; a path of more than 4,095 bytes; listings that together are larger than
 * the directory table; an export table that does not fit the count or whose entry for a live
 * number is not that inode; an extra-information record that runs past its block; a
 * stable-numbering record that disagrees with the superblock or with the tree.
 *
 * @param path  the image: a file or block device; FILE\@OFFSET (decimal, or hexadecimal with 0x) if
 * it begins inside of one and there is no file of the whole name; of an ELF file, what stands
 *              behind it
 * @param out   the caller's to free with sqst_numbers_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_PARENT (unreadable or refused)
 */
SQST_API int sqst_image_read_numbers(const char *path, struct sqst_numbers **out,
				     struct sqst_report *why);

/** What stands at the head of an image: the superblock and the extra information behind it. */
struct sqst_image_head {
	/** Bytes of the file or device. */
	uint64_t file_size;
	/** Bytes of the image in it, padding not counted; as the superblock says. */
	uint64_t bytes_used;
	/** When it was made, in seconds since 1970. */
	uint32_t time;
	/** The superblock's inode count: the highest number that a handle can have. */
	uint32_t inodes;
	/** Bytes. */
	uint32_t block_size;
	/** An ::sqst_codec_id, if it is one; see sqst_codec_name(). */
	int codec;
	/** Whether there is an export table. Without one, no handle of the image can be decoded. */
	bool exports;
	/** Whether the extra information could not be read. */
	bool damaged;
	/** Without a record, `top` is the inode count and `root` 0 (not known from the head). */
	struct sqst_lineage lineage;
};

/**
 * Read the head alone, a few hundred bytes as a rule and at most 17 KiB, whatever the size of the
 * image. That it is a squashfs 4.0 superblock is checked, and nothing else of it: the image behind
 * it may be cut off or damaged, and its compressor need not be known.
 *
 * If the extra information is damaged, or of a newer version, the call succeeds, head->damaged is
 * set and `why` says what is wrong; a UUID and a label in front of the damage are in the lineage,
 * which has no record then.
 *
 * @return 0, SQST_ERR_PARENT (unreadable, no squashfs 4.0)
 */
SQST_API int sqst_image_read_head(const char *path, struct sqst_image_head *head,
				  struct sqst_report *why);

/** What only reading the whole of an image's metadata tells. */
struct sqst_image_facts {
	struct sqst_image_head head;
	/** Numbers that a path has. */
	uint32_t live;
	/** Bytes in the image that the export table takes with its index, compressed as it is. */
	uint64_t export_bytes;
	/** Bytes that the kernel keeps of it as long as the image is mounted, in one allocation:
	 * its index, 8 bytes for each 1,024 numbers. */
	uint64_t export_memory;
};

/**
 * As sqst_image_read_numbers(), for an image that is looked at: the same is refused, in messages
 * that do not speak of parents, and `facts` is filled.
 * @param facts  undefined on failure
 */
SQST_API int sqst_image_examine(const char *path, struct sqst_image_facts *facts,
				struct sqst_numbers **out, struct sqst_report *why);

#endif
