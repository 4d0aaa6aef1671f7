/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pseudo files that get their place in a tree. */
#ifndef LIB_PSEUDO_PSEUDO_APPLY_H
#define LIB_PSEUDO_PSEUDO_APPLY_H

#include "tree/node.h"

/** How many definitions there are. */
size_t sqst_pseudo_count(const struct sqst_pseudo *pseudo);

/** How definitions are applied. Zero-initialise for the defaults. */
struct sqst_pseudo_options {
	/** There is no source, the tree is empty: the root is as "/ d …" or else -pd says, and one
	 * of them must. With a source the root is the source's, and "/ d …" is left out. */
	bool no_source;
	/** Time of what is made by a definition without one. The caller's choice, so that the
	 * library asks no clock: SOURCE_DATE_EPOCH, or the time of the build. */
	uint32_t time;
	/** Take and add no extended attributes (x definitions are ignored). */
	bool no_xattrs;
	/** Says whether to end (with SQST_ERR_CANCELED), also while commands run. May be NULL. */
	const struct sqst_cancel *cancel;
};

/**
 * Apply the definitions, once, to a finished tree (sqst_tree_scan(), or sqst_tree_finish() was
 * called); the tree is finished again afterwards. Commands are run here, one after the other, and
 * what they write goes to an unlinked file in TMPDIR that the tree owns.
 *
 * As with mksquashfs, a definition of a name that the tree has already is left out with a warning
 * (except m and x), so is m of a name that the tree lacks, and of several definitions of a name the
 * first holds. The directory that a name is in must exist or be defined, before or after it, or
 * else -pd says what it is.
 *
 * @param options  may be NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (a command failed, a directory is missing, …),
 *         SQST_ERR_OPTION (a TIME that date(1) does not understand), SQST_ERR_IO (temporary file),
 *         SQST_ERR_LIMIT, SQST_ERR_CANCELED; the tree is then only good for sqst_tree_free()
 */
int sqst_pseudo_apply(struct sqst_pseudo *pseudo, struct sqst_tree *tree,
		      const struct sqst_pseudo_options *options, struct sqst_report *why);

/**
 * Set the owners and modes of the definitions that sqst_pseudo_apply() applied once more
 * (-pseudo-override): to be called after sqst_tree_override(), so that the definitions win. Names
 * that the tree has no longer are passed over.
 */
void sqst_pseudo_restore_owners(const struct sqst_pseudo *pseudo, struct sqst_tree *tree);

#endif
