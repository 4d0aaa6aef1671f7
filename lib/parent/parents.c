/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parents: locked, opened and read, and asked for numbers and data. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "image/tree.h"
#include "map/map_load.h"
#include "numbers/beside.h"
#include "parent/parents.h"
#include "registry/registry.h"
#include "registry/registry_url.h"
#include "tree/tree.h"

/* By name, not by inode: another build may replace the file just now. */
static bool is_same_file(const char *one, const char *other)
{
	SQST_AUTO_FREE char *a = realpath(one, NULL);
	SQST_AUTO_FREE char *b = realpath(other, NULL);

	return a && b && strcmp(a, b) == 0;
}

int sqst_parents_lock(struct sqst_parents *parents, const char *output, struct sqst_report *why)
{
	for (size_t i = 0; output && i < parents->count; i++) {
		const struct sqst_parent *parent = &parents->parent[i];

		if (parent->is_map && is_same_file(parent->path, output))
			return sqst_map_lock_take(parent->path, parents->cancel, &parents->lock,
						  why);
	}
	return 0;
}

static int open_parent_registry(struct sqst_parents *parents, const char *url,
				struct sqst_numbers **out, struct sqst_report *why)
{
	if (parents->registry)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a second registry; a build can continue only one");
	if (parents->new_lineage)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a registry holds one lineage and does not go with --new-lineage; "
				 "create one for the new lineage with sqfs-stable-map init");
	if (parents->keep_links)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a registry keeps each number for the names it was given to, so "
				 "it does not go with --keep-links");
	parents->registry_at = parents->read;
	return sqst_registry_open(url, parents->uuid, &parents->registry, out, why);
}

static int open_newest_image(struct sqst_parents *parents, struct sqst_report *why)
{
	size_t newest = parents->count;

	while (newest > 0 && parents->parent[newest - 1].is_map)
		newest--;
	if (newest == 0)
		return 0;
	parents->newest_image = newest - 1;
	return sqst_parent_data_open(parents->parent[newest - 1].path, parents->cancel,
				     &parents->data, why);
}

int sqst_parents_read(struct sqst_parents *parents, struct sqst_report *why)
{
	int rc = open_newest_image(parents, why);

	for (; rc == 0 && parents->read < parents->count; parents->read += rc == 0) {
		const struct sqst_parent *parent = &parents->parent[parents->read];
		struct sqst_numbers **out = &parents->numbers[parents->read];
		uint32_t live;

		if (!parent->is_map && parents->read == parents->newest_image)
			rc = sqst_image_numbers(&parents->data->image, out, &live);
		else if (!parent->is_map)
			rc = sqst_image_load_numbers(parent->path, parents->cancel, out, why);
		else if (sqst_registry_is_url(parent->path))
			rc = open_parent_registry(parents, parent->path, out, why);
		else
			rc = sqst_map_load(parent->path, parents->cancel, out, why);
	}
	return rc;
}

int sqst_parents_begin(struct sqst_parents *parents, const struct sqst_tree *tree,
		       struct sqst_report *why)
{
	return parents->registry ? sqst_registry_begin(parents->registry, tree, parents->cancel,
						       &parents->numbers[parents->registry_at], why)
				 : 0;
}

int sqst_parents_commit(struct sqst_parents *parents, const struct sqst_tree *tree,
			struct sqst_lineage *lineage, struct sqst_report *why)
{
	return parents->registry
		   ? sqst_registry_commit(parents->registry, tree,
					  parents->numbers[parents->registry_at], lineage, why)
		   : 0;
}

static int pair_tree(struct sqst_tree *tree, const struct sqst_numbers *parent,
		     struct sqst_report *why)
{
	struct sqst_beside walk;
	int rc;

	sqst_beside_begin(&walk, tree, &parent, 1);
	while ((rc = sqst_beside_next(&walk)) > 0) {
		if (walk.node && sqst_beside_same_identity(&walk) && !walk.node->inode->previous)
			walk.node->inode->previous = walk.entry[0]->number;
	}
	sqst_beside_end(&walk);
	return rc < 0 ? sqst_fail(why, rc, NULL, "out of memory") : 0;
}

int sqst_parents_read_data(struct sqst_parents *parents, struct sqst_tree *tree,
			   const struct sqst_parent_format *format, struct sqst_report *why)
{
	int rc;

	if (!parents->data)
		return 0;
	rc = sqst_parent_data_check(parents->data, why);
	if (rc == 0)
		rc = sqst_parent_data_read(parents->data, format);
	return rc == 0 ? pair_tree(tree, parents->numbers[parents->newest_image], why) : rc;
}

uint32_t sqst_parents_known(const struct sqst_parents *parents)
{
	uint32_t known = 0;

	for (size_t i = 0; i < parents->read; i++) {
		if (known < parents->numbers[i]->lineage.top)
			known = parents->numbers[i]->lineage.top;
	}
	return known;
}

void sqst_parents_forget_numbers(struct sqst_parents *parents)
{
	sqst_registry_free(parents->registry);
	parents->registry = NULL;
	for (size_t i = 0; i < parents->read; i++)
		sqst_numbers_free(parents->numbers[i]);
	parents->read = 0;
}

void sqst_parents_release(struct sqst_parents *parents)
{
	sqst_parents_forget_numbers(parents);
	sqst_parent_data_free(parents->data);
	parents->data = NULL;
	sqst_map_lock_free(parents->lock);
	parents->lock = NULL;
}
