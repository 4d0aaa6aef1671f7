/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of an image, in the order in which they stand in it. */
#ifndef LIB_WRITE_TABLES_H
#define LIB_WRITE_TABLES_H

#include <sqfs/super.h>

#include "data/extent.h"
#include "write/adapter.h"
#include "write/listing.h"
#include "write/owners.h"
#include "write/stream.h"
#include "write/write.h"

/* What the tables are made of. */
struct sqst_tables {
	struct sqst_tree *tree;
	const struct sqst_image_plan *plan;
	struct sqst_pool *pool;
	struct sqst_report *why;
	/* Its table offsets and flags are filled. */
	sqfs_super_t *super;
	/* The writer's place in the file. */
	struct sqst_adapted_file *file;
	struct sqst_adapted_codec *codec;
	struct sqst_ids *ids;
	struct sqst_xattr_order xattrs;
	/* Filled with the inode table. */
	struct sqst_stream inodes;
	struct sqst_inode_places places;
};

/* Inode and directory tables. */
int sqst_tables_write_tree(struct sqst_tables *tables);

int sqst_tables_write_fragments(struct sqst_tables *tables, const struct sqst_places *places);

/* A stream of metadata blocks for inodes, listings or the export table. 0 or SQST_ERR_NOMEM. */
int sqst_tables_stream(const struct sqst_tables *tables, struct sqst_stream *stream);

/* The export table by rule R4, after the inode table. */
int sqst_tables_write_export(struct sqst_tables *tables);

int sqst_tables_write_ids(struct sqst_tables *tables);

int sqst_tables_write_xattrs(struct sqst_tables *tables);

#endif
