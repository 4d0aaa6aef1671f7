/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images made by hand, without compression, so that a test can damage one field of them.
 *
 * "d.=5 da=1 fa/f=2": a type letter (dir, file, link, block, char, p for fifo, socket), the path
 * ("." is the root, first), the number. Names of a directory in their order. A second name with a
 * number is a hard link. An upper case letter: the extended form of the inode; a file of that form
 * has two blocks and a half. */
#ifndef UNIT_SUPPORT_IMAGE_FORGE_H
#define UNIT_SUPPORT_IMAGE_FORGE_H

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "unit.h"

#define FORGE_META 8192

/* The most numbers that an export table is made for. */
#define FORGE_EXPORTS_MAX 100000

/* The tree of the damaged images; number 9 is not in use, inode count 9. */
#define DAMAGED_TREE "d.=5 da=1 fa/f=2 la/l=3 fb=2 Dc=4 Fd=6 de=8 fe/x=7"
#define DAMAGED_TOP  9

struct forge_name {
	char *path;
	size_t parent;
	/* The first name of the same inode. */
	size_t same;
	uint32_t number;
	unsigned type;
	/* Places in the unpacked tables. */
	size_t inode;
	size_t entry;
	size_t listing;
	size_t listing_size;
};

struct forge {
	uint8_t *data;
	size_t size;
	struct forge_name *name;
	size_t names;
	/* Where the tables are in the image. */
	size_t inode_table;
	size_t directory_table;
	size_t exports;
	size_t export_index;
};

struct forge *forge_make(const char *spec, uint32_t top, const void *extra, size_t extra_size);
void forge_free(struct forge *forge);
uint8_t *forge_inode_at(const struct forge *forge, const char *path);
uint8_t *forge_entry_at(const struct forge *forge, const char *path);
uint8_t *forge_listing_at(const struct forge *forge, const char *path);

#endif
