/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metadata blocks of the parent, to be taken over. */
#ifndef LIB_PARENT_PARENT_METADATA_H
#define LIB_PARENT_PARENT_METADATA_H

#include "codec/pool.h"

/* A pool's work: take the block over if the parent has it, compressed; else compress it. The
 * block's task is a struct sqst_parent_data. */
void sqst_parent_take_metadata(struct sqst_block *block, struct sqst_tools *tools);

#endif
