/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as a file of pseudo definitions. Reading runs no command; a list that needs none and names
 * no file of this system is applied, too. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "pseudo/pseudo.h"
#include "run.h"

const char corpus[] = "pseudo";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool harmless(const struct sqst_pseudo *pseudo)
{
	for (size_t i = 0; i < pseudo->entries; i++) {
		const struct sqst_pseudo_item *item = pseudo->entry[i].item;

		if (item->time.text || strchr("flh", item->kind))
			return false;
	}
	return true;
}

static void apply(struct sqst_pseudo *pseudo)
{
	const struct sqst_pseudo_options options = {.no_source = true};
	struct sqst_report why = {0};
	struct sqst_tree *tree = sqst_tree_new();
	char path[8192];
	uint32_t names = 0;

	if (tree && sqst_pseudo_apply(pseudo, tree, &options, &why) == 0) {
		for (const struct sqst_node *node = sqst_tree_root(tree); node;
		     node = sqst_tree_next(node)) {
			must(sqst_node_path(node, path, sizeof(path)) < sizeof(path));
			names++;
		}
		must(names == sqst_tree_names(tree));
		sqst_pseudo_restore_owners(pseudo, tree);
	} else {
		must(why.code < 0 && why.message[0] != '\0');
	}
	sqst_tree_free(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqst_pseudo *pseudo = sqst_pseudo_new();
	struct sqst_report why = {0};
	FILE *stream = NULL;
	char *copy = malloc(size + 1);
	size_t source;

	if (copy) {
		memcpy(copy, data, size);
		copy[size] = '\0';
		stream = size > 0 ? fmemopen(copy, size, "r") : NULL;
	}
	if (pseudo && stream) {
		if (sqst_pseudo_parse(pseudo, stream, "fuzz", &source, &why) < 0)
			must(why.code < 0 && why.message[0] != '\0');
		else if (harmless(pseudo))
			apply(pseudo);
	}
	if (stream)
		fclose(stream);
	free(copy);
	sqst_pseudo_free(pseudo);
	return 0;
}
