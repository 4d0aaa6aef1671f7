/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata blocks of the parent: one whose content did not change need not be compressed again. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/bytes.h"
#include "image/meta.h"
#include "parent/parent_data.h"
#include "parent/parent_metadata.h"

#define HEADER 2

static int by_metadata_hash(const void *a, const void *b)
{
	const struct sqst_parent_meta *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static int add_metadata_block(struct sqst_parent_data *parent, uint64_t hash, uint64_t at)
{
	struct sqst_parent_meta *grown =
	    sqst_grow(parent->meta, parent->metas, &parent->meta_room, sizeof(*grown));

	if (!grown)
		return sqst_image_nomem(&parent->image);
	parent->meta = grown;
	parent->meta[parent->metas++] = (struct sqst_parent_meta){hash, at};
	return 0;
}

/* Whether a read failed because of what it read, not because it could not be made. */
static bool is_damage(const struct sqst_parent_data *parent, int rc)
{
	return rc == SQST_ERR_PARENT && parent->image.why->number == 0;
}

/* Blocks one after the other, as far as there are any. Whether the table is sound has been found
 * out by others; here, what is not just ends it. */
static int learn(struct sqst_parent_data *parent, const struct sqst_area *area)
{
	struct sqst_meta block = {.next = area->start};

	while (block.next < area->end) {
		int rc = sqst_meta_load(&parent->image, area, block.next, &block);

		if (rc < 0)
			return is_damage(parent, rc) ? 0 : rc;
		if (block.raw)
			continue;
		rc = add_metadata_block(parent, XXH3_64bits(block.data, block.size), block.at);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int sqst_parent_learn_metadata(struct sqst_parent_data *parent)
{
	struct sqst_report *const why = parent->image.why;
	struct sqst_report quiet = {0};
	int rc;

	parent->image.why = &quiet;
	rc = learn(parent, &parent->image.inodes);
	if (rc == 0)
		rc = learn(parent, &parent->image.directories);
	if (rc == 0)
		rc = learn(parent, &parent->image.exports);
	parent->image.why = why;
	if (parent->metas > 0)
		qsort(parent->meta, parent->metas, sizeof(*parent->meta), by_metadata_hash);
	return rc == 0 ? 0 : sqst_fail(why, rc, NULL, "%s", quiet.message);
}

static bool take_over(const struct sqst_parent_data *parent, struct sqst_block *block,
		      struct sqst_tools *tools, uint64_t at)
{
	uint8_t header[HEADER];
	uint32_t size;
	int32_t got;

	if (!sqst_parent_tools(parent, tools, &block->failure) ||
	    !sqst_parent_pread(parent, header, HEADER, at, &block->failure))
		return false;
	size = sqst_get16(header);
	if (size == 0 || size >= block->in_size || size & SQST_META_RAW ||
	    !sqst_parent_pread(parent, tools->packed, size, at + HEADER, &block->failure))
		return false;
	got = parent->image.codec->decompress(tools->decompressor, tools->packed, size,
					      tools->unpacked, SQST_META_SIZE);
	if (got == SQST_ERR_NOMEM)
		block->failure =
		    (struct sqst_failure){SQST_ERR_NOMEM, 0, parent->image.name, "out of memory"};
	if (got < 0 || tools->decompressor->rest || (uint32_t)got != block->in_size ||
	    memcmp(tools->unpacked, block->in, block->in_size) != 0)
		return false;
	memcpy(block->out, tools->packed, size);
	block->out_size = (int32_t)size;
	return true;
}

void sqst_parent_take_metadata(struct sqst_block *block, struct sqst_tools *tools)
{
	const struct sqst_parent_data *parent = block->task;
	const uint64_t hash = XXH3_64bits(block->in, block->in_size);
	size_t low = 0, high = parent->metas;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (parent->meta[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < parent->metas && parent->meta[low].hash == hash; low++) {
		if (take_over(parent, block, tools, parent->meta[low].at) ||
		    block->failure.code < 0)
			return;
	}
	sqst_block_compress(block, tools);
}
