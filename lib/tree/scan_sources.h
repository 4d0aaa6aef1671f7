/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several sources in one tree. */
#ifndef LIB_TREE_SCAN_SOURCES_H
#define LIB_TREE_SCAN_SOURCES_H

#include "tree/scan.h"

/* Add sources with their leading directories; without `descend`, directories alone. */
int sqst_scan_unstripped(struct sqst_scan *scan, const char *const *source, size_t count,
			 bool descend);

#endif
