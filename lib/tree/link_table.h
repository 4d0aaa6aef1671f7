/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which inode of the tree a file of the source became: a file that is met again is a hard link. */
#ifndef LIB_TREE_LINK_TABLE_H
#define LIB_TREE_LINK_TABLE_H

#include <sys/types.h>

#include "base/hash.h"
#include "tree/node.h"

struct sqst_links {
	struct sqst_link *link;
	uint32_t count;
	size_t room;
	struct sqst_hash by_number;
};

/* Where the inode for (device, number) is kept: NULL in it means that it is new, and the caller
 * fills it. The pointer is valid until the next call. NULL if memory is short. */
struct sqst_inode **sqst_links_find(struct sqst_links *links, dev_t device, ino_t number);

void sqst_links_release(struct sqst_links *links);

#endif
