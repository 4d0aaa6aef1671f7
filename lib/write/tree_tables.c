/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inode and directory tables.
 *
 * A listing names the places of its entries' inodes, and a directory's inode names the place of its
 * listing. So first all inodes but the directories' are written, in tree order; then directories
 * from the leaves to the root, one height after the other: all listings of a height, then all their
 * inodes. Between heights the streams settle, and within one all blocks are compressed at once. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "tree/tree.h"
#include "write/listings.h"
#include "write/tables.h"

struct tables_state {
	struct sqst_tables *tables;
	struct sqst_stream *inodes;
	uint64_t *place;
	struct sqst_stream directories;
	struct sqst_dir *dir;
	uint32_t dirs;
	struct sqst_listings listings;
};

static int owners_of(struct sqst_tables *tables, const struct sqst_inode *inode,
		     struct sqst_owners *owners)
{
	int rc = sqst_ids_index(tables->ids, inode->uid, &owners->uid, tables->why);

	if (rc == 0)
		rc = sqst_ids_index(tables->ids, inode->gid, &owners->gid, tables->why);
	owners->xattr =
	    inode->xattr == SQST_NO_XATTR ? SQST_NO_XATTR : tables->xattrs.index[inode->xattr];
	return rc;
}

static int write_others(struct tables_state *state)
{
	const struct sqst_node *node;

	for (node = sqst_tree_root(state->tables->tree); node; node = sqst_tree_next(node)) {
		uint64_t *place = &state->place[node->inode->index];
		struct sqst_owners owners;
		int rc;

		if (node->inode->type == SQST_TYPE_DIR || *place != SQST_NO_PLACE)
			continue;
		*place = sqst_stream_place(state->inodes);
		rc = owners_of(state->tables, node->inode, &owners);
		if (rc == 0)
			rc = sqst_inode_write(state->inodes, node->inode, owners);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int by_height(const void *a, const void *b)
{
	const struct sqst_dir *left = a, *right = b;

	if (left->height != right->height)
		return left->height < right->height ? -1 : 1;
	/* `parent` holds the place in tree order by then. */
	return left->parent < right->parent ? -1 : left->parent > right->parent;
}

/* All directories, those with the lowest height first, in tree order within one. */
static int gather_directories(struct tables_state *state)
{
	/* By the index of a directory's inode: its position in tree order. */
	SQST_AUTO_FREE uint32_t *position =
	    malloc(state->tables->tree->indexes * sizeof(*position));
	const struct sqst_node *node;
	uint32_t count = 0;

	for (node = sqst_tree_root(state->tables->tree); node; node = sqst_tree_next(node))
		count += node->inode->type == SQST_TYPE_DIR;
	state->dir = calloc(count, sizeof(*state->dir));
	if (!state->dir || !position)
		return sqst_no_memory(state->tables->why, NULL);
	for (node = sqst_tree_root(state->tables->tree); node; node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_DIR)
			continue;
		position[node->inode->index] = state->dirs;
		state->dir[state->dirs].node = node;
		if (node->parent)
			state->dir[state->dirs].parent = position[node->parent->inode->index];
		state->dirs++;
	}
	/* Backwards in tree order, all below a directory comes before it. */
	for (uint32_t i = state->dirs; i-- > 1;) {
		struct sqst_dir *parent = &state->dir[state->dir[i].parent];

		if (parent->height <= state->dir[i].height)
			parent->height = state->dir[i].height + 1;
	}
	for (uint32_t i = 0; i < state->dirs; i++)
		state->dir[i].parent = i;
	qsort(state->dir, state->dirs, sizeof(*state->dir), by_height);
	return 0;
}

/* Numbers from 1: no directory has the root's parent, and mksquashfs writes one more than there
 * are inodes. */
static uint32_t parent_number(const struct tables_state *state, const struct sqst_node *node)
{
	return node->parent ? node->parent->inode->number : state->tables->plan->lineage->top + 1;
}

static int write_dir(struct tables_state *state, const struct sqst_node *node, uint32_t number,
		     const struct sqst_listing *listing)
{
	struct sqst_owners owners;
	int rc = owners_of(state->tables, node->inode, &owners);

	if (rc < 0)
		return rc;
	return sqst_inode_write_dir(state->inodes, node->inode, number, owners,
				    parent_number(state, node), &state->directories, listing);
}

static int write_height(struct tables_state *state, uint32_t from, uint32_t to)
{
	int rc = sqst_stream_settle(state->inodes);

	if (rc == 0)
		rc = sqst_listings_write(&state->listings, state->dir, from, to);
	if (rc == 0)
		rc = sqst_stream_settle(&state->directories);
	for (uint32_t i = from; i < to && rc == 0; i++) {
		const struct sqst_inode *inode = state->dir[i].node->inode;

		state->place[inode->index] = sqst_stream_place(state->inodes);
		rc = write_dir(state, state->dir[i].node, inode->number, &state->dir[i].listing);
	}
	return rc;
}

/* R7. The root is the one directory of the greatest height, so its listing is the last. Its double
 * is a basic inode even where the root's is extended: U-Boot walks through it with each path. */
static int write_double(struct tables_state *state)
{
	struct sqst_listing listing = state->dir[state->dirs - 1].listing;

	listing.extended = listing.size > SQST_LISTING_BASIC_MAX;
	return write_dir(state, sqst_tree_root(state->tables->tree),
			 state->tables->plan->lineage->top, &listing);
}

static int write_dirs(struct tables_state *state)
{
	uint32_t from = 0;

	while (from < state->dirs) {
		uint32_t to = from;
		int rc;

		while (to < state->dirs && state->dir[to].height == state->dir[from].height)
			to++;
		rc = write_height(state, from, to);
		if (rc < 0)
			return rc;
		from = to;
	}
	return state->tables->plan->lineage->root_double ? write_double(state) : 0;
}

/* 7-Zip wants as many inodes in the table as the superblock counts (SquashfsHandler.cpp, Open2), so
 * each number that none has gets one. They stand after all others. */
static int write_fillers(struct tables_state *state)
{
	const uint32_t top = state->tables->plan->lineage->top;
	SQST_AUTO_FREE uint8_t *live = calloc(top / 8 + (size_t)1, 1);
	const struct sqst_node *node;
	int rc = 0;

	if (!live)
		return sqst_no_memory(state->tables->why, NULL);
	for (node = sqst_tree_root(state->tables->tree); node; node = sqst_tree_next(node)) {
		const uint32_t number = node->inode->number;

		live[number / 8] |= (uint8_t)(1u << number % 8);
	}
	if (state->tables->plan->lineage->root_double)
		live[top / 8] |= (uint8_t)(1u << top % 8);
	for (uint32_t number = 1; rc == 0 && number <= top; number++) {
		if (!(live[number / 8] & 1u << number % 8))
			rc = sqst_inode_write_filler(state->inodes, number);
	}
	return rc;
}

static int write_streams(struct tables_state *state)
{
	struct sqst_tables *tables = state->tables;
	int rc;

	tables->super->inode_table_start = tables->file->size;
	rc = sqst_stream_write(state->inodes, tables->file->output, &tables->file->size);
	if (rc < 0)
		return rc;
	tables->super->root_inode_ref =
	    sqst_inode_reference(&tables->places, tables->tree->root->inode);
	tables->super->directory_table_start = tables->file->size;
	return sqst_stream_write(&state->directories, tables->file->output, &tables->file->size);
}

static int begin_places(struct sqst_tables *tables)
{
	const size_t size = tables->tree->indexes * sizeof(*tables->places.place);

	tables->places.place = malloc(size);
	if (!tables->places.place)
		return sqst_no_memory(tables->why, NULL);
	/* Each is SQST_NO_PLACE. */
	memset(tables->places.place, 0xFF, size);
	tables->places.stream = &tables->inodes;
	return 0;
}

int sqst_tables_write_tree(struct sqst_tables *tables)
{
	struct tables_state state = {.tables = tables, .inodes = &tables->inodes};
	int rc = begin_places(tables);

	state.place = tables->places.place;
	state.inodes->stored_last = true;
	if (rc == 0)
		rc = sqst_tables_stream(tables, state.inodes);
	state.listings = (struct sqst_listings){
	    .directories = &state.directories, .inodes = &tables->places, .why = tables->why};
	if (rc == 0)
		rc = sqst_tables_stream(tables, &state.directories);
	if (rc == 0)
		rc = write_others(&state);
	if (rc == 0)
		rc = gather_directories(&state);
	if (rc == 0)
		rc = write_dirs(&state);
	if (rc == 0 && tables->plan->format.fill_table)
		rc = write_fillers(&state);
	if (rc == 0)
		rc = write_streams(&state);
	for (uint32_t i = 0; i < state.dirs; i++)
		free(state.dir[i].listing.index);
	free(state.dir);
	sqst_listings_release(&state.listings);
	sqst_stream_release(&state.directories);
	return rc;
}
