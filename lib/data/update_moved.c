/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files that moved: found in all of the parent by the hash of their content, then compared.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <xxhash.h>

#include "base/scope.h"
#include "data/update_tails.h"
#include "parent/parent_data.h"
#include "tree/tree.h"

/* A file of the parent by the hash of its content. */
struct known {
	uint64_t hash;
	uint64_t size;
	uint32_t file;
};

static int by_tail_hash(const void *a, const void *b)
{
	const struct known *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	if (left->size != right->size)
		return left->size < right->size ? -1 : 1;
	return left->file < right->file ? -1 : left->file > right->file;
}

static int by_tail_value(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* Whether a tail is looked for at other paths: it is all of its file, and not found yet. */
static bool seeks(const struct sqst_data *data, const struct sqst_tail *tail)
{
	return !tail->same && tail->node->inode->u.file.size < data->options->codec.block_size;
}

/* The sizes that are looked for, sorted. */
static int sizes_sought(const struct sqst_tails *tails, uint64_t **out, size_t *count)
{
	uint64_t *size = calloc(tails->count + 1, sizeof(*size));

	if (!size)
		return sqst_data_no_memory(tails->data);
	*count = 0;
	for (size_t i = 0; i < tails->count; i++) {
		if (seeks(tails->data, &tails->tail[i]))
			size[(*count)++] = tails->tail[i].node->inode->u.file.size;
	}
	qsort(size, *count, sizeof(*size), by_tail_value);
	*out = size;
	return 0;
}

/* Hash the ends in fragment blocks that were not looked at and may have what is sought. */
static int hash_rest(struct sqst_tails *tails, const uint64_t *size, size_t sizes)
{
	struct sqst_data *data = tails->data;
	struct sqst_parent_data *reuse = data->reuse;

	for (uint32_t i = 0; i < reuse->image.super.fragments; i++) {
		struct sqst_parent_fragment *fragment = &reuse->fragment[i];
		bool wanted = false;
		int rc;

		for (uint32_t k = 0; fragment->content == 0 && k < fragment->files && !wanted; k++)
			wanted = bsearch(&reuse->file[reuse->by_fragment[fragment->first + k]].size,
					 size, sizes, sizeof(*size), by_tail_value) != NULL;
		if (!wanted)
			continue;
		rc = sqst_tails_hash(data, fragment);
		if (rc < 0)
			return rc;
	}
	return sqst_queue_drain(&data->queue, data->why);
}

static int index_hashes(const struct sqst_tails *tails, const uint64_t *size, size_t sizes,
			struct known **out, size_t *count)
{
	const struct sqst_parent_data *reuse = tails->data->reuse;
	struct known *known = calloc(reuse->files + 1, sizeof(*known));

	if (!known)
		return sqst_data_no_memory(tails->data);
	*count = 0;
	for (uint32_t i = 0; i < reuse->files; i++) {
		const struct sqst_parent_inode *file = &reuse->file[i];

		if (file->hashed && bsearch(&file->size, size, sizes, sizeof(*size), by_tail_value))
			known[(*count)++] = (struct known){file->hash, file->size, i};
	}
	qsort(known, *count, sizeof(*known), by_tail_hash);
	*out = known;
	return 0;
}

/* Propose a file of the parent for each tail that is looked for. */
static int propose(struct sqst_tails *tails, const struct known *known, size_t count)
{
	struct sqst_data *data = tails->data;

	for (size_t i = 0; i < tails->count; i++) {
		struct sqst_tail *tail = &tails->tail[i];
		const uint32_t size = sqst_tail_size(data, tail->node);
		struct known wanted = {.size = size};
		size_t low = 0, high = count;
		int rc;

		if (!seeks(data, tail))
			continue;
		tail->file = SQST_NO_FILE;
		rc = sqst_tail_read(data, tail->node, data->content);
		if (rc < 0)
			return rc;
		wanted.hash = XXH3_64bits(data->content, size);
		while (low < high) {
			const size_t middle = low + (high - low) / 2;

			if (by_tail_hash(&known[middle], &wanted) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < count && known[low].hash == wanted.hash && known[low].size == size)
			tail->file = known[low].file;
	}
	return 0;
}

int sqst_tails_find_moved(struct sqst_tails *tails)
{
	struct sqst_data *data = tails->data;
	SQST_AUTO_FREE uint64_t *size = NULL;
	SQST_AUTO_FREE struct known *known = NULL;
	size_t sizes = 0, count = 0, found, proposed = 0;
	int rc = sizes_sought(tails, &size, &sizes);

	if (rc < 0 || sizes == 0)
		return rc;
	rc = hash_rest(tails, size, sizes);
	if (rc == 0)
		rc = index_hashes(tails, size, sizes, &known, &count);
	if (rc == 0)
		rc = propose(tails, known, count);
	if (rc < 0)
		return rc;
	found = sqst_tails_sort_found(tails);
	for (size_t i = found; i < tails->count; i++) {
		/* The end of a file with blocks was compared already. */
		if (!seeks(data, &tails->tail[i]))
			tails->tail[i].file = SQST_NO_FILE;
		proposed += tails->tail[i].file != SQST_NO_FILE;
	}
	qsort_r(tails->tail + found, tails->count - found, sizeof(*tails->tail),
		sqst_tails_by_place, data->reuse);
	return sqst_tails_compare(data, tails->tail + found, proposed);
}
