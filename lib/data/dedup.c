/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with equal content are stored once: found by size and hash, then compared. Files of at most
 * a block are hashed as they are read; larger ones only if another has the same size. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/report.h"
#include "data/writer.h"
#include "tree/content_reader.h"

/* ---- which sizes occur more than once */

static bool is_large(const struct sqst_node *node, uint32_t block_size)
{
	return node->inode->type == SQST_TYPE_FILE && node->inode->u.file.size > block_size;
}

int sqst_dedup_init(struct sqst_dedup *dedup, const struct sqst_tree *tree, uint32_t block_size,
		    struct sqst_report *why)
{
	struct sqst_sizes *shared = &dedup->shared;
	const struct sqst_node *node;
	size_t count = 0, kept = 0;

	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		count += is_large(node, block_size);
	shared->size = calloc(count + 1, sizeof(uint64_t));
	if (!shared->size)
		return sqst_no_memory(why, NULL);
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		if (is_large(node, block_size))
			shared->size[shared->count++] = node->inode->u.file.size;
	}
	sqst_sizes_sort(shared);
	for (size_t i = 1; i < count; i++) {
		const uint64_t size = shared->size[i];

		if (size == shared->size[i - 1] && (kept == 0 || shared->size[kept - 1] != size))
			shared->size[kept++] = size;
	}
	shared->count = kept;
	return 0;
}

/* ---- hashing */

/* Block by block, and of what is not zero only, with its place: so a hole and written zeros give
 * the same hash, and a hole costs nothing. */
static int hash_file(struct sqst_data *data, const struct sqst_node *node, uint64_t *out)
{
	const uint32_t block = data->options->block_size;
	struct sqst_reader reader = {0};
	int rc = sqst_reader_open(&reader, data->tree, node, data->why);
	uint64_t hash = 0;

	while (rc == 0 && reader.at < reader.size) {
		uint64_t hole = 0, left, at;
		uint32_t size;
		bool zero = true;

		rc = sqst_data_canceled(data);
		if (rc == 0)
			rc = sqst_reader_hole(&reader, &hole, data->why);
		sqst_reader_skip(&reader, hole / block * block);
		at = reader.at;
		left = reader.size - at;
		size = left < block ? (uint32_t)left : block;
		if (rc == 0 && size > 0)
			rc = sqst_reader_read(&reader, data->content, size, &zero, data->why);
		if (rc == 0 && !zero)
			hash = XXH3_64bits_withSeed(data->content, size, hash + at);
	}
	sqst_reader_close(&reader);
	*out = hash;
	return rc;
}

/* ---- comparing */

/* Whether the file has the content that data->content holds (of one block at most). */
static int equals_content(struct sqst_data *data, const struct sqst_node *node, bool *equal)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	const struct sqst_extent *extent = node->inode->u.file.extent;
	const uint8_t *other = data->other;
	bool zero;
	int rc = 0;

	if (data->filling && extent->fragment == data->filling->index)
		other = data->filling->base.in + extent->fragment_offset;
	else
		rc =
		    sqst_reader_read_part(data->tree, node, 0, data->other, size, &zero, data->why);
	*equal = rc == 0 && memcmp(data->content, other, size) == 0;
	return rc;
}

static int same_until_end(struct sqst_data *data, struct sqst_reader *one, struct sqst_reader *two,
			  bool *equal)
{
	*equal = true;
	while (*equal && one->at < one->size) {
		const uint32_t block = data->options->block_size;
		bool zero;
		uint32_t size;
		uint64_t left;
		int rc = sqst_data_canceled(data);

		if (rc == 0)
			rc = sqst_reader_skip_holes(one, two, data->why, data->why);
		if (rc < 0)
			return rc;
		left = one->size - one->at;
		size = left < block ? (uint32_t)left : block;
		if (size == 0)
			break;
		rc = sqst_reader_read(one, data->content, size, &zero, data->why);
		if (rc == 0)
			rc = sqst_reader_read(two, data->other, size, &zero, data->why);
		if (rc < 0)
			return rc;
		*equal = memcmp(data->content, data->other, size) == 0;
	}
	return 0;
}

static int equal_files(struct sqst_data *data, const struct sqst_node *a, const struct sqst_node *b,
		       bool *equal)
{
	struct sqst_reader one = {0}, two = {0};
	int rc = sqst_reader_open(&one, data->tree, a, data->why);

	if (rc == 0)
		rc = sqst_reader_open(&two, data->tree, b, data->why);
	if (rc == 0)
		rc = same_until_end(data, &one, &two, equal);
	if (rc == 0)
		rc = sqst_reader_check(&one, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&two, data->why);
	sqst_reader_close(&one);
	sqst_reader_close(&two);
	return rc;
}

/* ---- both */

bool sqst_dedup_allowed(const struct sqst_data *data)
{
	return !data->options->no_duplicates && !(data->order.flags & SQST_SORT_NO_DUPLICATE);
}

struct dedup_key {
	struct sqst_data *data;
	const struct sqst_node *node;
	/* Of reading the files: an error ends the search. */
	int *rc;
};

static bool has_content(const void *items, uint32_t index, const void *key)
{
	const struct sqst_node *other = ((const struct sqst_node *const *)items)[index];
	const struct dedup_key *wanted = key;
	const uint64_t size = wanted->node->inode->u.file.size;
	bool equal = false;

	if (other->inode->u.file.size != size)
		return false;
	*wanted->rc = size <= wanted->data->options->block_size
			  ? equals_content(wanted->data, other, &equal)
			  : equal_files(wanted->data, other, wanted->node, &equal);
	return *wanted->rc < 0 || equal;
}

static int find_hashed(struct sqst_data *data, const struct sqst_node *node, uint64_t hash,
		       struct sqst_extent **extent)
{
	struct sqst_dedup *dedup = &data->dedup;
	const struct sqst_node **grown;
	int rc = 0;
	const struct dedup_key key = {data, node, &rc};
	const uint32_t index =
	    sqst_hash_find(&dedup->by_content, hash, has_content, dedup->node, &key);

	if (rc < 0)
		return rc;
	if (index != SQST_HASH_NONE) {
		*extent = dedup->node[index]->inode->u.file.extent;
		data->stats->duplicate_files++;
		data->stats->duplicate_bytes += node->inode->u.file.size;
		return 0;
	}
	grown = sqst_grow(dedup->node, dedup->nodes, &dedup->room, sizeof(*grown));
	if (!grown)
		return sqst_data_no_memory(data);
	dedup->node = grown;
	if (!sqst_hash_add(&dedup->by_content, hash, dedup->nodes))
		return sqst_data_no_memory(data);
	dedup->node[dedup->nodes++] = node;
	return 0;
}

int sqst_dedup_find(struct sqst_data *data, const struct sqst_node *node,
		    struct sqst_extent **extent)
{
	const uint64_t size = node->inode->u.file.size;
	const bool large = size > data->options->block_size;
	uint64_t hash = 0;
	int rc = 0;

	*extent = NULL;
	if (!sqst_dedup_allowed(data) || (large && !sqst_sizes_have(&data->dedup.shared, size)))
		return 0;
	if (large)
		rc = hash_file(data, node, &hash);
	else
		hash = XXH3_64bits(data->content, (size_t)size);
	/* Only files that are to be stored in the same way share their blocks. */
	hash += data->order.flags * UINT64_C(0x9E3779B97F4A7C15);
	return rc == 0 ? find_hashed(data, node, hash, extent) : rc;
}

void sqst_dedup_release(struct sqst_dedup *dedup)
{
	free(dedup->node);
	sqst_hash_release(&dedup->by_content);
	sqst_sizes_release(&dedup->shared);
}
