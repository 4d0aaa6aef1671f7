/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What U-Boot makes of an image, as its fs/squashfs/sqfs.c goes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/dir.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "sqst/codec.h"
#include "sqst/uboot.h"
#include "survey/survey.h"

#define SECTOR 512
#define HEADER ((uint32_t)sizeof(sqfs_dir_header_t))
#define ENTRY  ((uint32_t)offsetof(sqfs_dir_entry_t, name))
/* A listing's size in its inode is this much more. */
#define EXTRA 3

/* A directory that is to be looked at. */
struct dir {
	const struct sqst_entry *entry;
	/* Position of the directory that it is in. */
	size_t up;
	uint64_t ref;
};

struct look {
	struct sqst_image *image;
	struct sqst_uboot *uboot;
	struct dir *dir;
	size_t dirs;
	size_t room;
	size_t path_room;
};

/* How far U-Boot still sees in a listing. */
struct sight {
	/* Its dirs->size, a size_t: below a header's size it wraps. */
	uint64_t left;
	bool lost;
};

/* ---- tables */

/* The blocks of the inode table, and whether those that are stored are the last. */
static int look_at_inode_blocks(struct look *look, uint64_t *blocks)
{
	const struct sqst_area *area = &look->image->inodes;
	bool stored = false;

	*blocks = 0;
	look->uboot->inodes_in_order = true;
	for (uint64_t at = area->start; at < area->end; (*blocks)++) {
		struct sqst_meta block;
		const int rc = sqst_meta_load(look->image, area, at, &block);

		if (rc < 0)
			return rc;
		if (block.raw)
			stored = true;
		else if (stored)
			look->uboot->inodes_in_order = false;
		at = block.next;
	}
	return 0;
}

static uint64_t sectors(uint64_t start, uint64_t end)
{
	return (end - start + start % SECTOR + SECTOR - 1) / SECTOR * SECTOR;
}

/* The packed inode table is freed before the directory table is read. */
static int look_at_tables(struct look *look)
{
	const struct sqst_super *super = &look->image->super;
	struct sqst_uboot *uboot = look->uboot;
	const struct sqst_area listings = {"directory table", super->directory_table,
					   super->fragment_table};
	uint64_t inode_blocks, blocks, first, second;
	int rc = look_at_inode_blocks(look, &inode_blocks);

	uboot->has_codec = super->codec != SQST_CODEC_XZ && super->codec != SQST_CODEC_LZMA;
	uboot->finds_tables = super->fragment_table >= super->directory_table &&
			      super->fragment_table <= super->bytes_used;
	if (rc < 0 || !uboot->finds_tables)
		return rc;
	rc = sqst_meta_count(look->image, &listings, &blocks);
	if (rc < 0)
		return rc;
	/* What follows an empty table is taken for its first block. */
	blocks += blocks == 0;
	uboot->inode_table = inode_blocks * SQST_META_SIZE;
	uboot->directory_table = blocks * SQST_META_SIZE;
	first = sectors(super->inode_table, super->directory_table);
	second = sectors(listings.start, listings.end) + uboot->directory_table + 4 * blocks;
	uboot->heap = uboot->inode_table + (first > second ? first : second);
	return 0;
}

/* ---- the root */

/* The first inode with the superblock's count for its number, from the start of the table on. */
static bool find_top(struct sqst_image *image, struct sqst_image_inode *inode)
{
	struct sqst_cursor cursor = {image, &image->inodes, image->inodes.start, 0};
	bool more = true;

	for (uint32_t i = 0; i < image->super.inodes; i++) {
		if (sqst_cursor_settle(&cursor, &more) < 0 || !more ||
		    sqst_image_inode_next(&cursor, inode) < 0)
			return false;
		if (inode->number == image->super.inodes)
			return true;
		if (sqst_image_inode_skip(&cursor, inode) < 0)
			return false;
	}
	return false;
}

/* It must have the listing of the real root. *inode: what U-Boot reads its size from. */
static int look_at_root(struct look *look, struct sqst_image_inode *inode)
{
	struct sqst_image *image = look->image;
	struct sqst_report *const why = image->why;
	struct sqst_image_inode root;
	struct sqst_cursor cursor;
	int rc = sqst_image_inode_read(image, image->super.root, &root, &cursor);

	if (rc < 0)
		return rc;
	/* U-Boot does not tell either what is wrong where it finds nothing. */
	image->why = NULL;
	look->uboot->finds_root = find_top(image, inode) && inode->type == SQST_TYPE_DIR &&
				  inode->listing == root.listing &&
				  inode->listing_size == root.listing_size;
	image->why = why;
	return 0;
}

/* ---- listings */

static struct sight sight_of(const struct sqst_image_inode *inode)
{
	const uint64_t size = (uint64_t)inode->listing_size + EXTRA;
	const uint64_t seen = inode->extended ? inode->listing >> 16 & 0xFFFF : size & 0xFFFF;

	return (struct sight){.left = seen - HEADER, .lost = (size & 0xFFFF) == EXTRA};
}

/* A header that is not the listing's first. */
static void pass_header(struct sight *sight)
{
	if (sight->left <= HEADER + EXTRA)
		sight->lost = true;
	sight->left -= HEADER;
}

static bool pass_entry(struct sight *sight, uint32_t size)
{
	if (sight->lost || sight->left == 0)
		return false;
	sight->left = sight->left > size ? sight->left - size : 0;
	return true;
}

static char *make_path(const struct look *look, size_t at, const char *name)
{
	size_t length = strlen(name);
	char *path, *to;

	for (size_t up = at; up > 0; up = look->dir[up].up)
		length += strlen(look->dir[up].entry->name) + 1;
	path = malloc(length + 1);
	if (!path)
		return NULL;
	to = path + length - strlen(name);
	strcpy(to, name);
	for (size_t up = at; up > 0; up = look->dir[up].up) {
		const size_t part = strlen(look->dir[up].entry->name);

		*--to = '/';
		to -= part;
		memcpy(to, look->dir[up].entry->name, part);
	}
	return path;
}

static int add_hidden(struct look *look, size_t at, const struct sqst_entry *child)
{
	struct sqst_uboot *uboot = look->uboot;
	char **grown;

	if (child->type == SQST_TYPE_DIR)
		uboot->hidden++;
	else
		uboot->hidden_links++;
	if (uboot->paths == SQST_UBOOT_LISTED)
		return 0;
	grown = sqst_grow(uboot->path, uboot->paths, &look->path_room, sizeof(*grown));
	if (!grown)
		return sqst_image_nomem(look->image);
	uboot->path = grown;
	grown[uboot->paths] = make_path(look, at, child->name);
	if (!grown[uboot->paths])
		return sqst_image_nomem(look->image);
	uboot->paths++;
	return 0;
}

static int add_dir(struct look *look, const struct sqst_entry *entry, size_t up, uint64_t ref)
{
	struct dir *grown = sqst_grow(look->dir, look->dirs, &look->room, sizeof(*grown));

	if (!grown)
		return sqst_image_nomem(look->image);
	look->dir = grown;
	grown[look->dirs++] = (struct dir){entry, up, ref};
	return 0;
}

static int look_at_entry(struct look *look, size_t at, const struct sqst_entry *child,
			 uint32_t block, struct sqst_cursor *cursor, struct sight *sight)
{
	uint8_t raw[ENTRY];
	uint32_t length;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	length = sqst_get16(raw + offsetof(sqfs_dir_entry_t, size)) + 1u;
	rc = sqst_cursor_skip(cursor, length, SQST_NONE);
	if (!pass_entry(sight, ENTRY + length) && rc == 0 &&
	    (child->type == SQST_TYPE_DIR || child->type == SQST_TYPE_SYMLINK))
		rc = add_hidden(look, at, child);
	if (rc == 0 && child->type == SQST_TYPE_DIR)
		rc = add_dir(look, child, at, SQST_REF(block, sqst_get16(raw)));
	return rc;
}

/* sqst_image_walk() has read the same listing into the entry's children. */
static int look_at_dir(struct look *look, size_t at, const struct sqst_image_inode *inode,
		       struct sight sight)
{
	const struct sqst_entry *entry = look->dir[at].entry;
	struct sqst_cursor cursor;
	int rc = 0;

	if (entry->count > 0)
		rc = sqst_cursor_seek(&cursor, look->image, &look->image->directories,
				      inode->listing);
	for (uint32_t next = 0; rc == 0 && next < entry->count;) {
		uint8_t raw[sizeof(sqfs_dir_header_t)];
		uint32_t end, block;

		rc = sqst_cursor_read(&cursor, raw, sizeof(raw));
		if (rc < 0)
			return rc;
		if (next > 0)
			pass_header(&sight);
		block = sqst_get32(raw + offsetof(sqfs_dir_header_t, start_block));
		end = next + sqst_get32(raw) + 1;
		for (; rc == 0 && next < end && next < entry->count; next++)
			rc = look_at_entry(look, at, &entry->child[next], block, &cursor, &sight);
	}
	return rc;
}

static int look_at_all(struct look *look, const struct sqst_numbers *numbers)
{
	struct sqst_image_inode inode, top;
	struct sqst_cursor cursor;
	int rc = look_at_root(look, &top);

	if (rc == 0)
		rc = add_dir(look, &numbers->root, 0, look->image->super.root);
	for (size_t at = 0; rc == 0 && at < look->dirs; at++) {
		struct sight sight;

		rc = sqst_image_inode_read(look->image, look->dir[at].ref, &inode, &cursor);
		if (rc < 0)
			return rc;
		sight = sight_of(at == 0 && look->uboot->finds_root ? &top : &inode);
		if (at == 0 && !look->uboot->finds_root)
			sight.lost = true;
		rc = look_at_dir(look, at, &inode, sight);
	}
	return rc;
}

static int look_at_image(struct sqst_image *image, struct sqst_numbers *numbers,
			 struct sqst_uboot *uboot)
{
	struct look look = {.image = image, .uboot = uboot};
	struct sqst_names names = {0};
	int rc = sqst_super_read(image);

	if (rc == 0)
		rc = sqst_image_walk(image, numbers, &names);
	free(names.name);
	if (rc == 0)
		rc = look_at_tables(&look);
	if (rc == 0)
		rc = look_at_all(&look, numbers);
	free(look.dir);
	return rc;
}

int sqst_uboot_read(const char *path, struct sqst_uboot **out, struct sqst_report *why)
{
	struct sqst_uboot *uboot = calloc(1, sizeof(*uboot));
	struct sqst_numbers *numbers = sqst_numbers_new(path);
	struct sqst_image image;
	int rc = sqst_image_open(&image, path, &sqst_image_role_source, NULL, why);

	if (rc == 0 && (!uboot || !numbers))
		rc = sqst_image_nomem(&image);
	if (rc == 0)
		rc = look_at_image(&image, numbers, uboot);
	sqst_numbers_free(numbers);
	sqst_image_close(&image);
	if (rc < 0)
		sqst_uboot_free(uboot);
	else
		*out = uboot;
	return rc;
}

void sqst_uboot_free(struct sqst_uboot *uboot)
{
	if (!uboot)
		return;
	for (size_t i = 0; i < uboot->paths; i++)
		free(uboot->path[i]);
	free(uboot->path);
	free(uboot);
}
