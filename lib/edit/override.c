/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owners, modes, times and attributes that are set regardless of the source. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/report.h"
#include "base/scope.h"
#include "edit/edit.h"
#include "tree/inode_set.h"

/* Sets of attributes that a set became: most inodes share one of a few. */
struct sets {
	/* 1 + the new set of set i - 1 (0: none), for directories and files [1], and for others
	 * [0]. */
	uint32_t *became[2];
	uint32_t count;
};

/* Attributes to add. */
struct added {
	struct sqst_xattr *list;
	size_t count;
};

struct override_job {
	struct sqst_tree *tree;
	const struct sqst_overrides *overrides;
	struct sets sets;
	/* As the sets. */
	struct added added[2];
	struct sqst_report *why;
};

static bool overrides_field(const struct override_job *job, unsigned what)
{
	return (job->overrides->set & what) != 0;
}

static int fail_at(const struct override_job *job, const struct sqst_node *node, uint32_t id)
{
	char path[PATH_MAX + SQST_NAME_MAX + 2];

	if (sqst_node_path(node, path, sizeof(path)) >= sizeof(path))
		path[0] = '\0';
	return sqst_fail(job->why, SQST_ERR_LIMIT, path[0] ? path : "/",
			 "owner %u plus the offset %u exceeds 4294967294", id,
			 job->overrides->id_offset);
}

static int override_owner(const struct override_job *job, const struct sqst_node *node)
{
	const struct sqst_overrides *overrides = job->overrides;
	struct sqst_inode *inode = node->inode;
	uint32_t *const id[2] = {&inode->uid, &inode->gid};

	if (!node->parent && overrides_field(job, SQST_OVERRIDE_ROOT_UID))
		inode->uid = overrides->root_uid;
	if (!node->parent && overrides_field(job, SQST_OVERRIDE_ROOT_GID))
		inode->gid = overrides->root_gid;
	if (overrides_field(job, SQST_OVERRIDE_UID))
		inode->uid = overrides->uid;
	if (overrides_field(job, SQST_OVERRIDE_GID))
		inode->gid = overrides->gid;
	for (int i = 0; overrides->id_offset && i < 2; i++) {
		uint32_t moved;

		/* -1 is no id (chown(2)). */
		if (sqst_add_overflows(*id[i], overrides->id_offset, &moved) || moved == UINT32_MAX)
			return fail_at(job, node, *id[i]);
		*id[i] = moved;
	}
	return 0;
}

static int set_mode(const struct override_job *job, const struct sqst_node *node)
{
	const bool directory = node->inode->type == SQST_TYPE_DIR;
	const char *text = directory ? job->overrides->dir_mode : job->overrides->file_mode;

	if (text)
		return sqst_mode_apply(text, directory, &node->inode->mode, job->why);
	if (!node->parent && overrides_field(job, SQST_OVERRIDE_ROOT_MODE))
		node->inode->mode = (uint16_t)(job->overrides->root_mode & 07777);
	return 0;
}

static void set_time(const struct override_job *job, const struct sqst_node *node)
{
	const struct sqst_overrides *overrides = job->overrides;
	struct sqst_inode *inode = node->inode;

	if (overrides_field(job, SQST_OVERRIDE_TIME))
		inode->mtime = overrides->time;
	else if (!node->parent && overrides_field(job, SQST_OVERRIDE_ROOT_TIME))
		inode->mtime = overrides->root_time;
	else if (overrides_field(job, SQST_OVERRIDE_CLAMP) && inode->mtime > overrides->clamp)
		inode->mtime = overrides->clamp;
}

/* ---- attributes */

static bool is_user(const char *name)
{
	return strncmp(name, "user.", 5) == 0;
}

static int set_xattrs(struct override_job *job, struct sqst_inode *inode)
{
	const bool user = inode->type == SQST_TYPE_DIR || inode->type == SQST_TYPE_FILE;
	const uint32_t at = inode->xattr == SQST_NO_XATTR ? 0 : inode->xattr + 1;
	uint32_t *became = at < job->sets.count ? &job->sets.became[user][at] : NULL;
	int rc;

	if (became && *became) {
		inode->xattr = *became - 1;
		return 0;
	}
	rc = sqst_tree_add_xattrs(job->tree, inode, job->added[user].list, job->added[user].count,
				  job->why);
	if (rc == 0 && became && inode->xattr != SQST_NO_XATTR)
		*became = inode->xattr + 1;
	return rc;
}

/* Attributes of the namespace user are for directories and files only. */
static int prepare_xattrs(struct override_job *job)
{
	const struct sqst_overrides *overrides = job->overrides;

	job->sets.count = sqst_tree_xattr_sets(job->tree) + 1;
	for (int i = 0; i < 2; i++) {
		job->sets.became[i] = calloc(job->sets.count, sizeof(uint32_t));
		job->added[i].list = calloc(overrides->xattrs, sizeof(struct sqst_xattr));
		if (!job->sets.became[i] || !job->added[i].list)
			return sqst_no_memory(job->why, NULL);
		for (size_t k = 0; k < overrides->xattrs; k++) {
			const struct sqst_override_xattr *ours = &overrides->xattr[k];

			if (i == 1 || !is_user(ours->name))
				job->added[i].list[job->added[i].count++] =
				    (struct sqst_xattr){ours->name, ours->value, ours->size};
		}
	}
	return 0;
}

/* ---- the whole */

/* Even if no inode is of a kind that they are for. */
static int check_modes(const struct sqst_overrides *overrides, struct sqst_report *why)
{
	uint16_t mode = 0;
	int rc = 0;

	if (overrides->file_mode)
		rc = sqst_mode_apply(overrides->file_mode, false, &mode, why);
	if (rc == 0 && overrides->dir_mode)
		rc = sqst_mode_apply(overrides->dir_mode, true, &mode, why);
	return rc;
}

static int override_inode(struct override_job *job, const struct sqst_node *node)
{
	int rc = override_owner(job, node);

	if (rc == 0)
		rc = set_mode(job, node);
	if (rc < 0)
		return rc;
	set_time(job, node);
	return job->overrides->xattrs > 0 ? set_xattrs(job, node->inode) : 0;
}

int sqst_tree_override(struct sqst_tree *tree, const struct sqst_overrides *overrides,
		       struct sqst_report *why)
{
	SQST_CLEANUP(sqst_inode_set_release) struct sqst_inode_set done = {0};
	struct override_job job = {.tree = tree, .overrides = overrides, .why = why};
	int rc = check_modes(overrides, why);

	if (rc == 0 && overrides->xattrs > 0)
		rc = prepare_xattrs(&job);
	if (rc == 0)
		rc = sqst_inode_set_reserve(&done, tree, why);
	/* Each inode once, at its first name: an offset must not be added twice. */
	for (struct sqst_node *node = tree->root; rc == 0 && node; node = sqst_tree_next(node)) {
		if (sqst_inode_set_add(&done, node->inode))
			rc = override_inode(&job, node);
	}
	for (int i = 0; i < 2; i++) {
		free(job.sets.became[i]);
		free(job.added[i].list);
	}
	return rc;
}
