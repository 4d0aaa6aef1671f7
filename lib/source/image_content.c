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
#include "source/image_source.h"
#include "source/origin_spool.h"

#define NO_BLOCK UINT64_MAX

/* An open content. */
struct content {
	struct sqst_source_file file;
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

int sqst_source_code(int rc, struct sqst_report *why)
{
	if (rc != SQST_ERR_PARENT)
		return rc;
	if (why)
		why->code = SQST_ERR_SOURCE;
	return SQST_ERR_SOURCE;
}

/* Read and unpack a block of `field` bytes, at most `room` of them unpacked. */
static int unpack_data(struct sqst_source_image *source, uint64_t at, uint32_t field, uint8_t *data,
		       uint32_t room, uint32_t *unpacked)
{
	struct sqst_image *image = &source->image;
	const uint32_t size = field & ~SQST_BLOCK_RAW;
	int32_t got;
	int rc;

	if (size == 0 || size > image->super.block_size || at > image->super.bytes_used ||
	    size > image->super.bytes_used - at || ((field & SQST_BLOCK_RAW) && size > room))
		return sqst_image_bad(
		    image, "a data block of %" PRIu32 " bytes at offset 0x%" PRIx64 " cannot be",
		    size, at);
	*unpacked = size;
	if (field & SQST_BLOCK_RAW)
		return sqst_image_pread(image, data, size, at);
	if (!source->packed)
		source->packed = malloc(image->super.block_size);
	if (!source->packed)
		return sqst_image_nomem(image);
	rc = sqst_image_pread(image, source->packed, size, at);
	if (rc < 0)
		return rc;
	if (!image->coder)
		image->coder = image->codec->decompressor(image->super.block_size);
	if (!image->coder)
		return sqst_image_nomem(image);
	got = image->codec->decompress(image->coder, source->packed, size, data, room);
	if (got == SQST_ERR_NOMEM)
		return sqst_image_nomem(image);
	if (got < 0 || (uint32_t)got > room)
		return sqst_image_bad(
		    image, "the data block at offset 0x%" PRIx64 " does not decompress (%s)", at,
		    image->codec->name);
	*unpacked = (uint32_t)got;
	return 0;
}

/* ---- fragments */

static int load_fragment(struct sqst_source_image *source, uint32_t index,
			 const struct sqst_source_fragment **out)
{
	struct sqst_source_fragment *slot;
	uint64_t at;
	uint32_t field;
	int rc = sqst_source_fragment_entry(source, index, &at, &field);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < SQST_SOURCE_FRAGMENTS; i++) {
		slot = &source->fragment[i];
		if (slot->at == at && at != 0) {
			*out = slot;
			return 0;
		}
	}
	slot = &source->fragment[source->fragment_next++ % SQST_SOURCE_FRAGMENTS];
	slot->at = 0;
	if (!slot->data)
		slot->data = malloc(source->image.super.block_size);
	if (!slot->data)
		return sqst_image_nomem(&source->image);
	rc =
	    unpack_data(source, at, field, slot->data, source->image.super.block_size, &slot->size);
	if (rc < 0)
		return rc;
	slot->at = at;
	*out = slot;
	return 0;
}

int sqst_source_fragment_size(struct sqst_source_image *source, uint32_t index, uint32_t *out)
{
	const struct sqst_source_fragment *fragment = NULL;
	const int rc = load_fragment(source, index, &fragment);

	*out = rc == 0 ? fragment->size : 0;
	return rc;
}

static int read_image_tail(struct sqst_source_image *source, const struct content *content,
			   uint32_t offset, uint8_t *data, uint32_t size)
{
	const uint32_t tail = (uint32_t)(content->file.size & (source->image.super.block_size - 1));
	const struct sqst_source_fragment *fragment = NULL;
	const int rc = load_fragment(source, content->file.fragment, &fragment);

	if (rc < 0)
		return rc;
	if (content->file.fragment_offset > fragment->size ||
	    tail > fragment->size - content->file.fragment_offset)
		return sqst_image_bad(&source->image,
				      "a file's end of %" PRIu32 " bytes at %" PRIu32
				      " is not inside fragment %" PRIu32 ", which has %" PRIu32,
				      tail, content->file.fragment_offset, content->file.fragment,
				      fragment->size);
	memcpy(data, fragment->data + content->file.fragment_offset + offset, size);
	return 0;
}

/* ---- blocks */

/* The size field of block `index`, and where it is. */
static int find_block(struct content *content, uint64_t index, uint32_t *field, uint64_t *at)
{
	if (index < content->next) {
		content->cursor = content->first;
		content->next = 0;
		content->position = content->file.start;
	}
	for (;;) {
		uint8_t raw[4];
		const int rc = sqst_cursor_read(&content->cursor, raw, sizeof(raw));

		if (rc < 0)
			return rc;
		*field = sqst_get32(raw);
		*at = content->position;
		/* Each adds less than 2^25, so this does not overflow before the check. */
		if (content->position > INT64_MAX)
			return sqst_image_bad(content->cursor.image,
					      "a file's blocks are behind the image's end");
		content->position += *field & ~SQST_BLOCK_RAW;
		if (content->next++ == index)
			return 0;
	}
}

static int load_block(struct sqst_source_image *source, struct content *content, uint64_t index)
{
	const uint32_t block_size = source->image.super.block_size;
	const uint64_t left = content->file.size - index * block_size;
	const uint32_t expected = left < block_size ? (uint32_t)left : block_size;
	uint32_t field, size;
	uint64_t at;
	int rc = find_block(content, index, &field, &at);

	if (rc < 0)
		return rc;
	content->block = NO_BLOCK;
	if (field == 0) {
		memset(content->data, 0, expected);
	} else {
		rc = unpack_data(source, at, field, content->data, expected, &size);
		if (rc < 0)
			return rc;
		if (size != expected)
			return sqst_image_bad(&source->image,
					      "the data block at offset 0x%" PRIx64 " has %" PRIu32
					      " bytes where %" PRIu32 " are due",
					      at, size, expected);
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

		if (index >= content->file.blocks) {
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

	if (offset > state->file.size || size > state->file.size - offset)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, 0,
					 "it is shorter than it was", why);
	source->image.why = why;
	return sqst_source_code(read_range(source, state, offset, data, size), why);
}

/* Blocks without bytes are holes; the list of sizes is read on from where it is. */
static int find_in_blocks(struct sqst_source_image *source, struct content *content,
			  uint64_t offset, uint64_t *start, uint64_t *end)
{
	const uint32_t block_size = source->image.super.block_size;
	uint64_t index = offset / block_size;
	uint32_t field = 0;
	uint64_t at;
	int rc = 0;

	for (; rc == 0 && index < content->file.blocks; index++) {
		rc = find_block(content, index, &field, &at);
		if (rc < 0 || field != 0)
			break;
	}
	if (index * block_size > offset)
		*start = index * block_size;
	*end = index < content->file.blocks ? (index + 1) * block_size : content->file.size;
	return rc;
}

static int find_image_data(const struct sqst_origin *origin, const struct sqst_content *content,
			   uint64_t offset, uint64_t *start, uint64_t *end, struct sqst_report *why)
{
	struct sqst_source_image *source = origin->state;

	source->image.why = why;
	return sqst_source_code(find_in_blocks(source, content->state, offset, start, end), why);
}

static int open_state(struct sqst_source_image *source, uint64_t ref, struct content *state)
{
	state->block = NO_BLOCK;
	state->data = malloc(source->image.super.block_size);
	if (!state->data)
		return sqst_image_nomem(&source->image);
	const int rc = sqst_source_file_read(source, ref, &state->file, &state->first);

	state->cursor = state->first;
	state->position = state->file.start;
	return rc;
}

static int open_image_content(const struct sqst_origin *origin, struct sqst_content *content,
			      struct sqst_report *why)
{
	struct sqst_source_image *source = origin->state;

	content->state = calloc(1, sizeof(struct content));
	if (!content->state)
		return sqst_fail(why, SQST_ERR_NOMEM, origin->name, "out of memory");
	source->image.why = why;
	return sqst_source_code(
	    open_state(source, content->node->inode->u.file.key[0], content->state), why);
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
	struct stat st;

	if (fstat(source->image.fd, &st) != 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot look at the image", why);
	if (st.st_size != source->image.st.st_size ||
	    st.st_mtim.tv_sec != source->image.st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != source->image.st.st_mtim.tv_nsec)
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
	for (unsigned i = 0; i < SQST_SOURCE_FRAGMENTS; i++)
		free(source->fragment[i].data);
	free(source->packed);
	free(source->id);
	free(source->set);
	free(source->value);
	sqst_table_release(&source->fragments);
	sqst_table_release(&source->xattr_ids);
	sqst_image_close(&source->image);
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
