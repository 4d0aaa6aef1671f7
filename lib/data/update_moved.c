/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files that moved: found in all of the parent by the hash of their content, then compared.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <xxhash.h>

#include "base/scope.h"
#include "data/update.h"
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

/* Whether a tail is looked for at other paths: it is all of its file, and not found yet. */
static bool is_sought(const struct sqst_data *data, const struct sqst_tail *tail)
{
	return !tail->same && tail->node->inode->u.file.size < data->options->block_size;
}

static int sizes_sought(const struct sqst_tails *tails, struct sqst_sizes *sought)
{
	sought->size = calloc(tails->count + 1, sizeof(uint64_t));
	if (!sought->size)
		return sqst_data_no_memory(tails->data);
	for (size_t i = 0; i < tails->count; i++) {
		if (is_sought(tails->data, &tails->tail[i]))
			sought->size[sought->count++] = tails->tail[i].node->inode->u.file.size;
	}
	sqst_sizes_sort(sought);
	return 0;
}

/* Whether a fragment block was not looked at and may have what is sought. */
static bool is_worth_a_look(const struct sqst_parent_data *parent,
			    const struct sqst_parent_fragment *fragment,
			    const struct sqst_sizes *sought)
{
	bool wanted = false;

	for (uint32_t i = 0; fragment->content == 0 && i < fragment->files && !wanted; i++)
		wanted = sqst_sizes_have(
		    sought, parent->file[parent->by_fragment[fragment->first + i]].size);
	return wanted;
}

static int hash_unseen(struct sqst_data *data, const struct sqst_sizes *sought)
{
	struct sqst_parent_data *parent = data->parent;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < parent->image.super.fragments; i++) {
		if (is_worth_a_look(parent, &parent->fragment[i], sought))
			rc = sqst_tails_hash(data, &parent->fragment[i]);
	}
	return rc == 0 ? sqst_queue_drain(&data->queue, data->why) : rc;
}

static int index_hashes(const struct sqst_data *data, const struct sqst_sizes *sought,
			struct known **out, size_t *count)
{
	const struct sqst_parent_data *parent = data->parent;
	struct known *known = calloc(parent->files + 1, sizeof(*known));

	if (!known)
		return sqst_data_no_memory(data);
	*count = 0;
	for (uint32_t i = 0; i < parent->files; i++) {
		const struct sqst_parent_inode *file = &parent->file[i];

		if (file->hashed && sqst_sizes_have(sought, file->size))
			known[(*count)++] = (struct known){file->hash, file->size, i};
	}
	qsort(known, *count, sizeof(*known), by_tail_hash);
	*out = known;
	return 0;
}

/* Pair each tail that is looked for with a file of the parent that has its hash. */
static int find_by_hash(struct sqst_tails *tails, const struct known *known, size_t count)
{
	struct sqst_data *data = tails->data;

	for (size_t i = 0; i < tails->count; i++) {
		struct sqst_tail *tail = &tails->tail[i];
		const uint32_t size = sqst_tail_size(data, tail->node);
		struct known wanted = {.size = size};
		size_t low = 0, high = count;
		int rc;

		if (!is_sought(data, tail))
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
	SQST_CLEANUP(sqst_sizes_release) struct sqst_sizes sought = {0};
	SQST_AUTO_FREE struct known *known = NULL;
	size_t count = 0, found;
	int rc = sizes_sought(tails, &sought);

	if (rc < 0 || sought.count == 0)
		return rc;
	rc = hash_unseen(tails->data, &sought);
	if (rc == 0)
		rc = index_hashes(tails->data, &sought, &known, &count);
	if (rc == 0)
		rc = find_by_hash(tails, known, count);
	if (rc < 0)
		return rc;
	found = sqst_tails_sort_found(tails);
	for (size_t i = found; i < tails->count; i++) {
		/* The end of a file with blocks was compared already. */
		if (!is_sought(tails->data, &tails->tail[i]))
			tails->tail[i].file = SQST_NO_FILE;
	}
	return sqst_tails_compare(tails, found);
}
