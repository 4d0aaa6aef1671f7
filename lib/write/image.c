/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tree, numbers and lineage become the bytes of an image: superblock, options, extra information,
 * data, tables, padding. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "base/bytes.h"
#include "base/report.h"
#include "base/scope.h"
#include "data/data.h"
#include "data/size_limit.h"
#include "numbers/record.h"
#include "write/tables.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(pool, struct sqst_pool, sqst_pool_free)
SQST_DEFINE_SCOPE(coder, struct sqst_coder, sqst_coder_free)

#define SUPER_SIZE 96

/* A first image leaves room after its head, so that the head of an update, which names parents,
 * does not push the first data block away. */
#define HEAD_ROOM (2 * SQST_UUID_SIZE)
#define HEAD_STEP 64

/* Loop devices and flash want whole pages (mksquashfs pads to 4 KiB as well). */
#define PAD 4096

static int init_super(sqfs_super_t *super, const struct sqst_image_plan *plan,
		      struct sqst_report *why)
{
	const struct sqst_format *format = &plan->format;
	const struct sqst_data_options *data = &plan->data;
	uint32_t bits = 0;
	int rc = sqfs_super_init(super, format->codec.block_size, format->time,
				 (SQFS_COMPRESSOR)format->codec.id);

	if (rc != 0)
		return sqst_adapt_error(rc, "superblock", why);
	/* libsquashfs begins with flags that say raw fragments and tails in fragments. */
	if (format->raw_inodes)
		bits |= SQFS_FLAG_UNCOMPRESSED_INODES;
	if (data->raw_blocks)
		bits |= SQFS_FLAG_UNCOMPRESSED_DATA;
	if (data->raw_fragments)
		bits |= SQFS_FLAG_UNCOMPRESSED_FRAGMENTS;
	if (format->raw_xattrs)
		bits |= SQFS_FLAG_UNCOMPRESSED_XATTRS;
	if (format->raw_ids)
		bits |= SQFS_FLAG_UNCOMPRESSED_IDS;
	if (data->no_fragments)
		bits |= SQFS_FLAG_NO_FRAGMENTS;
	else if (data->tailends)
		bits |= SQFS_FLAG_ALWAYS_FRAGMENTS;
	/* In spite of its name: mksquashfs sets it, and unsquashfs -s reads it, as "duplicates are
	 * removed". */
	if (!data->no_duplicates)
		bits |= SQFS_FLAG_NO_DUPLICATES;
	if (format->no_xattrs)
		bits |= SQFS_FLAG_NO_XATTRS;
	super->flags = (sqfs_u16)bits;
	return 0;
}

/* Compressor options and the extra-information block, right after the superblock. */
static int write_head(struct sqst_output *output, sqfs_super_t *super,
		      const struct sqst_image_plan *plan, uint64_t *position,
		      struct sqst_report *why)
{
	const struct sqst_codec_config *config = &plan->format.codec;
	uint8_t head[SUPER_SIZE + 2 + SQST_CODEC_OPTIONS_MAX + SQST_EXTRA_MAX + HEAD_ROOM +
		     HEAD_STEP] = {0};
	uint8_t *to = head + SUPER_SIZE;
	const size_t size = sqst_codec_get((int)config->id)->options(config, to + 2);

	if (size > 0) {
		sqst_put16(to, (uint32_t)size | SQST_META_RAW);
		to += 2 + size;
		super->flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;
	}
	to += sqst_extra_encode(plan->lineage, to);
	super->flags |= SQST_SUPER_FLAG_EXTRA_INFO;
	*position = (uint64_t)(to - head);
	/* With a parent, its data may begin right after the head. */
	if (!plan->data.parent || plan->data.relayout)
		*position = (*position + HEAD_ROOM + HEAD_STEP - 1) / HEAD_STEP * HEAD_STEP;
	return sqst_output_write(output, 0, head, *position, why);
}

static int write_tables(struct sqst_tables *tables, const struct sqst_places *places,
			struct sqst_image_stats *stats)
{
	const uint64_t from = tables->file->size;
	int rc = sqst_xattr_order_make(&tables->xattrs, tables->tree, tables->why);

	if (rc == 0)
		rc = sqst_tables_write_tree(tables);
	if (rc == 0)
		rc = sqst_tables_write_fragments(tables, places);
	if (rc == 0 && !tables->plan->format.no_exports)
		rc = sqst_tables_write_export(tables);
	sqst_stream_release(&tables->inodes);
	free(sqst_steal(&tables->places.place));
	if (rc == 0)
		rc = sqst_tables_write_ids(tables);
	if (rc == 0)
		rc = sqst_tables_write_xattrs(tables);
	sqst_xattr_order_release(&tables->xattrs);
	stats->table_bytes = tables->file->size - from;
	return rc;
}

/* The superblock is written last: until then the file is no image. */
static int write_super(sqfs_super_t *super, const struct sqst_lineage *lineage,
		       struct sqst_adapted_file *file, struct sqst_report *why)
{
	super->bytes_used = file->size;
	super->inode_count = lineage->top;
	return sqst_adapt_error(sqfs_super_write(super, &file->base), "superblock", why);
}

static int write_image(struct sqst_places *places, struct sqst_tree *tree,
		       const struct sqst_image_plan *plan, struct sqst_output *output,
		       struct sqst_image_stats *stats, struct sqst_report *why)
{
	const struct sqst_codec_config *config = &plan->format.codec;
	SQST_CLEANUP(sqst_scope_pool) struct sqst_pool *pool = NULL;
	SQST_CLEANUP(sqst_scope_coder) struct sqst_coder *coder = NULL;
	SQST_CLEANUP(sqst_ids_release) struct sqst_ids ids = {0};
	struct sqst_adapted_codec codec;
	struct sqst_adapted_file file;
	sqfs_super_t super;
	uint64_t position;
	int rc = init_super(&super, plan, why);

	if (rc == 0)
		rc = sqst_pool_new(config, plan->jobs, &pool, why);
	if (rc == 0)
		rc = write_head(output, &super, plan, &position, why);
	if (rc == 0)
		rc = sqst_data_write(&plan->data, tree, pool, output, position, places,
				     &stats->data, why);
	if (rc < 0)
		return rc;
	stats->fragments = places->fragments;
	coder = sqst_codec_get((int)config->id)->compressor(config);
	if (!coder)
		return sqst_no_memory(why, NULL);
	sqst_adapt_codec(&codec, coder);
	sqst_adapt_file(&file, output, places->end, why);
	rc = write_tables(&(struct sqst_tables){.tree = tree,
						.plan = plan,
						.pool = pool,
						.why = why,
						.super = &super,
						.file = &file,
						.codec = &codec,
						.ids = &ids},
			  places, stats);
	if (rc < 0)
		return rc;
	stats->bytes = file.size;
	if (!plan->format.no_pad)
		stats->bytes = (stats->bytes + PAD - 1) / PAD * PAD;
	if (plan->max_size > 0 && stats->bytes > plan->max_size)
		return sqst_size_limit_refuse(tree, places,
					      &(struct sqst_size_limit){stats->bytes,
									plan->max_size, plan->known,
									plan->name},
					      why);
	return write_super(&super, plan->lineage, &file, why);
}

int sqst_image_write(struct sqst_tree *tree, const struct sqst_image_plan *plan,
		     struct sqst_output *output, struct sqst_image_stats *stats,
		     struct sqst_report *why)
{
	struct sqst_places places = {0};
	const int rc = write_image(&places, tree, plan, output, stats, why);

	sqst_places_release(&places);
	return rc;
}
