/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees and parents as one line of text for the tests of numbering and maps.
 *
 * "d.=1 da=2 fa/x=3 fa/y=3": a type letter (dir, file, link, block, char, p for fifo, socket), the
 * path ("." is the root), the number. In a tree to be numbered the numbers only say which paths are
 * one inode. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "map/map_text.h"
#include "numbering.h"
#include "numbers/numbers.h"

const char type_letters[] = " dflbcps";

void require(int rc, const struct sqst_report *why)
{
	if (rc < 0)
		print_error("%s\n", why->message);
	assert_int_equal(rc, 0);
}

/* The map with these paths. The caller frees it. */
static char *map_text(const char *paths, uint32_t top)
{
	static const char *const name[] = {"",      "dir",  "file", "link",
					   "block", "char", "fifo", "socket"};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out, "#mtree\n# sqfs-stable: version=1 top=%u\n", top);
	while (*paths) {
		const int word = (int)strcspn(paths, " ");
		const char *equal = memchr(paths, '=', (size_t)word);
		const char *type = strchr(type_letters + 1, paths[0]);
		const int path = (int)(equal - paths) - 1;
		const bool root = path == 1 && paths[1] == '.';

		assert_non_null(equal);
		assert_non_null(type);
		fprintf(out, "%s%.*s type=%s inode=%.*s\n", root ? "" : "./", path, paths + 1,
			name[type - type_letters], word - path - 2, equal + 1);
		paths += word;
		paths += *paths == ' ';
	}
	fclose(out);
	return text;
}

struct sqst_numbers *numbers_of(const char *paths, uint32_t top)
{
	struct sqst_report why = {0};
	struct sqst_numbers *numbers = NULL;
	char *text = map_text(paths, top);

	require(sqst_map_parse("parent", text, strlen(text), &numbers, &why), &why);
	free(text);
	return numbers;
}

struct sqst_numbers *parse(const char *text)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};

	require(sqst_map_parse("m", text, strlen(text), &numbers, &why), &why);
	return numbers;
}

struct first_name {
	uint32_t number;
	struct sqst_inode *inode;
};

static void add_entries(struct sqst_tree *tree, struct sqst_node *dir,
			const struct sqst_entry *from, struct first_name *seen)
{
	for (uint32_t i = 0; i < from->count; i++) {
		const struct sqst_entry *entry = &from->child[i];
		struct first_name *first = seen;
		struct sqst_node *node;

		while (first->inode && first->number != entry->number)
			first++;
		node = first->inode ? sqst_tree_link(tree, dir, entry->name, first->inode)
				    : sqst_tree_add(tree, dir, entry->name, entry->type);
		assert_non_null(node);
		first->number = entry->number;
		first->inode = node->inode;
		add_entries(tree, node, entry, seen);
	}
}

struct sqst_tree *tree_of_numbers(const struct sqst_numbers *numbers)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct first_name *seen = calloc(numbers->paths + 1, sizeof(*seen));

	assert_non_null(tree);
	assert_non_null(seen);
	add_entries(tree, sqst_tree_root(tree), &numbers->root, seen);
	free(seen);
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	return tree;
}

struct sqst_tree *tree_of(const char *paths)
{
	struct sqst_numbers *numbers = numbers_of(paths, SQST_NUMBER_MAX);
	struct sqst_tree *tree = tree_of_numbers(numbers);

	sqst_numbers_free(numbers);
	return tree;
}

/* The canonical map as a string. The caller frees it. */
char *canonical(const struct sqst_numbers *numbers)
{
	struct sqst_report why = {0};
	char *map, *text;
	size_t size;

	require(sqst_map_canonical(numbers, &map, &size, &why), &why);
	text = strndup(map, size);
	free(map);
	assert_non_null(text);
	return text;
}

char *canonical_of_tree(const struct sqst_tree *tree)
{
	struct sqst_report why = {0};
	struct sqst_numbers *numbers;
	char *text;

	require(sqst_numbers_from_tree(tree, "tree", &numbers, &why), &why);
	text = canonical(numbers);
	sqst_numbers_free(numbers);
	return text;
}
