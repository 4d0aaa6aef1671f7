/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a first image, or of one that is laid out as such: file after file, its blocks one
 * after the other, and its tail into a fragment block. What is finished is written at once. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "data/writer.h"

struct plain_sink {
	struct sqst_sink base;
	struct sqst_places *places;
	struct sqst_output *output;
	/* Where the next block goes. */
	uint64_t position;
	struct sqst_report *why;
};

/* Zeros up to a multiple of `align`; written, since a block device may hold anything. */
static int align_position(struct plain_sink *plain, uint32_t align)
{
	const uint64_t gap = align > 1 ? (align - plain->position % align) % align : 0;
	const int rc =
	    gap > 0 ? sqst_output_zero(plain->output, plain->position, gap, plain->why) : 0;

	plain->position += gap;
	return rc;
}

static int write_bytes(struct plain_sink *plain, const uint8_t *bytes, uint32_t size)
{
	const int rc = sqst_output_write(plain->output, plain->position, bytes, size, plain->why);

	plain->position += size;
	return rc;
}

static int write_plain_block(struct sqst_sink *sink, const struct sqst_data_block *block,
			     const uint8_t *bytes, uint32_t size)
{
	struct plain_sink *plain = (struct plain_sink *)sink;

	/* Only the first can be moved. */
	if (block->extent->start == 0) {
		const int rc = align_position(plain, block->align);

		if (rc < 0)
			return rc;
		block->extent->start = plain->position;
	}
	return write_bytes(plain, bytes, size);
}

static int write_plain_fragment(struct sqst_sink *sink, const struct sqst_data_block *block,
				const uint8_t *bytes, uint32_t size)
{
	struct plain_sink *plain = (struct plain_sink *)sink;
	const int rc = align_position(plain, block->align);

	plain->places->fragment[block->index].start = plain->position;
	return rc == 0 ? write_bytes(plain, bytes, size) : rc;
}

static int write_plain_file(struct sqst_data *data, struct sqst_node *node)
{
	int rc;

	if (sqst_file_is_small(data, node->inode))
		return sqst_file_write_small(data, node);
	rc = sqst_file_write_blocks(data, node);
	return rc == 0 ? sqst_file_write_tail(data, node) : rc;
}

int sqst_data_write_plain(struct sqst_data *data, struct sqst_output *output, uint64_t position)
{
	struct plain_sink plain = {{.block = write_plain_block, .fragment = write_plain_fragment},
				   data->places,
				   output,
				   position,
				   data->why};
	struct sqst_node *node;
	int rc = 0;

	data->sink = &plain.base;
	sqst_order_begin(&data->order);
	while (rc == 0 && (node = sqst_order_next(&data->order))) {
		if (!node->inode->u.file.extent)
			rc = write_plain_file(data, node);
	}
	if (rc == 0) {
		sqst_fragments_flush(data);
		rc = sqst_queue_drain(&data->queue, data->why);
	}
	data->places->end = plain.position;
	data->sink = NULL;
	return rc;
}
