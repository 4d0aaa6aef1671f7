/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form of each directory's inode, and the place of its listing.
 *
 * An inode is a basic one wherever the format allows it. One with attributes, or with a listing
 * that is too long, must be extended, and one with a long listing is, for an index. But U-Boot
 * walks through an extended directory only if its listing begins where window.h says. So listings
 * stand in tree order, but those that must have a place that there is not yet wait for it; where
 * there is none for an index, the directory goes without. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "write/listings.h"

/* Whether a path can go on after one of its names. */
static bool leads_on(const struct sqst_inode *dir)
{
	for (uint32_t i = 0; i < dir->u.dir.count; i++) {
		const uint8_t type = dir->u.dir.child[i]->inode->type;

		if (type == SQST_TYPE_DIR || type == SQST_TYPE_SYMLINK)
			return true;
	}
	return false;
}

/* An index cuts runs where metadata blocks end, which makes more headers. */
static uint64_t longest(const struct sqst_dir *dir)
{
	const uint64_t size = dir->listing.size;

	return dir->index_pays ? size + 12 * (size / SQST_META_SIZE + 2) : size;
}

static int plan(struct sqst_listings *listings, struct sqst_dir *dir)
{
	const struct sqst_inode *inode = dir->node->inode;
	const bool attributes = inode->xattr != SQST_NO_XATTR;
	uint32_t size;
	int rc;

	if (!attributes && inode->u.dir.count <= SQST_LISTING_PLAIN_ENTRIES)
		return 0;
	rc = sqst_listing_make(&listings->bytes, listings->inodes, inode, false, &dir->listing,
			       listings->why);
	if (rc < 0)
		return rc;
	size = dir->listing.size;
	dir->index_pays = size > SQST_LISTING_PLAIN_MAX;
	dir->must_extend = attributes || size > SQST_LISTING_BASIC_MAX;
	dir->may_extend = dir->must_extend || dir->index_pays;
	if (dir->may_extend && leads_on(inode))
		dir->need = SQST_WINDOW_NEED(longest(dir));
	return 0;
}

/* How many of those that wait need no more than `need`. */
static size_t rank(const struct sqst_listings *listings, uint64_t need)
{
	size_t low = 0, high = listings->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (listings->waiting[middle]->need <= need)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int wait_for_place(struct sqst_listings *listings, struct sqst_dir *dir)
{
	const size_t at = rank(listings, dir->need);
	struct sqst_dir **grown = sqst_grow(listings->waiting, listings->count, &listings->room,
					    sizeof(struct sqst_dir *));

	if (!grown)
		return sqst_no_memory(listings->why, NULL);
	listings->waiting = grown;
	memmove(&grown[at + 1], &grown[at], (listings->count - at) * sizeof(struct sqst_dir *));
	grown[at] = dir;
	listings->count++;
	dir->waiting = true;
	return 0;
}

/* Of those that wait, the one with the largest need that is met here; NULL: none. */
static struct sqst_dir *take_waiting(struct sqst_listings *listings, uint64_t start)
{
	size_t at = listings->count;
	struct sqst_dir *dir;

	while (at > 0 && !sqst_window_fits(start, listings->waiting[at - 1]->need))
		at = rank(listings, listings->waiting[at - 1]->need - 1);
	if (at == 0)
		return NULL;
	dir = listings->waiting[--at];
	listings->count--;
	memmove(&listings->waiting[at], &listings->waiting[at + 1],
		(listings->count - at) * sizeof(struct sqst_dir *));
	return dir;
}

static int write_here(struct sqst_listings *listings, struct sqst_dir *dir, bool extended)
{
	static const uint8_t end[SQST_WINDOW_END];
	struct sqst_listing *listing = &dir->listing;
	int rc;

	listing->extended = extended;
	listing->place = sqst_stream_place(listings->directories);
	rc = sqst_listing_make(&listings->bytes, listings->inodes, dir->node->inode,
			       extended && dir->index_pays, listing, listings->why);
	if (rc == 0)
		rc = sqst_stream_append(listings->directories, listings->bytes.data, listing->size);
	if (rc == 0 && extended && listing->size > 0)
		rc = sqst_stream_append(listings->directories, end, sizeof(end));
	return rc;
}

/* The next one in tree order. */
static int write_next(struct sqst_listings *listings, struct sqst_dir *dir)
{
	uint64_t start = 0;
	bool fits = true;
	int rc = 0;

	if (dir->waiting)
		return 0;
	if (dir->need > 0) {
		rc = sqst_stream_start(listings->directories, &start);
		fits = sqst_window_fits(start, dir->need);
	}
	if (rc < 0)
		return rc;
	if (!fits && dir->must_extend)
		return wait_for_place(listings, dir);
	return write_here(listings, dir, fits && dir->may_extend);
}

/* All that wait and find a place here. */
static int write_waiting(struct sqst_listings *listings)
{
	struct sqst_dir *dir = NULL;
	uint64_t start;
	int rc = 0;

	do {
		if (listings->count > 0)
			rc = sqst_stream_start(listings->directories, &start);
		dir = rc == 0 && listings->count > 0 ? take_waiting(listings, start) : NULL;
		if (dir)
			rc = write_here(listings, dir, true);
	} while (dir && rc == 0);
	return rc;
}

int sqst_listings_write(struct sqst_listings *listings, struct sqst_dir *dir, uint32_t from,
			uint32_t to)
{
	uint64_t start;
	int rc = 0;

	/* Those that few places will do for come first where one is. */
	for (uint32_t i = from; i < to && rc == 0; i++) {
		rc = plan(listings, &dir[i]);
		if (rc == 0 && dir[i].must_extend && dir[i].need > SQST_META_SIZE)
			rc = wait_for_place(listings, &dir[i]);
	}
	for (uint32_t i = from; i < to && rc == 0; i++) {
		rc = write_waiting(listings);
		if (rc == 0)
			rc = write_next(listings, &dir[i]);
	}
	if (rc == 0)
		rc = write_waiting(listings);
	while (rc == 0 && listings->count > 0) {
		rc = sqst_window_reach(listings->directories, &listings->window,
				       listings->waiting[0]->need, &start);
		if (rc == 0)
			rc = write_waiting(listings);
	}
	return rc;
}

void sqst_listings_release(struct sqst_listings *listings)
{
	free(listings->bytes.data);
	free(listings->waiting);
}
