/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sources with their leading directories, as tar and cpio store them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/report.h"
#include "tree/scan_sources.h"

/* Where the walk along one source is. */
struct component_walk {
	struct sqst_scan *scan;
	const char *source;
	/* The source up to the component being looked at. */
	char path[PATH_MAX];
	bool descend;
};

static struct sqst_node *find_unsorted(const struct component_walk *walk,
				       const struct sqst_node *dir, const char *name)
{
	return sqst_name_index_find(&walk->scan->names, dir, name);
}

/* Children are sorted later: the last one may take its place. */
static void remove_node(struct component_walk *walk, struct sqst_node *node)
{
	struct sqst_inode *dir = node->parent->inode;
	struct sqst_node *last = dir->u.dir.child[dir->u.dir.count - 1];

	sqst_name_index_forget(&walk->scan->names, node);
	dir->u.dir.child[node->position] = last;
	last->position = node->position;
	node->position = dir->u.dir.count - 1;
	dir->u.dir.child[node->position] = node;
	sqst_tree_remove(walk->scan->tree, node);
}

static bool is_dots(const char *name, size_t length)
{
	return length == 0 || (length == 1 && name[0] == '.') ||
	       (length == 2 && name[0] == '.' && name[1] == '.');
}

/* Where the part of the source begins that is stored: after "/", "." and ".." */
static const char *strip(const char *source)
{
	while (*source) {
		const size_t length = strcspn(source, "/");

		if (!is_dots(source, length))
			break;
		source += length;
		source += *source == '/';
	}
	return source;
}

/* Add the component that `walk->path` ends with. */
static int add_component(struct component_walk *walk, struct sqst_node *dir, const char *name,
			 struct sqst_node **out)
{
	struct sqst_scan *scan = walk->scan;
	int rc = sqst_scan_enter(scan, walk->path);

	scan->inside_length = sqst_node_path(dir, scan->inside, sizeof(scan->inside));
	if (rc == 0 && scan->inside_length >= sizeof(scan->inside))
		rc = sqst_fail(scan->why, SQST_ERR_SOURCE, walk->source, "the path is too long");
	if (rc == 0)
		rc = sqst_scan_add(scan, dir, AT_FDCWD, walk->path, name, out);
	if (rc == 0 && *out && !sqst_name_index_set(&scan->names, *out))
		rc = sqst_no_memory(scan->why, walk->path);
	return rc;
}

/* Add a component on the way to the last one. A symbolic link is followed, as open() of the source
 * follows it: with "/." after it, it is asked for as the directory that it leads to. */
static int add_way(struct component_walk *walk, struct sqst_node *dir, const char *name,
		   struct sqst_node **out)
{
	const size_t length = strlen(walk->path);
	struct stat st;
	int rc;

	if (lstat(walk->path, &st) != 0 || !S_ISLNK(st.st_mode))
		return add_component(walk, dir, name, out);
	if (stat(walk->path, &st) != 0 || !S_ISDIR(st.st_mode) || length + 3 > sizeof(walk->path))
		return sqst_fail(walk->scan->why, SQST_ERR_SOURCE, walk->path,
				 "is a symbolic link that does not lead to a directory");
	memcpy(walk->path + length, "/.", 3);
	rc = add_component(walk, dir, name, out);
	walk->path[length] = '\0';
	return rc;
}

/* A leaf that is in the tree as a directory on the way of another source. */
static int check_leaf(const struct component_walk *walk, const struct sqst_node *node)
{
	struct stat st;

	if (node->inode->type == SQST_TYPE_DIR &&
	    !sqst_inode_set_has(&walk->scan->complete, node->inode) &&
	    lstat(walk->path, &st) == 0 && S_ISLNK(st.st_mode))
		return sqst_fail(walk->scan->why, SQST_ERR_SOURCE, walk->path,
				 "is a symbolic link, but another source goes through it, so it "
				 "would be stored as a directory; omit one of the two");
	return 0;
}

/* The last component of a source. */
static int add_leaf(struct component_walk *walk, struct sqst_node *dir, const char *name)
{
	struct sqst_node *node = find_unsorted(walk, dir, name);
	int rc = node ? check_leaf(walk, node) : 0;

	if (rc < 0 || (node && (!walk->descend || node->inode->type != SQST_TYPE_DIR)))
		return rc;
	/* There are parts of it from other sources: all of it has them too. */
	if (node)
		remove_node(walk, node);
	rc = add_component(walk, dir, name, &node);
	if (rc < 0 || !node || node->inode->type != SQST_TYPE_DIR || !walk->descend)
		return rc;
	rc = sqst_inode_set_reserve(&walk->scan->complete, walk->scan->tree, walk->scan->why);
	if (rc < 0)
		return rc;
	sqst_inode_set_add(&walk->scan->complete, node->inode);
	return sqst_scan_below(walk->scan, node, walk->path);
}

/* Whether the leaf is in the tree; the directories on the way that were added for it alone go with
 * it. */
static bool keep_component(struct component_walk *walk, struct sqst_node *fresh,
			   const struct sqst_node *leaf)
{
	if (!leaf && fresh)
		remove_node(walk, fresh);
	return leaf != NULL;
}

static int not_a_way(const struct component_walk *walk, const struct sqst_node *node)
{
	if (node->inode->type == SQST_TYPE_SYMLINK)
		return sqst_fail(walk->scan->why, SQST_ERR_SOURCE, walk->path,
				 "is stored as a symbolic link because of another source, so "
				 "nothing can be below it; omit one of the two");
	return sqst_fail(walk->scan->why, SQST_ERR_SOURCE, walk->path, "is not a directory");
}

/* *added: whether something of it is in the tree. */
static int add_leading_path(struct component_walk *walk, const char *rest, bool *added)
{
	struct sqst_node *dir = walk->scan->tree->root, *fresh = NULL;

	for (;;) {
		const size_t length = strcspn(rest, "/"), at = (size_t)(rest - walk->source);
		const char *next = rest + length;
		char name[SQST_NAME_MAX + 1];
		struct sqst_node *node;
		int rc;

		if (is_dots(rest, length) || length > SQST_NAME_MAX || at + length >= PATH_MAX)
			return sqst_fail(walk->scan->why, SQST_ERR_SOURCE, walk->source,
					 "\".\" and \"..\" are only allowed at the beginning, and "
					 "a name has at most 255 bytes");
		memcpy(name, rest, length);
		name[length] = '\0';
		memcpy(walk->path, walk->source, at + length);
		walk->path[at + length] = '\0';
		while (*next == '/')
			next++;
		if (!*next) {
			rc = add_leaf(walk, dir, name);
			*added =
			    rc == 0 && keep_component(walk, fresh, find_unsorted(walk, dir, name));
			return rc;
		}
		node = find_unsorted(walk, dir, name);
		if (!node) {
			rc = add_way(walk, dir, name, &node);
			if (rc < 0 || !keep_component(walk, fresh, node))
				return rc;
			fresh = fresh ? fresh : node;
		}
		*added = sqst_inode_set_has(&walk->scan->complete, node->inode);
		if (*added)
			return 0;
		if (node->inode->type != SQST_TYPE_DIR)
			return not_a_way(walk, node);
		dir = node;
		rest = next;
	}
}

/* The directory that the stripped part of a source stands in, "." for none. */
static int enter_prefix(struct component_walk *walk, const char *rest, struct stat *st)
{
	struct sqst_scan *scan = walk->scan;
	const size_t length = (size_t)(rest - walk->source);
	char prefix[PATH_MAX] = ".";
	int rc;

	if (length >= sizeof(prefix))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, walk->source, "the path is too long");
	if (length > 0) {
		memcpy(prefix, walk->source, length);
		prefix[length] = '\0';
	}
	if (stat(prefix, st) != 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, prefix,
				       "cannot read the source");
	rc = sqst_tree_directory_origin(scan->tree, prefix, 0, scan->why);
	if (rc < 0)
		return rc;
	scan->origin = (uint8_t)rc;
	if (lstat(walk->source, st) != 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, walk->source,
				       "cannot read the source");
	scan->device = st->st_dev;
	rc = sqst_scan_enter(scan, prefix);
	if (rc < 0)
		return rc;
	memcpy(scan->path + scan->length, "/.", 3);
	return stat(prefix, st) == 0 ? 0
				     : sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, prefix,
						       "cannot read the source");
}

int sqst_scan_unstripped(struct sqst_scan *scan, const char *const *source, size_t count,
			 bool descend)
{
	struct stat first = {0};
	bool same = true, any = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct component_walk walk = {
		    .scan = scan, .source = source[i], .descend = descend};
		const char *rest = strip(source[i]);
		bool added = false;
		struct stat st;

		if (!*rest && !descend)
			continue;
		if (!*rest)
			return sqst_fail(scan->why, SQST_ERR_SOURCE, source[i],
					 "nothing is left of it without /, . and ..; a single "
					 "source needs no -no-strip");
		rc = enter_prefix(&walk, rest, &st);
		if (rc < 0)
			return rc;
		/* The first one's attributes, while scan->path is the prefix. */
		if (!any)
			rc = sqst_scan_fill(scan, scan->tree->root->inode, &st);
		if (rc == 0)
			rc = add_leading_path(&walk, rest, &added);
		if (!added)
			continue;
		if (!any)
			first = st;
		any = true;
		same = same && st.st_dev == first.st_dev && st.st_ino == first.st_ino;
	}
	if (rc == 0 && !(any && same)) {
		scan->tree->root->inode->xattr = SQST_NO_XATTR;
		scan->tree->root->inode->mtime = 0;
		sqst_scan_dummy_root(scan);
	}
	return rc;
}
