/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file survey.h
 * What an image holds besides its numbers: its export table, what its files take, its blocks. And
 * what became of these from one image to the next. As with image.h, images are not trusted.
 */
#ifndef SQST_SURVEY_H
#define SQST_SURVEY_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

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
SQST_API int sqst_survey_compare_blocks(const struct sqst_survey *was, const struct sqst_survey *is,
					struct sqst_block_map *map, struct sqst_report *why);

/** What the regular files of a directory take. */
struct sqst_growth_row {
	/** "" for files in the root, "usr", "usr/lib" (with all that is below it). Owned by the
	 *  growth. */
	const char *path;
	uint64_t was;
	uint64_t is;
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
SQST_API int sqst_survey_growth(const struct sqst_numbers *was_numbers,
				const struct sqst_survey *was,
				const struct sqst_numbers *is_numbers, const struct sqst_survey *is,
				struct sqst_growth **out, struct sqst_report *why);

/** Free it. NULL is allowed. */
SQST_API void sqst_growth_free(struct sqst_growth *growth);

#endif
