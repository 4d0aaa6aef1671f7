/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The blocks that the parent has of a file: each is compared, unpacked, with the new block at its
 * index, and nothing is compressed that is there. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <string.h>

#include "data/writer.h"
#include "parent/parent_data.h"
#include "tree/content_reader.h"
#include "tree/tree.h"

/* Files of one size that are looked at: a tree of a million equal sizes is not to take hours. */
#define CANDIDATES_MAX 16

/* ---- which file of the parent */

/* Whether a file of the parent begins with `size` bytes, all of its first block. */
static int begins_with(struct sqst_data *data, const struct sqst_parent_inode *file,
		       const uint8_t *first, uint32_t size, bool zero, bool *begins)
{
	const uint32_t field = data->parent->field[file->first_field];
	struct sqst_failure failure = {0};
	struct sqst_parent_block old;

	if (field == 0) {
		*begins = zero;
		return 0;
	}
	*begins = sqst_parent_block_load(data->parent, &data->tools, file->start, field, &old,
					 &failure) &&
		  old.size == size && memcmp(old.data, first, size) == 0;
	return failure.code < 0 ? sqst_failure_report(&failure, data->why) : 0;
}

/* A file of the parent at another path, with this one's size and first block. */
static int find_moved_file(struct sqst_data *data, const struct sqst_node *node,
			   struct sqst_parent_inode **out)
{
	const struct sqst_parent_data *parent = data->parent;
	const uint64_t size = node->inode->u.file.size;
	const uint32_t block_size = data->options->block_size;
	const uint32_t first = size < block_size ? (uint32_t)size : block_size;
	size_t at = sqst_parent_data_find_size(parent, size);
	bool zero;
	int rc;

	if (at == parent->sized)
		return 0;
	rc = sqst_reader_read_part(data->tree, node, 0, data->content, first, &zero, data->why);
	for (unsigned i = 0; rc == 0 && i < CANDIDATES_MAX && at < parent->sized; i++, at++) {
		struct sqst_parent_inode *file = &parent->file[parent->by_size[at]];
		bool begins = false;

		if (file->size != size)
			break;
		rc = begins_with(data, file, data->content, first, zero, &begins);
		if (rc < 0 || !begins)
			continue;
		*out = file;
		break;
	}
	return rc;
}

int sqst_old_blocks_find(struct sqst_data *data, const struct sqst_node *node,
			 struct sqst_old_blocks *old)
{
	struct sqst_parent_inode *file;
	int rc = 0;

	/* What a sort file wants stored in a way of its own is made anew. */
	if (!data->parent || !data->parent->blocks || data->order.flags)
		return 0;
	file = sqst_parent_data_find(data->parent, node->inode->previous);
	if (!file || file->size != node->inode->u.file.size)
		rc = find_moved_file(data, node, &file);
	if (rc < 0 || !file || (file->claimed && !sqst_dedup_allowed(data)))
		return rc;
	file->claimed = true;
	*old = (struct sqst_old_blocks){file, 0, file->start};
	return 0;
}

/* ---- block by block */

/* A pool's work. */
static void compare_or_compress(struct sqst_block *base, struct sqst_tools *tools)
{
	struct sqst_data_block *block = (struct sqst_data_block *)base;
	struct sqst_parent_block old = {0};

	block->damaged = !sqst_parent_block_load(base->task, tools, block->old_at, block->old_field,
						 &old, &base->failure) ||
			 old.size != block->old_size;
	if (base->failure.code < 0)
		return;
	if (!block->damaged && old.clean && old.size == base->in_size &&
	    memcmp(old.data, base->in, old.size) == 0) {
		block->same = true;
		base->out_size = 0;
		if (block->old_wanted && !(block->old_field & SQST_BLOCK_RAW)) {
			base->out_size = (int32_t)block->old_field;
			memcpy(base->out, tools->packed, block->old_field);
		}
	} else if (base->raw) {
		base->out_size = 0;
	} else {
		sqst_block_compress(base, tools);
	}
}

void sqst_old_blocks_compare(struct sqst_data *data, struct sqst_data_block *block,
			     struct sqst_old_blocks *old, uint32_t index)
{
	const struct sqst_parent_data *parent = data->parent;
	const uint32_t *field;

	if (!old->file || index >= old->file->blocks)
		return;
	field = &parent->field[old->file->first_field];
	for (; old->index < index; old->index++)
		old->at += field[old->index] & (SQST_BLOCK_RAW - 1);
	if (field[index] == 0 || (data->options->raw_blocks && !(field[index] & SQST_BLOCK_RAW)))
		return;
	block->base.work = compare_or_compress;
	block->base.task = data->parent;
	block->old_at = old->at;
	block->old_field = field[index];
	block->old_size = sqst_parent_block_size(parent, old->file, index);
	block->old_wanted = !data->sink->takes_places;
}

int sqst_old_blocks_damaged(const struct sqst_data *data, const struct sqst_node *node, uint64_t at)
{
	char path[PATH_MAX] = "";

	sqst_node_path(node, path, sizeof(path));
	if (data->options->rebuild_damaged) {
		sqst_warn(data->why, data->parent->image.name,
			  "damaged: cannot unpack the data block of /%s at offset 0x%llx; the file "
			  "is rebuilt",
			  path, (unsigned long long)at);
		return 0;
	}
	return sqst_fail(data->why, SQST_ERR_PARENT, data->parent->image.name,
			 "damaged: cannot unpack the data block of /%s at offset 0x%llx; use "
			 "another parent image, or --prev-damaged=rebuild to rebuild such files",
			 path, (unsigned long long)at);
}
