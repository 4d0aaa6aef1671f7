/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with equal content are stored once: found by size and hash, then compared. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <xxhash.h>

#include "data/content_reader.h"
#include "data/equal.h"

/* Whether the file has the content that data->content holds (of one block at most). */
static int equals_content(struct sqst_data *data, const struct sqst_node *node, bool *equal)
{
	const uint32_t size = (uint32_t)node->inode->u.file.size;
	const struct sqst_extent *extent = node->inode->u.file.extent;
	struct sqst_reader reader = {0};
	bool zero;
	int rc;

	if (data->filling && extent->fragment == data->filling->index) {
		*equal = memcmp(data->filling->base.in + extent->fragment_offset, data->content,
				size) == 0;
		return 0;
	}
	rc = sqst_reader_open(&reader, data->tree, node, data->why);
	if (rc == 0)
		rc = sqst_reader_read(&reader, data->other, size, &zero, data->why);
	if (rc == 0)
		rc = sqst_reader_check(&reader, data->why);
	sqst_reader_close(&reader);
	*equal = rc == 0 && memcmp(data->content, data->other, size) == 0;
	return rc;
}

static int same_until_end(struct sqst_data *data, struct sqst_reader *one, struct sqst_reader *two,
			  bool *equal)
{
	*equal = true;
	while (*equal && one->at < one->size) {
		const uint32_t block = data->options->codec.block_size;
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

/* Block by block, and of what is not zero only, with its place: so a hole and written zeros give
 * the same hash, and a hole costs nothing. */
int sqst_equal_hash(struct sqst_data *data, const struct sqst_node *node, uint64_t *out)
{
	const uint32_t block = data->options->codec.block_size;
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

int sqst_equal_find(struct sqst_data *data, const struct sqst_node *node, uint64_t hash,
		    struct sqst_extent **extent)
{
	const uint64_t size = node->inode->u.file.size;
	const struct sqst_node *other;

	*extent = NULL;
	for (unsigned n = 0; (other = sqst_duplicates_find(&data->duplicates, hash, size, n));
	     n++) {
		const bool small = size <= data->options->codec.block_size;
		bool equal = false;
		const int rc = small ? equals_content(data, other, &equal)
				     : equal_files(data, other, node, &equal);

		if (rc < 0)
			return rc;
		if (!equal)
			continue;
		*extent = other->inode->u.file.extent;
		data->result->duplicate_files++;
		data->result->duplicate_bytes += size;
		return 0;
	}
	return sqst_duplicates_add(&data->duplicates, hash, node, data->why);
}
