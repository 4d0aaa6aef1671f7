/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents that stand in an image: blocks and fragments are unpacked when they are asked for. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/report.h"
#include "source/image_source.h"
#include "source/origin_spool.h"

#define NO_BLOCK UINT64_MAX

/* An open content. */
struct content {
	struct sqst_image_inode inode;
	/* The first entry of the list of block sizes. */
	struct sqst_cursor first;
	/* The block whose size comes next, and where it is in the image. */
	struct sqst_cursor cursor;
	uint64_t next;
	uint64_t position;
	/* The block that is unpacked. */
	uint64_t block;
	uint8_t *data;
};

static int read_image_tail(struct sqst_source_image *source, const struct content *content,
			   uint32_t offset, uint8_t *data, uint32_t size)
{
	const struct sqst_image_inode *inode = &content->inode;
	const uint32_t tail = (uint32_t)(inode->size & (source->image.super.block_size - 1));
	const struct sqst_unpacked *fragment = NULL;
	const int rc = sqst_fragments_load(&source->fragments, inode->fragment, &fragment);

	if (rc < 0)
		return rc;
	if (inode->fragment_offset > fragment->size ||
	    tail > fragment->size - inode->fragment_offset)
		return sqst_image_bad(
		    &source->image,
		    "the %" PRIu32 " bytes at %" PRIu32
		    " of a file's tail are outside fragment %" PRIu32 ", which has %" PRIu32,
		    tail, inode->fragment_offset, inode->fragment, fragment->size);
	memcpy(data, fragment->data + inode->fragment_offset + offset, size);
	return 0;
}

/* ---- blocks */

static int find_block(struct content *content, uint64_t index, struct sqst_stored *block)
{
	if (index < content->next) {
		content->cursor = content->first;
		content->next = 0;
		content->position = content->inode.start;
	}
	for (;;) {
		uint8_t raw[4];
		const int rc = sqst_cursor_read(&content->cursor, raw, sizeof(raw));

		if (rc < 0)
			return rc;
		*block = (struct sqst_stored){content->position, sqst_get32(raw)};
		/* Each adds less than 2^32, so this does not overflow before the check. */
		if (content->position > INT64_MAX)
			return sqst_image_bad(content->cursor.image,
					      "a file's blocks are past the end of the image");
		content->position += block->field & ~SQST_BLOCK_RAW;
		if (content->next++ == index)
			return 0;
	}
}

static int load_block(struct sqst_source_image *source, struct content *content, uint64_t index)
{
	struct sqst_image *image = &source->image;
	const uint32_t block_size = image->super.block_size;
	const uint64_t left = content->inode.size - index * block_size;
	const uint32_t expected = left < block_size ? (uint32_t)left : block_size;
	struct sqst_stored block;
	uint32_t size;
	int rc = find_block(content, index, &block);

	if (rc < 0)
		return rc;
	content->block = NO_BLOCK;
	if (block.field == 0) {
		memset(content->data, 0, expected);
	} else {
		rc =
		    sqst_image_unpack(image, &image->tools, &block, content->data, expected, &size);
		if (rc < 0)
			return rc;
		if (size != expected)
			return sqst_image_bad(image,
					      "the data block at offset 0x%" PRIx64
					      " unpacks to %" PRIu32 " bytes instead of %" PRIu32,
					      block.at, size, expected);
	}
	content->block = index;
	return 0;
}

/* ---- the origin */

static int read_range(struct sqst_source_image *source, struct content *content, uint64_t offset,
		      uint8_t *to, size_t size)
{
	const uint32_t block_size = source->image.super.block_size;

	while (size > 0) {
		const uint64_t index = offset / block_size;
		const uint32_t inside = (uint32_t)(offset % block_size);
		const uint32_t share =
		    size < block_size - inside ? (uint32_t)size : block_size - inside;
		int rc = 0;

		if (index >= content->inode.blocks) {
			rc = read_image_tail(source, content, inside, to, share);
		} else {
			if (content->block != index)
				rc = load_block(source, content, index);
			if (rc == 0)
				memcpy(to, content->data + inside, share);
		}
		if (rc < 0)
			return rc;
		offset += share;
		to += share;
		size -= share;
	}
	return 0;
}

static int read_image_content(const struct sqst_origin *origin, const struct sqst_content *content,
			      uint64_t offset, void *data, size_t size, struct sqst_report *why)
{
	struct sqst_source_image *source = origin->state;
	struct content *state = content->state;

	if (offset > state->inode.size || size > state->inode.size - offset)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, 0,
					 "it was truncated", why);
	source->image.why = why;
	return read_range(source, state, offset, data, size);
}

/* Blocks without bytes are holes; the list of sizes is read on from where it is. */
static int find_in_blocks(struct sqst_source_image *source, struct content *content,
			  uint64_t offset, uint64_t *start, uint64_t *end)
{
	const uint32_t block_size = source->image.super.block_size;
	uint64_t index = offset / block_size;
	struct sqst_stored block = {0};
	int rc = 0;

	for (; rc == 0 && index < content->inode.blocks; index++) {
		rc = find_block(content, index, &block);
		if (rc < 0 || block.field != 0)
			break;
	}
	if (index * block_size > offset)
		*start = index * block_size;
	*end = index < content->inode.blocks ? (index + 1) * block_size : content->inode.size;
	return rc;
}

static int find_image_data(const struct sqst_origin *origin, const struct sqst_content *content,
			   uint64_t offset, uint64_t *start, uint64_t *end, struct sqst_report *why)
{
	struct sqst_source_image *source = origin->state;

	source->image.why = why;
	return find_in_blocks(source, content->state, offset, start, end);
}

static int open_state(struct sqst_source_image *source, uint64_t ref, struct content *state)
{
	struct sqst_image *image = &source->image;
	int rc;

	state->block = NO_BLOCK;
	state->data = malloc(image->super.block_size);
	if (!state->data)
		return sqst_image_nomem(image);
	rc = sqst_image_file_read(image, ref, &state->inode, &state->first);
	state->cursor = state->first;
	state->position = state->inode.start;
	return rc;
}

static int open_image_content(const struct sqst_origin *origin, struct sqst_content *content,
			      struct sqst_report *why)
{
	struct sqst_source_image *source = origin->state;

	content->state = calloc(1, sizeof(struct content));
	if (!content->state)
		return sqst_no_memory(why, origin->name);
	source->image.why = why;
	return open_state(source, content->node->inode->u.file.key[0], content->state);
}

static void close_content(const struct sqst_origin *origin, struct sqst_content *content)
{
	struct content *state = content->state;

	(void)origin;
	if (state)
		free(state->data);
	free(state);
	content->state = NULL;
}

static int check_image_content(const struct sqst_origin *origin, const struct sqst_content *content,
			       struct sqst_report *why)
{
	const struct sqst_source_image *source = origin->state;
	bool same = false;

	if (sqst_image_is_same(&source->image, false, &same) < 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot stat the image", why);
	if (!same)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
					 "the image changed while it was read", why);
	return 0;
}

static void name_image_content(const struct sqst_origin *origin, const struct sqst_node *node,
			       char *out, size_t size)
{
	sqst_origin_spool.name(origin, node, out, size);
}

void sqst_source_image_free(struct sqst_source_image *source)
{
	if (!source)
		return;
	sqst_fragments_release(&source->fragments);
	sqst_xattr_table_release(&source->xattrs);
	sqst_image_close(&source->image);
	free(source->id);
	free(source->set);
	free(source->value);
	sqst_hash_release(&source->by_ref);
	free(source);
}

static void release_image(struct sqst_origin *origin)
{
	sqst_source_image_free(origin->state);
}

const struct sqst_origin_type sqst_origin_image = {
    .open = open_image_content,
    .read = read_image_content,
    .find_data = find_image_data,
    .close = close_content,
    .check = check_image_content,
    .name = name_image_content,
    .release = release_image,
};
