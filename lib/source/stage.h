/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a source without directories says, in the order in which it says it: names may come before
 * the directories that they are in, and again. At the end it becomes a tree. */
#ifndef LIB_SOURCE_STAGE_H
#define LIB_SOURCE_STAGE_H

#include "base/arena.h"
#include "base/hash.h"
#include "source/read_source.h"
#include "tree/scan_xattr.h"
#include "tree/tree.h"

/* What one or more names stand for. */
struct sqst_stage_body {
	/* An sqst_type. */
	uint8_t type;
	/* A directory without an entry of its own. */
	bool implied;
	uint16_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t mtime;
	struct sqst_xattr *xattr;
	size_t xattrs;
	union {
		struct {
			uint64_t size;
			/* Where the origin finds it: key[0] and key[1] of the inode. */
			uint64_t base;
			uint64_t parts;
			/* The file of the file system that has it, instead; or NULL. */
			const char *path;
		} file;
		struct {
			const char *target;
			uint32_t length;
		} symlink;
		uint32_t device;
	} u;
	/* In the tree, once it is there. */
	struct sqst_inode *inode;
};

struct sqst_stage_name {
	struct sqst_stage_name *parent;
	const char *name;
	struct sqst_stage_body *body;
	/* Of a directory. Another one in its place gets another id, so that what was in the old one
	 * is not found. */
	uint32_t id;
	/* The directory's id when the name was put into it. */
	uint32_t dir_id;
	struct sqst_stage_name *child;
	struct sqst_stage_name *sibling;
	uint32_t children;
};

struct sqst_stage {
	/* The source's name, for messages. */
	const char *source;
	const struct sqst_archive_options *options;
	const struct sqst_scan_options *scan;
	struct sqst_report *why;
	struct sqst_arena *arena;
	struct sqst_stage_name *root;
	/* All names but the root, by the id of their directory and their text. */
	struct sqst_stage_name **name;
	uint32_t names;
	size_t room;
	struct sqst_hash by_name;
	uint32_t ids;
	/* What cannot be stored. */
	uint64_t clamped;
	/* Which attributes are taken. */
	struct sqst_xattr_scan xattrs;
};

int sqst_stage_open(struct sqst_stage *stage, const char *source,
		    const struct sqst_archive_options *options, struct sqst_report *why);

void sqst_stage_release(struct sqst_stage *stage);

int sqst_stage_nomem(const struct sqst_stage *stage);

/* Find a path. *out is NULL if it is not there. SQST_ERR_SOURCE: no usable path. */
int sqst_stage_find(struct sqst_stage *stage, const char *path, struct sqst_stage_name **out);

/* Find or make a path's name, with the directories that it implies. A new name has no body. */
int sqst_stage_path(struct sqst_stage *stage, const char *path, struct sqst_stage_name **out);

/* Find or make a child of a directory. */
int sqst_stage_child(struct sqst_stage *stage, struct sqst_stage_name *dir, const char *name,
		     size_t length, struct sqst_stage_name **out);

/* A body of the stage, zeroed. */
struct sqst_stage_body *sqst_stage_body(struct sqst_stage *stage, enum sqst_type type);

/* Let a name stand for a body, in place of what it stood for. A directory that is one again keeps
 * what is in it. SQST_ERR_SOURCE: the root is to be no directory. */
int sqst_stage_set(struct sqst_stage *stage, struct sqst_stage_name *name,
		   struct sqst_stage_body *body);

/* Values as the tree has them; out of range: SQST_ERR_SOURCE. `path` is for the message. */
int sqst_stage_owner(struct sqst_stage *stage, const char *path, int64_t uid, int64_t gid,
		     struct sqst_stage_body *body);
int sqst_stage_symlink(struct sqst_stage *stage, const char *path, const char *target,
		       struct sqst_stage_body *body);
int sqst_stage_device(struct sqst_stage *stage, const char *path, uint64_t major, uint64_t minor,
		      struct sqst_stage_body *body);

/* Make the tree. `type`, `fd`: the origin of contents, NULL for none but pinned files. The tree
 * owns fd on success. */
int sqst_stage_tree(struct sqst_stage *stage, const struct sqst_origin_type *type, int fd,
		    struct sqst_tree **out);

#endif
