/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the file system into a tree: one scan fills a tree from one or more places. */
#ifndef LIB_TREE_SCAN_H
#define LIB_TREE_SCAN_H

#include <limits.h>
#include <sys/stat.h>

#include "tree/filter.h"
#include "tree/inode_set.h"
#include "tree/link_table.h"
#include "tree/name_index.h"
#include "tree/scan_xattr.h"
#include "tree/tree.h"

struct sqst_scan {
	const struct sqst_scan_options *options;
	const struct sqst_cancel *cancel;
	struct sqst_tree *tree;
	struct sqst_report *why;
	struct sqst_links links;
	/* Names that sources have, of directories that are not complete. */
	struct sqst_name_index names;
	/* Directories with all that is below them, while sources are added with the path that they
	 * are given by. */
	struct sqst_inode_set complete;
	struct sqst_xattr_scan xattrs;
	struct sqst_filter_ids ids;
	/* The filter has patterns over the path in the image. */
	bool patterns;
	uint64_t clamped;
	uint64_t other_devices;
	/* Of what is read now. */
	uint8_t origin;
	dev_t device;
	/* Files to leave out. */
	struct {
		dev_t device;
		ino_t inode;
	} leave_out[SQST_LEAVE_OUT_MAX];
	unsigned leave_outs;
	/* Path of the directory being read, and of a child while that is looked at. */
	char path[PATH_MAX];
	size_t length;
	/* The same in the image. */
	char inside[PATH_MAX + SQST_NAME_MAX + 2];
	size_t inside_length;
};

/* Sources are where plain paths of the filter are looked for. Call sqst_scan_end() in any case. */
int sqst_scan_begin(struct sqst_scan *scan, struct sqst_tree *tree, const char *const *source,
		    size_t sources, const struct sqst_scan_options *options,
		    const struct sqst_cancel *cancel, struct sqst_report *why);

/* Say what was lost (when all went well), release. `path` is for messages. */
void sqst_scan_end(struct sqst_scan *scan, bool success, const char *path);

/* Take metadata of the file that scan->path is and `st` is about. */
int sqst_scan_fill(struct sqst_scan *scan, struct sqst_inode *inode, const struct stat *st);

/* Add to `dir` the file that scan->path is, `at` relative to `dir_fd`, as `name`. *out, which may
 * be NULL: the node, NULL if it was left out. */
int sqst_scan_add(struct sqst_scan *scan, struct sqst_node *dir, int dir_fd, const char *at,
		  const char *name, struct sqst_node **out);

/* Read all below directory `dir`, which is `path` in the file system. */
int sqst_scan_below(struct sqst_scan *scan, struct sqst_node *dir, const char *path);

/* Copy a path to scan->path. SQST_ERR_SOURCE if it is empty or too long. */
int sqst_scan_enter(struct sqst_scan *scan, const char *path);

/* Make the root a directory that no source has. */
void sqst_scan_dummy_root(struct sqst_scan *scan);

#endif
