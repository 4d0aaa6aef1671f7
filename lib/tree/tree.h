/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the tree: what its parts share. */
#ifndef LIB_TREE_TREE_H
#define LIB_TREE_TREE_H

#include "base/arena.h"
#include "base/hash.h"
#include "tree/node.h"

/* Different sets of extended attributes, each kept once. */
struct sqst_xattr_store {
	struct sqst_xattr_set *set;
	uint32_t count;
	size_t room;
	struct sqst_hash by_set;
	/* Values that several sets may have, each kept once. */
	struct sqst_xattr_value *value;
	uint32_t values;
	size_t value_room;
	struct sqst_hash by_value;
};

struct sqst_tree {
	struct sqst_arena *arena;
	struct sqst_node *root;
	const char *source;
	struct sqst_origin *origin;
	unsigned origins;
	size_t origin_room;
	uint32_t names;
	uint32_t inodes;
	/* Indexes that were given; those of removed inodes are not given again. */
	uint32_t indexes;
	struct sqst_xattr_store xattrs;
};

/* Give every name an inode of its own (-no-hardlinks). Before the tree is numbered. 0 or
 * SQST_ERR_NOMEM. */
int sqst_tree_split_links(struct sqst_tree *tree, struct sqst_report *why);

/* 0, SQST_ERR_NOMEM, or SQST_ERR_LIMIT: something in the tree is more than an image can hold, or
 * than a kernel reads. */
int sqst_tree_check_limits(const struct sqst_tree *tree, struct sqst_report *why);

/* A new inode of the tree, with a copy of what another one has (but its index), or with nothing.
 * NULL if memory is short. */
struct sqst_inode *sqst_tree_inode_new(struct sqst_tree *tree, const struct sqst_inode *like);

/* Sort the children of one directory. 0 or SQST_ERR_SOURCE (a name is twice in it). */
int sqst_tree_sort(const struct sqst_node *dir, struct sqst_report *why);

/* Remove the children of a directory that have this position, with all below them, in one go: one
 * by one, each would move those after it. */
#define SQST_NODE_GONE UINT32_MAX
void sqst_tree_remove_marked(struct sqst_tree *tree, struct sqst_node *dir);

void sqst_xattr_store_free(struct sqst_xattr_store *store);

/* Whether the format can store attributes of this name's namespace, and it is a name in one. */
bool sqst_xattr_namespace_known(const char *name);

/* ---- where the content of regular files comes from */

/* An open content. Read it with sqst_content_read(), look for holes with
 * sqst_content_find_data(). */
struct sqst_content {
	const struct sqst_tree *tree;
	const struct sqst_node *node;
	int fd;
	/* Where in fd the content begins. */
	uint64_t base;
	/* lseek(SEEK_DATA) on fd finds holes. */
	bool seekable;
	/* The origin's, for a content that is not simply bytes in fd. */
	void *state;
};

struct sqst_origin;

/* One kind of origin. */
struct sqst_origin_type {
	/* Open the content; what is there must still be what was taken into the tree. fd is closed
	 * by the caller unless it is the origin's own. */
	int (*open)(const struct sqst_origin *origin, struct sqst_content *content,
		    struct sqst_report *why);
	/* Read exactly size bytes at an offset, all of which the content has. NULL: they are in fd
	 * at base. */
	int (*read)(const struct sqst_origin *origin, const struct sqst_content *content,
		    uint64_t offset, void *data, size_t size, struct sqst_report *why);
	/* Where data begins at or after an offset, and where it ends: before `*start` all is zero.
	 * NULL: fd says so, if `seekable`. */
	int (*find_data)(const struct sqst_origin *origin, const struct sqst_content *content,
			 uint64_t offset, uint64_t *start, uint64_t *end, struct sqst_report *why);
	/* Free content->state. May be NULL. */
	void (*close)(const struct sqst_origin *origin, struct sqst_content *content);
	/* After reading: check that it did not change meanwhile. */
	int (*check)(const struct sqst_origin *origin, const struct sqst_content *content,
		     struct sqst_report *why);
	/* The content's name for messages. */
	void (*name)(const struct sqst_origin *origin, const struct sqst_node *node, char *out,
		     size_t size);
	void (*release)(struct sqst_origin *origin);
};

#define SQST_ORIGINS_MAX 255

struct sqst_origin {
	const struct sqst_origin_type *type;
	/* A directory's path, an archive's name. In the tree's arena. */
	const char *name;
	/* Leading components of a node's path that the origin does not have: the name under which
	 * a source stands in the image. */
	unsigned skip;
	/* A spool file or an image; -1 for none. */
	int fd;
	bool own_fd;
	void *state;
};

/* A directory of the file system: the content is at the node's path below it, or where the inode is
 * pinned. key[0]: what the file was when it was taken (sqst_origin_stamp()); key[1]: the path that
 * it is pinned to, as a pointer, or 0. */
extern const struct sqst_origin_type sqst_origin_directory;

struct stat;

/* The index of a directory origin, a new one if the tree has none with this name and skip. As
 * sqst_tree_add_origin(). */
int sqst_tree_directory_origin(struct sqst_tree *tree, const char *name, unsigned skip,
			       struct sqst_report *why);

/* Whether a regular file is still what it was when its size and identity were taken. */
bool sqst_origin_same(const struct sqst_inode *inode, const struct stat *st);

/* Take size and identity of a regular file of a directory origin. */
void sqst_origin_stamp(struct sqst_inode *inode, unsigned origin, const struct stat *st);

/* Whether two inodes of directory origins may have been taken from one file. */
bool sqst_origin_may_be_same(const struct sqst_inode *one, const struct sqst_inode *other);

/* Keep the place of a node's content before the node moves, or its inode gets a name elsewhere in
 * the tree. Does nothing for inodes of other origins (they find it without a path). SQST_ERR_NOMEM,
 * SQST_ERR_SOURCE. */
int sqst_origin_pin(struct sqst_tree *tree, const struct sqst_node *node, struct sqst_report *why);

/* As sqst_origin_pin(), for an inode whose content is at `path` of the file system. */
int sqst_origin_pin_to(struct sqst_tree *tree, struct sqst_inode *inode, const char *path,
		       struct sqst_report *why);

/* Let an inode (a regular file) have the content that is at `path` of the file system now.
 * SQST_ERR_NOMEM, SQST_ERR_SOURCE, SQST_ERR_LIMIT. */
int sqst_tree_pin_file(struct sqst_tree *tree, struct sqst_inode *inode, const char *path,
		       struct sqst_report *why);

/* Add an origin; returns its index, or SQST_ERR_NOMEM or SQST_ERR_LIMIT. The name is copied. */
int sqst_tree_add_origin(struct sqst_tree *tree, const struct sqst_origin_type *type,
			 const char *name, struct sqst_report *why);

/* Errors: SQST_ERR_SOURCE, SQST_ERR_CHANGED. Close in any case. */
int sqst_content_open(struct sqst_content *content, const struct sqst_tree *tree,
		      const struct sqst_node *node, struct sqst_report *why);

/* Read exactly size bytes at an offset of the content. SQST_ERR_SOURCE, SQST_ERR_CHANGED. */
int sqst_content_read(const struct sqst_content *content, uint64_t offset, void *data, size_t size,
		      struct sqst_report *why);

/* Find the next data at or after an offset: [*start, *end) of the content may have any bytes, what
 * is between `offset` and *start is zero. Both are the size after the last data. Where nothing is
 * known of holes, all is data. */
int sqst_content_find_data(const struct sqst_content *content, uint64_t offset, uint64_t *start,
			   uint64_t *end, struct sqst_report *why);

int sqst_content_check(const struct sqst_content *content, struct sqst_report *why);

void sqst_content_close(struct sqst_content *content);

/* Fail with a message that names the node's source. `number`: errno value, 0 for none. */
int sqst_content_fail(const struct sqst_tree *tree, const struct sqst_node *node, int code,
		      int number, const char *what, struct sqst_report *why);

#endif
