/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file tree that is to become an image: names (nodes) and what they name (inodes).
 *
 * A squashfs image keeps names and inodes apart, and so does this: a hard link is a second node on
 * the same inode. Children of a directory are sorted by name as unsigned bytes, the order that the
 * format demands of a directory listing. */
#ifndef LIB_TREE_NODE_H
#define LIB_TREE_NODE_H

#include "sqst/source.h"

/** No extended attributes (also the format's value for it). */
#define SQST_NO_XATTR UINT32_C(0xFFFFFFFF)

struct sqst_node;
struct sqst_extent;

/** What one or more names stand for. */
struct sqst_inode {
	/** Inode number, 1 to ::SQST_NUMBER_MAX; 0 until sqst_numbering_assign() has given one. */
	uint32_t number;
	uint32_t uid;
	uint32_t gid;
	/** Modification time, seconds since 1970. The format has no more than these 32 bits. */
	uint32_t mtime;
	/** Names in this tree that stand for this inode. A directory has one. */
	uint32_t nlink;
	/** Index of the tree's extended attribute set, or ::SQST_NO_XATTR. */
	uint32_t xattr;
	/** Its place among all inodes that the tree ever had, from 0: whoever needs something of
	 * each inode keeps it in an array of its own. */
	uint32_t index;
	/** Of a regular file: the origin's as well. Of a directory: 1 if its source has only names
	 * below it and says nothing of it, so that in sqst_tree_lay() it changes nothing of a lower
	 * one. */
	uint32_t subkey;
	/** The number that the path has in the parent image whose data may be taken over, 0 for
	 * none; set by sqst_build(). */
	uint32_t previous;
	/** Permission bits, 07777. */
	uint16_t mode;
	/** An ::sqst_type. */
	uint8_t type;
	/** Of a regular file: which of the tree's origins has the content. */
	uint8_t origin;
	union {
		struct {
			/** Sorted children, owned by the tree. */
			struct sqst_node **child;
			uint32_t count;
		} dir;
		struct {
			/** Bytes. */
			uint64_t size;
			/** Where the content is in the image; set by the writer. Equal files share
			 * it. */
			struct sqst_extent *extent;
			/** What the origin keeps to find the content and to notice a change. */
			uint64_t key[2];
		} file;
		struct {
			/** Where it points to, NUL-terminated, owned by the tree. */
			const char *target;
			uint32_t length;
		} symlink;
		/** Block and character devices: as the kernel encodes it in squashfs
		 * (new_encode_dev: minor 0-7, major 8-19, rest of minor 20-31). */
		uint32_t device;
	} u;
};

/** One name. */
struct sqst_node {
	/** The directory it is in, NULL for the root. */
	struct sqst_node *parent;
	/** NUL-terminated, without '/'; "" for the root. Owned by the tree. */
	const char *name;
	struct sqst_inode *inode;
	/** Its place among the directory's children; kept by the tree. */
	uint32_t position;
};

/** An empty tree: one root directory, mode 0755, owner 0:0, time 0. NULL if memory is short. */
struct sqst_tree *sqst_tree_new(void);

/**
 * Add a name with a new inode to a directory of the tree. Children may be added in any order;
 * call sqst_tree_finish() before the tree is numbered or written.
 * @param name  copied; 1 to ::SQST_NAME_MAX bytes, no '/', not "." or ".."
 * @return the new node (owner 0:0, mode 0, time 0, empty), or NULL if memory is short or the name
 *         is not one
 */
struct sqst_node *sqst_tree_add(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
				enum sqst_type type);

/** As sqst_tree_add(), but a further name (hard link) of an existing inode, not a directory. */
struct sqst_node *sqst_tree_link(struct sqst_tree *tree, struct sqst_node *dir, const char *name,
				 struct sqst_inode *inode);

/** Copy a string into the tree's memory (symlink targets). NULL if memory is short. */
const char *sqst_tree_strdup(struct sqst_tree *tree, const char *text, size_t length);

/** One extended attribute. */
struct sqst_xattr {
	/** With its namespace, "security.capability". NUL-terminated. */
	const char *name;
	const void *value;
	/** Bytes of the value. */
	uint32_t size;
};

/**
 * Set the extended attributes of an inode, in place of those that it has. Equal sets are kept once.
 * @param list   sorted here, copied; namespaces user, trusted and security only
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (another namespace, a name twice)
 */
int sqst_tree_set_xattrs(struct sqst_tree *tree, struct sqst_inode *inode, struct sqst_xattr *list,
			 size_t count, struct sqst_report *why);

/**
 * Set some extended attributes of an inode, in place of those of the same name; of a name that is
 * given twice the last holds.
 * @param list   copied
 * @return as sqst_tree_set_xattrs()
 */
int sqst_tree_add_xattrs(struct sqst_tree *tree, struct sqst_inode *inode,
			 const struct sqst_xattr *list, size_t count, struct sqst_report *why);

/** The extended attributes of an inode, sorted by name; valid as long as the tree. NULL and a
 * count of 0 if it has none. */
const struct sqst_xattr *sqst_inode_xattrs(const struct sqst_tree *tree,
					   const struct sqst_inode *inode, size_t *count);

/** How many different sets of extended attributes the tree has. */
uint32_t sqst_tree_xattr_sets(const struct sqst_tree *tree);

/**
 * Look at a set.
 * @param set    index, below sqst_tree_xattr_sets()
 * @param count  its attributes
 * @return the attributes, sorted by name; valid as long as the tree
 */
const struct sqst_xattr *sqst_tree_xattr_set(const struct sqst_tree *tree, uint32_t set,
					     size_t *count);

/**
 * Sort all directories.
 * @return 0, SQST_ERR_NOMEM, SQST_ERR_SOURCE (a name twice in one directory)
 */
int sqst_tree_finish(struct sqst_tree *tree, struct sqst_report *why);

/** The directory that the tree was read from, "" for a tree that was made by hand. */
const char *sqst_tree_source(const struct sqst_tree *tree);

/** The root node; valid as long as the tree. */
struct sqst_node *sqst_tree_root(const struct sqst_tree *tree);

/** How many nodes (names, the root among them) the tree has. */
uint32_t sqst_tree_names(const struct sqst_tree *tree);

/** How many inodes the tree has. */
uint32_t sqst_tree_inodes(const struct sqst_tree *tree);

/** The newest time in the tree. */
uint32_t sqst_tree_newest(const struct sqst_tree *tree);

/**
 * The next node in tree order: a directory, then each child with all below it.
 * @param node  where to go on from
 * @return the next node, NULL after the last
 */
struct sqst_node *sqst_tree_next(const struct sqst_node *node);

/** A child of a directory by name, NULL if there is none. O(log n). */
struct sqst_node *sqst_tree_find(const struct sqst_node *dir, const char *name);

/**
 * The node at a path from the root, of `length` bytes: the root if it has none, NULL if there is no
 * such node. Empty components and "." are skipped; ".." leads nowhere. Directories must be sorted.
 */
struct sqst_node *sqst_tree_look_up(const struct sqst_tree *tree, const char *path, size_t length);

/**
 * Write a node's path below the root into a buffer: "" for the root, else "a/b" without a leading
 * slash, NUL-terminated.
 * @return the length it has; when this is >= size, the buffer holds nothing useful
 */
size_t sqst_node_path(const struct sqst_node *node, char *buffer, size_t size);

/** Free a tree and all in it. NULL is allowed. */
void sqst_tree_free(struct sqst_tree *tree);

/**
 * Take a name, and if it is a directory all below it, out of the tree. An inode that has no name
 * left is no longer counted.
 * @param node  not the root (which is left alone); invalid afterwards
 */
void sqst_tree_remove(struct sqst_tree *tree, struct sqst_node *node);

#endif
