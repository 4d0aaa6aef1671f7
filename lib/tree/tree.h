/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the tree: what its parts share. */
#ifndef LIB_TREE_TREE_H
#define LIB_TREE_TREE_H

#include "base/arena.h"
#include "sqst/tree.h"

/* Different sets of extended attributes, each kept once. */
struct sqst_xattr_store {
	struct sqst_xattr_set *set;
	uint32_t count;
	/* Open addressing: index + 1 of a set, 0 for a free slot. */
	uint32_t *slot;
	uint32_t slots;
};

struct sqst_tree {
	struct sqst_arena *arena;
	struct sqst_node *root;
	const char *source;
	uint32_t names;
	uint32_t inodes;
	struct sqst_xattr_store xattrs;
};

void sqst_xattr_store_free(struct sqst_xattr_store *store);

/* Whether the format can store attributes of this name's namespace. */
bool sqst_xattr_namespace_known(const char *name);

/* Open a regular file's content for reading. What stands there must still be what was scanned:
 * same file, size and time. Errors: SQST_ERR_SOURCE, SQST_ERR_CHANGED. */
int sqst_content_open(const struct sqst_tree *tree, const struct sqst_node *node, int *fd,
		      struct sqst_report *why);

/* Check the same again after reading. */
int sqst_content_check(const struct sqst_tree *tree, const struct sqst_node *node, int fd,
		       struct sqst_report *why);

/* Fail with a message that names the node's source. `number`: errno value, 0 for none. */
int sqst_content_fail(const struct sqst_tree *tree, const struct sqst_node *node, int code,
		      int number, const char *what, struct sqst_report *why);

#endif
