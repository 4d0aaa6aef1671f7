/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file registry.h
 * A registry: the numbers of a lineage in a PostgreSQL database, for builds on several machines.
 *
 * A build that names a registry as a parent (its URL in place of a map's file name) reads which
 * number each identity has, numbers its tree, and writes the new identities back, all in one
 * transaction that holds a lock on the lineage. So no number is given twice, and builds of one tree
 * give the same paths the same numbers, at once or one after the other. An identity whose number
 * no other has had in between gets it back when it returns (rule R3 of sqfs-stable(7)).
 *
 * In the database, table `sqfs_stable_lineage` has one row a lineage: its UUID, the layout's
 * version (1), the highest number so far, generation and own id of the last release. Each lineage
 * has a table `sqfs_stable_` and 32 hexadecimal digits of its UUID: path (bytes below the root),
 * type (::sqst_type) and number.
 */
#ifndef SQST_REGISTRY_H
#define SQST_REGISTRY_H

#include "sqst/numbers.h"
#include "sqst/predef.h"
#include "sqst/report.h"

/** Whether a parent's name is a registry's URL: it begins with "postgresql://" or "postgres://". */
SQST_API bool sqst_registry_is_url(const char *name);

/** Whether this library was built with PostgreSQL's libpq. */
SQST_API bool sqst_registry_supported(void);

/**
 * Make a registry for a lineage: its table, its row, and before the first of them the table of
 * lineages. Passwords in the URL are never part of a message.
 * @param url   a database, as libpq takes it
 * @param uuid  the lineage; in: null for from's, or, if that has none, for a random one; out: what
 *              it is
 * @param from  an image's or a map's numbers to begin with; NULL: none
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_OPTION (no support; not a URL; uuid is not from's),
 *         SQST_ERR_EXISTS (the lineage is there), SQST_ERR_IO (the database refuses)
 */
SQST_API int sqst_registry_create(const char *url, uint8_t uuid[SQST_UUID_SIZE],
				  const struct sqst_numbers *from, struct sqst_report *why);

#endif
