/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between two numberings, path by path. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>

#include "base/scope.h"
#include "base/sort.h"
#include "numbers/beside.h"
#include "sqst/check.h"

/* The numbers that one side uses, sorted, each once. */
struct used {
	uint32_t *number;
	size_t count;
};

static bool find_used(const struct sqst_joint *joint, uint32_t count, int side, struct used *used)
{
	used->number = malloc((count ? (size_t)count : 1) * sizeof(*used->number));
	if (!used->number)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (joint[i].entry[side])
			used->number[used->count++] = joint[i].entry[side]->number;
	}
	if (!sqst_sort_u32(used->number, used->count))
		return false;
	used->count = sqst_unique_u32(used->number, used->count);
	return true;
}

static uint32_t count_missing(const struct used *from, const struct used *in)
{
	uint32_t missing = 0;

	for (size_t i = 0, at = 0; i < from->count; i++) {
		while (at < in->count && in->number[at] < from->number[i])
			at++;
		missing += at == in->count || in->number[at] != from->number[i];
	}
	return missing;
}

static bool count_numbers(const struct sqst_joint *joint, uint32_t count,
			  struct sqst_numbers_difference *out)
{
	struct used before = {0}, after = {0};
	const bool done = find_used(joint, count, 0, &before) && find_used(joint, count, 1, &after);

	if (done) {
		out->retired = count_missing(&before, &after);
		out->given = count_missing(&after, &before);
	}
	free(before.number);
	free(after.number);
	return done;
}

static void look(const struct sqst_joint *joint, struct sqst_change *change)
{
	const struct sqst_entry *before = joint->entry[0], *after = joint->entry[1];

	*change = (struct sqst_change){
	    .old_number = before ? before->number : 0,
	    .new_number = after ? after->number : 0,
	    .old_type = before ? before->type : 0,
	    .new_type = after ? after->type : 0,
	};
	if (!before)
		change->kind = SQST_CHANGE_NEW;
	else if (!after)
		change->kind = SQST_CHANGE_GONE;
	else if (before->type != after->type)
		change->kind = SQST_CHANGE_RETYPED;
	else if (before->number != after->number)
		change->kind = SQST_CHANGE_RENUMBERED;
	else
		change->kind = SQST_CHANGE_KEPT;
}

static bool tell_change(const struct sqst_joint *joint, uint32_t at, struct sqst_change *change,
			void (*each)(void *user, const struct sqst_change *change), void *user)
{
	SQST_AUTO_FREE char *path = sqst_joint_path(joint, at);

	if (!path)
		return false;
	change->path = path;
	each(user, change);
	return true;
}

int sqst_numbers_compare(const struct sqst_numbers *before, const struct sqst_numbers *after,
			 void (*each)(void *user, const struct sqst_change *change), void *user,
			 struct sqst_numbers_difference *out, struct sqst_report *why)
{
	const struct sqst_numbers *const side[SQST_JOINT_SIDES] = {before, after, NULL};
	SQST_AUTO_FREE struct sqst_joint *joint = NULL;
	struct sqst_numbers_difference found = {0};
	uint32_t count;
	int rc = sqst_joint_collect(side, &joint, &count, why);

	if (rc < 0)
		return rc;
	if (!count_numbers(joint, count, &found))
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	for (uint32_t i = 0; i < count; i++) {
		struct sqst_change change;

		look(&joint[i], &change);
		found.paths[change.kind]++;
		if (each && !tell_change(joint, i, &change, each, user))
			return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	}
	*out = found;
	return 0;
}
