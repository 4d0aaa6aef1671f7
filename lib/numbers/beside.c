/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numberings side by side. The stack is explicit, for a map may be nested at will. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/scope.h"
#include "numbers/beside.h"
#include "tree/tree.h"

/* A directory whose children are being walked. */
struct sqst_beside_frame {
	const struct sqst_node *dir;
	const struct sqst_entry *entry[SQST_BESIDE_SIDES];
	uint32_t next_node;
	uint32_t next_entry[SQST_BESIDE_SIDES];
	/* Its place among all paths. */
	uint32_t at;
};

void sqst_beside_begin(struct sqst_beside *beside, const struct sqst_tree *tree,
		       const struct sqst_numbers *const *side, unsigned sides)
{
	*beside = (struct sqst_beside){.node = tree ? tree->root : NULL};
	for (unsigned i = 0; i < sides; i++)
		beside->entry[i] = side[i] ? &side[i]->root : NULL;
}

/* Let the children of the current path come next. */
static int push_frame(struct sqst_beside *beside)
{
	const struct sqst_node *node = beside->node;
	struct sqst_beside_frame *frame;
	bool below = false;

	if (node && (node->inode->type != SQST_TYPE_DIR || node->inode->u.dir.count == 0))
		node = NULL;
	for (unsigned i = 0; i < SQST_BESIDE_SIDES; i++)
		below |= beside->entry[i] && beside->entry[i]->count > 0;
	if (!node && !below)
		return 0;
	frame = sqst_grow(beside->frame, beside->frames, &beside->room, sizeof(*frame));
	if (!frame)
		return SQST_ERR_NOMEM;
	beside->frame = frame;
	frame = &frame[beside->frames++];
	*frame = (struct sqst_beside_frame){.dir = node, .at = beside->at};
	memcpy(frame->entry, beside->entry, sizeof(frame->entry));
	return 0;
}

static int visit(struct sqst_beside *beside, uint32_t directory)
{
	int rc;

	beside->at = beside->paths++;
	beside->directory = directory;
	if (beside->node)
		beside->index = beside->nodes++;
	rc = push_frame(beside);
	return rc < 0 ? rc : 1;
}

/* Let the current path be the child with the lowest name. False after the last. */
static bool next_child(struct sqst_beside *beside, struct sqst_beside_frame *frame)
{
	const struct sqst_entry *child[SQST_BESIDE_SIDES] = {NULL};
	/* Who has the lowest name: a bit a side, and one for the tree. */
	const unsigned in_tree = 1u << SQST_BESIDE_SIDES;
	unsigned lowest = 0;
	const char *name = NULL;

	beside->node = NULL;
	if (frame->dir && frame->next_node < frame->dir->inode->u.dir.count) {
		beside->node = frame->dir->inode->u.dir.child[frame->next_node];
		name = beside->node->name;
		lowest = in_tree;
	}
	for (unsigned i = 0; i < SQST_BESIDE_SIDES; i++) {
		int order;

		if (!frame->entry[i] || frame->next_entry[i] >= frame->entry[i]->count)
			continue;
		child[i] = &frame->entry[i]->child[frame->next_entry[i]];
		order = name ? strcmp(child[i]->name, name) : -1;
		if (order < 0) {
			name = child[i]->name;
			lowest = 0;
		}
		if (order <= 0)
			lowest |= 1u << i;
	}
	if (lowest & in_tree)
		frame->next_node++;
	else
		beside->node = NULL;
	for (unsigned i = 0; i < SQST_BESIDE_SIDES; i++) {
		const bool has = lowest & 1u << i;

		beside->entry[i] = has ? child[i] : NULL;
		frame->next_entry[i] += has;
	}
	return name != NULL;
}

int sqst_beside_next(struct sqst_beside *beside)
{
	if (beside->paths == 0)
		return visit(beside, 0);
	while (beside->frames > 0) {
		struct sqst_beside_frame *frame = &beside->frame[beside->frames - 1];
		const uint32_t directory = frame->at;

		if (next_child(beside, frame))
			return visit(beside, directory);
		beside->frames--;
	}
	return 0;
}

void sqst_beside_end(struct sqst_beside *beside)
{
	free(sqst_steal(&beside->frame));
}

/* ---- all of them at once */

static const char *name_of(const struct sqst_beside *beside)
{
	for (unsigned i = 0; i < SQST_BESIDE_SIDES; i++) {
		if (beside->entry[i])
			return beside->entry[i]->name;
	}
	return "";
}

/* As many as the sides have together are enough: most of it is never touched where they are alike.
 */
static uint64_t most_paths(const struct sqst_numbers *const *side, unsigned sides)
{
	uint64_t most = 1;

	for (unsigned i = 0; i < sides; i++)
		most += side[i] ? side[i]->paths : 0;
	return most;
}

int sqst_beside_collect(const struct sqst_numbers *const *side, unsigned sides,
			struct sqst_beside_path **out, uint32_t *count, struct sqst_report *why)
{
	const uint64_t most = most_paths(side, sides);
	struct sqst_beside_path *path;
	struct sqst_beside beside;
	int rc;

	if (most > SQST_NUMBER_MAX)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "more than %u paths", SQST_NUMBER_MAX);
	path = malloc(most * sizeof(*path));
	sqst_beside_begin(&beside, NULL, side, sides);
	*count = 0;
	while ((rc = path ? sqst_beside_next(&beside) : SQST_ERR_NOMEM) > 0) {
		struct sqst_beside_path *one = &path[(*count)++];

		one->name = name_of(&beside);
		one->directory = beside.directory;
		memcpy(one->entry, beside.entry, sizeof(one->entry));
	}
	sqst_beside_end(&beside);
	if (rc < 0) {
		free(path);
		return sqst_fail(why, rc, NULL, "out of memory");
	}
	*out = path;
	return 0;
}

char *sqst_beside_path_text(const struct sqst_beside_path *path, uint32_t at)
{
	size_t size = 1;
	char *text, *to;

	for (uint32_t up = at; up != 0; up = path[up].directory)
		size += strlen(path[up].name) + 1;
	text = malloc(size);
	if (!text)
		return NULL;
	/* From the last component to the first; each has a '/' or the NUL after it. */
	to = text + size - 1;
	*to = '\0';
	for (uint32_t up = at; up != 0; up = path[up].directory) {
		const size_t length = strlen(path[up].name);

		if (up != at)
			*--to = '/';
		to -= length;
		memcpy(to, path[up].name, length);
	}
	memmove(text, to, strlen(to) + 1);
	return text;
}
