/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a directory into a tree. fakeroot and pseudo answer opendir, readdir, fstatat with
 * AT_SYMLINK_NOFOLLOW, readlink, llistxattr and lgetxattr, so these and no others are asked, and
 * d_type is not believed (a faked device is a regular file on disk). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cancel.h"
#include "base/output.h"
#include "base/report.h"
#include "base/scope.h"
#include "tree/kind.h"
#include "tree/scan.h"
#include "tree/scan_names.h"
#include "tree/sources.h"

SQST_DEFINE_SCOPE(dir, DIR, closedir)
SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

static int fill_scanned_symlink(struct sqst_scan *scan, struct sqst_inode *inode)
{
	char target[PATH_MAX + 1];
	const ssize_t length = readlink(scan->path, target, sizeof(target));

	if (length < 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, scan->path,
				       "cannot read the symbolic link");
	/* The kernel's squashfs refuses a target longer than a page (squashfs_read_inode). */
	if (length == 0 || length >= PATH_MAX)
		return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
				 "the symbolic link's target has %zd bytes; 1 to %d can be stored",
				 length, PATH_MAX - 1);
	inode->u.symlink.length = (uint32_t)length;
	inode->u.symlink.target = sqst_tree_strdup(scan->tree, target, (size_t)length);
	return inode->u.symlink.target ? 0 : sqst_no_memory(scan->why, scan->path);
}

static int fill_scanned_device(struct sqst_scan *scan, struct sqst_inode *inode, dev_t device)
{
	const unsigned major_number = major(device), minor_number = minor(device);

	if (!sqst_device_encode(major_number, minor_number, &inode->u.device))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
				 "device %u:%u cannot be stored; 4095:1048575 is the highest",
				 major_number, minor_number);
	return 0;
}

int sqst_scan_fill(struct sqst_scan *scan, struct sqst_inode *inode, const struct stat *st)
{
	inode->uid = scan->options->all_root ? 0 : st->st_uid;
	inode->gid = scan->options->all_root ? 0 : st->st_gid;
	inode->mode = (uint16_t)(st->st_mode & 07777);
	inode->mtime = sqst_time_clamp(st->st_mtim.tv_sec, &scan->clamped);
	if (!scan->options->no_xattrs ||
	    (scan->options->overlay_marks &&
	     (inode->type == SQST_TYPE_DIR || inode->type == SQST_TYPE_FILE))) {
		const int rc =
		    sqst_xattr_scan(&scan->xattrs, scan->tree, scan->path, inode, scan->why);

		if (rc < 0)
			return rc;
	}
	switch (inode->type) {
	case SQST_TYPE_FILE:
		sqst_origin_stamp(inode, scan->origin, st);
		return 0;
	case SQST_TYPE_SYMLINK:
		return fill_scanned_symlink(scan, inode);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		return fill_scanned_device(scan, inode, st->st_rdev);
	default:
		return 0;
	}
}

static bool filtered(struct sqst_scan *scan, const char *name)
{
	const size_t at = scan->inside_length, size = strlen(name) + 1;
	const size_t slash = at > 0 ? 1 : 0;

	if (!scan->patterns || at + slash + size > sizeof(scan->inside))
		return false;
	scan->inside[at] = '/';
	memcpy(scan->inside + at + slash, name, size);
	return sqst_filter_matches(scan->options->filter, scan->inside);
}

static bool scan_leaves_out(struct sqst_scan *scan, const struct stat *st)
{
	for (unsigned i = 0; i < scan->leave_outs; i++) {
		if (st->st_dev != scan->leave_out[i].device ||
		    st->st_ino != scan->leave_out[i].inode)
			continue;
		sqst_warn(scan->why, scan->path, "the output is inside the source and is left out");
		return true;
	}
	for (unsigned i = 0; i < SQST_LEAVE_OUT_MAX && S_ISREG(st->st_mode); i++) {
		const char *output = scan->options->leave_out[i];

		if (!output || !sqst_output_made(output, scan->path))
			continue;
		sqst_warn(scan->why, scan->path,
			  "a temporary file left by a killed build is inside the source; it is "
			  "left out and can be deleted");
		return true;
	}
	if (sqst_filter_has_id(&scan->ids, st->st_dev, st->st_ino))
		return true;
	if (st->st_dev != scan->device &&
	    (scan->options->one_file_system_x ||
	     (scan->options->one_file_system && !S_ISDIR(st->st_mode)))) {
		scan->other_devices++;
		return true;
	}
	return false;
}

/* A further name of an inode that is in the tree. */
static int add_link(struct sqst_scan *scan, struct sqst_node *dir, const char *name,
		    struct sqst_inode *inode, struct sqst_node **out)
{
	/* The path below its origin says nothing of this name. */
	if (inode->type == SQST_TYPE_FILE && inode->origin != scan->origin &&
	    inode->u.file.key[1] == 0) {
		const int rc = sqst_origin_pin_to(scan->tree, inode, scan->path, scan->why);

		if (rc < 0)
			return rc;
	}
	*out = sqst_tree_link(scan->tree, dir, name, inode);
	return *out ? 0 : sqst_no_memory(scan->why, scan->path);
}

/* Whether a file may be what is in the tree under its inode number. */
static bool is_same(const struct sqst_inode *inode, const struct stat *st)
{
	if (inode->type != sqst_type_of_mode(st->st_mode))
		return false;
	return inode->type != SQST_TYPE_FILE || sqst_origin_same(inode, st);
}

/* Link counts are counted inside the tree: st_nlink also counts names elsewhere. */
int sqst_scan_add(struct sqst_scan *scan, struct sqst_node *dir, int dir_fd, const char *at,
		  const char *name, struct sqst_node **out)
{
	struct sqst_inode **known = NULL;
	struct sqst_node *unwanted;
	struct stat st;
	int type;

	out = out ? out : &unwanted;
	*out = NULL;
	if (filtered(scan, name))
		return 0;
	if (fstatat(dir_fd, at, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return sqst_fail_errno(scan->why,
				       errno == ENOENT ? SQST_ERR_CHANGED : SQST_ERR_SOURCE, errno,
				       scan->path, "cannot stat it");
	if (scan_leaves_out(scan, &st))
		return 0;
	type = sqst_type_of_mode(st.st_mode);
	if (type == 0)
		return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
				 "a file of type 0%o cannot be stored", st.st_mode & S_IFMT);
	if (type != SQST_TYPE_DIR && !scan->options->no_hardlinks) {
		known = sqst_links_find(&scan->links, st.st_dev, st.st_ino);
		if (!known)
			return sqst_no_memory(scan->why, scan->path);
	}
	/* A number that another file had before is not its: its inode left the cache. */
	if (known && *known && !is_same(*known, &st))
		*known = NULL;
	if (known && *known)
		return add_link(scan, dir, name, *known, out);
	*out = sqst_tree_add(scan->tree, dir, name, (enum sqst_type)type);
	if (!*out)
		return sqst_no_memory(scan->why, scan->path);
	if (known)
		*known = (*out)->inode;
	return sqst_scan_fill(scan, (*out)->inode, &st);
}

static bool enter_path(struct sqst_scan *scan, size_t length, const char *name)
{
	const size_t size = strlen(name);

	if (length + 1 + size >= sizeof(scan->path))
		return false;
	scan->path[length] = '/';
	memcpy(scan->path + length + 1, name, size + 1);
	return true;
}

static int scan_children(struct sqst_scan *scan, struct sqst_node *dir, int dir_fd,
			 const struct sqst_scan_names *names)
{
	/* "/" is the one directory whose path ends in a slash. */
	const size_t length = scan->path[scan->length - 1] == '/' ? scan->length - 1 : scan->length;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->text + names->at[i];
		int rc = sqst_canceled(scan->cancel, scan->why);

		if (rc < 0)
			return rc;
		if (!enter_path(scan, length, name))
			return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
					 "a path below it exceeds %d bytes", PATH_MAX - 1);
		rc = sqst_scan_add(scan, dir, dir_fd, name, name, NULL);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int scan_directory(struct sqst_scan *scan, struct sqst_node *dir)
{
	SQST_CLEANUP(sqst_scan_names_release) struct sqst_scan_names names = {0};
	SQST_CLEANUP(sqst_scope_dir) DIR *handle = NULL;
	struct stat st;
	int rc;

	/* A mount point is stored as an empty directory. */
	if (scan->options->one_file_system && dir->parent && lstat(scan->path, &st) == 0 &&
	    st.st_dev != scan->device) {
		scan->other_devices++;
		return 0;
	}
	handle = opendir(scan->path);
	if (!handle)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, scan->path,
				       "cannot open the directory");
	rc = sqst_scan_names_read(&names, handle, scan->path, scan->why);
	if (rc < 0)
		return rc;
	return scan_children(scan, dir, dirfd(handle), &names);
}

int sqst_scan_enter(struct sqst_scan *scan, const char *path)
{
	scan->length = strlen(path);
	if (scan->length == 0 || scan->length + 3 > sizeof(scan->path))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path, "not a usable path");
	memcpy(scan->path, path, scan->length + 1);
	return 0;
}

/* Set both paths for a directory below `top`, which is `path` in the file system. */
static int enter_directory(struct sqst_scan *scan, const struct sqst_node *top, size_t top_length,
			   const char *path, const struct sqst_node *node)
{
	const size_t base = strlen(path);
	const size_t slash = path[base - 1] == '/' ? 0 : 1;
	const char *below;

	scan->inside_length = sqst_node_path(node, scan->inside, sizeof(scan->inside));
	if (scan->inside_length >= sizeof(scan->inside))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path,
				 "a path below it exceeds %d bytes", PATH_MAX - 1);
	scan->path[base] = '\0';
	scan->length = base;
	if (node == top)
		return 0;
	below = scan->inside + top_length + (top_length > 0 ? 1 : 0);
	if (base + slash + strlen(below) >= sizeof(scan->path))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path,
				 "a path below it exceeds %d bytes", PATH_MAX - 1);
	scan->path[base] = '/';
	memcpy(scan->path + base + slash, below, strlen(below) + 1);
	scan->length = base + slash + strlen(below);
	return 0;
}

static bool is_below(const struct sqst_node *node, const struct sqst_node *top)
{
	while (node && node != top)
		node = node->parent;
	return node != NULL;
}

int sqst_scan_below(struct sqst_scan *scan, struct sqst_node *top, const char *path)
{
	const size_t top_length = sqst_node_path(top, scan->inside, sizeof(scan->inside));
	int rc = sqst_scan_enter(scan, path);

	for (struct sqst_node *node = top; rc == 0 && node && is_below(node, top);
	     node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_DIR)
			continue;
		rc = enter_directory(scan, top, top_length, path, node);
		if (rc == 0)
			rc = scan_directory(scan, node);
	}
	return rc;
}

int sqst_scan_begin(struct sqst_scan *scan, struct sqst_tree *tree, const char *const *source,
		    size_t sources, const struct sqst_scan_options *options,
		    const struct sqst_cancel *cancel, struct sqst_report *why)
{
	static const struct sqst_scan_options defaults;
	struct stat out;
	int rc;

	scan->options = options ? options : &defaults;
	scan->cancel = cancel;
	scan->tree = tree;
	scan->why = why;
	for (unsigned i = 0; i < SQST_LEAVE_OUT_MAX; i++) {
		const char *path = scan->options->leave_out[i];

		/* A directory or device is never replaced, so it is no output that lies here. */
		rc = path ? sqst_pins_add(&scan->ids.pins, path, true, why) : 0;
		if (rc < 0)
			return rc;
		if (!path || stat(path, &out) != 0 || !S_ISREG(out.st_mode))
			continue;
		scan->leave_out[scan->leave_outs].device = out.st_dev;
		scan->leave_out[scan->leave_outs++].inode = out.st_ino;
	}
	rc = sqst_xattr_scan_begin(&scan->xattrs, scan->options, why);
	if (rc < 0 || !scan->options->filter)
		return rc;
	scan->patterns = sqst_filter_has_patterns(scan->options->filter);
	return sqst_filter_resolve(scan->options->filter, source, sources, &scan->ids, why);
}

static void warn_of_scan_losses(struct sqst_scan *scan, const char *path)
{
	sqst_warn_of_losses(&scan->xattrs, scan->clamped, path, scan->why);
	if (scan->other_devices > 0)
		sqst_warn(scan->why, path,
			  "%llu files and directories are on another file system and were left %s",
			  (unsigned long long)scan->other_devices,
			  scan->options->one_file_system_x ? "out" : "out or empty");
}

void sqst_scan_end(struct sqst_scan *scan, bool success, const char *path)
{
	if (success)
		warn_of_scan_losses(scan, path);
	sqst_links_release(&scan->links);
	sqst_name_index_release(&scan->names);
	sqst_inode_set_release(&scan->complete);
	sqst_xattr_scan_release(&scan->xattrs);
	sqst_filter_ids_release(&scan->ids);
}

/* The dot makes lgetxattr follow the source itself, as stat does: it may be named through a
 * symbolic link. */
static int scan_root(struct sqst_scan *scan, const char *path)
{
	struct stat st;
	int rc = sqst_scan_enter(scan, path);

	if (rc < 0)
		return rc;
	memcpy(scan->path + scan->length, "/.", 3);
	if (stat(path, &st) != 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, path,
				       "cannot read the source");
	if (!S_ISDIR(st.st_mode))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path, "the source is not a directory");
	rc = sqst_tree_directory_origin(scan->tree, path, 0, scan->why);
	if (rc < 0)
		return rc;
	scan->origin = (uint8_t)rc;
	scan->device = st.st_dev;
	scan->tree->source = scan->tree->origin[rc].name;
	return sqst_scan_fill(scan, scan->tree->root->inode, &st);
}

void sqst_scan_dummy_root(struct sqst_scan *scan)
{
	struct sqst_inode *root = scan->tree->root->inode;

	root->mode = 0777;
	root->uid = scan->options->all_root ? 0 : getuid();
	root->gid = scan->options->all_root ? 0 : getgid();
	for (uint32_t i = 0; i < root->u.dir.count; i++) {
		const struct sqst_inode *inode = root->u.dir.child[i]->inode;

		if (inode->mtime > root->mtime)
			root->mtime = inode->mtime;
	}
}

int sqst_tree_scan(const char *path, const struct sqst_scan_options *options,
		   const struct sqst_cancel *cancel, struct sqst_tree **out,
		   struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	/* Its paths are too large for a stack. */
	SQST_AUTO_FREE struct sqst_scan *scan = calloc(1, sizeof(*scan));
	int rc;

	if (!tree || !scan)
		return sqst_no_memory(why, path);
	rc = sqst_scan_begin(scan, tree, &path, 1, options, cancel, why);
	if (rc == 0)
		rc = scan_root(scan, path);
	if (rc == 0)
		rc = sqst_scan_below(scan, tree->root, path);
	sqst_scan_end(scan, rc == 0, path);
	if (rc < 0)
		return rc;
	*out = sqst_steal(&tree);
	return 0;
}
