/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree, numbers and lineage become the bytes of an image. */
#ifndef LIB_WRITE_WRITE_H
#define LIB_WRITE_WRITE_H

#include "base/output.h"
#include "data/data.h"
#include "sqst/codec.h"
#include "sqst/numbers.h"

/* What an image is like, apart from its data. */
struct sqst_format {
	/* Its block size is that of the data. */
	struct sqst_codec_config codec;
	/* Tables that are not compressed. */
	bool raw_inodes;
	bool raw_xattrs;
	bool raw_ids;
	/* The source's extended attributes were left out. */
	bool no_xattrs;
	bool no_exports;
	/* An inode that nothing refers to for each number that none has. */
	bool fill_table;
	/* The image does not end at a multiple of 4 KiB. */
	bool no_pad;
	/* The superblock's. */
	uint32_t time;
};

/* What goes into an image beside the tree. */
struct sqst_image_plan {
	/* Of the output, for messages. */
	const char *name;
	struct sqst_format format;
	struct sqst_data_options data;
	const struct sqst_lineage *lineage;
	/* Threads that compress; 0: one a processor. */
	unsigned jobs;
	/* Bytes that the image may have; 0: any number. */
	uint64_t max_size;
	/* The highest top of the parents: numbers above it are of paths that no parent has. 0
	 * without parents. */
	uint32_t known;
};

/* What was written. */
struct sqst_image_stats {
	/* Padding included. */
	uint64_t bytes;
	uint64_t table_bytes;
	uint32_t fragments;
	struct sqst_data_stats data;
};

/* Write an image of a numbered tree. Fails as sqst_build() does. */
int sqst_image_write(struct sqst_tree *tree, const struct sqst_image_plan *plan,
		     struct sqst_output *output, struct sqst_image_stats *stats,
		     struct sqst_report *why);

#endif
