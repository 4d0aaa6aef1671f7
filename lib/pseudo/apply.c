/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions become names of a tree. All that is looked up in the tree is looked up before the
 * first name is added, since a directory is sorted again only at the end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/report.h"
#include "base/scope.h"
#include "pseudo/pseudo.h"
#include "tree/tree.h"

struct apply {
	struct sqst_pseudo *pseudo;
	struct sqst_tree *tree;
	const struct sqst_pseudo_options *options;
	struct sqst_report *why;
	struct sqst_pseudo_links links;
	/* Indices of the entries, each directory before what is in it. */
	size_t *order;
	/* Made when the first content is. */
	struct sqst_pseudo_contents *contents;
	uint8_t origin;
	/* For each source its index in the contents + 1. */
	uint32_t *source_file;
};

static void warn_at(const struct apply *apply, const char *file, size_t line, const char *path,
		    const char *what)
{
	if (file)
		sqst_warn(apply->why, file, "line %zu: pseudo file \"%s\" %s", line, path, what);
	else
		sqst_warn(apply->why, NULL, "pseudo file \"%s\" %s", path, what);
}

static void warn_definition(const struct apply *apply, const struct sqst_pseudo_entry *entry,
			    const char *what)
{
	warn_at(apply, entry->file, entry->line, entry->path, what);
}

static void warn_of_left_outs(const struct apply *apply)
{
	const struct sqst_pseudo *pseudo = apply->pseudo;

	for (size_t i = 0; i < pseudo->left_outs; i++) {
		const struct sqst_pseudo_left_out *left_out = &pseudo->left_out[i];

		warn_at(apply, left_out->file, left_out->line, left_out->path, left_out->what);
	}
}

/* ---- before the tree is changed */

static size_t parent_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static int resolve_time(const struct apply *apply, const struct sqst_pseudo_entry *entry,
			struct sqst_pseudo_time *given)
{
	struct sqst_report report = {0};
	int rc;

	if (!given->text)
		return 0;
	rc = sqst_pseudo_date(given->text, &given->seconds, &report);
	if (rc < 0)
		return sqst_pseudo_entry_fail(entry, rc, 0, report.message, apply->why);
	given->text = NULL;
	return 0;
}

/* A directory on the way that neither the tree nor a definition has is as -pd says. */
static int resolve_parent(const struct apply *apply, size_t index)
{
	struct sqst_pseudo *pseudo = apply->pseudo;
	struct sqst_pseudo_entry *entry = &pseudo->entry[index], *added;
	const size_t length = parent_length(entry->path);
	const char *path = sqst_arena_strndup(pseudo->arena, entry->path, length);

	if (!path)
		return sqst_no_memory(apply->why, NULL);
	entry->parent = sqst_tree_look_up(apply->tree, path, length);
	if (entry->parent || sqst_pseudo_find(pseudo, path) || !pseudo->directory)
		return 0;
	added = sqst_pseudo_enter(pseudo, path, pseudo->directory);
	if (!added)
		return sqst_no_memory(apply->why, NULL);
	/* Messages about it name the definition that wants it. */
	added->file = pseudo->entry[index].file;
	added->line = pseudo->entry[index].line;
	return 0;
}

static int resolve_names(const struct apply *apply)
{
	struct sqst_pseudo *pseudo = apply->pseudo;

	/* The list grows meanwhile. */
	for (size_t i = 0; i < pseudo->entries; i++) {
		struct sqst_pseudo_entry *entry = &pseudo->entry[i];
		const char kind = entry->item->kind;
		int rc = sqst_canceled(apply->options->cancel, apply->why);

		if (rc == 0)
			rc = resolve_time(apply, entry, &entry->item->time);
		entry->node = sqst_tree_look_up(apply->tree, entry->path, strlen(entry->path));
		if (rc == 0 && (kind == 'l' || kind == 'h') && !entry->node)
			rc = sqst_pseudo_link_resolve(pseudo, entry, apply->tree, apply->why);
		if (rc == 0 && entry->path[0] && kind != 'm')
			rc = resolve_parent(apply, i);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static size_t depth(const char *path)
{
	size_t count = path[0] ? 1 : 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

static int by_depth(const void *a, const void *b, void *entries)
{
	const struct sqst_pseudo_entry *entry = entries;
	const size_t left = *(const size_t *)a, right = *(const size_t *)b;
	const size_t left_depth = depth(entry[left].path), right_depth = depth(entry[right].path);

	if (left_depth != right_depth)
		return left_depth < right_depth ? -1 : 1;
	return left < right ? -1 : left > right;
}

static int put_in_order(struct apply *apply)
{
	const struct sqst_pseudo *pseudo = apply->pseudo;

	apply->order = calloc(pseudo->entries + 1, sizeof(*apply->order));
	apply->source_file = calloc(pseudo->sources + 1, sizeof(*apply->source_file));
	if (!apply->order || !apply->source_file)
		return sqst_no_memory(apply->why, NULL);
	for (size_t i = 0; i < pseudo->entries; i++)
		apply->order[i] = i;
	if (pseudo->entries > 1)
		qsort_r(apply->order, pseudo->entries, sizeof(*apply->order), by_depth,
			pseudo->entry);
	return 0;
}

/* ---- names */

static void set_pseudo_owner(struct sqst_inode *inode, const struct sqst_pseudo_item *item)
{
	inode->mode = item->mode;
	inode->uid = item->uid;
	inode->gid = item->gid;
}

static uint32_t time_of(const struct apply *apply, const struct sqst_pseudo_item *item)
{
	return item->time.given ? item->time.seconds : apply->options->time;
}

static int need_contents(struct apply *apply)
{
	if (apply->contents)
		return 0;
	return sqst_pseudo_contents_new(apply->tree, &apply->contents, &apply->origin, apply->why);
}

static int set_data(struct apply *apply, struct sqst_inode *inode,
		    const struct sqst_pseudo_item *item)
{
	const struct sqst_pseudo_source *source = &apply->pseudo->source[item->source];
	uint32_t *file = &apply->source_file[item->source];
	int rc = need_contents(apply);

	if (rc == 0 && *file == 0) {
		rc = sqst_pseudo_contents_add(apply->contents, source->fd, source->name,
					      source->spooled ? NULL : &source->mtime,
					      source->start + source->size, file, apply->why);
		++*file;
	}
	if (rc == 0)
		sqst_pseudo_contents_set(inode, apply->origin, *file - 1,
					 source->start + item->offset, item->length);
	return rc;
}

static enum sqst_type pseudo_type(const struct sqst_pseudo_item *item)
{
	switch (item->kind) {
	case 'd':
		return SQST_TYPE_DIR;
	case 'b':
		return SQST_TYPE_BLOCK;
	case 'c':
		return SQST_TYPE_CHAR;
	case 's':
		return SQST_TYPE_SYMLINK;
	case 'i':
		return item->ipc == 's' ? SQST_TYPE_SOCKET : SQST_TYPE_FIFO;
	default:
		return SQST_TYPE_FILE;
	}
}

static int fill_pseudo_inode(struct apply *apply, struct sqst_inode *inode,
			     const struct sqst_pseudo_item *item)
{
	set_pseudo_owner(inode, item);
	inode->mtime = time_of(apply, item);
	switch (inode->type) {
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		inode->u.device = item->device;
		return 0;
	case SQST_TYPE_SYMLINK:
		inode->u.symlink.length = (uint32_t)strlen(item->text);
		inode->u.symlink.target =
		    sqst_tree_strdup(apply->tree, item->text, inode->u.symlink.length);
		return inode->u.symlink.target ? 0 : sqst_no_memory(apply->why, NULL);
	case SQST_TYPE_FILE:
		return item->kind == 'r' ? set_data(apply, inode, item) : 0;
	default:
		return 0;
	}
}

static int make_pseudo_node(struct apply *apply, struct sqst_node *dir,
			    struct sqst_pseudo_entry *entry)
{
	const size_t length = parent_length(entry->path);
	const char *name = entry->path + length + (length > 0 ? 1 : 0);
	struct sqst_pseudo_item *item = entry->item;
	int rc = 0;

	if (item->kind != 'd' && item->made) {
		entry->node = sqst_tree_link(apply->tree, dir, name, item->made->inode);
	} else if (item->kind == 'l' || item->kind == 'h') {
		rc = sqst_pseudo_link_make(&apply->links, apply->tree, dir, name, entry,
					   apply->options->no_xattrs, apply->why);
		if (rc < 0)
			return rc;
	} else {
		entry->node = sqst_tree_add(apply->tree, dir, name, pseudo_type(item));
		rc = entry->node ? fill_pseudo_inode(apply, entry->node->inode, item) : 0;
	}
	if (!entry->node)
		return sqst_no_memory(apply->why, NULL);
	if (!item->made)
		item->made = entry->node;
	entry->applied = true;
	return rc;
}

static bool is_same_directory(const struct sqst_inode *inode, const struct sqst_pseudo_item *item)
{
	return item->kind == 'd' && inode->type == SQST_TYPE_DIR && inode->mode == item->mode &&
	       inode->uid == item->uid && inode->gid == item->gid && !item->time.given;
}

static void modify(const struct apply *apply, struct sqst_pseudo_entry *entry)
{
	if (!entry->node) {
		warn_definition(apply, entry, "is to be modified, but is in no source; skipped");
		return;
	}
	set_pseudo_owner(entry->node->inode, entry->item);
	if (entry->item->time.given)
		entry->node->inode->mtime = entry->item->time.seconds;
	entry->applied = true;
}

static int apply_entry(struct apply *apply, struct sqst_pseudo_entry *entry)
{
	const struct sqst_pseudo_entry *above = NULL;
	struct sqst_node *dir = entry->parent;

	if (entry->item->kind == 'm') {
		modify(apply, entry);
		return 0;
	}
	if (entry->node) {
		if (!is_same_directory(entry->node->inode, entry->item))
			warn_definition(apply, entry,
					"is skipped because a source has it; exclude that one (-e) "
					"to override");
		return 0;
	}
	if (!dir) {
		const char *path = sqst_arena_strndup(apply->pseudo->arena, entry->path,
						      parent_length(entry->path));

		if (!path)
			return sqst_no_memory(apply->why, NULL);
		above = sqst_pseudo_find(apply->pseudo, path);
		dir = above ? above->node : NULL;
	}
	if (!dir)
		return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, 0,
					      "its directory does not exist; define it (d), or use "
					      "-pd to create missing directories",
					      apply->why);
	if (dir->inode->type != SQST_TYPE_DIR)
		return sqst_pseudo_entry_fail(entry, SQST_ERR_SOURCE, 0,
					      "its parent is not a directory", apply->why);
	return make_pseudo_node(apply, dir, entry);
}

static int apply_root(struct apply *apply)
{
	struct sqst_pseudo_entry *entry = sqst_pseudo_find(apply->pseudo, "");
	const struct sqst_pseudo_item *item = entry ? entry->item : apply->pseudo->directory;
	struct sqst_inode *root = apply->tree->root->inode;

	if (!apply->options->no_source) {
		if (entry && !is_same_directory(root, item))
			warn_definition(apply, entry,
					"(the root) is skipped because a source has it");
		return 0;
	}
	if (!item)
		return sqst_fail(apply->why, SQST_ERR_SOURCE, NULL,
				 "there is no source and no pseudo definition of the root "
				 "(\"/ d MODE UID GID\")");
	if (entry)
		entry->applied = true;
	return fill_pseudo_inode(apply, root, item);
}

/* ---- what is in the files */

static int run_commands(struct apply *apply)
{
	SQST_AUTO_CLOSE int spool = -1;
	uint64_t used = 0;
	uint32_t file = 0;

	for (size_t i = 0; i < apply->pseudo->entries; i++) {
		const struct sqst_pseudo_entry *entry = &apply->pseudo->entry[i];
		const struct sqst_pseudo_item *item = entry->item;
		struct sqst_report report = {0};
		uint64_t size;
		int rc = 0;

		/* A second name of it has no content of its own. */
		if (item->kind != 'f' || item->made != entry->node || !entry->applied)
			continue;
		if (spool < 0) {
			spool = sqst_pseudo_spool(apply->why);
			rc = spool < 0 ? SQST_ERR_IO : need_contents(apply);
			if (rc == 0)
				rc = sqst_pseudo_contents_add(apply->contents, spool,
							      "output of its command", NULL, 0,
							      &file, apply->why);
			if (rc < 0)
				return rc;
		}
		rc = sqst_pseudo_run(item->text, spool, &size, apply->options->cancel, &report);
		if (rc < 0)
			return sqst_pseudo_entry_fail(entry, rc, 0, report.message, apply->why);
		sqst_pseudo_contents_set(entry->node->inode, apply->origin, file, used, size);
		used += size;
	}
	return 0;
}

/* In place of one of the same name, which a source may have given. */
static int apply_attribute(struct apply *apply, const struct sqst_pseudo_xattr *xattr)
{
	const struct sqst_pseudo_entry entry = {
	    .path = xattr->path, .file = xattr->file, .line = xattr->line};
	const struct sqst_node *node =
	    sqst_tree_look_up(apply->tree, xattr->path, strlen(xattr->path));

	if (!node)
		return sqst_pseudo_entry_fail(&entry, SQST_ERR_SOURCE, 0,
					      "an attribute cannot be added to a missing file",
					      apply->why);
	return sqst_tree_add_xattrs(apply->tree, node->inode,
				    &(struct sqst_xattr){xattr->name, xattr->value, xattr->size}, 1,
				    apply->why);
}

static int run_definitions(struct apply *apply)
{
	struct sqst_pseudo *pseudo = apply->pseudo;
	int rc = resolve_names(apply);

	if (rc == 0)
		rc = put_in_order(apply);
	if (rc == 0)
		rc = apply_root(apply);
	for (size_t i = 0; rc == 0 && i < pseudo->entries; i++) {
		struct sqst_pseudo_entry *entry = &pseudo->entry[apply->order[i]];

		rc = sqst_canceled(apply->options->cancel, apply->why);
		if (rc == 0 && entry->path[0])
			rc = apply_entry(apply, entry);
	}
	if (rc == 0)
		rc = run_commands(apply);
	if (rc == 0)
		rc = sqst_tree_finish(apply->tree, apply->why);
	for (size_t i = 0; rc == 0 && !apply->options->no_xattrs && i < pseudo->xattrs; i++)
		rc = apply_attribute(apply, &pseudo->xattr[i]);
	return rc;
}

int sqst_pseudo_apply(struct sqst_pseudo *pseudo, struct sqst_tree *tree,
		      const struct sqst_pseudo_options *options, struct sqst_report *why)
{
	static const struct sqst_pseudo_options defaults;
	struct apply apply = {
	    .pseudo = pseudo, .tree = tree, .options = options ? options : &defaults, .why = why};
	const struct sqst_pseudo_entry nowhere = {.path = "-pd"};
	int rc = 0;

	warn_of_left_outs(&apply);
	if (pseudo->directory)
		rc = resolve_time(&apply, &nowhere, &pseudo->directory->time);
	if (rc == 0)
		rc = run_definitions(&apply);
	free(apply.order);
	free(apply.source_file);
	sqst_pseudo_links_release(&apply.links);
	return rc;
}

void sqst_pseudo_restore_owners(const struct sqst_pseudo *pseudo, struct sqst_tree *tree)
{
	for (size_t i = 0; i < pseudo->entries; i++) {
		const struct sqst_pseudo_entry *entry = &pseudo->entry[i];
		const char kind = entry->item->kind;
		const struct sqst_node *node;

		if (!entry->applied || kind == 'l' || kind == 'h')
			continue;
		node = sqst_tree_look_up(tree, entry->path, strlen(entry->path));
		if (node && (kind == 'm' || node->inode->type == pseudo_type(entry->item)))
			set_pseudo_owner(node->inode, entry->item);
	}
}
