/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents in a spool file. */
#ifndef LIB_SOURCE_ORIGIN_SPOOL_H
#define LIB_SOURCE_ORIGIN_SPOOL_H

#include "base/spool.h"
#include "tree/tree.h"

/* The spool file is the origin's fd: key[0] is where a content begins. */
extern const struct sqst_origin_type sqst_origin_spool;

#endif
