/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times taken over from a parent where nothing else changed: build systems touch every file before
 * each image, and every inode record would change with it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cancel.h"
#include "base/report.h"
#include "base/scope.h"
#include "edit/edit.h"
#include "tree/content_reader.h"

#define CHUNK (256 * 1024)

/* What the names of an inode are not, all of them, in the parent. */
static const struct sqst_node not_one;

struct keep {
	struct sqst_tree *tree;
	const struct sqst_tree *parent;
	/* By the index of an inode of the tree: its first name's node in the parent, &not_one, or
	 * NULL for one that was not met yet. */
	const struct sqst_node **other;
	unsigned flags;
	const struct sqst_cancel *cancel;
	struct sqst_keep_stats stats;
	uint8_t *ours;
	uint8_t *theirs;
	struct sqst_report *why;
};

/* ---- which name is which */

/* All names of an inode must be names of one inode in the parent. */
static void pair_name(const struct keep *keep, const struct sqst_node *node)
{
	const struct sqst_node **known = &keep->other[node->inode->index];
	const struct sqst_node *dir = node->parent ? keep->other[node->parent->inode->index] : NULL;
	const struct sqst_node *other = !node->parent ? keep->parent->root
					: dir->inode  ? sqst_tree_find(dir, node->name)
						      : NULL;

	if (!other || other->inode->type != node->inode->type)
		other = &not_one;
	if (!*known)
		*known = other;
	else if ((*known)->inode != other->inode)
		*known = &not_one;
}

/* ---- whether two inodes are equal */

static bool same_xattrs(const struct keep *keep, const struct sqst_inode *one,
			const struct sqst_inode *two)
{
	size_t count, other;
	const struct sqst_xattr *ours = sqst_inode_xattrs(keep->tree, one, &count);
	const struct sqst_xattr *theirs = sqst_inode_xattrs(keep->parent, two, &other);

	if (count != other)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(ours[i].name, theirs[i].name) != 0 || ours[i].size != theirs[i].size ||
		    memcmp(ours[i].value, theirs[i].value, ours[i].size) != 0)
			return false;
	}
	return true;
}

static bool same_names(const struct sqst_inode *one, const struct sqst_inode *two)
{
	if (one->u.dir.count != two->u.dir.count)
		return false;
	for (uint32_t i = 0; i < one->u.dir.count; i++) {
		const struct sqst_node *ours = one->u.dir.child[i], *theirs = two->u.dir.child[i];

		if (ours->inode->type != theirs->inode->type ||
		    strcmp(ours->name, theirs->name) != 0)
			return false;
	}
	return true;
}

/* What became of reading the parent. What cannot be unpacked is damage; what cannot be read at all,
 * or for lack of memory, is an error in any case. */
static int parent_failed(struct keep *keep, const struct sqst_node *node,
			 const struct sqst_report *quiet, bool *same)
{
	char path[PATH_MAX] = "";

	*same = false;
	if (quiet->code != SQST_ERR_SOURCE)
		return sqst_fail(keep->why, quiet->code, NULL, "%s", quiet->message);
	if (quiet->number)
		return sqst_fail(keep->why, SQST_ERR_PARENT, NULL, "%s", quiet->message);
	sqst_node_path(node, path, sizeof(path));
	if (!(keep->flags & SQST_KEEP_DAMAGED_DIFFER))
		return sqst_fail(keep->why, SQST_ERR_PARENT, NULL,
				 "%s: cannot compare /%s; use another parent image, or "
				 "--prev-damaged=rebuild to rebuild such files",
				 quiet->message, path);
	sqst_warn(keep->why, NULL, "%s: cannot compare /%s; it keeps the source's time",
		  quiet->message, path);
	return 0;
}

static int same_bytes(struct keep *keep, const struct sqst_node *node, struct sqst_reader *ours,
		      struct sqst_reader *theirs, bool *same)
{
	struct sqst_report quiet = {0};

	while (*same && ours->at < ours->size) {
		const uint64_t before = ours->at;
		bool zero_one, zero_two;
		uint32_t size;
		uint64_t left;
		int rc = sqst_canceled(keep->cancel, keep->why);

		if (rc == 0)
			rc = sqst_reader_skip_holes(ours, theirs, keep->why, &quiet);
		if (rc < 0)
			return quiet.code ? parent_failed(keep, node, &quiet, same) : rc;
		left = ours->size - ours->at;
		size = left < CHUNK ? (uint32_t)left : CHUNK;
		rc = sqst_reader_read(ours, keep->ours, size, &zero_one, keep->why);
		if (rc < 0)
			return rc;
		if (sqst_reader_read(theirs, keep->theirs, size, &zero_two, &quiet) < 0)
			return parent_failed(keep, node, &quiet, same);
		*same = zero_one == zero_two &&
			(zero_one || memcmp(keep->ours, keep->theirs, size) == 0);
		keep->stats.bytes += ours->at - before;
	}
	return 0;
}

static int has_same_content(struct keep *keep, const struct sqst_node *node,
			    const struct sqst_node *other, bool *same)
{
	struct sqst_reader ours = {0}, theirs = {0};
	struct sqst_report quiet = {0};
	int rc;

	*same = node->inode->u.file.size == other->inode->u.file.size;
	if (!*same || node->inode->u.file.size == 0)
		return 0;
	keep->stats.compared++;
	rc = sqst_reader_open(&ours, keep->tree, node, keep->why);
	if (rc == 0 && sqst_reader_open(&theirs, keep->parent, other, &quiet) < 0)
		rc = parent_failed(keep, node, &quiet, same);
	else if (rc == 0)
		rc = same_bytes(keep, node, &ours, &theirs, same);
	sqst_reader_close(&ours);
	sqst_reader_close(&theirs);
	return rc;
}

static int is_same_inode(struct keep *keep, const struct sqst_node *node,
			 const struct sqst_node *other, bool *same)
{
	const struct sqst_inode *one = node->inode, *two = other->inode;

	*same = one->mode == two->mode && one->uid == two->uid && one->gid == two->gid &&
		same_xattrs(keep, one, two);
	if (!*same)
		return 0;
	switch ((enum sqst_type)one->type) {
	case SQST_TYPE_DIR:
		*same = same_names(one, two);
		return 0;
	case SQST_TYPE_FILE:
		return has_same_content(keep, node, other, same);
	case SQST_TYPE_SYMLINK:
		*same = one->u.symlink.length == two->u.symlink.length &&
			memcmp(one->u.symlink.target, two->u.symlink.target,
			       one->u.symlink.length) == 0;
		return 0;
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		*same = one->u.device == two->u.device;
		return 0;
	case SQST_TYPE_FIFO:
	case SQST_TYPE_SOCKET:
		return 0;
	}
	return 0;
}

/* ---- the whole */

static int keep_time(struct keep *keep, const struct sqst_node *node)
{
	struct sqst_inode *inode = node->inode;
	const struct sqst_node *other = keep->other[inode->index];
	bool same = false;
	int rc;

	/* Once for all names. */
	keep->other[inode->index] = &not_one;
	if (other == &not_one || other->inode->mtime == inode->mtime)
		return 0;
	rc = is_same_inode(keep, node, other, &same);
	if (rc < 0 || !same)
		return rc;
	inode->mtime = other->inode->mtime;
	keep->stats.kept++;
	return 0;
}

int sqst_tree_keep_times(struct sqst_tree *tree, const struct sqst_tree *parent, unsigned flags,
			 const struct sqst_cancel *cancel, struct sqst_keep_stats *stats,
			 struct sqst_report *why)
{
	SQST_AUTO_FREE uint8_t *ours = malloc(CHUNK);
	SQST_AUTO_FREE uint8_t *theirs = malloc(CHUNK);
	SQST_AUTO_FREE const struct sqst_node **other = calloc(tree->indexes, sizeof(*other));
	struct keep keep = {.tree = tree,
			    .parent = parent,
			    .other = other,
			    .flags = flags,
			    .cancel = cancel,
			    .ours = ours,
			    .theirs = theirs,
			    .why = why};
	int rc = 0;

	if (!ours || !theirs || !other)
		return sqst_no_memory(why, NULL);
	for (const struct sqst_node *node = tree->root; node; node = sqst_tree_next(node))
		pair_name(&keep, node);
	for (struct sqst_node *node = tree->root; rc == 0 && node; node = sqst_tree_next(node))
		rc = keep_time(&keep, node);
	if (stats)
		*stats = keep.stats;
	return rc;
}
