/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directory listings. Entries stand in runs of up to 256 behind a header that names the metadata
 * block of their inodes and a base number. Inode numbers are no neighbours here (they outlive
 * builds), so a run also ends where the signed 16-bit difference to the base would overflow. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "write/directory.h"

#define RUN_MAX     256
#define HEADER_SIZE 12
#define ENTRY_SIZE  8
#define INDEX_SIZE  12
/* More is of no use: an index of 32,768 blocks covers a listing of 256 MiB. */
#define INDEX_MAX    INT16_MAX
#define ENTRY_LENGTH (ENTRY_SIZE + SQST_NAME_MAX)

/* A run that is being gathered: its header is known only at its end. */
struct run {
	uint8_t bytes[HEADER_SIZE + RUN_MAX * ENTRY_LENGTH];
	size_t used;
	uint32_t count;
	uint32_t base;
	uint32_t block;
};

static bool fits(const struct run *run, uint64_t reference, uint32_t number, uint64_t place)
{
	const int64_t difference = (int64_t)number - (int64_t)run->base;

	if (run->count == RUN_MAX || run->block != (uint32_t)(reference >> 16))
		return false;
	if (difference < INT16_MIN || difference > INT16_MAX)
		return false;
	/* A run that passes the end of a metadata block ends there, so that the next one, which the
	 * index names, begins in the next block. */
	return (place & 0xFFFF) + run->used < SQST_META_SIZE;
}

static void add(struct run *run, const struct sqst_node *node, uint64_t reference)
{
	const size_t length = strlen(node->name);
	uint8_t *to = run->bytes + run->used;

	to = sqst_put16(to, (uint32_t)(reference & 0xFFFF));
	to = sqst_put16(to, node->inode->number - run->base);
	to = sqst_put16(to, node->inode->type);
	to = sqst_put16(to, (uint32_t)length - 1);
	memcpy(to, node->name, length);
	run->used += ENTRY_SIZE + length;
	run->count++;
}

static int flush(struct sqst_meta *directories, struct run *run, struct sqst_listing *listing,
		 struct sqst_report *why)
{
	uint8_t *to = run->bytes;

	if (run->count == 0)
		return 0;
	/* Kept with room for the 3 bytes that the size counts more, in a signed int of the kernel.
	 */
	if (listing->size > (uint32_t)INT32_MAX - (uint32_t)run->used - 16)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "a directory has too many entries");
	to = sqst_put32(to, run->count - 1);
	to = sqst_put32(to, run->block);
	sqst_put32(to, run->base);
	listing->size += (uint32_t)run->used;
	run->count = 0;
	return sqst_meta_append(directories, run->bytes, run->used);
}

/* One index entry for each metadata block but the first, at the first header in it. */
static int add_index(struct sqst_meta *directories, struct sqst_listing *listing,
		     const struct sqst_node *node, struct sqst_report *why)
{
	const uint32_t ordinal = (uint32_t)(sqst_meta_place(directories) >> 16);
	const size_t length = strlen(node->name);
	uint8_t *grown, *to;

	if (listing->index_count == INDEX_MAX)
		return 0;
	grown = realloc(listing->index, listing->index_size + INDEX_SIZE + length);
	if (!grown)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	listing->index = grown;
	to = grown + listing->index_size;
	to = sqst_put32(to, listing->size);
	to = sqst_put32(to, ordinal);
	to = sqst_put32(to, (uint32_t)length - 1);
	memcpy(to, node->name, length);
	listing->index_size += (uint32_t)(INDEX_SIZE + length);
	listing->index_count++;
	return 0;
}

int sqst_listing_write(struct sqst_meta *directories, const struct sqst_meta *inodes,
		       const struct sqst_inode *dir, struct sqst_listing *listing,
		       struct sqst_report *why)
{
	/* Too large for a stack. */
	SQST_AUTO_FREE struct run *run = malloc(sizeof(*run));
	uint32_t ordinal;
	int rc = 0;

	if (!run)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	run->count = 0;
	listing->place = sqst_meta_place(directories);
	ordinal = (uint32_t)(listing->place >> 16);
	for (uint32_t i = 0; i < dir->u.dir.count && rc == 0; i++) {
		const struct sqst_node *node = dir->u.dir.child[i];
		const uint64_t reference = sqst_meta_reference(inodes, node->inode->ref);

		if (run->count == 0 ||
		    !fits(run, reference, node->inode->number, sqst_meta_place(directories))) {
			rc = flush(directories, run, listing, why);
			if (rc < 0)
				return rc;
			run->used = HEADER_SIZE;
			run->base = node->inode->number;
			run->block = (uint32_t)(reference >> 16);
			if ((uint32_t)(sqst_meta_place(directories) >> 16) != ordinal) {
				ordinal = (uint32_t)(sqst_meta_place(directories) >> 16);
				rc = add_index(directories, listing, node, why);
			}
		}
		add(run, node, reference);
	}
	return rc < 0 ? rc : flush(directories, run, listing, why);
}

int sqst_listing_write_index(struct sqst_meta *inodes, const struct sqst_meta *directories,
			     const struct sqst_listing *listing)
{
	const uint8_t *entry = listing->index;

	for (uint32_t i = 0; i < listing->index_count; i++) {
		const uint64_t place = (uint64_t)sqst_get32(entry + 4) << 16;
		const size_t length = (size_t)sqst_get32(entry + 8) + 1;
		uint8_t bytes[INDEX_SIZE];
		int rc;

		memcpy(bytes, entry, INDEX_SIZE);
		sqst_put32(bytes + 4, (uint32_t)(sqst_meta_reference(directories, place) >> 16));
		rc = sqst_meta_append(inodes, bytes, INDEX_SIZE);
		if (rc == 0)
			rc = sqst_meta_append(inodes, entry + INDEX_SIZE, length);
		if (rc < 0)
			return rc;
		entry += INDEX_SIZE + length;
	}
	return 0;
}
