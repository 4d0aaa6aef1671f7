/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The paths of up to three numberings, side by side. Their entries are sorted alike, so no path is
 * looked up; the stack is explicit, for a map may be nested at will. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/scope.h"
#include "numbers/beside.h"

/* A directory whose children are being collected. */
struct beside_frame {
	const struct sqst_entry *directory[SQST_JOINT_SIDES];
	uint32_t next[SQST_JOINT_SIDES];
	uint32_t at;
};

struct collecting {
	struct sqst_joint *joint;
	uint32_t count;
	size_t room;
	struct beside_frame *frame;
	size_t frames;
	size_t frames_room;
	struct sqst_report *why;
};

static int beside_no_memory(struct sqst_report *why)
{
	return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
}

static int collect_joint(struct collecting *all, const struct sqst_joint *joint)
{
	struct sqst_joint *grown;
	struct beside_frame *frame;
	bool below = false;

	if (all->count == SQST_NUMBER_MAX)
		return sqst_fail(all->why, SQST_ERR_LIMIT, NULL, "more than %u paths",
				 SQST_NUMBER_MAX);
	grown = sqst_grow(all->joint, all->count, &all->room, sizeof(*grown));
	if (!grown)
		return beside_no_memory(all->why);
	all->joint = grown;
	grown[all->count++] = *joint;
	for (int i = 0; i < SQST_JOINT_SIDES; i++)
		below |= joint->entry[i] && joint->entry[i]->count > 0;
	if (!below)
		return 0;
	frame = sqst_grow(all->frame, all->frames, &all->frames_room, sizeof(*frame));
	if (!frame)
		return beside_no_memory(all->why);
	all->frame = frame;
	frame = &frame[all->frames++];
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->directory, joint->entry, sizeof(frame->directory));
	frame->at = all->count - 1;
	return 0;
}

/* The children of the same, lowest name. False after the last. */
static bool next_child(struct beside_frame *frame, struct sqst_joint *joint)
{
	const struct sqst_entry *child[SQST_JOINT_SIDES] = {NULL};

	memset(joint, 0, sizeof(*joint));
	joint->directory = frame->at;
	for (int i = 0; i < SQST_JOINT_SIDES; i++) {
		const struct sqst_entry *directory = frame->directory[i];

		if (!directory || frame->next[i] >= directory->count)
			continue;
		child[i] = &directory->child[frame->next[i]];
		if (!joint->name || strcmp(child[i]->name, joint->name) < 0)
			joint->name = child[i]->name;
	}
	for (int i = 0; i < SQST_JOINT_SIDES; i++) {
		if (!child[i] || strcmp(child[i]->name, joint->name) != 0)
			continue;
		joint->entry[i] = child[i];
		frame->next[i]++;
	}
	return joint->name != NULL;
}

static int collect_side(struct collecting *all, const struct sqst_numbers *const *side)
{
	struct sqst_joint joint = {.name = ""};
	int rc;

	for (int i = 0; i < SQST_JOINT_SIDES; i++)
		joint.entry[i] = side[i] ? &side[i]->root : NULL;
	rc = collect_joint(all, &joint);
	while (rc == 0 && all->frames > 0) {
		if (next_child(&all->frame[all->frames - 1], &joint))
			rc = collect_joint(all, &joint);
		else
			all->frames--;
	}
	return rc;
}

int sqst_joint_collect(const struct sqst_numbers *const side[SQST_JOINT_SIDES],
		       struct sqst_joint **out, uint32_t *count, struct sqst_report *why)
{
	struct collecting all = {.why = why};
	const int rc = collect_side(&all, side);

	free(all.frame);
	if (rc < 0) {
		free(all.joint);
		return rc;
	}
	*out = all.joint;
	*count = all.count;
	return 0;
}

char *sqst_joint_path(const struct sqst_joint *joint, uint32_t at)
{
	size_t size = 1;
	char *path, *to;

	for (uint32_t up = at; up != 0; up = joint[up].directory)
		size += strlen(joint[up].name) + 1;
	path = malloc(size);
	if (!path)
		return NULL;
	/* From the last component to the first; each has a '/' or the NUL behind it. */
	to = path + size - 1;
	*to = '\0';
	for (uint32_t up = at; up != 0; up = joint[up].directory) {
		const size_t length = strlen(joint[up].name);

		if (up != at)
			*--to = '/';
		to -= length;
		memcpy(to, joint[up].name, length);
	}
	memmove(path, to, strlen(to) + 1);
	return path;
}
