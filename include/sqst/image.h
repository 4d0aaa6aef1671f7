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

/* ---- what an image holds besides its numbers */

/** Bytes of the blocks that two images are compared in: what a device is written in. */
#define SQST_SURVEY_BLOCK 4096

/** One regular file (hard links are one). */
struct sqst_survey_file {
	uint32_t number;
	/** Bytes that it has. */
	uint64_t size;
	/** Bytes that it takes in the image: its data blocks as they are stored, and of its
	 * fragment as large a part as its end is of what is in there. Of files that share their
	 * data, the one with the lowest number has it. */
	uint64_t stored;
};

/** XXH3-128 of a block. */
struct sqst_survey_block {
	uint64_t high;
	uint64_t low;
};

/** An image. */
struct sqst_survey {
	/** Bytes of the image, without padding. */
	uint64_t bytes;
	/** Of data. */
	uint32_t block_size;
	/** An ::sqst_codec_id. */
	int codec;
	/** Whether it has an export table; numbers whose entry is an inode that no directory names,
	 *  ascending. */
	bool exports;
	uint32_t *orphan;
	size_t orphans;
	/** Bytes, unpacked, in fragment blocks that no file has: what removed files left there. */
	uint64_t dead;
	/** Bytes, as they are stored and not zero, between the data of files. */
	uint64_t unclaimed;
	/** Sets of extended attributes that no inode has. */
	uint32_t unused_xattrs;
	/** Sorted by number. */
	struct sqst_survey_file *file;
	size_t files;
	/** From the start of the image on, ::SQST_SURVEY_BLOCK bytes each, the last filled up with
	 *  zeros. NULL if they were not asked for. */
	struct sqst_survey_block *block;
	size_t blocks;
};

/**
 * Read an image of any builder.
 * @param blocks  hash its blocks, too: reads all of it
 * @param out     the caller's to free with sqst_survey_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (unreadable, or damaged in the way of
 *         sqst_image_read_numbers(), but the record is not looked at)
 */
SQST_API int sqst_survey_read(const char *path, bool blocks, struct sqst_survey **out,
			      struct sqst_report *why);

/** Free it. NULL is allowed. */
SQST_API void sqst_survey_free(struct sqst_survey *survey);

/** What became of a block of the new image. */
enum sqst_block_fate {
	/** The old image has it in the same place. */
	SQST_BLOCK_IN_PLACE,
	/** The old image has it elsewhere. */
	SQST_BLOCK_MOVED,
	SQST_BLOCK_NEW,
};
#define SQST_BLOCK_FATES 3

/** The blocks of a new image against those of an old one. */
struct sqst_block_map {
	/** An ::sqst_block_fate for each block of the new image. */
	uint8_t *fate;
	size_t blocks;
	size_t count[SQST_BLOCK_FATES];
};

/**
 * Compare the blocks of two surveys that have them.
 * @param map  filled on success; map->fate is the caller's to free()
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_survey_compare_blocks(const struct sqst_survey *old_survey,
					const struct sqst_survey *new_survey,
					struct sqst_block_map *map, struct sqst_report *why);

/** What the regular files of a directory take. */
struct sqst_growth_row {
	/** "" for files in the root, "usr", "usr/lib" (with all that is below it). Owned by the
	 *  growth. */
	const char *path;
	/** Stored bytes. */
	uint64_t old_bytes;
	uint64_t new_bytes;
};

/** What grew where, in stored bytes. */
struct sqst_growth {
	/** What changed most comes first, then what is largest. */
	struct sqst_growth_row *row;
	size_t rows;
	/** Opaque. */
	struct sqst_arena *arena;
};

/**
 * Add up what files take, by the directories of the first two levels: "usr" is what is in there
 * itself, "usr/lib" all that is below it. A hard link counts where its name is highest up in the
 * tree.
 * @param out  the caller's to free with sqst_growth_free(); untouched on failure
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_survey_growth(const struct sqst_numbers *old_numbers,
				const struct sqst_survey *old_survey,
				const struct sqst_numbers *new_numbers,
				const struct sqst_survey *new_survey, struct sqst_growth **out,
				struct sqst_report *why);

/** Free it. NULL is allowed. */
SQST_API void sqst_growth_free(struct sqst_growth *growth);

/* ---- what U-Boot's reader makes of an image */

/*
 * What U-Boot's squashfs reader (fs/squashfs) makes of an image of any builder: which names it does
 * not find, and how much of its heap the image takes. As with image.h, images are not trusted.
 *
 * U-Boot looks for inodes by number, and takes the one with the superblock's inode count for the
 * root. On the way through a path it reads the size of each directory from bytes 24 and 25 of the
 * inode, whatever its type. In an extended directory's inode these are the low half of start_block,
 * where the listing begins in the directory table: names that stand farther behind in the listing
 * are not found. (In the last directory of a path it finds all.)
 */

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
