/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heart: parents' numbers and a tree become the tree's numbers, by the rules of
 * sqfs-stable(7). Pure: no input or output, no clock, no global state. */
#ifndef LIB_NUMBERING_NUMBERING_H
#define LIB_NUMBERING_NUMBERING_H

#include "sqst/numbers.h"
#include "tree/node.h"

/** How to number. */
enum sqst_numbering_flag {
	/** R9: every number is above every parent's top. */
	SQST_NUMBERING_NEW_LINEAGE = 1,
	/** A hard link group that a path joined or left keeps its number, in place of R5: the
	 * number goes where most of its old paths are. Not safe with every overlay option. */
	SQST_NUMBERING_KEEP_LINKS = 2,
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
int sqst_numbering_assign(struct sqst_tree *tree, const struct sqst_numbers *const *parents,
			  size_t count, unsigned flags, struct sqst_numbering *out,
			  struct sqst_report *why);

#endif
