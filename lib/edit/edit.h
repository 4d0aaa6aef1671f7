/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done to a tree between reading it and numbering it: trees laid over one another, owners,
 * modes, times and attributes overridden, labels, times kept from a parent.
 *
 * All calls here leave every directory sorted, so sqst_tree_finish() need not be called again.
 * After a failure the tree is only good to be freed. */
#ifndef LIB_EDIT_EDIT_H
#define LIB_EDIT_EDIT_H

#include "tree/node.h"

/**
 * Read a directory and lay it over a tree (--merge). A directory that both have is merged and gets
 * the upper one's owner, mode, time and attributes; any other name of the upper one replaces the
 * lower one's, whole. Whiteouts take names of the lower one away and are not stored:
 * - a character device 0:0 (overlayfs), and a file ".wh.NAME" (OCI, aufs): NAME;
 * - an empty file with the attribute trusted.overlay.whiteout or user.overlay.whiteout: its name;
 * - a directory with the attribute trusted.overlay.opaque or user.overlay.opaque = "y", or with a
 *   file ".wh..wh..opq" in it: all that the lower one has in this directory.
 * The attributes trusted.overlay.* and user.overlay.* are not stored; redirect and metacopy, which
 * point into other layers, are refused. A directory that an archive only implied (subkey 1) changes
 * nothing of a lower one.
 *
 * @param tree  what lies below; changed
 * @param path  the directory that is laid over it
 * @return as sqst_tree_scan(); SQST_ERR_LIMIT with more than 255 sources
 */
int sqst_tree_merge(struct sqst_tree *tree, const char *path,
		    const struct sqst_scan_options *options, const struct sqst_cancel *cancel,
		    struct sqst_report *why);

/**
 * As sqst_tree_merge(), with any tree (of an archive, say, read with overlay_marks).
 * @param upper  finished; its content moves to `tree`, then it is only good to be freed, before
 *               `tree` is
 */
int sqst_tree_lay(struct sqst_tree *tree, struct sqst_tree *upper, struct sqst_report *why);

/**
 * Set owners, modes, times and attributes.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (a mode that is none, an unknown namespace),
 *         SQST_ERR_LIMIT (an offset makes an id overflow)
 */
int sqst_tree_override(struct sqst_tree *tree, const struct sqst_overrides *overrides,
		       struct sqst_report *why);

/** How sqst_tree_keep_times() compares. Or-ed. */
enum sqst_keep_flag {
	/** A file whose data is damaged in the parent is another: a warning, and no error. */
	SQST_KEEP_DAMAGED_DIFFER = 1,
};

/** What sqst_tree_keep_times() did. */
struct sqst_keep_stats {
	/** Inodes whose time was another and is the parent's now. */
	uint32_t kept;
	/** Regular files that were read in both trees to compare them. */
	uint32_t compared;
	uint64_t bytes;
};

/**
 * Give paths their time in a parent (--prev-mtime=keep): a path whose type, mode, owner, attributes
 * and content (link target, device number) equal the parent's gets the parent's time. Of a
 * directory the content is the set of names in it. Of a hard link group every name must agree.
 * So a build system that touches every file makes the same image.
 *
 * @param parent  a tree with contents, of the parent image
 * @param flags   an or of ::sqst_keep_flag
 * @param cancel  may be NULL
 * @param stats   may be NULL
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE, SQST_ERR_CHANGED, SQST_ERR_PARENT, SQST_ERR_CANCELED
 */
int sqst_tree_keep_times(struct sqst_tree *tree, const struct sqst_tree *parent, unsigned flags,
			 const struct sqst_cancel *cancel, struct sqst_keep_stats *stats,
			 struct sqst_report *why);

/**
 * Set security.selinux of every inode from a file_contexts file (libselinux), as setfiles would for
 * a root file system that is mounted at "/". A path that no line fits keeps what it has; a hard
 * link group gets the label of its first path in tree order. libselinux' log callback is taken over
 * while the call lasts, so it must not run beside other users of libselinux in the process.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (no such file, not readable as one), SQST_ERR_OPTION
 *         (the library was built without libselinux)
 */
int sqst_tree_label(struct sqst_tree *tree, const char *file_contexts, struct sqst_report *why);

#endif
