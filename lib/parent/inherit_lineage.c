/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the parents' lineages goes on in the new image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <uuid.h>

#include "numbers/inherit.h"
#include "numbers/numbers.h"
#include "parent/parents.h"

/* The UUID that a new lineage gets, null for one made of the numbering. */
static int new_uuid(const struct sqst_parents *parents, uint8_t uuid[SQST_UUID_SIZE],
		    struct sqst_report *why)
{
	if (!parents->uuid)
		return 0;
	for (size_t i = 0; i < parents->read; i++) {
		if (sqst_uuid_equal(parents->numbers[i]->lineage.uuid, parents->uuid))
			return sqst_fail(
			    why, SQST_ERR_OPTION, parents->numbers[i]->source,
			    "already has the UUID given with --uuid; a new lineage needs its own");
	}
	memcpy(uuid, parents->uuid, SQST_UUID_SIZE);
	return 0;
}

/* The UUID that the parents hand on. Parents of two lineages are joined only if --uuid says which
 * of the two goes on: R8 keeps the numbers safe, but names cannot be guessed. */
static int inherited_uuid(const struct sqst_parents *parents, uint8_t uuid[SQST_UUID_SIZE],
			  struct sqst_report *why)
{
	const struct sqst_numbers *named = NULL, *other = NULL;
	char text[UUID_STR_LEN] = "";
	bool chosen = false;

	for (size_t i = 0; i < parents->read; i++) {
		const struct sqst_numbers *parent = parents->numbers[i];

		if (sqst_uuid_is_null(parent->lineage.uuid))
			continue;
		if (parents->uuid && sqst_uuid_equal(parent->lineage.uuid, parents->uuid))
			chosen = true;
		if (!named)
			named = parent;
		else if (!sqst_uuid_equal(parent->lineage.uuid, named->lineage.uuid))
			other = parent;
	}
	if (named)
		uuid_unparse_lower(named->lineage.uuid, text);
	if (named && parents->uuid && !chosen)
		return sqst_fail(why, SQST_ERR_OPTION, named->source,
				 "has lineage UUID %s, which its children keep; omit --uuid or "
				 "start a --new-lineage",
				 text);
	if (other && !chosen)
		return sqst_fail(why, SQST_ERR_PARENT, other->source,
				 "is of another lineage than %s (UUID %s); choose the one that "
				 "continues with --uuid, or start a --new-lineage",
				 named->source, text);
	if (parents->uuid)
		memcpy(uuid, parents->uuid, SQST_UUID_SIZE);
	else if (named)
		memcpy(uuid, named->lineage.uuid, SQST_UUID_SIZE);
	return 0;
}

int sqst_parents_inherit(const struct sqst_parents *parents, struct sqst_lineage *lineage,
			 struct sqst_report *why)
{
	const struct sqst_numbers *last;

	memset(lineage, 0, sizeof(*lineage));
	lineage->recorded = true;
	if (parents->label)
		memcpy(lineage->label, parents->label, strlen(parents->label) + 1);
	if (parents->new_lineage)
		return new_uuid(parents, lineage->uuid, why);
	last = sqst_lineage_inherit(lineage, (const struct sqst_numbers *const *)parents->numbers,
				    parents->read);
	if (last)
		return sqst_fail(why, SQST_ERR_LIMIT, last->source,
				 "has the highest possible generation; start a --new-lineage");
	return inherited_uuid(parents, lineage->uuid, why);
}
