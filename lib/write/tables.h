/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of an image, in the order in which they stand in it. */
#ifndef LIB_WRITE_TABLES_H
#define LIB_WRITE_TABLES_H

#include <sqfs/super.h>

#include "data/data.h"
#include "sqst/build.h"
#include "write/adapter.h"
#include "write/owners.h"
#include "write/stream.h"

struct sqst_parent_data;

/* What the tables are made of. */
struct sqst_tables {
	struct sqst_tree *tree;
	const struct sqst_lineage *lineage;
	const struct sqst_build_options *options;
	/* The parent whose metadata blocks may be taken over, or NULL. */
	struct sqst_parent_data *reuse;
	struct sqst_pool *pool;
	struct sqst_report *why;
	/* Its table offsets and flags are filled. */
	sqfs_super_t *super;
	/* The writer's place in the file. */
	struct sqst_adapted_file *file;
	struct sqst_adapted_codec *codec;
	struct sqst_ids *ids;
	struct sqst_xattr_order xattrs;
};

/* Inode and directory tables. `inodes` is the caller's to release; it turns inode->ref into
 * references afterwards. */
int sqst_tables_write_tree(struct sqst_tables *tables, struct sqst_stream *inodes);

int sqst_tables_write_fragments(struct sqst_tables *tables, const struct sqst_data *data);

/* A stream of metadata blocks for inodes, listings or the export table. 0 or SQST_ERR_NOMEM. */
int sqst_tables_stream(const struct sqst_tables *tables, struct sqst_stream *meta);

/* The export table by rule R4. */
int sqst_tables_write_export(struct sqst_tables *tables, const struct sqst_stream *inodes);

int sqst_tables_write_ids(struct sqst_tables *tables);

int sqst_tables_write_xattrs(struct sqst_tables *tables);

#endif
