/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names and what they stand for, while a source is read. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/array.h"
#include "base/report.h"
#include "source/stage.h"
#include "tree/kind.h"

int sqst_stage_nomem(const struct sqst_stage *stage)
{
	return sqst_no_memory(stage->why, stage->source);
}

static struct sqst_stage_name *name_new(struct sqst_stage *stage, struct sqst_stage_name *parent,
					const char *text, size_t length)
{
	struct sqst_stage_name *name = sqst_arena_alloc(stage->arena, sizeof(*name));

	if (!name)
		return NULL;
	name->name = sqst_arena_strndup(stage->arena, text, length);
	name->parent = parent;
	name->dir_id = parent ? parent->id : 0;
	name->id = ++stage->ids;
	return name->name ? name : NULL;
}

/* A directory that only names below it tell of. */
static int imply(struct sqst_stage *stage, struct sqst_stage_name *name)
{
	struct sqst_stage_body *body = sqst_stage_body(stage, SQST_TYPE_DIR);

	if (!body)
		return sqst_stage_nomem(stage);
	body->implied = true;
	body->mode = 0755;
	if (stage->options->default_mode_set)
		body->mode = stage->options->default_mode & 07777;
	body->uid = stage->options->default_uid;
	body->gid = stage->options->default_gid;
	name->body = body;
	return 0;
}

int sqst_stage_open(struct sqst_stage *stage, const char *source,
		    const struct sqst_archive_options *options, struct sqst_report *why)
{
	static const struct sqst_archive_options defaults;
	static const struct sqst_scan_options scan_defaults;
	int rc;

	*stage = (struct sqst_stage){.source = source, .why = why};
	stage->options = options ? options : &defaults;
	stage->scan = stage->options->scan ? stage->options->scan : &scan_defaults;
	stage->arena = sqst_arena_new();
	if (!stage->arena || !(stage->root = name_new(stage, NULL, "", 0)))
		return sqst_stage_nomem(stage);
	rc = sqst_xattr_scan_begin(&stage->xattrs, stage->scan, why);
	return rc == 0 ? imply(stage, stage->root) : rc;
}

void sqst_stage_release(struct sqst_stage *stage)
{
	sqst_xattr_scan_release(&stage->xattrs);
	free(stage->name);
	sqst_hash_release(&stage->by_name);
	sqst_arena_free(stage->arena);
	stage->name = NULL;
	stage->arena = NULL;
}

/* ---- names */

struct stage_key {
	uint32_t dir_id;
	const char *text;
	size_t length;
};

static bool is_staged(const void *items, uint32_t index, const void *key)
{
	const struct sqst_stage_name *name = ((struct sqst_stage_name *const *)items)[index];
	const struct stage_key *wanted = key;

	return name->dir_id == wanted->dir_id &&
	       strncmp(name->name, wanted->text, wanted->length) == 0 &&
	       name->name[wanted->length] == '\0';
}

static uint64_t hash_staged(const struct stage_key *key)
{
	return XXH3_64bits_withSeed(key->text, key->length, key->dir_id);
}

static struct sqst_stage_name *child_of(const struct sqst_stage *stage,
					const struct sqst_stage_name *dir, const char *text,
					size_t length)
{
	const struct stage_key key = {dir->id, text, length};
	const uint32_t index =
	    sqst_hash_find(&stage->by_name, hash_staged(&key), is_staged, stage->name, &key);

	return index == SQST_HASH_NONE ? NULL : stage->name[index];
}

static bool keep_name(struct sqst_stage *stage, struct sqst_stage_name *name)
{
	const struct stage_key key = {name->dir_id, name->name, strlen(name->name)};
	struct sqst_stage_name **grown =
	    sqst_grow(stage->name, stage->names, &stage->room, sizeof(*grown));

	if (!grown)
		return false;
	stage->name = grown;
	if (!sqst_hash_add(&stage->by_name, hash_staged(&key), stage->names))
		return false;
	stage->name[stage->names++] = name;
	return true;
}

int sqst_stage_child(struct sqst_stage *stage, struct sqst_stage_name *dir, const char *text,
		     size_t length, struct sqst_stage_name **out)
{
	struct sqst_stage_name *name = child_of(stage, dir, text, length);

	*out = name;
	if (name)
		return 0;
	name = name_new(stage, dir, text, length);
	if (!name || !keep_name(stage, name))
		return sqst_stage_nomem(stage);
	name->sibling = dir->child;
	dir->child = name;
	dir->children++;
	*out = name;
	return 0;
}

/* The next component of a path, without empty ones and "."; 0 at the end. */
static size_t component(const char **path)
{
	for (;;) {
		size_t length;

		*path += strspn(*path, "/");
		length = strcspn(*path, "/");
		if (length != 1 || **path != '.')
			return length;
		(*path)++;
	}
}

static int check_component(const struct sqst_stage *stage, const char *path, const char *at,
			   size_t length)
{
	if (length == 2 && memcmp(at, "..", 2) == 0)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s: paths with \"..\" are not accepted", path);
	if (length > SQST_NAME_MAX)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s: a component exceeds %d bytes", path, SQST_NAME_MAX);
	return 0;
}

int sqst_stage_find(struct sqst_stage *stage, const char *path, struct sqst_stage_name **out)
{
	struct sqst_stage_name *name = stage->root;
	const char *at = path;
	size_t length;

	*out = NULL;
	while (name && (length = component(&at)) > 0) {
		const int rc = check_component(stage, path, at, length);

		if (rc < 0)
			return rc;
		name = child_of(stage, name, at, length);
		at += length;
	}
	*out = name && name->body ? name : NULL;
	return 0;
}

int sqst_stage_path(struct sqst_stage *stage, const char *path, struct sqst_stage_name **out)
{
	struct sqst_stage_name *name = stage->root;
	const char *at = path;
	size_t length, total = 0;

	while ((length = component(&at)) > 0) {
		int rc = check_component(stage, path, at, length);

		total += length + 1;
		if (rc == 0 && total > PATH_MAX)
			rc =
			    sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				      "%.100s[...]: the path exceeds %d bytes", path, PATH_MAX - 1);
		if (rc == 0 && !name->body)
			rc = imply(stage, name);
		if (rc == 0 && name->body->type != SQST_TYPE_DIR)
			rc = sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				       "%s: its parent %s is not a directory", path, name->name);
		if (rc == 0)
			rc = sqst_stage_child(stage, name, at, length, &name);
		if (rc < 0)
			return rc;
		at += length;
	}
	*out = name;
	return 0;
}

/* ---- bodies */

struct sqst_stage_body *sqst_stage_body(struct sqst_stage *stage, enum sqst_type type)
{
	struct sqst_stage_body *body = sqst_arena_alloc(stage->arena, sizeof(*body));

	if (body)
		body->type = (uint8_t)type;
	return body;
}

int sqst_stage_set(struct sqst_stage *stage, struct sqst_stage_name *name,
		   struct sqst_stage_body *body)
{
	const bool directory = body->type == SQST_TYPE_DIR;

	if (!name->parent && !directory)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "its root is no directory");
	if (name->body && name->body->type == SQST_TYPE_DIR && !directory) {
		name->id = ++stage->ids;
		name->child = NULL;
		name->children = 0;
	}
	name->body = body;
	return 0;
}

int sqst_stage_owner(struct sqst_stage *stage, const char *path, int64_t uid, int64_t gid,
		     struct sqst_stage_body *body)
{
	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s: owner %lld:%lld cannot be stored; %u is the highest", path,
				 (long long)uid, (long long)gid, UINT32_MAX);
	body->uid = (uint32_t)uid;
	body->gid = (uint32_t)gid;
	return 0;
}

int sqst_stage_symlink(struct sqst_stage *stage, const char *path, const char *target,
		       struct sqst_stage_body *body)
{
	const size_t length = target ? strlen(target) : 0;

	/* The kernel's squashfs refuses a target longer than a page (squashfs_read_inode). */
	if (length == 0 || length >= PATH_MAX)
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s: the symbolic link's target has %zu bytes; 1 to %d can be "
				 "stored",
				 path, length, PATH_MAX - 1);
	body->u.symlink.length = (uint32_t)length;
	body->u.symlink.target = sqst_arena_strndup(stage->arena, target, length);
	return body->u.symlink.target ? 0 : sqst_stage_nomem(stage);
}

int sqst_stage_device(struct sqst_stage *stage, const char *path, uint64_t major, uint64_t minor,
		      struct sqst_stage_body *body)
{
	if (!sqst_device_encode(major, minor, &body->u.device))
		return sqst_fail(stage->why, SQST_ERR_SOURCE, stage->source,
				 "%s: device %llu:%llu cannot be stored; 4095:1048575 is the "
				 "highest",
				 path, (unsigned long long)major, (unsigned long long)minor);
	return 0;
}
