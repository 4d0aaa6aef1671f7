/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a map that may come through a pipe. */
#ifndef LIB_MAP_MAP_LOAD_H
#define LIB_MAP_MAP_LOAD_H

#include "sqst/map.h"
#include "sqst/report.h"

/* As sqst_map_read(), or SQST_ERR_CANCELED. cancel may be NULL. */
int sqst_map_load(const char *path, const struct sqst_cancel *cancel, struct sqst_numbers **out,
		  struct sqst_report *why);

#endif
