/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What made an image too large: bytes are those that a file's blocks, and its share of a fragment
 * block, have in the image. What several files share counts once, for a file that a parent has if
 * there is one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>

#include "data/size_limit.h"

/* How many are named. */
#define LARGEST 10

struct addition {
	const struct sqst_node *node;
	uint64_t bytes;
};

struct additions {
	/* The largest first. */
	struct addition largest[LARGEST];
	unsigned count;
	uint64_t files;
	uint64_t bytes;
};

static uint64_t tail_bytes(const struct sqst_places *places, const struct sqst_extent *extent,
			   uint64_t size)
{
	const uint64_t blocks = (uint64_t)extent->blocks * places->block_size;
	const struct sqst_fragment *fragment;

	if (extent->fragment == SQST_NO_FRAGMENT || size <= blocks)
		return 0;
	fragment = &places->fragment[extent->fragment];
	return (size - blocks) * (fragment->size & (SQST_BLOCK_RAW - 1)) / fragment->content;
}

/* A second call for what shares the extent gives 0. */
static uint64_t take_extent_bytes(const struct sqst_places *places, const struct sqst_inode *inode)
{
	struct sqst_extent *extent = inode->u.file.extent;
	uint64_t bytes = tail_bytes(places, extent, inode->u.file.size);

	for (uint32_t i = 0; i < extent->blocks; i++)
		bytes += extent->size[i] & (SQST_BLOCK_RAW - 1);
	extent->blocks = 0;
	extent->fragment = SQST_NO_FRAGMENT;
	return bytes;
}

static void add_growth(struct additions *additions, const struct sqst_node *node, uint64_t bytes)
{
	unsigned at;

	if (bytes == 0)
		return;
	additions->files++;
	additions->bytes += bytes;
	if (additions->count < LARGEST)
		additions->count++;
	else if (additions->largest[LARGEST - 1].bytes >= bytes)
		return;
	for (at = additions->count - 1; at > 0 && additions->largest[at - 1].bytes < bytes; at--)
		additions->largest[at] = additions->largest[at - 1];
	additions->largest[at] = (struct addition){node, bytes};
}

static void find_growth(struct additions *additions, const struct sqst_tree *tree,
			const struct sqst_places *places, uint32_t known)
{
	const struct sqst_node *node;

	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		if (node->inode->type == SQST_TYPE_FILE && node->inode->number <= known)
			take_extent_bytes(places, node->inode);
	}
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node)) {
		if (node->inode->type == SQST_TYPE_FILE && node->inode->number > known)
			add_growth(additions, node, take_extent_bytes(places, node->inode));
	}
}

int sqst_size_limit_refuse(const struct sqst_tree *tree, const struct sqst_places *places,
			   const struct sqst_size_limit *limit, struct sqst_report *why)
{
	const char *what = limit->known ? "is new and" : "is a large file and";
	struct additions additions = {0};
	char path[PATH_MAX];

	find_growth(&additions, tree, places, limit->known);
	for (unsigned i = 0; i < additions.count; i++) {
		const struct addition *one = &additions.largest[i];

		if (sqst_node_path(one->node, path, sizeof(path)) >= sizeof(path))
			continue;
		sqst_warn(why, path, "%s takes %llu bytes of the image", what,
			  (unsigned long long)one->bytes);
	}
	if (limit->known)
		sqst_warn(why, NULL, "%llu new files take %llu bytes of the image in all",
			  (unsigned long long)additions.files, (unsigned long long)additions.bytes);
	return sqst_fail(why, SQST_ERR_LIMIT, limit->image,
			 "the image would have %llu bytes, %llu more than the limit of %llu",
			 (unsigned long long)limit->size,
			 (unsigned long long)(limit->size - limit->most),
			 (unsigned long long)limit->most);
}
