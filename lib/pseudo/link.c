/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The definitions l and h: a file of this system, which becomes a hard link when the tree has it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/report.h"
#include "base/scope.h"
#include "pseudo/pseudo.h"
#include "tree/kind.h"
#include "tree/tree.h"

void sqst_pseudo_links_release(struct sqst_pseudo_links *links)
{
	sqst_links_release(&links->known);
	sqst_xattr_scan_release(&links->xattrs);
}

/* A directory cannot be linked. */
static int mode_type(mode_t mode)
{
	return S_ISDIR(mode) ? 0 : sqst_type_of_mode(mode);
}

static bool is_linked_file(const struct sqst_tree *tree, const struct sqst_node *node,
			   const struct stat *st)
{
	const struct sqst_origin *origin = &tree->origin[node->inode->origin];
	char path[PATH_MAX];
	struct stat other;

	origin->type->name(origin, node, path, sizeof(path));
	return lstat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Another name of the same file, anywhere in the tree. What was stamped alike is looked at. */
static const struct sqst_node *find_by_stamp(const struct sqst_tree *tree, const struct stat *st)
{
	struct sqst_inode like = {.type = SQST_TYPE_FILE};

	sqst_origin_stamp(&like, 0, st);
	for (const struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		const struct sqst_inode *inode = node->inode;

		if (inode->type == SQST_TYPE_FILE &&
		    tree->origin[inode->origin].type == &sqst_origin_directory &&
		    sqst_origin_may_be_same(inode, &like) &&
		    inode->u.file.size == like.u.file.size && is_linked_file(tree, node, st))
			return node;
	}
	return NULL;
}

/* The name in the tree at the same place below the source. The last component is not followed. */
static const struct sqst_node *find_by_path(const struct sqst_tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	SQST_AUTO_FREE char *parent = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	SQST_AUTO_FREE char *source = realpath(tree->source, NULL);
	SQST_AUTO_FREE char *real = NULL;
	SQST_AUTO_FREE char *full = NULL;
	size_t length;

	if (!source || !parent)
		return NULL;
	real = realpath(parent[0] ? parent : ".", NULL);
	if (!real || asprintf(&full, "%s/%s", real, slash ? slash + 1 : path) < 0) {
		full = NULL;
		return NULL;
	}
	length = strlen(source);
	if (strncmp(full, source, length) != 0 || (length > 1 && full[length] != '/'))
		return NULL;
	return sqst_tree_look_up(tree, full + length, strlen(full + length));
}

static const struct sqst_node *find_target(const struct sqst_tree *tree, const char *path,
					   const struct stat *st, int type)
{
	const struct sqst_node *node = tree->source[0] ? find_by_path(tree, path) : NULL;

	if (node && node->inode->type == type &&
	    (type != SQST_TYPE_FILE || is_linked_file(tree, node, st)))
		return node;
	if (type == SQST_TYPE_FILE && (st->st_nlink > 1 || !tree->source[0]))
		return find_by_stamp(tree, st);
	return NULL;
}

int sqst_pseudo_link_resolve(struct sqst_pseudo *pseudo, const struct sqst_pseudo_entry *entry,
			     const struct sqst_tree *tree, struct sqst_report *why)
{
	struct sqst_pseudo_item *item = entry->item;
	struct stat st;
	int type;

	if (item->kind == 'h') {
		SQST_AUTO_FREE char *real = realpath(item->text, NULL);

		if (!real)
			return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, errno,
						      "cannot stat the file it names", why);
		item->text = sqst_arena_strndup(pseudo->arena, real, strlen(real));
		if (!item->text)
			return sqst_no_memory(why, NULL);
	}
	if (lstat(item->text, &st) != 0)
		return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, errno,
					      "cannot stat the file it names", why);
	type = mode_type(st.st_mode);
	if (type == 0)
		return sqst_pseudo_entry_fail(
		    entry, SQST_ERR_SOURCE, 0,
		    "it names a directory, which cannot have a second name", why);
	item->target = find_target(tree, item->text, &st, type);
	return 0;
}

static int fill_linked_symlink(struct sqst_tree *tree, struct sqst_inode *inode,
			       const struct sqst_pseudo_entry *entry, struct sqst_report *why)
{
	char target[PATH_MAX + 1];
	const ssize_t length = readlink(entry->item->text, target, sizeof(target));

	if (length <= 0 || length >= PATH_MAX)
		return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, length < 0 ? errno : 0,
					      "cannot read the symbolic link it names", why);
	inode->u.symlink.length = (uint32_t)length;
	inode->u.symlink.target = sqst_tree_strdup(tree, target, (size_t)length);
	return inode->u.symlink.target ? 0 : sqst_no_memory(why, NULL);
}

static int fill_linked_device(struct sqst_inode *inode, dev_t device,
			      const struct sqst_pseudo_entry *entry, struct sqst_report *why)
{
	const unsigned major_number = major(device), minor_number = minor(device);

	if (!sqst_device_encode(major_number, minor_number, &inode->u.device))
		return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, 0,
					      "the device it names is above 4095:1048575", why);
	return 0;
}

static int fill_linked_inode(struct sqst_tree *tree, struct sqst_inode *inode,
			     const struct stat *st, const struct sqst_pseudo_entry *entry,
			     struct sqst_report *why)
{
	inode->uid = st->st_uid;
	inode->gid = st->st_gid;
	inode->mode = (uint16_t)(st->st_mode & 07777);
	inode->mtime = sqst_time_clamp(st->st_mtim.tv_sec, NULL);
	switch (inode->type) {
	case SQST_TYPE_FILE:
		return sqst_tree_pin_file(tree, inode, entry->item->text, why);
	case SQST_TYPE_SYMLINK:
		return fill_linked_symlink(tree, inode, entry, why);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		return fill_linked_device(inode, st->st_rdev, entry, why);
	default:
		return 0;
	}
}

static int link_to(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
		   struct sqst_pseudo_entry *entry, struct sqst_inode *inode,
		   struct sqst_report *why)
{
	entry->node = sqst_tree_link(tree, dir, name, inode);
	return entry->node ? 0 : sqst_no_memory(why, NULL);
}

int sqst_pseudo_link_make(struct sqst_pseudo_links *links, struct sqst_tree *tree,
			  struct sqst_node *dir, const char *name, struct sqst_pseudo_entry *entry,
			  bool no_xattrs, struct sqst_report *why)
{
	struct sqst_pseudo_item *item = entry->item;
	struct sqst_inode **known;
	struct stat st;
	int rc;

	if (item->target) {
		rc = sqst_origin_pin(tree, item->target, why);
		return rc < 0 ? rc : link_to(tree, dir, name, entry, item->target->inode, why);
	}
	if (lstat(item->text, &st) != 0 || mode_type(st.st_mode) == 0)
		return sqst_pseudo_entry_fail(entry, SQST_ERR_CHANGED, 0,
					      "the file it names changed during the build", why);
	known = sqst_links_find(&links->known, st.st_dev, st.st_ino);
	if (!known)
		return sqst_no_memory(why, NULL);
	if (*known)
		return link_to(tree, dir, name, entry, *known, why);
	entry->node = sqst_tree_add(tree, dir, name, (enum sqst_type)mode_type(st.st_mode));
	if (!entry->node)
		return sqst_no_memory(why, NULL);
	*known = entry->node->inode;
	rc = fill_linked_inode(tree, entry->node->inode, &st, entry, why);
	if (rc < 0 || no_xattrs)
		return rc;
	return sqst_xattr_scan(&links->xattrs, tree, item->text, entry->node->inode, why);
}
