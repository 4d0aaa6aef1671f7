/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several sources, or files as sources: each becomes an entry of the root directory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "base/scope.h"
#include "tree/scan_sources.h"
#include "tree/sources.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

/* A source taken apart. */
struct source {
	const char *path;
	/* Its name in the image. */
	char name[SQST_NAME_MAX + 1];
	/* The directory that has it under that name; "" if it was renamed. */
	char directory[PATH_MAX];
};

/* Last component and what is before it. False for "/". */
static bool take_apart(const char *path, char *name, char *directory)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	if (end == start || end - start > SQST_NAME_MAX || start >= PATH_MAX)
		return false;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	while (start > 1 && path[start - 1] == '/')
		start--;
	memcpy(directory, path, start);
	directory[start] = '\0';
	if (start == 0)
		memcpy(directory, ".", 2);
	return true;
}

static int name_source(struct sqst_scan *scan, struct source *source)
{
	SQST_AUTO_FREE char *real = NULL;
	char wanted[SQST_NAME_MAX + 1];
	bool named = take_apart(source->path, source->name, source->directory);

	/* "." and ".." have a name elsewhere. */
	if (named && (strcmp(source->name, ".") == 0 || strcmp(source->name, "..") == 0)) {
		real = realpath(source->path, NULL);
		named = real && take_apart(real, source->name, source->directory);
	}
	if (!named)
		return sqst_fail(scan->why, SQST_ERR_SOURCE, source->path,
				 "has no name for the image and can only be the single source");
	memcpy(wanted, source->name, sizeof(wanted));
	for (unsigned i = 1; sqst_name_index_find(&scan->names, scan->tree->root, source->name);
	     i++) {
		const int length = snprintf(source->name, sizeof(source->name), "%s_%u", wanted, i);

		if (length < 0 || (size_t)length >= sizeof(source->name))
			return sqst_fail(scan->why, SQST_ERR_SOURCE, source->path,
					 "its name is taken, and no alternative is short enough");
	}
	if (strcmp(wanted, source->name) != 0) {
		source->directory[0] = '\0';
		sqst_warn(scan->why, source->path, "the name is taken; it is stored as %s",
			  source->name);
	}
	return 0;
}

static int add_root_source(struct sqst_scan *scan, struct source *source)
{
	const bool renamed = source->directory[0] == '\0';
	struct sqst_node *node;
	struct stat st;
	int rc = sqst_scan_enter(scan, source->path);

	if (rc < 0)
		return rc;
	if (lstat(source->path, &st) != 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, source->path,
				       "cannot read the source");
	rc = sqst_tree_directory_origin(scan->tree, renamed ? source->path : source->directory,
					renamed, scan->why);
	if (rc < 0)
		return rc;
	scan->origin = (uint8_t)rc;
	scan->device = st.st_dev;
	scan->inside_length = 0;
	rc = sqst_scan_add(scan, scan->tree->root, AT_FDCWD, source->path, source->name, &node);
	if (rc < 0 || !node)
		return rc;
	if (!sqst_name_index_set(&scan->names, node))
		return sqst_no_memory(scan->why, source->path);
	if (node->inode->type == SQST_TYPE_DIR)
		return sqst_scan_below(scan, node, source->path);
	if (renamed && node->inode->type == SQST_TYPE_FILE)
		return sqst_origin_pin_to(scan->tree, node->inode, source->path, scan->why);
	return 0;
}

static int add_sources(struct sqst_scan *scan, const char *const *source, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct source one = {.path = source[i]};

		rc = name_source(scan, &one);
		if (rc == 0)
			rc = add_root_source(scan, &one);
	}
	if (rc == 0)
		sqst_scan_dummy_root(scan);
	return rc;
}

int sqst_tree_scan_sources(const char *const *source, size_t count, unsigned flags,
			   const struct sqst_scan_options *options,
			   const struct sqst_cancel *cancel, struct sqst_tree **out,
			   struct sqst_report *why)
{
	const unsigned all =
	    SQST_SOURCES_KEEP_DIRECTORY | SQST_SOURCES_NO_STRIP | SQST_SOURCES_NO_DESCENT;
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = NULL;
	/* Its paths are too large for a stack. */
	SQST_AUTO_FREE struct sqst_scan *scan = calloc(1, sizeof(*scan));
	struct stat st;
	int rc;

	if (count == 0 || flags & ~all)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "no source, or unknown flags");
	if (count == 1 && flags == 0 && (stat(source[0], &st) != 0 || S_ISDIR(st.st_mode)))
		return sqst_tree_scan(source[0], options, cancel, out, why);
	tree = sqst_tree_new();
	if (!tree || !scan)
		return sqst_no_memory(why, source[0]);
	rc = sqst_scan_begin(scan, tree, source, count, options, cancel, why);
	if (rc == 0 && flags & (SQST_SOURCES_NO_STRIP | SQST_SOURCES_NO_DESCENT))
		rc = sqst_scan_unstripped(scan, source, count, !(flags & SQST_SOURCES_NO_DESCENT));
	else if (rc == 0)
		rc = add_sources(scan, source, count);
	sqst_scan_end(scan, rc == 0, source[0]);
	if (rc == 0)
		rc = sqst_tree_finish(tree, why);
	if (rc == 0)
		*out = sqst_steal(&tree);
	return rc;
}
