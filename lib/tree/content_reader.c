/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a regular file's content block by block. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "tree/content_reader.h"

/* Below this it is cheaper to read a hole than to ask for it. */
#define HOLES_FROM (256 * 1024)

static bool all_zero(const uint8_t *data, size_t size)
{
	if (size < 16) {
		for (size_t i = 0; i < size; i++) {
			if (data[i])
				return false;
		}
		return true;
	}
	/* Equal to itself, moved by 8 bytes that are zero. */
	static const uint8_t zeros[8];

	return memcmp(data, zeros, 8) == 0 && memcmp(data, data + 8, size - 8) == 0;
}

int sqst_reader_open(struct sqst_reader *reader, const struct sqst_tree *tree,
		     const struct sqst_node *node, struct sqst_report *why)
{
	const int rc = sqst_content_open(&reader->content, tree, node, why);

	reader->size = node->inode->u.file.size;
	reader->at = 0;
	reader->data_start = 0;
	reader->data_end = reader->size >= HOLES_FROM ? 0 : reader->size;
	return rc;
}

int sqst_reader_hole(struct sqst_reader *reader, uint64_t *size, struct sqst_report *why)
{
	int rc = 0;

	if (reader->at >= reader->data_end && reader->at < reader->size)
		rc = sqst_content_find_data(&reader->content, reader->at, &reader->data_start,
					    &reader->data_end, why);
	*size = rc == 0 && reader->data_start > reader->at ? reader->data_start - reader->at : 0;
	return rc;
}

void sqst_reader_skip(struct sqst_reader *reader, uint64_t size)
{
	reader->at += size;
}

int sqst_reader_skip_holes(struct sqst_reader *one, struct sqst_reader *two,
			   struct sqst_report *why, struct sqst_report *other_why)
{
	uint64_t size = 0, other = 0;
	int rc = sqst_reader_hole(one, &size, why);

	if (rc == 0)
		rc = sqst_reader_hole(two, &other, other_why);
	if (rc < 0)
		return rc;
	sqst_reader_skip(one, size < other ? size : other);
	sqst_reader_skip(two, size < other ? size : other);
	return 0;
}

int sqst_reader_read(struct sqst_reader *reader, uint8_t *data, uint32_t size, bool *zero,
		     struct sqst_report *why)
{
	uint64_t hole;
	int rc = sqst_reader_hole(reader, &hole, why);

	if (rc == 0 && hole >= size) {
		memset(data, 0, size);
		reader->at += size;
		*zero = true;
		return 0;
	}
	if (rc == 0)
		rc = sqst_content_read(&reader->content, reader->at, data, size, why);
	if (rc < 0)
		return rc;
	reader->at += size;
	*zero = all_zero(data, size);
	return 0;
}

int sqst_reader_check(struct sqst_reader *reader, struct sqst_report *why)
{
	return sqst_content_check(&reader->content, why);
}

void sqst_reader_close(struct sqst_reader *reader)
{
	if (reader->content.tree)
		sqst_content_close(&reader->content);
}

int sqst_reader_read_part(const struct sqst_tree *tree, const struct sqst_node *node, uint64_t at,
			  uint8_t *data, uint32_t size, bool *zero, struct sqst_report *why)
{
	struct sqst_reader reader = {0};
	int rc = sqst_reader_open(&reader, tree, node, why);

	reader.at = at;
	if (rc == 0)
		rc = sqst_reader_read(&reader, data, size, zero, why);
	if (rc == 0)
		rc = sqst_reader_check(&reader, why);
	sqst_reader_close(&reader);
	return rc;
}
