/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a parent image: whether it may be taken over, and how it is looked up. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <sqfs/super.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/report.h"
#include "base/scope.h"
#include "image/block.h"
#include "parent/parent_data.h"

SQST_DEFINE_SCOPE(parent_data, struct sqst_parent_data, sqst_parent_data_free)

int sqst_parent_data_open(const char *path, const struct sqst_cancel *cancel,
			  struct sqst_parent_data **out, struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_parent_data)
	struct sqst_parent_data *parent = calloc(1, sizeof(*parent));
	int rc;

	*out = NULL;
	if (!parent)
		return sqst_no_memory(why, path);
	rc = sqst_image_open(&parent->image, path, &sqst_image_role_parent, cancel, why);
	if (rc < 0)
		return rc;
	*out = sqst_steal(&parent);
	return 0;
}

void sqst_parent_data_free(struct sqst_parent_data *parent)
{
	if (!parent)
		return;
	sqst_image_close(&parent->image);
	free(parent->file);
	free(parent->field);
	free(parent->fragment);
	free(parent->by_fragment);
	free(parent->by_size);
	free(parent->meta);
	free(parent);
}

int sqst_parent_data_check(const struct sqst_parent_data *parent, struct sqst_report *why)
{
	bool same = false;

	if (sqst_image_is_same(&parent->image, true, &same) < 0) {
		const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ESTALE;

		return sqst_fail_errno(why, gone ? SQST_ERR_CHANGED : SQST_ERR_PARENT, errno,
				       parent->image.name,
				       gone ? "the parent image disappeared during the build"
					    : "cannot stat the parent image");
	}
	if (!same)
		return sqst_fail(why, SQST_ERR_CHANGED, parent->image.name,
				 "the parent image changed during the build; build again when "
				 "nothing writes to it");
	return 0;
}

/* ---- what may be taken over */

/* Whether a compressor set like this one made the image: its options block is what this one would
 * write. */
static int same_options(struct sqst_parent_data *parent, const struct sqst_codec_config *config,
			bool *same)
{
	const struct sqst_codec *codec = sqst_codec_get((int)config->id);
	uint8_t ours[SQST_CODEC_OPTIONS_MAX] = {0}, theirs[2 + SQST_CODEC_OPTIONS_MAX] = {0};
	const size_t size = codec->options(config, ours);
	const bool stored = (parent->image.super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS) != 0;
	int rc;

	*same = stored == (size > 0);
	if (!stored || !*same)
		return 0;
	rc = sqst_image_pread(&parent->image, theirs, 2 + size, sizeof(sqfs_super_t));
	*same =
	    rc == 0 && (sqst_get16(theirs) & 0x7FFF) == size && memcmp(theirs + 2, ours, size) == 0;
	return rc;
}

static bool same_flag(const struct sqst_parent_data *parent, unsigned flag, bool wanted)
{
	return ((parent->image.super.flags & flag) != 0) == wanted;
}

static int judge_parent(struct sqst_parent_data *parent, const struct sqst_parent_format *format)
{
	const struct sqst_super *super = &parent->image.super;
	bool same;
	int rc;

	if (super->codec != format->codec->id) {
		parent->reason = "it has another compressor";
		return 0;
	}
	rc = same_options(parent, format->codec, &same);
	if (rc < 0)
		return rc;
	if (!same) {
		parent->reason = "its compressor was set otherwise";
		return 0;
	}
	parent->metadata = same_flag(parent, SQFS_FLAG_UNCOMPRESSED_INODES, format->raw_inodes);
	if (super->block_size != format->codec->block_size) {
		parent->reason = "it has another block size";
		return 0;
	}
	parent->blocks = same_flag(parent, SQFS_FLAG_UNCOMPRESSED_DATA, format->raw_blocks);
	parent->fragments =
	    super->fragments > 0 && format->fragments &&
	    same_flag(parent, SQFS_FLAG_UNCOMPRESSED_FRAGMENTS, format->raw_fragments);
	if (!parent->blocks)
		parent->reason = "data blocks were compressed there and are not here, or the other "
				 "way round";
	return 0;
}

/* ---- fragments, and the ways to look a file up */

static int read_fragments(struct sqst_parent_data *parent)
{
	const uint32_t count = parent->image.super.fragments;
	struct sqst_fragments fragments;
	int rc = sqst_fragments_open(&fragments, &parent->image);

	parent->fragment = rc == 0 ? calloc(count + (size_t)1, sizeof(*parent->fragment)) : NULL;
	if (rc == 0 && !parent->fragment)
		rc = sqst_image_nomem(&parent->image);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		struct sqst_stored stored = {0};

		rc = sqst_fragments_entry(&fragments, i, &stored);
		parent->fragment[i] =
		    (struct sqst_parent_fragment){.start = stored.at, .field = stored.field};
	}
	sqst_fragments_release(&fragments);
	return rc;
}

static int by_file_number(const void *a, const void *b)
{
	const struct sqst_parent_inode *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* For qsort_r(): indexes of files. */
static int by_block_place(const void *a, const void *b, void *user)
{
	const struct sqst_parent_data *parent = user;
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
	const struct sqst_parent_inode *left = &parent->file[one], *right = &parent->file[two];

	if (left->fragment != right->fragment)
		return left->fragment < right->fragment ? -1 : 1;
	if (left->fragment_offset != right->fragment_offset)
		return left->fragment_offset < right->fragment_offset ? -1 : 1;
	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	return one < two ? -1 : one > two;
}

static int by_file_size(const void *a, const void *b, void *user)
{
	const struct sqst_parent_data *parent = user;
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
	const uint64_t left = parent->file[one].size, right = parent->file[two].size;

	if (left != right)
		return left < right ? -1 : 1;
	return one < two ? -1 : one > two;
}

static int sort_files(struct sqst_parent_data *parent)
{
	const uint32_t fragments = parent->image.super.fragments;
	uint32_t tails = 0;

	if (parent->files >= UINT32_MAX)
		return sqst_image_bad(&parent->image,
				      "the image has more inodes than inode numbers");
	if (parent->files > 0)
		qsort(parent->file, parent->files, sizeof(*parent->file), by_file_number);
	parent->by_fragment = calloc(parent->files + 1, sizeof(uint32_t));
	parent->by_size = calloc(parent->files + 1, sizeof(uint32_t));
	if (!parent->by_fragment || !parent->by_size)
		return sqst_image_nomem(&parent->image);
	for (uint32_t i = 0; i < parent->files; i++) {
		if (parent->file[i].blocks > 0)
			parent->by_size[parent->sized++] = i;
		if (parent->file[i].fragment < fragments &&
		    sqst_parent_tail(parent, &parent->file[i]))
			parent->by_fragment[tails++] = i;
	}
	qsort_r(parent->by_size, parent->sized, sizeof(uint32_t), by_file_size, parent);
	qsort_r(parent->by_fragment, tails, sizeof(uint32_t), by_block_place, parent);
	for (uint32_t i = tails; i-- > 0;) {
		struct sqst_parent_fragment *fragment =
		    &parent->fragment[parent->file[parent->by_fragment[i]].fragment];

		fragment->first = i;
		fragment->files++;
	}
	return 0;
}

int sqst_parent_data_read(struct sqst_parent_data *parent, const struct sqst_parent_format *format)
{
	int rc = judge_parent(parent, format);

	if (rc == 0 && parent->metadata)
		rc = sqst_parent_learn_metadata(parent);
	if (rc < 0 || (!parent->blocks && !parent->fragments))
		return rc;
	rc = sqst_parent_read_inodes(parent);
	if (rc == 0)
		rc = read_fragments(parent);
	return rc == 0 ? sort_files(parent) : rc;
}

struct sqst_parent_inode *sqst_parent_data_find(const struct sqst_parent_data *parent,
						uint32_t number)
{
	size_t low = 0, high = parent->files;

	/* The first one: an inode that no directory names may have a number again. */
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (parent->file[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (number == 0 || low == parent->files || parent->file[low].number != number)
		return NULL;
	return &parent->file[low];
}

size_t sqst_parent_data_find_size(const struct sqst_parent_data *parent, uint64_t size)
{
	size_t low = 0, high = parent->sized;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (parent->file[parent->by_size[middle]].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < parent->sized && parent->file[parent->by_size[low]].size != size)
		return parent->sized;
	return low;
}

/* ---- contents */

uint32_t sqst_parent_tail(const struct sqst_parent_data *parent,
			  const struct sqst_parent_inode *file)
{
	return file->fragment == SQST_NO_FRAGMENT
		   ? 0
		   : (uint32_t)(file->size & (parent->image.super.block_size - 1));
}

uint32_t sqst_parent_block_size(const struct sqst_parent_data *parent,
				const struct sqst_parent_inode *file, uint32_t index)
{
	const uint32_t block_size = parent->image.super.block_size;
	const uint64_t left = file->size - (uint64_t)index * block_size;

	return left < block_size ? (uint32_t)left : block_size;
}

void sqst_parent_hash_tails(struct sqst_parent_data *parent,
			    const struct sqst_parent_fragment *fragment, const uint8_t *data,
			    uint32_t size)
{
	const struct sqst_parent_inode *last = NULL;

	for (uint32_t i = fragment->first; i < fragment->first + fragment->files; i++) {
		struct sqst_parent_inode *file = &parent->file[parent->by_fragment[i]];
		const uint32_t tail = sqst_parent_tail(parent, file);

		if (file->blocks > 0 || file->fragment_offset > size ||
		    tail > size - file->fragment_offset)
			continue;
		/* Equal files stand one after the other. */
		if (last && last->fragment_offset == file->fragment_offset &&
		    last->size == file->size)
			file->hash = last->hash;
		else
			file->hash = XXH3_64bits(data + file->fragment_offset, tail);
		file->hashed = true;
		last = file;
	}
}
