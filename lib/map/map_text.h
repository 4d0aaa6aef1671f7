/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps as text in memory, and the names that a numbering has by its map. */
#ifndef LIB_MAP_MAP_TEXT_H
#define LIB_MAP_MAP_TEXT_H

#include "sqst/map.h"

/** As sqst_map_read(), from memory; `name` is used in messages. */
int sqst_map_parse(const char *name, const char *text, size_t size, struct sqst_numbers **out,
		   struct sqst_report *why);

/**
 * The canonical map as one string.
 * @param out   the caller's to free() ; not NUL-terminated
 * @param size  its bytes
 * @return 0 or SQST_ERR_NOMEM
 */
int sqst_map_canonical(const struct sqst_numbers *numbers, char **out, size_t *size,
		       struct sqst_report *why);

/**
 * Fill the names of a numbering: if lineage.uuid is null, it becomes the version-5 UUID of the
 * canonical map in the project's namespace; then lineage.id becomes the version-5 UUID of the
 * canonical map in the namespace of lineage.uuid. The project's namespace is
 * 09603f22-d8ca-5c2c-9311-d2569f43a4d1 and never changes.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_LIMIT (a canonical map above 4 GiB)
 */
int sqst_lineage_name(struct sqst_numbers *numbers, struct sqst_report *why);

#endif
