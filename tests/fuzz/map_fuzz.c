/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as a map. What is accepted must be the same after its canonical form is read again, and
 * must do as a parent. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "map/map_text.h"
#include "numbering/numbering.h"
#include "run.h"
#include "sqst/map.h"

const char corpus[] = "map";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_again(const struct sqst_numbers *numbers)
{
	static const char header[] = "#mtree\n# sqfs-stable: version=1 top=2147483647\n";
	const size_t start = sizeof(header) - 1;
	struct sqst_numbers *again = NULL;
	char *map, *text, *other;
	size_t size, other_size;

	if (sqst_map_canonical(numbers, &map, &size, NULL) < 0)
		return;
	text = malloc(start + size);
	if (text) {
		memcpy(text, header, start);
		memcpy(text + start, map, size);
		must(sqst_map_parse("again", text, start + size, &again, NULL) == 0);
		must(sqst_map_canonical(again, &other, &other_size, NULL) == 0);
		must(size == other_size && memcmp(map, other, size) == 0);
		free(other);
	}
	sqst_numbers_free(again);
	free(text);
	free(map);
}

static void number_a_child(const struct sqst_numbers *parent)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_numbering out;

	if (tree && sqst_tree_add(tree, sqst_tree_root(tree), "a", SQST_TYPE_FILE) &&
	    sqst_numbering_assign(tree, &parent, 1, false, &out, NULL) == 0)
		must(out.top >= parent->lineage.top);
	sqst_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};

	if (sqst_map_parse("fuzz", (const char *)data, size, &numbers, &why) == 0) {
		check_again(numbers);
		number_a_child(numbers);
	} else {
		must(numbers == NULL && why.code < 0 && why.message[0] != '\0');
	}
	sqst_numbers_free(numbers);
	return 0;
}
