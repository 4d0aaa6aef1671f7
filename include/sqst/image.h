/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file image.h
 * Reading squashfs 4.0 images of any builder: their numbering, their head, what else they hold, and
 * what U-Boot makes of them. The format is that of Linux (fs/squashfs/squashfs_fs.h); the records
 * of the extra information are described in "The bytes" of sqfs-stable(7).
 *
 * Images are not trusted: every offset, count and reference is checked before it is followed, and a
 * damaged image is refused with what is wrong and at which offset or path.
 *
 *     Function                   Reads                          Refuses an image that is damaged in
 *     -------------------------  -----------------------------  -----------------------------------
 *     sqst_image_read_head()     the superblock, extra          the superblock's magic and version
 *                                information
 *     sqst_image_read_numbers()  all inodes and directories     anything that a child needs
 *     sqst_image_examine()       the same                       the same
 *     sqst_survey_read()         these, fragments, attributes;  these, but not the record
 *                                all of the image for `blocks`
 *     sqst_uboot_read()          inodes and directories         the tree
 *
 * In every function `path` is a file or a block device. FILE\@OFFSET (decimal, or hexadecimal with
 * 0x) stands for an image that begins inside FILE, unless a file of the whole name exists. Of an
 * ELF file the image after the program is read.
 *
 * Thread rule: that of report.h. Each call opens the file for itself.
 *
 * Not promised: see report.h. struct sqst_survey, struct sqst_uboot and struct sqst_growth may grow
 * at their end. An image that changes while it is read gives an error or numbers of either state. A
 * later version may refuse damage that this one does not see.
 */
#ifndef SQST_IMAGE_H
#define SQST_IMAGE_H

#include "sqst/numbers.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read the numbering of an image, with the checks that a parent of a build must pass.
 *
 * Refused: anything but squashfs 4.0; a compressor that this build cannot read; a table outside the
 * image or out of order; a metadata block that does not decompress; an inode number of 0, above the
 * superblock's inode count, or on two different inodes; a directory that contains itself or is in
 * two places; a name that occurs twice or out of order, is empty, "." or "..", or contains '/' or
 * NUL; a path of more than 4,095 bytes; listings that together are larger than the directory table;
 * an export table that does not fit the inode count, or whose entry for a live number is not that
 * inode; an extra-information record that runs past its block; a stable-numbering record that
 * contradicts the superblock or the tree.
 *
 * @param out  the caller's to free with sqst_numbers_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_PARENT
 *         (unreadable or refused)
 */
SQST_API int sqst_image_read_numbers(const char *path, struct sqst_numbers **out,
				     struct sqst_report *why);

/** The head of an image: the superblock and the extra information after it. */
struct sqst_image_head {
	/** Bytes of the file or device. */
	uint64_t file_size;
	/** Bytes of the image without padding, as the superblock says. */
	uint64_t bytes_used;
	/** The superblock's time, in seconds since 1970. */
	uint32_t time;
	/** The superblock's inode count: the highest number that a file handle can have. */
	uint32_t inodes;
	/** Bytes of a data block. */
	uint32_t block_size;
	/** The superblock's compressor: an ::sqst_codec_id, or an unknown number; see
	 *  sqst_codec_name() in codec.h. */
	int codec;
	/** Whether there is an export table. Without one, no file handle can be decoded. */
	bool exports;
	/** Whether the extra information is damaged or of a newer version. */
	bool damaged;
	/** Without a record, `top` is the inode count and `root` is 0, as the head does not tell.
	 */
	struct sqst_lineage lineage;
};

/**
 * Read the head alone: usually a few hundred bytes and at most 17 KiB, whatever the size of the
 * image. Only the magic number and the version of the superblock are checked: the rest of the image
 * may be cut off or damaged, and its compressor need not be known.
 *
 * If the extra information is damaged or of a newer version, the call succeeds, head->damaged is
 * set and `why` says what is wrong. The lineage then has no record, but a UUID and a label that
 * stand before the damage.
 *
 * @param head  undefined on failure; nothing in it needs to be freed
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_PARENT
 *         (unreadable, or not squashfs 4.0)
 */
SQST_API int sqst_image_read_head(const char *path, struct sqst_image_head *head,
				  struct sqst_report *why);

/** What takes reading all metadata of an image. */
struct sqst_image_facts {
	struct sqst_image_head head;
	/** Inode numbers that a path has. */
	uint32_t live;
	/** Bytes that the export table and its index take in the image, as they are stored. */
	uint64_t export_bytes;
	/** Bytes that the kernel allocates for it, in one piece, as long as the image is mounted:
	 *  the index, 8 bytes for each 1,024 numbers. */
	uint64_t export_memory;
};

/**
 * As sqst_image_read_numbers(), with the facts, for an image that is examined rather than a parent:
 * the same images are refused with the same errors, but messages do not call them parents.
 * @param facts  undefined on failure; nothing in it needs to be freed
 * @param out    the caller's to free with sqst_numbers_free(); untouched on failure
 * @return as sqst_image_read_numbers()
 */
SQST_API int sqst_image_examine(const char *path, struct sqst_image_facts *facts,
				struct sqst_numbers **out, struct sqst_report *why);

/* ---- what else an image holds */

/** Bytes of the blocks in which two images are compared: the unit in which devices are written. */
#define SQST_SURVEY_BLOCK 4096

/** One regular file; hard links are one file. */
struct sqst_survey_file {
	uint32_t number;
	/** Its size in bytes. */
	uint64_t size;
	/** Bytes that it takes in the image: its data blocks as they are stored, and of its stored
	 *  fragment block the share that its tail has of the unpacked block. Of files that share
	 *  data, the one with the lowest number has all of it. */
	uint64_t stored;
};

/** XXH3-128 of a block: good for comparing, not against someone who forges blocks. */
struct sqst_survey_block {
	uint64_t high;
	uint64_t low;
};

/** What an image holds. Allocated by the library; may grow at its end. It owns its arrays. */
struct sqst_survey {
	/** Bytes of the image without padding. */
	uint64_t bytes;
	/** Bytes of a data block. */
	uint32_t block_size;
	/** An ::sqst_codec_id. */
	int codec;
	/** Whether it has an export table, and the numbers, ascending, whose entry is an inode that
	 *  no directory names. */
	bool exports;
	uint32_t *orphan;
	size_t orphans;
	/** Unpacked bytes in fragment blocks that belong to no file: what removed files left. */
	uint64_t dead;
	/** Stored bytes between the data of files that are not zero. */
	uint64_t unclaimed;
	/** Sets of extended attributes that no inode uses. */
	uint32_t unused_xattrs;
	/** Sorted by number. */
	struct sqst_survey_file *file;
	size_t files;
	/** The image from its start in blocks of ::SQST_SURVEY_BLOCK bytes, the last one filled
	 * with zeros. NULL unless they were asked for. */
	struct sqst_survey_block *block;
	size_t blocks;
};

/**
 * Survey an image of any builder.
 * @param blocks  also hash its blocks, which reads all of it
 * @param out     the caller's to free with sqst_survey_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_SOURCE
 *         (unreadable, or damaged in a way that sqst_image_read_numbers() refuses; the
 *         stable-numbering record is not examined)
 */
SQST_API int sqst_survey_read(const char *path, bool blocks, struct sqst_survey **out,
			      struct sqst_report *why);

/** Free a survey and all that it owns. NULL is allowed. */
SQST_API void sqst_survey_free(struct sqst_survey *survey);

/** What became of a block of the new image. */
enum sqst_block_fate {
	/** The old image has it in the same place. */
	SQST_BLOCK_IN_PLACE,
	/** The old image has it elsewhere. */
	SQST_BLOCK_MOVED,
	/** The old image does not have it. */
	SQST_BLOCK_NEW,
};

/** How many fates of blocks there are. */
#define SQST_BLOCK_FATES 3

/** The blocks of a new image, compared with those of an old one. */
struct sqst_block_map {
	/** An ::sqst_block_fate for each block of the new image. The caller's to free(). */
	uint8_t *fate;
	size_t blocks;
	/** How many blocks have each fate. */
	size_t count[SQST_BLOCK_FATES];
};

/**
 * Compare the blocks of two surveys that were read with `blocks`. A survey without blocks counts as
 * an image of none.
 * @param map  filled on success; map->fate is NULL on failure
 * @return 0 or SQST_ERR_NOMEM
 */
SQST_API int sqst_survey_compare_blocks(const struct sqst_survey *old_survey,
					const struct sqst_survey *new_survey,
					struct sqst_block_map *map, struct sqst_report *why);

/** What the regular files of a directory take in the image. */
struct sqst_growth_row {
	/** "" for files in the root, "usr" for files in that directory, "usr/lib" for all files
	 *  below it. Owned by the growth. */
	const char *path;
	/** Stored bytes. */
	uint64_t old_bytes;
	uint64_t new_bytes;
};

/** What grew where. Allocated by the library; may grow at its end. */
struct sqst_growth {
	/** Sorted: what changed most comes first, then what is largest. Owned. */
	struct sqst_growth_row *row;
	size_t rows;
	/** Memory of the paths; opaque. */
	struct sqst_arena *arena;
};

/**
 * Add up the stored bytes of files by the directories of the first two levels: "usr" stands for the
 * files in that directory itself, "usr/lib" for all files below it. A hard link counts where its
 * name is highest in the tree. Each numbering and its survey must be of one image.
 * @param out  the caller's to free with sqst_growth_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (more than 2^31-1 paths)
 */
SQST_API int sqst_survey_growth(const struct sqst_numbers *old_numbers,
				const struct sqst_survey *old_survey,
				const struct sqst_numbers *new_numbers,
				const struct sqst_survey *new_survey, struct sqst_growth **out,
				struct sqst_report *why);

/** Free it and all that it owns. NULL is allowed. */
SQST_API void sqst_growth_free(struct sqst_growth *growth);

/* ---- what U-Boot makes of an image */

/*
 * What U-Boot's squashfs reader (fs/squashfs of U-Boot) makes of an image of any builder: which
 * names it does not find, and how much of its heap the image takes.
 *
 * U-Boot looks inodes up by number, and takes the inode with the superblock's inode count for the
 * root. On its way through a path it reads the size of each directory from bytes 24 and 25 of the
 * inode, whatever the inode's type. In an extended directory inode these are the low half of
 * start_block, which says where the listing begins in the directory table; names farther into the
 * listing than this value are not found. In the last directory of a path it finds all names.
 */

/** How many hidden names are listed; further ones are only counted. */
#define SQST_UBOOT_LISTED 1000

/** An image as U-Boot sees it. Allocated by the library; may grow at its end. It owns its array. */
struct sqst_uboot {
	/** It finds the root directory. Otherwise it finds nothing. */
	bool finds_root;
	/** It has the compressor: gzip, lzo, zstd and lz4; no release has xz or lzma. */
	bool has_codec;
	/** It finds the end of the directory table: where the fragment table begins. */
	bool finds_tables;
	/** It unpacks the inode table correctly. It does not if an uncompressed metadata block
	 *  stands before a compressed one: it then reads the rest from a wrong place. */
	bool inodes_in_order;
	/** Directories that it does not find on its way through a path, so that it finds nothing
	 *  below them. What is below them is not counted. */
	uint32_t hidden;
	/** Symbolic links that it does not find on its way through a path. This matters for links
	 *  to directories: as the last name of a path, each link is found. */
	uint32_t hidden_links;
	/** The first ::SQST_UBOOT_LISTED of both, those of one directory together. */
	char **path;
	size_t paths;
	/** Bytes of heap for each unpacked table, and for all that it holds at one time before it
	 *  looks up a name, on a device with sectors of 512 bytes. 0 without finds_tables. */
	uint64_t inode_table;
	uint64_t directory_table;
	uint64_t heap;
};

/**
 * Work out what U-Boot sees.
 * @param out  the caller's to free with sqst_uboot_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_IO (the system is short of descriptors), SQST_ERR_SOURCE
 *         (unreadable, or the tree is damaged)
 */
SQST_API int sqst_uboot_read(const char *path, struct sqst_uboot **out, struct sqst_report *why);

/** Free it and all that it owns. NULL is allowed. */
SQST_API void sqst_uboot_free(struct sqst_uboot *uboot);

#ifdef __cplusplus
}
#endif

#endif
