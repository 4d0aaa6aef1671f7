/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of directories whose children are not sorted yet. */
#ifndef LIB_TREE_NAME_INDEX_H
#define LIB_TREE_NAME_INDEX_H

#include "base/hash.h"
#include "tree/node.h"

struct sqst_name_index {
	struct sqst_node **node;
	uint32_t count;
	size_t room;
	struct sqst_hash by_name;
};

/* The child of a directory that was set under this name; NULL if there is none. */
struct sqst_node *sqst_name_index_find(const struct sqst_name_index *index,
				       const struct sqst_node *dir, const char *name);

/* Let a node be found by its directory and name. Both must outlive the index, even if the node is
 * removed. False if memory is short. */
bool sqst_name_index_set(struct sqst_name_index *index, struct sqst_node *node);

/* Let it be found no more. */
void sqst_name_index_forget(struct sqst_name_index *index, const struct sqst_node *node);

void sqst_name_index_release(struct sqst_name_index *index);

#endif
