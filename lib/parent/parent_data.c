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
#include "base/scope.h"
#include "image/block.h"
#include "parent/parent_data.h"

SQST_DEFINE_SCOPE(reuse, struct sqst_reuse, sqst_reuse_free)

int sqst_reuse_open(const char *path, const struct sqst_cancel *cancel, struct sqst_reuse **out,
		    struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_reuse) struct sqst_reuse *reuse = calloc(1, sizeof(*reuse));
	int rc;

	*out = NULL;
	if (!reuse)
		return sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	rc = sqst_image_open(&reuse->image, path, &sqst_image_role_parent, cancel, why);
	if (rc < 0)
		return rc;
	*out = sqst_steal(&reuse);
	return 0;
}

void sqst_reuse_free(struct sqst_reuse *reuse)
{
	if (!reuse)
		return;
	sqst_image_close(&reuse->image);
	free(reuse->file);
	free(reuse->field);
	free(reuse->fragment);
	free(reuse->by_fragment);
	free(reuse->by_size);
	free(reuse->meta);
	free(reuse);
}

int sqst_reuse_check(const struct sqst_reuse *reuse, struct sqst_report *why)
{
	bool same = false;

	if (sqst_image_is_same(&reuse->image, true, &same) < 0) {
		const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ESTALE;

		return sqst_fail_errno(why, gone ? SQST_ERR_CHANGED : SQST_ERR_PARENT, errno,
				       reuse->image.name,
				       gone ? "the parent image vanished while the image was built"
					    : "cannot look at the parent image");
	}
	if (!same)
		return sqst_fail(why, SQST_ERR_CHANGED, reuse->image.name,
				 "the parent image changed while the image was built; build again "
				 "when nothing writes to it");
	return 0;
}

/* ---- what may be taken over */

/* Whether a compressor set like this one made the image: its options block is what this one would
 * write. */
static int same_options(struct sqst_reuse *reuse, const struct sqst_codec_config *config,
			bool *same)
{
	const struct sqst_codec *codec = sqst_codec_get((int)config->id);
	uint8_t ours[SQST_CODEC_OPTIONS_MAX] = {0}, theirs[2 + SQST_CODEC_OPTIONS_MAX] = {0};
	const size_t size = codec->options(config, ours);
	const bool stored = (reuse->image.super.flags & SQFS_FLAG_COMPRESSOR_OPTIONS) != 0;
	int rc;

	*same = stored == (size > 0);
	if (!stored || !*same)
		return 0;
	rc = sqst_image_pread(&reuse->image, theirs, 2 + size, sizeof(sqfs_super_t));
	*same =
	    rc == 0 && (sqst_get16(theirs) & 0x7FFF) == size && memcmp(theirs + 2, ours, size) == 0;
	return rc;
}

static bool same_flag(const struct sqst_reuse *reuse, unsigned flag, bool wanted)
{
	return ((reuse->image.super.flags & flag) != 0) == wanted;
}

static int judge_parent(struct sqst_reuse *reuse, const struct sqst_parent_wish *wish)
{
	const struct sqst_super *super = &reuse->image.super;
	bool same;
	int rc;

	if (super->codec != wish->codec->id) {
		reuse->reason = "it has another compressor";
		return 0;
	}
	rc = same_options(reuse, wish->codec, &same);
	if (rc < 0)
		return rc;
	if (!same) {
		reuse->reason = "its compressor was set otherwise";
		return 0;
	}
	reuse->metadata = same_flag(reuse, SQFS_FLAG_UNCOMPRESSED_INODES, wish->raw_inodes);
	if (super->block_size != wish->codec->block_size) {
		reuse->reason = "it has another block size";
		return 0;
	}
	reuse->blocks = same_flag(reuse, SQFS_FLAG_UNCOMPRESSED_DATA, wish->raw_blocks);
	reuse->fragments = super->fragments > 0 && wish->fragments &&
			   same_flag(reuse, SQFS_FLAG_UNCOMPRESSED_FRAGMENTS, wish->raw_fragments);
	if (!reuse->blocks)
		reuse->reason = "data blocks were compressed there and are not here, or the other "
				"way round";
	return 0;
}

/* ---- fragments, and the ways to look a file up */

static int read_fragments(struct sqst_reuse *reuse)
{
	const uint32_t count = reuse->image.super.fragments;
	struct sqst_fragments fragments;
	int rc = sqst_fragments_open(&fragments, &reuse->image);

	reuse->fragment = rc == 0 ? calloc(count + (size_t)1, sizeof(*reuse->fragment)) : NULL;
	if (rc == 0 && !reuse->fragment)
		rc = sqst_image_nomem(&reuse->image);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		struct sqst_stored stored = {0};

		rc = sqst_fragments_entry(&fragments, i, &stored);
		reuse->fragment[i] =
		    (struct sqst_reuse_fragment){.start = stored.at, .field = stored.field};
	}
	sqst_fragments_release(&fragments);
	return rc;
}

static int by_file_number(const void *a, const void *b)
{
	const struct sqst_reuse_file *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

/* For qsort_r(): indexes of files. */
static int by_block_place(const void *a, const void *b, void *user)
{
	const struct sqst_reuse *reuse = user;
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
	const struct sqst_reuse_file *left = &reuse->file[one], *right = &reuse->file[two];

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
	const struct sqst_reuse *reuse = user;
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
	const uint64_t left = reuse->file[one].size, right = reuse->file[two].size;

	if (left != right)
		return left < right ? -1 : 1;
	return one < two ? -1 : one > two;
}

static int sort_files(struct sqst_reuse *reuse)
{
	const uint32_t fragments = reuse->image.super.fragments;
	uint32_t tails = 0;

	if (reuse->files >= UINT32_MAX)
		return sqst_image_bad(&reuse->image, "more inodes than numbers");
	if (reuse->files > 0)
		qsort(reuse->file, reuse->files, sizeof(*reuse->file), by_file_number);
	reuse->by_fragment = calloc(reuse->files + 1, sizeof(uint32_t));
	reuse->by_size = calloc(reuse->files + 1, sizeof(uint32_t));
	if (!reuse->by_fragment || !reuse->by_size)
		return sqst_image_nomem(&reuse->image);
	for (uint32_t i = 0; i < reuse->files; i++) {
		if (reuse->file[i].blocks > 0)
			reuse->by_size[reuse->sized++] = i;
		if (reuse->file[i].fragment < fragments && sqst_reuse_tail(reuse, &reuse->file[i]))
			reuse->by_fragment[tails++] = i;
	}
	qsort_r(reuse->by_size, reuse->sized, sizeof(uint32_t), by_file_size, reuse);
	qsort_r(reuse->by_fragment, tails, sizeof(uint32_t), by_block_place, reuse);
	for (uint32_t i = tails; i-- > 0;) {
		struct sqst_reuse_fragment *fragment =
		    &reuse->fragment[reuse->file[reuse->by_fragment[i]].fragment];

		fragment->first = i;
		fragment->files++;
	}
	return 0;
}

int sqst_reuse_read(struct sqst_reuse *reuse, const struct sqst_parent_wish *wish)
{
	int rc = judge_parent(reuse, wish);

	if (rc == 0 && reuse->metadata)
		rc = sqst_reuse_learn_metadata(reuse);
	if (rc < 0 || (!reuse->blocks && !reuse->fragments))
		return rc;
	rc = sqst_reuse_read_inodes(reuse);
	if (rc == 0)
		rc = read_fragments(reuse);
	return rc == 0 ? sort_files(reuse) : rc;
}

struct sqst_reuse_file *sqst_reuse_find(const struct sqst_reuse *reuse, uint32_t number)
{
	size_t low = 0, high = reuse->files;

	/* The first one: an inode that no directory names may have a number again. */
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (reuse->file[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (number == 0 || low == reuse->files || reuse->file[low].number != number)
		return NULL;
	return &reuse->file[low];
}

size_t sqst_reuse_find_size(const struct sqst_reuse *reuse, uint64_t size)
{
	size_t low = 0, high = reuse->sized;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (reuse->file[reuse->by_size[middle]].size < size)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < reuse->sized && reuse->file[reuse->by_size[low]].size != size)
		return reuse->sized;
	return low;
}

/* ---- contents */

uint32_t sqst_reuse_tail(const struct sqst_reuse *reuse, const struct sqst_reuse_file *file)
{
	return file->fragment == SQST_NO_FRAGMENT
		   ? 0
		   : (uint32_t)(file->size & (reuse->image.super.block_size - 1));
}

uint32_t sqst_reuse_block_size(const struct sqst_reuse *reuse, const struct sqst_reuse_file *file,
			       uint32_t index)
{
	const uint32_t block_size = reuse->image.super.block_size;
	const uint64_t left = file->size - (uint64_t)index * block_size;

	return left < block_size ? (uint32_t)left : block_size;
}

void sqst_reuse_hash(struct sqst_reuse *reuse, const struct sqst_reuse_fragment *fragment,
		     const uint8_t *data, uint32_t size)
{
	const struct sqst_reuse_file *last = NULL;

	for (uint32_t i = fragment->first; i < fragment->first + fragment->files; i++) {
		struct sqst_reuse_file *file = &reuse->file[reuse->by_fragment[i]];
		const uint32_t tail = sqst_reuse_tail(reuse, file);

		if (file->blocks > 0 || file->fragment_offset > size ||
		    tail > size - file->fragment_offset)
			continue;
		/* Equal files stand one behind the other. */
		if (last && last->fragment_offset == file->fragment_offset &&
		    last->size == file->size)
			file->hash = last->hash;
		else
			file->hash = XXH3_64bits(data + file->fragment_offset, tail);
		file->hashed = true;
		last = file;
	}
}
