/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fragment, export, id and xattr tables. The first three are streams of metadata blocks and their
 * offsets; the last is libsquashfs' work. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/error.h>
#include <sqfs/xattr_writer.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/report.h"
#include "base/scope.h"
#include "parent/parent_metadata.h"
#include "write/tables.h"

SQST_DEFINE_SCOPE(xattrs, sqfs_xattr_writer_t, sqfs_destroy)

/* mksquashfs: the export table is written as the inode table is. */
int sqst_tables_stream(const struct sqst_tables *tables, struct sqst_stream *stream)
{
	const bool raw = tables->plan->format.raw_inodes;

	if (tables->plan->data.parent && !raw) {
		stream->work = sqst_parent_take_metadata;
		stream->task = tables->plan->data.parent;
	}
	return sqst_stream_init(stream, tables->pool, raw, tables->plan->data.cancel, tables->why);
}

/* A table in two levels: metadata blocks, and after them their offsets; the superblock names where
 * those begin. The stream is released, and a failure that was before it is passed on. */
static int write_table(struct sqst_tables *tables, struct sqst_stream *stream, int rc,
		       sqfs_u64 *start)
{
	const uint64_t first = tables->file->size;

	if (rc == 0)
		rc = sqst_stream_write(stream, tables->file->output, &tables->file->size);
	*start = tables->file->size;
	for (uint32_t done = 0; rc == 0 && done < stream->finished;) {
		uint8_t bytes[SQST_META_SIZE];
		uint8_t *to = bytes;

		for (; done < stream->finished && to < bytes + sizeof(bytes); done++)
			to = sqst_put64(to, first + stream->start[done]);
		rc = sqst_output_write(tables->file->output, tables->file->size, bytes,
				       (size_t)(to - bytes), tables->why);
		tables->file->size += (size_t)(to - bytes);
	}
	sqst_stream_release(stream);
	return rc;
}

/* ---- fragments, owners */

static int begin_table(const struct sqst_tables *tables, bool raw, struct sqst_stream *stream)
{
	return sqst_stream_init(stream, tables->pool, raw, tables->plan->data.cancel, tables->why);
}

/* An empty table has a place too: U-Boot takes it for the end of the directory table
 * (fs/squashfs/sqfs.c, sqfs_read_directory_table). */
int sqst_tables_write_fragments(struct sqst_tables *tables, const struct sqst_places *places)
{
	struct sqst_stream stream = {0};
	/* As mksquashfs: what goes for fragment blocks goes for their table. */
	int rc = begin_table(tables, tables->plan->data.raw_fragments, &stream);

	for (uint32_t i = 0; rc == 0 && i < places->fragments; i++) {
		uint8_t entry[16];

		sqst_put32(sqst_put32(sqst_put64(entry, places->fragment[i].start),
				      places->fragment[i].size),
			   0);
		rc = sqst_stream_append(&stream, entry, sizeof(entry));
	}
	tables->super->fragment_entry_count = places->fragments;
	return write_table(tables, &stream, rc, &tables->super->fragment_table_start);
}

int sqst_tables_write_ids(struct sqst_tables *tables)
{
	const struct sqst_format *format = &tables->plan->format;
	struct sqst_stream stream = {0};
	int rc = begin_table(tables, format->raw_ids || format->raw_inodes, &stream);

	for (uint32_t i = 0; rc == 0 && i < tables->ids->count; i++) {
		uint8_t entry[4];

		sqst_put32(entry, tables->ids->id[i]);
		rc = sqst_stream_append(&stream, entry, sizeof(entry));
	}
	tables->super->id_count = (sqfs_u16)tables->ids->count;
	return write_table(tables, &stream, rc, &tables->super->id_table_start);
}

/* ---- export table */

struct live {
	uint32_t number;
	uint64_t reference;
};

static int by_live_number(const void *a, const void *b)
{
	const struct live *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

static int gather_live(struct sqst_tables *tables, struct live **out, uint32_t *count)
{
	struct live *live = calloc(sqst_tree_inodes(tables->tree), sizeof(*live));
	const struct sqst_node *node;
	uint32_t found = 0;

	if (!live)
		return sqst_no_memory(tables->why, NULL);
	for (node = sqst_tree_root(tables->tree); node; node = sqst_tree_next(node)) {
		const struct sqst_inode *inode = node->inode;

		/* Of a hard link group only one name may count; which one does not matter. */
		if (tables->places.place[inode->index] == SQST_NO_PLACE)
			continue;
		live[found++] =
		    (struct live){inode->number, sqst_inode_reference(&tables->places, inode)};
		tables->places.place[inode->index] = SQST_NO_PLACE;
	}
	qsort(live, found, sizeof(*live), by_live_number);
	*out = live;
	*count = found;
	return 0;
}

static int append_entries(struct sqst_stream *stream, const struct live *live, uint32_t count,
			  uint32_t top)
{
	uint8_t bytes[SQST_META_SIZE];
	uint32_t next = 0;

	for (uint64_t number = 1; number <= top;) {
		uint8_t *to = bytes;
		int rc;

		for (; number <= top && to < bytes + sizeof(bytes); number++) {
			const bool is_live = next < count && live[next].number == number;

			to = sqst_put64(to, is_live ? live[next].reference : UINT64_MAX);
			next += is_live;
		}
		rc = sqst_stream_append(stream, bytes, (size_t)(to - bytes));
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sqst_tables_write_export(struct sqst_tables *tables)
{
	SQST_AUTO_FREE struct live *live = NULL;
	struct sqst_stream stream = {0};
	uint32_t count = 0;
	int rc = gather_live(tables, &live, &count);

	if (rc == 0)
		rc = sqst_tables_stream(tables, &stream);
	if (rc == 0)
		rc = append_entries(&stream, live, count, tables->plan->lineage->top);
	tables->super->flags |= SQFS_FLAG_EXPORTABLE;
	return write_table(tables, &stream, rc, &tables->super->export_table_start);
}

/* ---- extended attributes */

static int add_set(sqfs_xattr_writer_t *writer, const struct sqst_tree *tree, uint32_t set,
		   uint32_t expected)
{
	const struct sqst_xattr *list;
	uint32_t index;
	size_t count;
	int rc = sqfs_xattr_writer_begin(writer, 0);

	list = sqst_tree_xattr_set(tree, set, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = sqfs_xattr_writer_add(writer, list[i].name, list[i].value, list[i].size);
	if (rc == 0)
		rc = sqfs_xattr_writer_end(writer, &index);
	/* Inodes hold the index already: sets are different, so both count alike. */
	return rc == 0 && index != expected ? SQFS_ERROR_INTERNAL : rc;
}

int sqst_tables_write_xattrs(struct sqst_tables *tables)
{
	SQST_CLEANUP(sqst_scope_xattrs) sqfs_xattr_writer_t *writer = NULL;
	const struct sqst_xattr_order *order = &tables->xattrs;
	const uint64_t start = tables->file->size;
	int rc = 0;

	tables->super->xattr_id_table_start = UINT64_MAX;
	if (order->count == 0)
		return 0;
	writer = sqfs_xattr_writer_create(0);
	if (!writer)
		rc = SQFS_ERROR_ALLOC;
	for (uint32_t i = 0; rc == 0 && i < order->count; i++)
		rc = add_set(writer, tables->tree, order->set[i], i);
	if (rc == 0) {
		tables->codec->raw = tables->plan->format.raw_xattrs;
		tables->super->flags = (sqfs_u16)(tables->super->flags & ~SQFS_FLAG_NO_XATTRS);
		rc = sqfs_xattr_writer_flush(writer, &tables->file->base, tables->super,
					     &tables->codec->base);
		tables->codec->raw = false;
	}
	if (rc != 0)
		return sqst_adapt_error(rc, "xattr table", tables->why);
	/* libsquashfs does not look at what its references have room for. */
	return sqst_limit_check(SQST_LIMIT_XATTR_TABLE, tables->file->size - start,
				sqst_tree_source(tables->tree), tables->why);
}
