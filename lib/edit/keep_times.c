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
#include "base/scope.h"
#include "edit/edit.h"
#include "tree/content_reader.h"

#define CHUNK (256 * 1024)

/* What the names of an inode are not, all of them, in the parent. */
static const struct sqst_inode not_one;

struct keep {
	struct sqst_tree *tree;
	const struct sqst_tree *parent;
	/* By the index of an inode of the tree: the parent's inode, &not_one, or NULL for one that
	 * was not met yet. */
	const struct sqst_inode **other;
	unsigned flags;
	const struct sqst_cancel *cancel;
	struct sqst_keep_stats stats;
	uint8_t *ours;
	uint8_t *theirs;
	struct sqst_report *why;
};

/* ---- which name is which */

/* A stack of the parent's directories, one for each directory that the walk is in; NULL where the
 * parent has none. */
struct trail {
	const struct sqst_node **dir;
	size_t depth;
	size_t room;
};

static bool trail_set(struct trail *trail, size_t depth, const struct sqst_node *dir)
{
	const struct sqst_node **grown =
	    sqst_reserve(trail->dir, depth + 1, &trail->room, sizeof(*grown));

	if (!grown)
		return false;
	trail->dir = grown;
	trail->dir[depth] = dir;
	return true;
}

static size_t node_depth(const struct sqst_node *node)
{
	size_t depth = 0;

	for (; node->parent; node = node->parent)
		depth++;
	return depth;
}

/* All names of an inode must be names of one inode in the parent. */
static void pair_inode(const struct keep *keep, const struct sqst_inode *inode,
		       const struct sqst_node *other)
{
	const struct sqst_inode **known = &keep->other[inode->index];
	const struct sqst_inode *one =
	    other && other->inode->type == inode->type ? other->inode : &not_one;

	*known = !*known || *known == one ? one : &not_one;
}

static int pair_all(struct keep *keep)
{
	struct trail trail = {0};
	int rc = 0;

	for (struct sqst_node *node = keep->tree->root; rc == 0 && node;
	     node = sqst_tree_next(node)) {
		const size_t depth = node_depth(node);
		const struct sqst_node *dir = depth > 0 ? trail.dir[depth - 1] : NULL;
		const struct sqst_node *other = depth == 0 ? keep->parent->root
						: dir      ? sqst_tree_find(dir, node->name)
							   : NULL;

		pair_inode(keep, node->inode, other);
		if (other && other->inode->type != SQST_TYPE_DIR)
			other = NULL;
		if (node->inode->type == SQST_TYPE_DIR && !trail_set(&trail, depth, other))
			rc = sqst_fail(keep->why, SQST_ERR_NOMEM, NULL, "out of memory");
	}
	free(trail.dir);
	return rc;
}

/* ---- whether two inodes are equal */

static bool same_xattrs(const struct keep *keep, const struct sqst_inode *one,
			const struct sqst_inode *two)
{
	const struct sqst_xattr *ours = NULL, *theirs = NULL;
	size_t count = 0, other = 0;

	if (one->xattr != SQST_NO_XATTR)
		ours = sqst_tree_xattr_set(keep->tree, one->xattr, &count);
	if (two->xattr != SQST_NO_XATTR)
		theirs = sqst_tree_xattr_set(keep->parent, two->xattr, &other);
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
				 "%s: /%s cannot be compared; use another parent image, or "
				 "--prev-damaged=rebuild to build such files anew",
				 quiet->message, path);
	sqst_warn(keep->why, NULL, "%s: /%s cannot be compared and has the source's time",
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
			 const struct sqst_inode *two, bool *same)
{
	const struct sqst_inode *one = node->inode;
	/* An origin finds a content by its inode, or by a path that is the same in both trees. */
	const struct sqst_node other = {
	    .parent = node->parent, .name = node->name, .inode = (struct sqst_inode *)two};

	*same = one->mode == two->mode && one->uid == two->uid && one->gid == two->gid &&
		same_xattrs(keep, one, two);
	if (!*same)
		return 0;
	switch ((enum sqst_type)one->type) {
	case SQST_TYPE_DIR:
		*same = same_names(one, two);
		return 0;
	case SQST_TYPE_FILE:
		return has_same_content(keep, node, &other, same);
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
	const struct sqst_inode *other = keep->other[inode->index];
	bool same = false;
	int rc;

	/* Once for all names. */
	keep->other[inode->index] = &not_one;
	if (other == &not_one || other->mtime == inode->mtime)
		return 0;
	rc = is_same_inode(keep, node, other, &same);
	if (rc < 0 || !same)
		return rc;
	inode->mtime = other->mtime;
	keep->stats.kept++;
	return 0;
}

int sqst_tree_keep_times(struct sqst_tree *tree, const struct sqst_tree *parent, unsigned flags,
			 const struct sqst_cancel *cancel, struct sqst_keep_stats *stats,
			 struct sqst_report *why)
{
	SQST_AUTO_FREE uint8_t *ours = malloc(CHUNK);
	SQST_AUTO_FREE uint8_t *theirs = malloc(CHUNK);
	SQST_AUTO_FREE const struct sqst_inode **other = calloc(tree->indexes, sizeof(*other));
	struct keep keep = {.tree = tree,
			    .parent = parent,
			    .other = other,
			    .flags = flags,
			    .cancel = cancel,
			    .ours = ours,
			    .theirs = theirs,
			    .why = why};
	int rc;

	if (!ours || !theirs || !other)
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
	rc = pair_all(&keep);
	for (struct sqst_node *node = tree->root; rc == 0 && node; node = sqst_tree_next(node))
		rc = keep_time(&keep, node);
	if (stats)
		*stats = keep.stats;
	return rc;
}
