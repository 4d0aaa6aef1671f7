/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --keep-links: which hard link group keeps which number, though its names changed. */
#ifndef LIB_NUMBERING_LINK_GROUPS_H
#define LIB_NUMBERING_LINK_GROUPS_H

#include <stdint.h>

#include "sqst/report.h"
#include "tree/node.h"

/* Bit of sqst_inode.number while links are settled: the other bits are the index, in tree order, of
 * the inode's first path. */
#define SQST_NUMBER_PENDING UINT32_C(0x80000000)

/* From one candidate number a path (0: none) to one number an inode: afterwards the entry of an
 * inode's first path in tree order is the number that the inode keeps, or 0 if it needs a new one.
 * No number is kept by two inodes. The entries of other paths mean nothing any more.
 *
 * The inodes' numbers must be 0; they are 0 or pending afterwards. Returns 0 or SQST_ERR_NOMEM. */
int sqst_links_settle(const struct sqst_tree *tree, uint32_t *candidate, struct sqst_report *why);

#endif
