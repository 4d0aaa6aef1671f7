/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories and files become a tree. */
#ifndef LIB_TREE_SOURCES_H
#define LIB_TREE_SOURCES_H

#include "tree/node.h"

/**
 * Read a directory into a tree. Metadata is read with opendir, readdir, lstat, llistxattr and
 * lgetxattr on paths, one after the other on the calling thread, so that fakeroot and pseudo are
 * asked. A directory's own lstat gives the root's metadata.
 *
 * Extended attributes of the namespaces user, trusted and security are taken; others are counted
 * and warned of once. Times outside 1970 to 2106 are clamped and warned of once.
 *
 * @param path     a directory
 * @param options  may be NULL
 * @param cancel   says whether the call is to end (with SQST_ERR_CANCELED). May be NULL.
 * @param out      the tree, the caller's to free with sqst_tree_free(); untouched on failure
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (unreadable, or a path past PATH_MAX),
 *         SQST_ERR_CHANGED, SQST_ERR_CANCELED
 */
int sqst_tree_scan(const char *path, const struct sqst_scan_options *options,
		   const struct sqst_cancel *cancel, struct sqst_tree **out,
		   struct sqst_report *why);

/** How several sources become one tree. Or-ed. */
enum sqst_sources_flag {
	/** A single directory too becomes an entry of the root (-keep-as-directory). */
	SQST_SOURCES_KEEP_DIRECTORY = 1,
	/** Keep the leading directories of each source, as tar does (-no-strip, -tarstyle). "/",
	 * "." and ".." at the beginning are stripped; where they all lead to the same directory,
	 * this is the root. */
	SQST_SOURCES_NO_STRIP = 2,
	/** As no-strip, and a directory is stored without what is in it (-cpiostyle). */
	SQST_SOURCES_NO_DESCENT = 4,
};

/**
 * Read sources as mksquashfs does. One directory: its content is the root's. One file, or several
 * sources: each becomes an entry of the root under its last path component; a name that is taken
 * gets "_1", "_2" and so on, with a warning. The root is then 0777, owned by the caller (0:0 with
 * all_root) and as old as its newest entry (mksquashfs asks the clock, which would make each image
 * another). Files that the sources share are hard links.
 *
 * @param source   paths, count of them, at least 1. A symbolic link is followed when it leads to a
 *                 single source directory, else it is stored.
 * @param flags    an or of ::sqst_sources_flag
 * @param options  may be NULL
 * @param cancel   as for sqst_tree_scan()
 * @return as sqst_tree_scan(); SQST_ERR_LIMIT with more than 255 different parent directories
 */
int sqst_tree_scan_sources(const char *const *source, size_t count, unsigned flags,
			   const struct sqst_scan_options *options,
			   const struct sqst_cancel *cancel, struct sqst_tree **out,
			   struct sqst_report *why);

#endif
