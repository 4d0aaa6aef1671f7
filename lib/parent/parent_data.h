/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a parent image, to be taken over where it did not change: where the blocks of each
 * file are, and the blocks themselves, unpacked.
 *
 * The image is hostile here too: memory grows with what is stored in it, and what a field claims is
 * checked when it is used. Nothing in it is believed: what is taken over was compared. */
#ifndef LIB_PARENT_PARENT_DATA_H
#define LIB_PARENT_PARENT_DATA_H

#include "codec/pool.h"
#include "image/read.h"

/* A regular file of the parent. */
struct sqst_parent_inode {
	uint64_t size;
	/* Of its first block, from the start of the image. */
	uint64_t start;
	/* XXH3 of its end, if `hashed`; see sqst_parent_hash_tails(). */
	uint64_t hash;
	uint32_t number;
	uint32_t fragment;
	uint32_t fragment_offset;
	/* Blocks that are not in a fragment; their size fields are at parent->field[first_field].
	 */
	uint32_t blocks;
	size_t first_field;
	/* Its place in the inode table. */
	size_t order;
	bool hashed;
	/* With -no-duplicates: a file of the new image has its data. */
	bool claimed;
};

struct sqst_parent_fragment {
	uint64_t start;
	uint32_t field;
	/* Unpacked bytes, 0 until it has been unpacked. */
	uint32_t content;
	/* Its files: parent->by_fragment[first] and so on. */
	uint32_t first;
	uint32_t files;
};

/* A compressed metadata block of the parent: XXH3 of its content, and where it is. */
struct sqst_parent_meta {
	uint64_t hash;
	uint64_t at;
};

struct sqst_parent_data {
	struct sqst_image image;
	/* What may be taken over: compressor, its options and the block size are the same. */
	bool blocks;
	bool fragments;
	bool metadata;
	/* Why not, or not all; NULL if all. */
	const char *reason;
	/* Sorted by number. */
	struct sqst_parent_inode *file;
	size_t files;
	size_t file_room;
	/* Size fields of all blocks. */
	uint32_t *field;
	size_t fields;
	size_t field_room;
	struct sqst_parent_fragment *fragment;
	/* Files with an end in a fragment, by fragment, offset and size. */
	uint32_t *by_fragment;
	/* Files with at least one block, by size. */
	uint32_t *by_size;
	size_t sized;
	/* Sorted by hash. */
	struct sqst_parent_meta *meta;
	size_t metas;
	size_t meta_room;
};

/* How the new image is made, which says what of a parent can be in it. */
struct sqst_parent_format {
	const struct sqst_codec_config *codec;
	/* Not compressed. */
	bool raw_inodes;
	bool raw_blocks;
	bool raw_fragments;
	/* There are fragment blocks, and they may be the parent's. */
	bool fragments;
};

/* Open a parent image. Whatever is read of it later fails with this report and can be canceled by
 * `cancel`, which may be NULL. SQST_ERR_PARENT, SQST_ERR_NOMEM, SQST_ERR_IO. */
int sqst_parent_data_open(const char *path, const struct sqst_cancel *cancel,
			  struct sqst_parent_data **out, struct sqst_report *why);

/* After its numbers were read, and so its tree was found sound: learn where its data is. What
 * cannot be in the new image is left out, see parent->reason. */
int sqst_parent_data_read(struct sqst_parent_data *parent, const struct sqst_parent_format *format);

/* SQST_ERR_CHANGED if the image is not what it was when it was opened. */
int sqst_parent_data_check(const struct sqst_parent_data *parent, struct sqst_report *why);

/* NULL is allowed. */
void sqst_parent_data_free(struct sqst_parent_data *parent);

/* The file with this number, NULL if there is none. */
struct sqst_parent_inode *sqst_parent_data_find(const struct sqst_parent_data *parent,
						uint32_t number);

/* The first of the files with blocks and this size in parent->by_size; parent->sized if there is
 * none. */
size_t sqst_parent_data_find_size(const struct sqst_parent_data *parent, uint64_t size);

/* Bytes of a file's end, after its blocks. */
uint32_t sqst_parent_tail(const struct sqst_parent_data *parent,
			  const struct sqst_parent_inode *file);

/* Unpacked bytes that block `index` of a file must have. */
uint32_t sqst_parent_block_size(const struct sqst_parent_data *parent,
				const struct sqst_parent_inode *file, uint32_t index);

/* Hash the ends of all files that a fragment, unpacked in data, has. */
void sqst_parent_hash_tails(struct sqst_parent_data *parent,
			    const struct sqst_parent_fragment *fragment, const uint8_t *data,
			    uint32_t size);

/* ---- parent_block.c */

/* A block of the parent, unpacked. */
struct sqst_parent_block {
	/* The thread's, valid until it unpacks the next. */
	const uint8_t *data;
	uint32_t size;
	/* As it is stored it is what a builder makes, and may be taken over. */
	bool clean;
};

/* Unpack a block with a thread's own tools. False: it is damaged, unless *failure says that it
 * could not be read or that memory is short. */
bool sqst_parent_block_load(const struct sqst_parent_data *parent, struct sqst_tools *tools,
			    uint64_t at, uint32_t field, struct sqst_parent_block *block,
			    struct sqst_failure *failure);

/* Read bytes of the parent in a thread. False: there are not so many, unless *failure says why. */
bool sqst_parent_pread(const struct sqst_parent_data *parent, void *data, size_t size, uint64_t at,
		       struct sqst_failure *failure);

/* Make what a thread unpacks with. False: memory is short, as *failure says. */
bool sqst_parent_tools(const struct sqst_parent_data *parent, struct sqst_tools *tools,
		       struct sqst_failure *failure);

/* ---- parent_files.c */

/* Learn all regular files, in the order of the inode table. */
int sqst_parent_read_inodes(struct sqst_parent_data *parent);

/* ---- parent_metadata.c */

/* Learn the compressed metadata blocks of inode, directory and export table. 0 or
 * SQST_ERR_NOMEM. */
int sqst_parent_learn_metadata(struct sqst_parent_data *parent);

#endif
