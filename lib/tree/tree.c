/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file tree in memory: names, inodes, and walking them in tree order. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/scope.h"
#include "tree/tree.h"

static struct sqst_node *node_new(struct sqst_tree *tree, struct sqst_node *parent,
				  const char *name, struct sqst_inode *inode)
{
	struct sqst_node *node = sqst_arena_alloc(tree->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->name = sqst_arena_strndup(tree->arena, name, strlen(name));
	if (!node->name)
		return NULL;
	node->parent = parent;
	node->inode = inode;
	/* A name that was removed may come again, with its inode. */
	if (inode->nlink++ == 0)
		tree->inodes++;
	tree->names++;
	return node;
}

struct sqst_inode *sqst_tree_inode_new(struct sqst_tree *tree, const struct sqst_inode *like)
{
	struct sqst_inode *inode = sqst_arena_alloc(tree->arena, sizeof(*inode));

	if (!inode)
		return NULL;
	if (like)
		*inode = *like;
	inode->index = tree->indexes++;
	return inode;
}

static struct sqst_inode *inode_new(struct sqst_tree *tree, enum sqst_type type)
{
	struct sqst_inode *inode = sqst_tree_inode_new(tree, NULL);

	if (!inode)
		return NULL;
	inode->type = (uint8_t)type;
	inode->xattr = SQST_NO_XATTR;
	if (type == SQST_TYPE_SYMLINK)
		inode->u.symlink.target = "";
	return inode;
}

struct sqst_tree *sqst_tree_new(void)
{
	struct sqst_tree *tree = calloc(1, sizeof(*tree));
	struct sqst_inode *inode;

	if (!tree)
		return NULL;
	tree->arena = sqst_arena_new();
	tree->source = "";
	if (tree->arena && (inode = inode_new(tree, SQST_TYPE_DIR))) {
		inode->mode = 0755;
		tree->root = node_new(tree, NULL, "", inode);
	}
	if (!tree->root) {
		sqst_tree_free(tree);
		return NULL;
	}
	return tree;
}

static bool is_name(const char *name)
{
	const size_t length = strlen(name);

	return length >= 1 && length <= SQST_NAME_MAX && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Children arrays double; only sqst_tree_free() ends their memory, and only once. */
static bool append_child(struct sqst_node *dir, struct sqst_node *child)
{
	struct sqst_inode *inode = dir->inode;
	const uint32_t count = inode->u.dir.count;

	/* Full exactly at 0 and at each power of two. */
	if ((count & (count - 1)) == 0) {
		const size_t room = count ? (size_t)count * 2 : 1;
		struct sqst_node **grown;

		if (room > UINT32_MAX / 2)
			return false;
		grown = realloc(inode->u.dir.child, room * sizeof(struct sqst_node *));
		if (!grown)
			return false;
		inode->u.dir.child = grown;
	}
	child->position = count;
	inode->u.dir.child[inode->u.dir.count++] = child;
	return true;
}

struct sqst_node *sqst_tree_link(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
				 struct sqst_inode *inode)
{
	struct sqst_node *node;

	if (!is_name(name) || dir->inode->type != SQST_TYPE_DIR)
		return NULL;
	node = node_new(tree, dir, name, inode);
	return node && append_child(dir, node) ? node : NULL;
}

struct sqst_node *sqst_tree_add(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
				enum sqst_type type)
{
	struct sqst_inode *inode;

	if (!is_name(name))
		return NULL;
	inode = inode_new(tree, type);
	return inode ? sqst_tree_link(tree, dir, name, inode) : NULL;
}

const char *sqst_tree_strdup(struct sqst_tree *tree, const char *text, size_t length)
{
	return sqst_arena_strndup(tree->arena, text, length);
}

/* strcmp compares as unsigned bytes (C11 7.24.4), which is the order that the format wants. */
static int by_node_name(const void *a, const void *b)
{
	const struct sqst_node *const *left = a;
	const struct sqst_node *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

int sqst_tree_sort(const struct sqst_node *dir, struct sqst_report *why)
{
	struct sqst_node **child = dir->inode->u.dir.child;
	const uint32_t count = dir->inode->u.dir.count;

	if (count < 2)
		return 0;
	qsort(child, count, sizeof(struct sqst_node *), by_node_name);
	for (uint32_t i = 0; i < count; i++) {
		child[i]->position = i;
		if (i > 0 && strcmp(child[i - 1]->name, child[i]->name) == 0)
			return sqst_fail(why, SQST_ERR_SOURCE, child[i]->name,
					 "the name appears twice in a directory");
	}
	return 0;
}

int sqst_tree_finish(struct sqst_tree *tree, struct sqst_report *why)
{
	for (struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		if (node->inode->type == SQST_TYPE_DIR) {
			const int rc = sqst_tree_sort(node, why);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

const char *sqst_tree_source(const struct sqst_tree *tree)
{
	return tree->source;
}

struct sqst_node *sqst_tree_root(const struct sqst_tree *tree)
{
	return tree->root;
}

uint32_t sqst_tree_names(const struct sqst_tree *tree)
{
	return tree->names;
}

uint32_t sqst_tree_inodes(const struct sqst_tree *tree)
{
	return tree->inodes;
}

uint32_t sqst_tree_newest(const struct sqst_tree *tree)
{
	uint32_t newest = 0;

	for (const struct sqst_node *node = tree->root; node; node = sqst_tree_next(node)) {
		if (node->inode->mtime > newest)
			newest = node->inode->mtime;
	}
	return newest;
}

struct sqst_node *sqst_tree_next(const struct sqst_node *node)
{
	if (node->inode->type == SQST_TYPE_DIR && node->inode->u.dir.count > 0)
		return node->inode->u.dir.child[0];
	for (; node->parent; node = node->parent) {
		const struct sqst_inode *dir = node->parent->inode;

		if (node->position + 1 < dir->u.dir.count)
			return dir->u.dir.child[node->position + 1];
	}
	return NULL;
}

struct sqst_node *sqst_tree_find(const struct sqst_node *dir, const char *name)
{
	uint32_t low = 0, high;

	if (dir->inode->type != SQST_TYPE_DIR)
		return NULL;
	high = dir->inode->u.dir.count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		struct sqst_node *child = dir->inode->u.dir.child[middle];
		const int order = strcmp(name, child->name);

		if (order == 0)
			return child;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

struct sqst_node *sqst_tree_look_up(const struct sqst_tree *tree, const char *path, size_t length)
{
	const char *const end = path + length;
	struct sqst_node *node = tree->root;

	while (node && path < end) {
		const char *const slash = memchr(path, '/', (size_t)(end - path));
		const size_t part = (size_t)((slash ? slash : end) - path);
		char name[SQST_NAME_MAX + 1];

		if (part > SQST_NAME_MAX)
			return NULL;
		memcpy(name, path, part);
		name[part] = '\0';
		if (part > 0 && strcmp(name, ".") != 0)
			node = sqst_tree_find(node, name);
		path = slash ? slash + 1 : end;
	}
	return node;
}

size_t sqst_node_path(const struct sqst_node *node, char *buffer, size_t size)
{
	size_t length = 0, at;

	for (const struct sqst_node *up = node; up->parent; up = up->parent)
		length += strlen(up->name) + (up->parent->parent ? 1 : 0);
	if (length >= size)
		return length;
	at = length;
	buffer[at] = '\0';
	for (const struct sqst_node *up = node; up->parent; up = up->parent) {
		const size_t name = strlen(up->name);

		at -= name;
		memcpy(buffer + at, up->name, name);
		if (at > 0)
			buffer[--at] = '/';
	}
	return length;
}

/* Bottom up, so that a directory's children array is there until they are done. */
static void forget(struct sqst_tree *tree, struct sqst_node *top)
{
	struct sqst_node *node = top;

	for (;;) {
		struct sqst_inode *inode = node->inode;

		if (inode->type == SQST_TYPE_DIR && inode->u.dir.count > 0) {
			node = inode->u.dir.child[--inode->u.dir.count];
			continue;
		}
		if (inode->type == SQST_TYPE_DIR)
			free(sqst_steal(&inode->u.dir.child));
		tree->names--;
		if (--inode->nlink == 0)
			tree->inodes--;
		if (node == top)
			return;
		node = node->parent;
	}
}

void sqst_tree_remove(struct sqst_tree *tree, struct sqst_node *node)
{
	struct sqst_inode *dir;
	uint32_t at = node->position;

	if (!node->parent)
		return;
	dir = node->parent->inode;
	forget(tree, node);
	dir->u.dir.count--;
	for (; at < dir->u.dir.count; at++) {
		dir->u.dir.child[at] = dir->u.dir.child[at + 1];
		dir->u.dir.child[at]->position = at;
	}
}

void sqst_tree_remove_marked(struct sqst_tree *tree, struct sqst_node *dir)
{
	struct sqst_node **child = dir->inode->u.dir.child;
	const uint32_t count = dir->inode->u.dir.count;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (child[i]->position == SQST_NODE_GONE) {
			forget(tree, child[i]);
			continue;
		}
		child[i]->position = kept;
		child[kept++] = child[i];
	}
	dir->inode->u.dir.count = kept;
}

void sqst_tree_free(struct sqst_tree *tree)
{
	struct sqst_node *node;

	if (!tree)
		return;
	/* Bottom up, so that a directory's children array is there until they are done. */
	node = tree->root;
	while (node) {
		struct sqst_inode *inode = node->inode;

		if (inode->type == SQST_TYPE_DIR && inode->u.dir.count > 0) {
			node = inode->u.dir.child[--inode->u.dir.count];
			continue;
		}
		if (inode->type == SQST_TYPE_DIR)
			free(sqst_steal(&inode->u.dir.child));
		node = node->parent;
	}
	for (unsigned i = 0; i < tree->origins; i++) {
		struct sqst_origin *origin = &tree->origin[i];

		if (origin->type->release)
			origin->type->release(origin);
	}
	free(tree->origin);
	sqst_xattr_store_free(&tree->xattrs);
	sqst_arena_free(tree->arena);
	free(tree);
}
