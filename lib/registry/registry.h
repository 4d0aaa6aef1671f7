/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A registry as the parent of a build. */
#ifndef LIB_REGISTRY_REGISTRY_H
#define LIB_REGISTRY_REGISTRY_H

#include "sqst/map.h"
#include "tree/node.h"

struct sqst_registry;

/* Connect, and find the lineage: that of uuid, or the only one. *numbers becomes a parent that
 * knows its UUID and nothing else yet. Both are the caller's. SQST_ERR_NOMEM, SQST_ERR_OPTION (no
 * support), SQST_ERR_PARENT. */
int sqst_registry_open(const char *url, const uint8_t *uuid, struct sqst_registry **out,
		       struct sqst_numbers **numbers, struct sqst_report *why);

/* Begin the transaction, wait for the lineage's lock (told once through the report's warn()), and
 * replace *numbers by what the registry knows of the tree's paths, whose numbers are not given yet.
 * A registry without a release has top 0, and no numbers. SQST_ERR_NOMEM, SQST_ERR_PARENT,
 * SQST_ERR_CANCELED. */
int sqst_registry_begin(struct sqst_registry *registry, const struct sqst_tree *tree,
			const struct sqst_cancel *cancel, struct sqst_numbers **numbers,
			struct sqst_report *why);

/* Register the numbered tree and end the transaction. lineage->top is what the numbering said;
 * lineage->generation may become higher: a release that is the last one again has its generation,
 * any other the next. `numbers` is what sqst_registry_begin() gave. SQST_ERR_NOMEM, SQST_ERR_LIMIT,
 * SQST_ERR_IO. */
int sqst_registry_commit(struct sqst_registry *registry, const struct sqst_tree *tree,
			 const struct sqst_numbers *numbers, struct sqst_lineage *lineage,
			 struct sqst_report *why);

/* Close the connection; a transaction that was not ended is undone. NULL is allowed. */
void sqst_registry_free(struct sqst_registry *registry);

/* ---- url.c */

/* The URL as it may be shown: without password and parameters. The caller's to free(); NULL if
 * memory is short. */
char *sqst_registry_shown(const char *url);

#endif
