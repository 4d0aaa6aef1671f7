/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the image reader: an image being read, and the steps of reading it.
 *
 * Everything here treats the image as hostile. Memory and time grow with what is really stored in
 * it, never with what a field claims. */
#ifndef LIB_IMAGE_READ_H
#define LIB_IMAGE_READ_H

#include <limits.h>
#include <sys/stat.h>

#include "base/format.h"
#include "codec/codec.h"
#include "sqst/cancel.h"
#include "sqst/numbers.h"
#include "sqst/report.h"

/* An optional table that is not there, and an entry of the export table without an inode. */
#define SQST_NONE UINT64_MAX

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

struct sqst_image {
	/* As the caller named it, FILE or FILE@OFFSET, and the file's own name; both owned. */
	char *name;
	char *file;
	int fd;
	/* Where in the file the image begins; all other positions count from there. */
	uint64_t base;
	/* The file as it was when it was opened. */
	struct stat st;
	/* Read for its content, not as a parent. */
	bool source;
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
	struct sqst_coder *coder;
	struct sqst_meta_cache *cache;
	/* If set, told of each entry of the export table that is not empty and whose number no name
	 * has. Returns 0 or an sqst_error. */
	int (*stray)(struct sqst_image *image, uint32_t number, void *user);
	void *stray_user;
};

/* ---- locate.c */

/* Open an image that is a file or block device, or stands in one: "FILE@OFFSET" says where (bytes,
 * decimal or 0x...), and behind an ELF file (an AppImage's runtime) it is looked for. A file of the
 * whole name comes first. `image` is zero but for fd, -1, `source` and `why`; to be closed in any
 * case. `shown` is what an error calls it; NULL: no message. Returns SQST_ERR_PARENT,
 * SQST_ERR_NOMEM; errno is set. */
int sqst_image_open(struct sqst_image *image, const char *path, const char *shown);

/* Free what was opened, coder and cache with it. */
void sqst_image_close(struct sqst_image *image);

/* Whether the file, by its descriptor and by its name, is what was opened. -1 with errno set if
 * that cannot be found out. */
int sqst_image_is_same(const struct sqst_image *image, bool *same);

/* ---- open.c */

/* As sqst_image_read_numbers(), or SQST_ERR_CANCELED. cancel may be NULL. */
int sqst_image_load_numbers(const char *path, const struct sqst_cancel *cancel,
			    struct sqst_numbers **out, struct sqst_report *why);

/* "NAME: damaged: …; use another parent image" (no advice for a source). Returns SQST_ERR_PARENT.
 */
int sqst_image_bad(const struct sqst_image *image, const char *format, ...) SQST_PRINTF(2, 3);

int sqst_image_nomem(const struct sqst_image *image);

/* Read exactly size bytes, which the caller knows to be below bytes_used. */
int sqst_image_pread(const struct sqst_image *image, void *data, size_t size, uint64_t offset);

/* ---- super.c */

/* Read and check the superblock, and where the tables are. */
int sqst_super_read(struct sqst_image *image);

/* Read no more than the superblock, and check only that it is one. */
int sqst_super_head(struct sqst_image *image);

/* As sqst_super_extra(), but of extra information that is damaged, or newer than this library, the
 * UUID and the label are taken all the same, if they are there. */
int sqst_super_salvage(const struct sqst_image *image, struct sqst_lineage *lineage);

/* Bytes of the index of a table with entries of `entry_size` bytes: a position a block. */
uint64_t sqst_index_size(uint64_t entries, uint64_t entry_size);

/* Where the head ends: superblock, compressor options, extra information. */
int sqst_super_head_end(const struct sqst_image *image, uint64_t *end);

/* Check the compressor options block and decode the extra-information block, if there. */
int sqst_super_extra(const struct sqst_image *image, struct sqst_lineage *lineage);

/* ---- meta.c */

/* A metadata block. */
struct sqst_meta {
	/* Absolute positions of it, and of what is behind it. */
	uint64_t at;
	uint64_t next;
	uint32_t size;
	/* Valid until the next block is loaded. */
	const uint8_t *data;
};

struct sqst_meta_cache *sqst_meta_cache_new(void);

/* Load the block at an absolute position, which must lie inside the area with all its bytes. */
int sqst_meta_load(struct sqst_image *image, const struct sqst_area *area, uint64_t at,
		   struct sqst_meta *block);

/* Count the blocks that follow one another from an area's start, by their headers alone. Behind
 * them may be what is no block. */
int sqst_meta_count(const struct sqst_image *image, const struct sqst_area *area, uint64_t *blocks);

/* Reads on from block to block. */
struct sqst_cursor {
	struct sqst_image *image;
	const struct sqst_area *area;
	/* Absolute position of the current block, and offset in it. */
	uint64_t at;
	uint32_t offset;
};

/* Where in an area: the position of the block relative to its start, shifted by 16, and the offset
 * in the unpacked block. Ascends with the unpacked table. */
#define SQST_REF(block, offset) ((uint64_t)(block) << 16 | (offset))

/* Refused: a block outside the area, an offset outside the block. */
int sqst_cursor_seek(struct sqst_cursor *cursor, struct sqst_image *image,
		     const struct sqst_area *area, uint64_t ref);

int sqst_cursor_read(struct sqst_cursor *cursor, void *data, size_t size);

/* Move on. Not past the reference `limit`: *passed says that it would have. */
int sqst_cursor_skip(struct sqst_cursor *cursor, uint64_t size, uint64_t limit, bool *passed);

/* ---- table.c */

/* A table of two levels: entries in metadata blocks, and an index of their positions. */
struct sqst_table {
	struct sqst_image *image;
	/* Where its blocks are. */
	struct sqst_area area;
	/* Absolute position of the index. */
	uint64_t index;
	uint32_t entries;
	uint32_t entry_size;
	uint32_t blocks;
	struct sqst_table_window *window;
};

/* Find a table with an index at `index`; its blocks end at or before `end`, which is the index or
 * stands before it. The index must ascend. To be released in any case. */
int sqst_table_open(struct sqst_table *table, struct sqst_image *image, const char *name,
		    uint64_t index, uint64_t end, uint32_t entries, uint32_t entry_size);

/* Block number `block` from 0, and how many entries it has; it has no other bytes. */
int sqst_table_block(const struct sqst_table *table, uint32_t block, struct sqst_meta *out,
		     uint32_t *entries);

/* Copy entry number `entry` from 0, which is below table->entries. */
int sqst_table_entry(const struct sqst_table *table, uint32_t entry, uint8_t *out);

void sqst_table_release(struct sqst_table *table);

/* ---- inode.c */

struct sqst_image_inode {
	uint32_t number;
	/* An sqst_type. */
	uint8_t type;
	/* Bytes that follow what was read: block sizes of a file, target of a symbolic link. A
	 * directory's index is not counted. */
	uint64_t tail;
	/* Of a directory: its listing (0 bytes if empty) and its parent's number. */
	uint64_t listing;
	uint32_t listing_size;
	uint32_t parent;
	/* Entries of a directory's index, which follow too. */
	uint32_t index;
	bool extended;
};

/* Read the inode at a reference; the cursor is left at its tail. */
int sqst_image_inode_read(struct sqst_image *image, uint64_t ref, struct sqst_image_inode *inode,
			  struct sqst_cursor *cursor);

/* ---- walk.c */

/* The longest path below the root that is taken, NUL not counted: what Linux can name. It bounds
 * the depth of the tree, and the size of the canonical map. */
#define SQST_IMAGE_PATH_MAX (PATH_MAX - 1)
#define SQST_IMAGE_DEPTH    (SQST_IMAGE_PATH_MAX / 2 + 2)

/* What a name in the tree stands for, as its directory says. */
struct sqst_name {
	/* Inode reference shifted by 4, and the sqst_type. */
	uint64_t key;
	uint32_t number;
	/* How many names were found before it: says which entry it is, see sqst_names_path(). */
	uint32_t order;
};

#define SQST_NAME_KEY(ref, type) ((uint64_t)(ref) << 4 | (type))

struct sqst_names {
	struct sqst_name *name;
	size_t count;
	size_t room;
	/* Bytes of all paths. */
	uint64_t path_bytes;
};

/* Read the tree into numbers->root; every name is put into names, the root first. */
int sqst_image_walk(struct sqst_image *image, struct sqst_numbers *numbers,
		    struct sqst_names *names);

/* Bytes for a path in a message; longer ones are cut in the middle. */
#define SQST_SHOWN_MAX 240

/* The path of the name that was found as the `order`th. */
void sqst_names_path(const struct sqst_numbers *numbers, uint32_t order,
		     char shown[SQST_SHOWN_MAX]);

/* Append `name` to a path for a message. */
void sqst_shown_add(char shown[SQST_SHOWN_MAX], const char *name);

/* ---- dir.c */

/* A listing's entries, the buffer of which is used from directory to directory. */
struct sqst_image_listing_buffer {
	struct sqst_entry *entry;
	size_t count;
	size_t room;
};

/* Read a directory's listing: entries with names in the arena, without children; their names are
 * put into `names`. `path` is the directory's, for messages, perhaps shortened; `prefix` counts
 * what stands before a name in its path below the root, the '/' included. */
int sqst_image_listing(struct sqst_image *image, const struct sqst_image_inode *dir,
		       const char *path, size_t prefix, struct sqst_arena *arena,
		       struct sqst_image_listing_buffer *listing, struct sqst_names *names);

/* ---- check.c */

/* Check every inode that has a name, and that numbers and inodes belong together one to one.
 * Afterwards names has one name an inode, sorted by number. */
int sqst_image_check(struct sqst_image *image, const struct sqst_numbers *numbers,
		     struct sqst_names *names);

/* ---- export.c */

/* Check the export table against names as sqst_image_check() left them. `strict`: entries without a
 * name must be empty. */
int sqst_image_exports(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_names *names, bool strict);

#endif
