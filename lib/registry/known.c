/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a registry knows of a tree, and what a numbered tree changes in it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/sort.h"
#include "numbers/beside.h"
#include "numbers/numbers.h"
#include "registry/known.h"

int sqst_known_begin(struct sqst_known *known, const struct sqst_tree *tree, const char *source,
		     struct sqst_report *why)
{
	memset(known, 0, sizeof(*known));
	return sqst_numbers_from_tree(tree, source, &known->numbers, why);
}

/* The child with this name, NULL if there is none. */
static struct sqst_entry *find_child(const struct sqst_entry *directory, const char *name,
				     size_t length)
{
	uint32_t low = 0, high = directory->count;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		struct sqst_entry *child = &directory->child[middle];
		int order = strncmp(child->name, name, length);

		if (order == 0 && child->name[length] != '\0')
			order = 1;
		if (order == 0)
			return child;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static struct sqst_entry *find_known_path(struct sqst_numbers *numbers, const char *path,
					  size_t length)
{
	struct sqst_entry *entry = &numbers->root;

	while (entry && length > 0) {
		const char *slash = memchr(path, '/', length);
		const size_t name = slash ? (size_t)(slash - path) : length;

		entry = find_child(entry, path, name);
		path += name + (slash != NULL);
		length -= name + (slash != NULL);
	}
	return entry;
}

static int keep_row(struct sqst_known *known, const struct sqst_row *row, struct sqst_report *why)
{
	struct sqst_row *grown = sqst_grow(known->row, known->rows, &known->room, sizeof(*grown));

	if (!grown)
		return sqst_no_memory(why, NULL);
	known->row = grown;
	known->row[known->rows] = *row;
	known->row[known->rows].path = strndup(row->path, row->length);
	if (!known->row[known->rows].path)
		return sqst_no_memory(why, NULL);
	known->rows++;
	return 0;
}

int sqst_known_add(struct sqst_known *known, const struct sqst_row *row, struct sqst_report *why)
{
	struct sqst_entry *entry = find_known_path(known->numbers, row->path, row->length);

	if (entry && entry->type == row->type)
		entry->number = row->number;
	return row->shared ? keep_row(known, row, why) : 0;
}

/* Take the children that are not known out of a directory. */
static void compact_directory(struct sqst_entry *directory)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < directory->count; i++) {
		if (directory->child[i].number != 0)
			directory->child[left++] = directory->child[i];
	}
	directory->count = left;
}

/* Whether the tree has the row's identity, and which entry that is. */
static struct sqst_entry *find_row(struct sqst_known *known, const struct sqst_row *row)
{
	struct sqst_entry *entry = find_known_path(known->numbers, row->path, row->length);

	return entry && entry->type == row->type ? entry : NULL;
}

/* A group of which the tree does not have all names is not known (R5). */
static int forget_broken_groups(struct sqst_known *known, struct sqst_report *why)
{
	SQST_AUTO_FREE uint32_t *broken = NULL;
	size_t count = 0;

	if (known->rows == 0)
		return 0;
	broken = malloc(known->rows * sizeof(*broken));
	if (!broken)
		return sqst_no_memory(why, NULL);
	for (size_t i = 0; i < known->rows; i++) {
		if (!find_row(known, &known->row[i]))
			broken[count++] = known->row[i].number;
	}
	if (!sqst_sort_u32(broken, count))
		return sqst_no_memory(why, NULL);
	for (size_t i = 0; i < known->rows; i++) {
		struct sqst_entry *entry = find_row(known, &known->row[i]);

		if (entry && sqst_search_u32(broken, count, entry->number) < count)
			entry->number = 0;
	}
	return 0;
}

int sqst_known_finish(struct sqst_known *known, struct sqst_report *why)
{
	struct sqst_numbers *numbers = known->numbers;
	SQST_AUTO_FREE struct sqst_entry **todo =
	    calloc(numbers->paths, sizeof(struct sqst_entry *));
	uint32_t done = 0, count = 0;

	if (!todo)
		return sqst_no_memory(why, NULL);
	if (forget_broken_groups(known, why) < 0)
		return SQST_ERR_NOMEM;
	if (numbers->root.number == 0)
		numbers->root.count = 0;
	todo[count++] = &numbers->root;
	while (done < count) {
		struct sqst_entry *entry = todo[done++];

		compact_directory(entry);
		for (uint32_t i = 0; i < entry->count; i++)
			todo[count++] = &entry->child[i];
	}
	numbers->paths = count;
	return 0;
}

/* ---- what changes */

/* The rows of groups that are no longer what they were: a name of theirs has another number now. Of
 * a group that is away altogether, the rows stay. */
static int drop_changed_groups(const struct sqst_known *known, const struct sqst_tree *tree,
			       sqst_row_call *call, void *user, struct sqst_report *why)
{
	SQST_AUTO_FREE uint32_t *changed = NULL;
	size_t count = 0;
	int rc = 0;

	if (known->rows == 0)
		return 0;
	changed = malloc(known->rows * sizeof(*changed));
	if (!changed)
		return sqst_no_memory(why, NULL);
	for (size_t i = 0; i < known->rows; i++) {
		const struct sqst_row *row = &known->row[i];
		const struct sqst_node *node = sqst_tree_look_up(tree, row->path, row->length);

		if (node && node->inode->type == row->type && node->inode->number != row->number)
			changed[count++] = row->number;
	}
	if (!sqst_sort_u32(changed, count))
		return sqst_no_memory(why, NULL);
	for (size_t i = 0; rc == 0 && i < known->rows; i++) {
		if (sqst_search_u32(changed, count, known->row[i].number) < count)
			rc = call(user, &known->row[i], why);
	}
	return rc;
}

static int call_node(const struct sqst_node *node, sqst_row_call *call, void *user,
		     struct sqst_report *why)
{
	const size_t length = sqst_node_path(node, NULL, 0);
	SQST_AUTO_FREE char *path = malloc(length + 1);
	const struct sqst_row row = {
	    .path = path,
	    .length = length,
	    .number = node->inode->number,
	    .type = node->inode->type,
	};

	if (!path)
		return sqst_no_memory(why, NULL);
	sqst_node_path(node, path, length + 1);
	return call(user, &row, why);
}

int sqst_known_drops(const struct sqst_known *known, const struct sqst_tree *tree,
		     const struct sqst_numbers *numbers, uint32_t top, sqst_row_call *call,
		     void *user, struct sqst_report *why)
{
	struct sqst_beside walk;
	int rc = drop_changed_groups(known, tree, call, user, why), more = 1;

	if (rc < 0)
		return rc;
	/* What was known by another number and has a new one. */
	sqst_beside_begin(&walk, tree, &numbers, 1);
	while (rc == 0 && (more = sqst_beside_next(&walk)) > 0) {
		if (sqst_beside_same_identity(&walk) && walk.entry[0]->number != 0 &&
		    walk.node->inode->number > top)
			rc = call_node(walk.node, call, user, why);
	}
	sqst_beside_end(&walk);
	return more < 0 ? sqst_no_memory(why, NULL) : rc;
}

int sqst_known_adds(const struct sqst_tree *tree, uint32_t top, sqst_row_call *call, void *user,
		    struct sqst_report *why)
{
	int rc = 0;

	for (const struct sqst_node *node = sqst_tree_root(tree); rc == 0 && node;
	     node = sqst_tree_next(node)) {
		if (node->inode->number > top)
			rc = call_node(node, call, user, why);
	}
	return rc;
}

void sqst_known_release(struct sqst_known *known)
{
	sqst_numbers_free(known->numbers);
	for (size_t i = 0; i < known->rows; i++)
		free((char *)(uintptr_t)known->row[i].path);
	free(known->row);
	memset(known, 0, sizeof(*known));
}
