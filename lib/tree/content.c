/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The content of regular files: each comes from one of the tree's origins. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/report.h"
#include "tree/tree.h"

static const struct sqst_origin *origin_of(const struct sqst_tree *tree,
					   const struct sqst_node *node)
{
	return &tree->origin[node->inode->origin];
}

int sqst_tree_add_origin(struct sqst_tree *tree, const struct sqst_origin_type *type,
			 const char *name, struct sqst_report *why)
{
	struct sqst_origin *grown;
	const char *copy;

	if (tree->origins == SQST_ORIGINS_MAX)
		return sqst_fail(why, SQST_ERR_LIMIT, name, "more than %d sources",
				 SQST_ORIGINS_MAX);
	grown = sqst_grow(tree->origin, tree->origins, &tree->origin_room, sizeof(*grown));
	copy = sqst_tree_strdup(tree, name, strlen(name));
	if (grown)
		tree->origin = grown;
	if (!grown || !copy)
		return sqst_no_memory(why, name);
	grown[tree->origins] = (struct sqst_origin){.type = type, .name = copy, .fd = -1};
	return (int)tree->origins++;
}

int sqst_content_fail(const struct sqst_tree *tree, const struct sqst_node *node, int code,
		      int number, const char *what, struct sqst_report *why)
{
	const struct sqst_origin *origin = origin_of(tree, node);
	char path[PATH_MAX];

	origin->type->name(origin, node, path, sizeof(path));
	if (number)
		return sqst_fail_errno(why, code, number, path, "%s", what);
	return sqst_fail(why, code, path, "%s", what);
}

/* File systems whose files are what the kernel says when it is asked: their sizes are no sizes, and
 * their times and inode numbers go when nobody looks. */
static bool is_made_up(int fd)
{
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) != 0)
		return false;
	switch ((unsigned long)fs.f_type) {
	case SYSFS_MAGIC:
	case PROC_SUPER_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Tell of a change, unless there was none. */
static int changed(const struct sqst_content *content, int rc, struct sqst_report *why)
{
	if (rc != SQST_ERR_CHANGED || !is_made_up(content->fd))
		return rc;
	return sqst_content_fail(
	    content->tree, content->node, SQST_ERR_SOURCE, 0,
	    "it is on sysfs, procfs or a similar file system, where files have no size; exclude it "
	    "(-e, -one-file-system) or copy its content",
	    why);
}

int sqst_content_open(struct sqst_content *content, const struct sqst_tree *tree,
		      const struct sqst_node *node, struct sqst_report *why)
{
	const struct sqst_origin *origin = origin_of(tree, node);

	*content = (struct sqst_content){.tree = tree, .node = node, .fd = -1};
	return changed(content, origin->type->open(origin, content, why), why);
}

int sqst_content_read(const struct sqst_content *content, uint64_t offset, void *data, size_t size,
		      struct sqst_report *why)
{
	const struct sqst_origin *origin = origin_of(content->tree, content->node);
	ssize_t got;

	if (origin->type->read)
		return origin->type->read(origin, content, offset, data, size, why);
	got = sqst_pread_full(content->fd, data, size, content->base + offset);
	/* A file of our own is a temporary one: the system, not the source, is to blame. */
	if (got < 0)
		return sqst_content_fail(content->tree, content->node,
					 origin->own_fd ? SQST_ERR_IO : SQST_ERR_SOURCE, errno,
					 "cannot read the file", why);
	if ((size_t)got != size)
		return changed(content,
			       sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
						 "the file was truncated during the build; build "
						 "again when nothing writes to the source",
						 why),
			       why);
	return 0;
}

/* A file system that cannot say has data only. */
static void seek_data(const struct sqst_content *content, uint64_t size, uint64_t offset,
		      uint64_t *start, uint64_t *end)
{
	const off_t at = lseek(content->fd, (off_t)(content->base + offset), SEEK_DATA);
	const off_t hole = at < 0 ? -1 : lseek(content->fd, at, SEEK_HOLE);

	*end = size;
	if (at < 0 && errno == ENXIO) {
		*start = size;
	} else if (hole < 0) {
		*start = offset;
	} else {
		*start = (uint64_t)at - content->base;
		*end = (uint64_t)hole - content->base;
	}
}

int sqst_content_find_data(const struct sqst_content *content, uint64_t offset, uint64_t *start,
			   uint64_t *end, struct sqst_report *why)
{
	const struct sqst_origin *origin = origin_of(content->tree, content->node);
	const uint64_t size = content->node->inode->u.file.size;
	int rc = 0;

	*start = offset;
	*end = size;
	if (origin->type->find_data)
		rc = origin->type->find_data(origin, content, offset, start, end, why);
	else if (content->seekable)
		seek_data(content, size, offset, start, end);
	if (*start > size)
		*start = size;
	if (*end > size)
		*end = size;
	return rc;
}

int sqst_content_check(const struct sqst_content *content, struct sqst_report *why)
{
	const struct sqst_origin *origin = origin_of(content->tree, content->node);

	return changed(content, origin->type->check(origin, content, why), why);
}

void sqst_content_close(struct sqst_content *content)
{
	const struct sqst_origin *origin = origin_of(content->tree, content->node);

	if (origin->type->close)
		origin->type->close(origin, content);
	/* An origin's own file stays open for the next content. */
	if (content->fd >= 0 && content->fd != origin->fd)
		close(content->fd);
	content->fd = -1;
}
