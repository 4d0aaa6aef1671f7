/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parents: read, and what of their lineage goes on in the new image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "image/tree.h"
#include "map/map_load.h"
#include "pipeline/pipeline.h"
#include "sqst/map.h"
#include "sqst/registry.h"

void sqst_parents_release(struct sqst_parents *parents)
{
	sqst_build_registry_close(parents);
	for (size_t i = 0; i < parents->count; i++)
		sqst_numbers_free(parents->list[i]);
	parents->count = 0;
}

int sqst_parents_read(const struct sqst_build_options *options, struct sqst_parents *parents,
		      struct sqst_report *why)
{
	for (size_t i = 0; i < options->parents; i++) {
		const struct sqst_parent_file *file = &options->parent[i];
		struct sqst_numbers **out = &parents->list[parents->count];
		int rc;

		if (!file->is_map)
			rc = sqst_image_load_numbers(file->path, options->cancel, out, why);
		else if (sqst_registry_is_url(file->path))
			rc = sqst_build_registry_open(options, parents, why);
		else
			rc = sqst_map_load(file->path, options->cancel, out, why);
		if (rc < 0)
			return rc;
		parents->count++;
	}
	return 0;
}

static void show_uuid(const uint8_t uuid[SQST_UUID_SIZE], char text[37])
{
	char *to = text;

	for (unsigned i = 0; i < SQST_UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		to += snprintf(to, 3, "%02x", uuid[i]);
	}
}

static bool same_uuid(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SQST_UUID_SIZE) == 0;
}

/* The UUID that a new lineage gets, null for one made of the numbering. */
static int new_uuid(const struct sqst_build_options *options, const struct sqst_parents *parents,
		    uint8_t uuid[SQST_UUID_SIZE], struct sqst_report *why)
{
	if (!options->uuid)
		return 0;
	for (size_t i = 0; i < parents->count; i++) {
		if (same_uuid(parents->list[i]->lineage.uuid, options->uuid))
			return sqst_fail(why, SQST_ERR_OPTION, parents->list[i]->source,
					 "has the UUID that --uuid gives; a new lineage needs one "
					 "of its own");
	}
	memcpy(uuid, options->uuid, SQST_UUID_SIZE);
	return 0;
}

/* The UUID that the parents hand on. Parents of two lineages are joined only if --uuid says which
 * of the two goes on: R8 keeps the numbers safe, but names cannot be guessed. */
static int inherited_uuid(const struct sqst_build_options *options,
			  const struct sqst_parents *parents, uint8_t uuid[SQST_UUID_SIZE],
			  struct sqst_report *why)
{
	const struct sqst_numbers *named = NULL, *other = NULL;
	bool chosen = false;
	char text[37];

	for (size_t i = 0; i < parents->count; i++) {
		const struct sqst_numbers *parent = parents->list[i];

		if (sqst_uuid_is_null(parent->lineage.uuid))
			continue;
		if (options->uuid && same_uuid(parent->lineage.uuid, options->uuid))
			chosen = true;
		if (!named)
			named = parent;
		else if (!same_uuid(parent->lineage.uuid, named->lineage.uuid))
			other = parent;
	}
	if (named && options->uuid && !chosen) {
		show_uuid(named->lineage.uuid, text);
		return sqst_fail(why, SQST_ERR_OPTION, named->source,
				 "has lineage UUID %s, which its children keep; leave --uuid out, "
				 "or start a --new-lineage",
				 text);
	}
	if (other && !chosen) {
		show_uuid(named->lineage.uuid, text);
		return sqst_fail(
		    why, SQST_ERR_PARENT, other->source,
		    "is of another lineage than %s (UUID %s); say with --uuid which of "
		    "the two goes on, or start a --new-lineage",
		    named->source, text);
	}
	if (options->uuid)
		memcpy(uuid, options->uuid, SQST_UUID_SIZE);
	else if (named)
		memcpy(uuid, named->lineage.uuid, SQST_UUID_SIZE);
	return 0;
}

int sqst_parents_inherit(const struct sqst_build_options *options,
			 const struct sqst_parents *parents, struct sqst_lineage *lineage,
			 struct sqst_report *why)
{
	memset(lineage, 0, sizeof(*lineage));
	lineage->recorded = true;
	if (options->label)
		memcpy(lineage->label, options->label, strlen(options->label) + 1);
	if (options->flags & SQST_BUILD_NEW_LINEAGE)
		return new_uuid(options, parents, lineage->uuid, why);
	for (size_t i = 0; i < parents->count; i++) {
		const struct sqst_lineage *parent = &parents->list[i]->lineage;

		memcpy(lineage->parent[lineage->parents++], parent->id, SQST_UUID_SIZE);
		if (!parent->recorded)
			continue;
		if (parent->generation == UINT32_MAX)
			return sqst_fail(why, SQST_ERR_LIMIT, parents->list[i]->source,
					 "is the last generation that can be counted; start a "
					 "--new-lineage");
		if (lineage->generation <= parent->generation)
			lineage->generation = parent->generation + 1;
	}
	return inherited_uuid(options, parents, lineage->uuid, why);
}
