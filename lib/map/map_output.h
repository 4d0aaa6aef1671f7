/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a map in two steps, so that it can appear together with its image. */
#ifndef LIB_MAP_MAP_OUTPUT_H
#define LIB_MAP_MAP_OUTPUT_H

#include "base/output.h"
#include "sqst/map.h"

/* Write the map beside its target and fsync it; sqst_outputs_commit() makes it appear. `how`: an or
 * of enum sqst_output_how. *out is the caller's. 0, SQST_ERR_NOMEM, SQST_ERR_IO, SQST_ERR_EXISTS.
 */
int sqst_map_prepare(const struct sqst_numbers *numbers, const char *path, unsigned how,
		     struct sqst_output **out, struct sqst_report *why);

#endif
