/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A library without PostgreSQL: every registry is refused. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "base/scope.h"
#include "registry/registry.h"
#include "registry/registry_url.h"

static int refuse_registry(const char *url, struct sqst_report *why)
{
	SQST_AUTO_FREE char *shown = sqst_registry_shown(url);

	return sqst_fail(
	    why, SQST_ERR_OPTION, shown,
	    "this sqfs-stable was built without registries (configure --with-postgresql)");
}

int sqst_registry_create(const char *url, uint8_t uuid[SQST_UUID_SIZE],
			 const struct sqst_numbers *from, struct sqst_report *why)
{
	(void)uuid;
	(void)from;
	return refuse_registry(url, why);
}

int sqst_registry_open(const char *url, const uint8_t *uuid, struct sqst_registry **out,
		       struct sqst_numbers **numbers, struct sqst_report *why)
{
	(void)uuid;
	(void)out;
	(void)numbers;
	return refuse_registry(url, why);
}

int sqst_registry_begin(struct sqst_registry *registry, const struct sqst_tree *tree,
			const struct sqst_cancel *cancel, struct sqst_numbers **numbers,
			struct sqst_report *why)
{
	(void)registry;
	(void)tree;
	(void)cancel;
	(void)numbers;
	return sqst_fail(why, SQST_ERR_OPTION, NULL, "no registry");
}

int sqst_registry_commit(struct sqst_registry *registry, const struct sqst_tree *tree,
			 const struct sqst_numbers *numbers, struct sqst_lineage *lineage,
			 struct sqst_report *why)
{
	(void)registry;
	(void)tree;
	(void)numbers;
	(void)lineage;
	return sqst_fail(why, SQST_ERR_OPTION, NULL, "no registry");
}

void sqst_registry_free(struct sqst_registry *registry)
{
	(void)registry;
}
