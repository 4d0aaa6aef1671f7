/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the extended attributes of a file. */
#ifndef LIB_TREE_SCAN_XATTR_H
#define LIB_TREE_SCAN_XATTR_H

#include <regex.h>

#include "tree/node.h"

struct sqst_xattr_scan {
	char *names;
	size_t names_room;
	char *values;
	size_t values_room;
	/* Attributes of namespaces that the format does not have. */
	uint64_t foreign;
	char first_foreign[64];
	/* Which names are taken. */
	regex_t include;
	regex_t exclude;
	bool has_include;
	bool has_exclude;
	/* Take no attributes, except: */
	bool none;
	/* Take those of overlayfs in any case. */
	bool overlay_marks;
};

/* Whether an attribute is one that overlayfs keeps for itself. */
bool sqst_xattr_is_overlay(const char *name);

/* Which names are taken, as the options say. SQST_ERR_OPTION: an expression is none. */
int sqst_xattr_scan_begin(struct sqst_xattr_scan *scan, const struct sqst_scan_options *options,
			  struct sqst_report *why);

/* Whether an attribute is taken. One of a namespace that the format does not have is counted. */
bool sqst_xattr_wanted(struct sqst_xattr_scan *scan, const char *name);

/* Take the attributes of `path` (not followed) for `inode`. Errors: SQST_ERR_NOMEM,
 * SQST_ERR_SOURCE. */
int sqst_xattr_scan(struct sqst_xattr_scan *scan, struct sqst_tree *tree, const char *path,
		    struct sqst_inode *inode, struct sqst_report *why);

/* Warn of attributes that were counted, and of `clamped` times. */
void sqst_warn_of_losses(const struct sqst_xattr_scan *scan, uint64_t clamped, const char *source,
			 struct sqst_report *why);

void sqst_xattr_scan_release(struct sqst_xattr_scan *scan);

#endif
