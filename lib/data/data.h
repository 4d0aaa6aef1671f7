/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data part of an image: blocks and fragments of all regular files, in tree order or in that of
 * sort files. */
#ifndef LIB_DATA_DATA_H
#define LIB_DATA_DATA_H

#include "base/output.h"
#include "codec/pool.h"
#include "data/extent.h"
#include "data/order.h"

struct sqst_parent_data;

struct sqst_data_options {
	uint32_t block_size;
	/* Data blocks, or fragment blocks, are not compressed. */
	bool raw_blocks;
	bool raw_fragments;
	/* Which ends of files go into fragment blocks: none; those of large files, too. */
	bool no_fragments;
	bool tailends;
	bool no_duplicates;
	bool no_sparse;
	/* Each file's first block, and each fragment block, starts at a multiple of it. */
	uint32_t align;
	/* Rules for the order, or NULL, and the directories that they may name files of. */
	const struct sqst_sort *sort;
	const char *const *source;
	size_t sources;
	/* The parent whose data may be taken over, or NULL. */
	struct sqst_parent_data *parent;
	/* With a parent: its layout is not kept; no byte of a removed file is; files whose data is
	 * damaged in it are built anew; and by how many percent the data may be longer than that of
	 * a first image. */
	bool relayout;
	bool purge;
	bool rebuild_damaged;
	uint32_t max_slack;
	/* May be NULL: bytes of the source that are done, of all. */
	void (*progress)(const void *user, uint64_t bytes, uint64_t total);
	const void *user;
	const struct sqst_cancel *cancel;
};

/* What was written. Of the parent's data, bytes are those of compressed data. */
struct sqst_data_stats {
	/* Bytes of regular files, each hard link group once; and of their blocks in the image. */
	uint64_t source_bytes;
	uint64_t data_bytes;
	/* Files whose content another one has already. */
	uint64_t duplicate_files;
	uint64_t duplicate_bytes;
	/* Of the parent: what stands where it stood, and elsewhere; what was made anew. */
	uint64_t in_place;
	uint64_t moved;
	uint64_t made;
	/* Zeros between data, and what no file needs of fragment blocks that were kept; the latter
	 * also as it was before compression. */
	uint64_t gaps;
	uint64_t dead;
	uint64_t removed;
	/* The parent's blocks that were found equal, and its fragment blocks that were kept. */
	uint64_t old_blocks;
	uint32_t old_fragments;
};

/* Write the data of all regular files from `position` on, and give each inode its extent. places
 * and stats must be zero; places are the caller's to release, on failure too. SQST_ERR_SOURCE,
 * SQST_ERR_CHANGED, SQST_ERR_PARENT, SQST_ERR_IO, SQST_ERR_LIMIT, SQST_ERR_NOMEM,
 * SQST_ERR_CANCELED. */
int sqst_data_write(const struct sqst_data_options *options, struct sqst_tree *tree,
		    struct sqst_pool *pool, struct sqst_output *output, uint64_t position,
		    struct sqst_places *places, struct sqst_data_stats *stats,
		    struct sqst_report *why);

#endif
