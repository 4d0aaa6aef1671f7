/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as a source: an archive or an image, by what they begin with. What is accepted is a tree
 * whose contents can be read, or whose readers say why not. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/read_source.h"
#include "tree/tree.h"

/* Holes cost no bytes of input. */
#define READ_MAX   (UINT64_C(4) << 20)
#define RANGES_MAX 64
#include "run.h"

const char corpus[] = "source";

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Data and holes follow one another to the end, and holes read as zeros. */
static void check_holes(const struct sqst_content *content, uint64_t size)
{
	struct sqst_report why = {0};
	uint64_t at = 0, start, end;

	for (unsigned i = 0; i < RANGES_MAX && at < size; i++) {
		uint8_t byte = 0;

		if (sqst_content_find_data(content, at, &start, &end, &why) < 0)
			return;
		must(start >= at && end >= start && end <= size && (end > at || at == size));
		if (start > at && sqst_content_read(content, start - 1, &byte, 1, &why) == 0)
			must(byte == 0);
		at = end;
	}
}

static void read_content(const struct sqst_tree *tree, const struct sqst_node *node)
{
	const uint64_t size = node->inode->u.file.size;
	struct sqst_content content;
	struct sqst_report why = {0};
	uint8_t buffer[5000];
	int rc = sqst_content_open(&content, tree, node, &why);

	for (uint64_t at = 0; rc == 0 && at < size && at < READ_MAX; at += sizeof(buffer)) {
		const uint64_t left = size - at;

		rc = sqst_content_read(&content, at, buffer,
				       left < sizeof(buffer) ? (size_t)left : sizeof(buffer), &why);
	}
	must(rc == 0 || (why.code == rc && why.message[0] != '\0'));
	if (rc == 0)
		check_holes(&content, size);
	sqst_content_close(&content);
}

static void check_tree(const struct sqst_tree *tree)
{
	uint32_t names = 0;

	for (const struct sqst_node *node = sqst_tree_root(tree); node;
	     node = sqst_tree_next(node)) {
		names++;
		must(node->inode->mode <= 07777);
		must(!node->parent || (node->name[0] != '\0' && !strchr(node->name, '/')));
		if (node->inode->type == SQST_TYPE_FILE)
			read_content(tree, node);
	}
	must(names == sqst_tree_names(tree));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int memory = memfd_create("source", MFD_CLOEXEC);
	struct sqst_tree *tree = NULL;
	struct sqst_report why = {0};
	enum sqst_archive_kind kind;
	char path[64];
	int rc;

	must(memory >= 0 && write(memory, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	/* Not a specification: it may name any file of this machine. */
	must(sqst_archive_probe(path, &kind, &why) == 0);
	if (kind == SQST_ARCHIVE_IMAGE)
		rc = sqst_tree_read_image(path, NULL, &tree, &why);
	else
		rc = sqst_tree_read_archive(path, NULL, &tree, &why);
	if (rc == 0)
		check_tree(tree);
	else
		must(tree == NULL && why.code == rc && rc != SQST_ERR_PARENT &&
		     why.message[0] != '\0');
	sqst_tree_free(tree);
	close(memory);
	return 0;
}
