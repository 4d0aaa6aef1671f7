/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbering of one release in memory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/report.h"
#include "base/scope.h"
#include "numbers/numbers.h"
#include "sqst/numbers.h"
#include "tree/node.h"

bool sqst_uuid_is_null(const uint8_t uuid[SQST_UUID_SIZE])
{
	static const uint8_t null[SQST_UUID_SIZE];

	return memcmp(uuid, null, SQST_UUID_SIZE) == 0;
}

struct sqst_numbers *sqst_numbers_new(const char *source)
{
	struct sqst_numbers *numbers = calloc(1, sizeof(*numbers));

	if (!numbers)
		return NULL;
	numbers->source = strdup(source);
	numbers->arena = sqst_arena_new();
	numbers->root.name = "";
	numbers->root.type = SQST_TYPE_DIR;
	if (!numbers->source || !numbers->arena) {
		sqst_numbers_free(numbers);
		return NULL;
	}
	return numbers;
}

void sqst_numbers_free(struct sqst_numbers *numbers)
{
	if (!numbers)
		return;
	sqst_arena_free(numbers->arena);
	free(numbers->source);
	free(numbers);
}

/* Entries are made breadth first: then the entries made so far are their own queue, and the
 * children of one directory stand side by side. node[i] is what entry[i] is made from. */
static bool fill_entries(const struct sqst_tree *tree, struct sqst_numbers *numbers,
			 const struct sqst_node **node, struct sqst_entry *entry)
{
	uint32_t made = 1;

	node[0] = sqst_tree_root(tree);
	for (uint32_t i = 0; i < made; i++) {
		const struct sqst_inode *inode = node[i]->inode;

		entry[i].name =
		    sqst_arena_strndup(numbers->arena, node[i]->name, strlen(node[i]->name));
		if (!entry[i].name)
			return false;
		entry[i].number = inode->number;
		entry[i].type = inode->type;
		if (inode->type != SQST_TYPE_DIR || inode->u.dir.count == 0)
			continue;
		entry[i].child = &entry[made];
		entry[i].count = inode->u.dir.count;
		for (uint32_t c = 0; c < inode->u.dir.count; c++)
			node[made++] = inode->u.dir.child[c];
	}
	numbers->root = entry[0];
	numbers->paths = made;
	return true;
}

int sqst_numbers_from_tree(const struct sqst_tree *tree, const char *source,
			   struct sqst_numbers **out, struct sqst_report *why)
{
	const uint32_t names = sqst_tree_names(tree);
	struct sqst_numbers *numbers = sqst_numbers_new(source);
	SQST_AUTO_FREE const struct sqst_node **node = calloc(names, sizeof(*node));
	struct sqst_entry *entry = NULL;

	if (numbers)
		entry = sqst_arena_array(numbers->arena, names, sizeof(*entry));
	if (!entry || !node || !fill_entries(tree, numbers, node, entry)) {
		sqst_numbers_free(numbers);
		return sqst_no_memory(why, source);
	}
	*out = numbers;
	return 0;
}
