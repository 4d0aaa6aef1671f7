/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a regular file's content block by block. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "write/reader.h"

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
	/* Nothing is known of the next bytes, or they are not worth asking for. */
	reader->data = (struct sqst_range){0, reader->size >= HOLES_FROM ? 0 : reader->size};
	return rc;
}

int sqst_reader_hole(struct sqst_reader *reader, uint64_t *size, struct sqst_report *why)
{
	if (reader->at >= reader->data.end && reader->at < reader->size) {
		const int rc =
		    sqst_content_next_data(&reader->content, reader->at, &reader->data, why);

		if (rc < 0)
			return rc;
	}
	*size = reader->data.start > reader->at ? reader->data.start - reader->at : 0;
	return 0;
}

int sqst_reader_read(struct sqst_reader *reader, uint8_t *data, uint32_t size, bool *zero,
		     struct sqst_report *why)
{
	uint64_t hole;
	int rc = sqst_reader_hole(reader, &hole, why);

	*zero = rc == 0 && hole >= size;
	if (*zero)
		memset(data, 0, size);
	else if (rc == 0)
		rc = sqst_content_read(&reader->content, reader->at, data, size, why);
	if (rc < 0)
		return rc;
	reader->at += size;
	*zero = *zero || all_zero(data, size);
	return 0;
}

int sqst_reader_skip_holes(struct sqst_reader *one, struct sqst_reader *two,
			   struct sqst_report *why)
{
	uint64_t size = 0, other = 0;
	int rc = sqst_reader_hole(one, &size, why);

	if (rc == 0)
		rc = sqst_reader_hole(two, &other, why);
	if (rc < 0)
		return rc;
	if (size > other)
		size = other;
	one->at += size;
	two->at += size;
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
