/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as an image. What is accepted must have a canonical map and must do as a parent. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map/map_text.h"
#include "numbering/numbering.h"
#include "run.h"
#include "sqst/image.h"
#include "sqst/map.h"

const char corpus[] = "image";

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_map(const struct sqst_numbers *numbers)
{
	char *map;
	size_t size;

	if (sqst_map_canonical(numbers, &map, &size, NULL) < 0)
		return;
	must(size > 0);
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

/* Whatever was accepted keeps the promises of numbers.h. */
static void check_entries(const struct sqst_numbers *numbers)
{
	const struct sqst_entry *root = &numbers->root;

	must(numbers->lineage.root == root->number && root->type == SQST_TYPE_DIR);
	for (uint32_t i = 0; i < root->count; i++) {
		const struct sqst_entry *entry = &root->child[i];

		must(entry->number >= 1 && entry->number <= numbers->lineage.top);
		must(entry->type >= SQST_TYPE_DIR && entry->type <= SQST_TYPE_SOCKET);
		must(entry->name[0] != '\0' && strlen(entry->name) <= SQST_NAME_MAX);
		must(i == 0 || strcmp(entry[-1].name, entry->name) < 0);
	}
}

/* The head of what is an image can be read, and what is read of it is text that ends. */
static void check_head(const char *path, bool is_image)
{
	struct sqst_report why = {0};
	struct sqst_image_head head;
	const int rc = sqst_image_read_head(path, &head, &why);

	must(rc == 0 || (!is_image && rc == SQST_ERR_PARENT && why.message[0] != '\0'));
	if (rc == 0) {
		must(memchr(head.lineage.label, '\0', sizeof(head.lineage.label)) != NULL);
		must(head.damaged ? why.message[0] != '\0' && !head.lineage.recorded
				  : head.lineage.parents <= SQST_PARENTS_MAX);
		must(!is_image || !head.damaged);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};
	const int memory = memfd_create("image", MFD_CLOEXEC);
	char path[64];

	must(memory >= 0 && write(memory, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	if (sqst_image_read_numbers(path, &numbers, &why) == 0) {
		check_entries(numbers);
		check_map(numbers);
		number_a_child(numbers);
	} else {
		must(numbers == NULL && why.code == SQST_ERR_PARENT && why.message[0] != '\0');
	}
	check_head(path, numbers != NULL);
	sqst_numbers_free(numbers);
	close(memory);
	return 0;
}
