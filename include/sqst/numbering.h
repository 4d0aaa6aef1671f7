/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file numbering.h
 * The heart: parents' numbers and a tree become the tree's numbers, by the rules of
 * sqfs-stable(7). Pure: no input or output, no clock, no global state.
 */
#ifndef SQST_NUMBERING_H
#define SQST_NUMBERING_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"
#include "sqst/tree.h"

/** What numbering did, counted in paths (the root among them). */
struct sqst_numbering_stats {
	/** Paths that have the number that a parent gave them. */
	uint32_t kept;
	/** All other paths: new ones, names that joined a hard link group, and those of `retyped`
	 *  and `renumbered`. */
	uint32_t added;
	/** Of those: paths that the newest parent that has them has with another file type. */
	uint32_t retyped;
	/** Of those: identities that a parent has, but whose number had to go (R5: hard link groups
	 *  that changed, R8: conflicts). */
	uint32_t renumbered;
	/** Numbers that at least one parent used for a path and that no path has any more. */
	uint32_t retired;
	/** Numbers of hard link groups that a path joined or left, and that the group kept: 0 but
	 *  with ::SQST_NUMBERING_KEEP_LINKS. An upper layer with index=on or metacopy=on may not
	 *  survive that; see "Hard links" in sqfs-stable(7). */
	uint32_t regrouped;
	/** Numbers in use, one an inode; the root's double is not counted. */
	uint32_t live;
};

/** How to number. */
enum sqst_numbering_flag {
	/** R9: every number is above every parent's top. */
	SQST_NUMBERING_NEW_LINEAGE = 1,
	/** A hard link group that a path joined or left keeps its number, in place of R5: the
	 * number goes where most of its old paths are. Not safe with every overlay option. */
	SQST_NUMBERING_KEEP_LINKS = 2,
};

/** What comes out beside the numbers in the tree. */
struct sqst_numbering {
	/** The superblock's inode count of the new image (R4). */
	uint32_t top;
	/** The root directory's number. */
	uint32_t root;
	/** Whether the root's double is needed; its number is top (R7). */
	bool root_double;
	struct sqst_numbering_stats stats;
};

/**
 * Number a tree.
 *
 * With no parents, inodes are numbered from 1 in tree order (a directory, then each child with all
 * below it).
 *
 * @param tree         a finished tree; the numbers of its inodes are set, on failure to 0
 * @param parents      `count` parents, oldest first; may be NULL if count is 0. One with top 0 has
 *                     no numbers yet, and no say.
 * @param flags        an or of ::sqst_numbering_flag
 * @param out          filled on success
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (top would pass 2^31-1), SQST_ERR_PARENT (a parent's
 *         lineage.top is past that, or a number of it is 0 or above its top)
 */
SQST_API int sqst_numbering_assign(struct sqst_tree *tree,
				   const struct sqst_numbers *const *parents, size_t count,
				   unsigned flags, struct sqst_numbering *out,
				   struct sqst_report *why);

#endif
