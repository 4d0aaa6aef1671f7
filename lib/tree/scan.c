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
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/scope.h"
#include "tree/links.h"
#include "tree/scan_xattr.h"
#include "tree/tree.h"

SQST_DEFINE_SCOPE(dir, DIR, closedir)
SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)

struct scan {
	const struct sqst_scan_options *options;
	const volatile int *cancel;
	struct sqst_tree *tree;
	struct sqst_report *why;
	struct sqst_links links;
	struct sqst_xattr_scan xattrs;
	uint64_t clamped;
	uint8_t origin;
	bool leave_out;
	dev_t leave_out_device;
	ino_t leave_out_inode;
	/* Path of the directory being read, and of a child while that is looked at. */
	char path[PATH_MAX];
	size_t length;
};

/* Names of one directory, sorted before anything is done with them: the tree must not depend on
 * the order in which a file system lists. */
struct names {
	char *text;
	size_t used;
	size_t room;
	size_t *at;
	size_t count;
	size_t at_room;
};

static void names_release(struct names *names)
{
	free(names->text);
	free(names->at);
}

static bool names_append(struct names *names, const char *name)
{
	const size_t size = strlen(name) + 1;

	if (names->room - names->used < size) {
		const size_t room = names->room * 2 + 4096;
		char *text = realloc(names->text, room);

		if (!text)
			return false;
		names->text = text;
		names->room = room;
	}
	if (names->count == names->at_room) {
		const size_t room = names->at_room * 2 + 64;
		size_t *at = realloc(names->at, room * sizeof(*at));

		if (!at)
			return false;
		names->at = at;
		names->at_room = room;
	}
	memcpy(names->text + names->used, name, size);
	names->at[names->count++] = names->used;
	names->used += size;
	return true;
}

static int by_text(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + *(const size_t *)a,
		      (const char *)text + *(const size_t *)b);
}

static int no_memory(struct scan *scan)
{
	return sqst_fail(scan->why, SQST_ERR_NOMEM, scan->path, "out of memory");
}

static int list(struct scan *scan, DIR *dir, struct names *names)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry && errno != 0)
			return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, scan->path,
					       "cannot read the directory");
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!names_append(names, entry->d_name))
			return no_memory(scan);
	}
	if (names->count > 1)
		qsort_r(names->at, names->count, sizeof(*names->at), by_text, names->text);
	return 0;
}

static int type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SQST_TYPE_DIR;
	case S_IFREG:
		return SQST_TYPE_FILE;
	case S_IFLNK:
		return SQST_TYPE_SYMLINK;
	case S_IFBLK:
		return SQST_TYPE_BLOCK;
	case S_IFCHR:
		return SQST_TYPE_CHAR;
	case S_IFIFO:
		return SQST_TYPE_FIFO;
	case S_IFSOCK:
		return SQST_TYPE_SOCKET;
	default:
		return 0;
	}
}

static uint32_t clamp_time(struct scan *scan, int64_t seconds)
{
	if (seconds >= 0 && seconds <= (int64_t)UINT32_MAX)
		return (uint32_t)seconds;
	scan->clamped++;
	return seconds < 0 ? 0 : UINT32_MAX;
}

static int fill_symlink(struct scan *scan, struct sqst_inode *inode)
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
	return inode->u.symlink.target ? 0 : no_memory(scan);
}

/* As new_encode_dev() of the kernel, which squashfs decodes with new_decode_dev(). */
static int fill_device(struct scan *scan, struct sqst_inode *inode, dev_t device)
{
	const unsigned major_number = major(device), minor_number = minor(device);

	if (major_number > 0xFFF || minor_number > 0xFFFFF)
		return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
				 "device %u:%u cannot be stored; 4095:1048575 is the highest",
				 major_number, minor_number);
	inode->u.device =
	    (minor_number & 0xFF) | major_number << 8 | (minor_number & ~UINT32_C(0xFF)) << 12;
	return 0;
}

static int fill(struct scan *scan, struct sqst_inode *inode, const struct stat *st)
{
	inode->uid = scan->options->all_root ? 0 : st->st_uid;
	inode->gid = scan->options->all_root ? 0 : st->st_gid;
	inode->mode = (uint16_t)(st->st_mode & 07777);
	inode->mtime = clamp_time(scan, st->st_mtim.tv_sec);
	if (!scan->options->no_xattrs) {
		const int rc =
		    sqst_xattr_scan(&scan->xattrs, scan->tree, scan->path, inode, scan->why);

		if (rc < 0)
			return rc;
	}
	switch (inode->type) {
	case SQST_TYPE_FILE:
		inode->u.file.size = (uint64_t)st->st_size;
		inode->origin = scan->origin;
		inode->u.file.key[0] = st->st_ino;
		inode->u.file.key[1] = (uint64_t)st->st_mtim.tv_sec;
		inode->subkey = (uint32_t)st->st_mtim.tv_nsec;
		return 0;
	case SQST_TYPE_SYMLINK:
		return fill_symlink(scan, inode);
	case SQST_TYPE_BLOCK:
	case SQST_TYPE_CHAR:
		return fill_device(scan, inode, st->st_rdev);
	default:
		return 0;
	}
}

/* Link counts are counted inside the tree: st_nlink also counts names elsewhere. */
static int add_child(struct scan *scan, struct sqst_node *dir, int dir_fd, const char *name)
{
	struct sqst_inode **known = NULL;
	struct sqst_node *node;
	struct stat st;
	int type;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return sqst_fail_errno(scan->why,
				       errno == ENOENT ? SQST_ERR_CHANGED : SQST_ERR_SOURCE, errno,
				       scan->path, "cannot look at it");
	if (scan->leave_out && st.st_dev == scan->leave_out_device &&
	    st.st_ino == scan->leave_out_inode) {
		sqst_warn(scan->why, scan->path,
			  "the output lies inside the source; it is left out");
		return 0;
	}
	type = type_of(st.st_mode);
	if (type == 0)
		return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
				 "a file of type 0%o cannot be stored", st.st_mode & S_IFMT);
	if (type != SQST_TYPE_DIR) {
		known = sqst_links_find(&scan->links, st.st_dev, st.st_ino);
		if (!known)
			return no_memory(scan);
	}
	if (known && *known)
		return sqst_tree_link(scan->tree, dir, name, *known) ? 0 : no_memory(scan);
	node = sqst_tree_add(scan->tree, dir, name, (enum sqst_type)type);
	if (!node)
		return no_memory(scan);
	if (known)
		*known = node->inode;
	return fill(scan, node->inode, &st);
}

static bool enter(struct scan *scan, size_t length, const char *name)
{
	const size_t size = strlen(name);

	if (length + 1 + size >= sizeof(scan->path))
		return false;
	scan->path[length] = '/';
	memcpy(scan->path + length + 1, name, size + 1);
	return true;
}

static int scan_children(struct scan *scan, struct sqst_node *dir, int dir_fd,
			 const struct names *names)
{
	/* "/" is the one directory whose path ends in a slash. */
	const size_t length = scan->path[scan->length - 1] == '/' ? scan->length - 1 : scan->length;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->text + names->at[i];
		int rc;

		if (scan->cancel && *scan->cancel)
			return sqst_fail(scan->why, SQST_ERR_CANCELED, NULL, "canceled");
		if (i > 0 && strcmp(names->text + names->at[i - 1], name) == 0)
			continue;
		if (!enter(scan, length, name))
			return sqst_fail(scan->why, SQST_ERR_SOURCE, scan->path,
					 "a path below it is longer than %d bytes", PATH_MAX - 1);
		rc = add_child(scan, dir, dir_fd, name);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int scan_directory(struct scan *scan, struct sqst_node *dir)
{
	SQST_CLEANUP(names_release) struct names names = {0};
	SQST_CLEANUP(sqst_scope_dir) DIR *handle = opendir(scan->path);
	int rc;

	if (!handle)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, scan->path,
				       "cannot open the directory");
	rc = list(scan, handle, &names);
	if (rc < 0)
		return rc;
	return scan_children(scan, dir, dirfd(handle), &names);
}

static int scan_root(struct scan *scan, const char *path)
{
	struct stat st, out;
	int origin;

	scan->length = strlen(path);
	if (scan->length == 0 || scan->length + 3 > sizeof(scan->path))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path, "not a usable path");
	/* The dot makes lgetxattr follow the source itself, as stat does. */
	memcpy(scan->path, path, scan->length);
	memcpy(scan->path + scan->length, "/.", 3);
	/* The source itself may be named through a symbolic link. */
	if (stat(path, &st) != 0)
		return sqst_fail_errno(scan->why, SQST_ERR_SOURCE, errno, path,
				       "cannot read the source");
	if (!S_ISDIR(st.st_mode))
		return sqst_fail(scan->why, SQST_ERR_SOURCE, path, "the source is not a directory");
	if (scan->options->leave_out && stat(scan->options->leave_out, &out) == 0) {
		scan->leave_out = true;
		scan->leave_out_device = out.st_dev;
		scan->leave_out_inode = out.st_ino;
	}
	origin = sqst_tree_add_origin(scan->tree, &sqst_origin_directory, path, scan->why);
	if (origin < 0)
		return origin;
	scan->origin = (uint8_t)origin;
	scan->tree->source = scan->tree->origin[origin].name;
	return fill(scan, scan->tree->root->inode, &st);
}

static int scan_all(struct scan *scan, const char *path)
{
	const size_t base = strlen(path);
	int rc = scan_root(scan, path);

	for (struct sqst_node *node = scan->tree->root; rc == 0 && node;
	     node = sqst_tree_next(node)) {
		if (node->inode->type != SQST_TYPE_DIR)
			continue;
		scan->length = base;
		if (node->parent) {
			const size_t slash = path[base - 1] == '/' ? 0 : 1;

			scan->path[base] = '/';
			scan->length += slash + sqst_node_path(node, scan->path + base + slash,
							       sizeof(scan->path) - base - slash);
		}
		scan->path[scan->length] = '\0';
		rc = scan_directory(scan, node);
	}
	return rc;
}

static void warn_of_losses(struct scan *scan, const char *path)
{
	if (scan->clamped > 0)
		sqst_warn(scan->why, path,
			  "%llu times outside 1970 to 2106 cannot be stored and were clamped",
			  (unsigned long long)scan->clamped);
	if (scan->xattrs.foreign > 0)
		sqst_warn(scan->why, path,
			  "%llu extended attributes outside user, trusted and security (the first: "
			  "%s) cannot be stored and were left out",
			  (unsigned long long)scan->xattrs.foreign, scan->xattrs.first_foreign);
}

int sqst_tree_scan(const char *path, const struct sqst_scan_options *options,
		   const volatile int *cancel, struct sqst_tree **out, struct sqst_report *why)
{
	static const struct sqst_scan_options defaults;
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = sqst_tree_new();
	struct scan scan = {
	    .options = options ? options : &defaults, .cancel = cancel, .tree = tree, .why = why};
	int rc;

	if (!tree)
		return sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	rc = scan_all(&scan, path);
	sqst_links_release(&scan.links);
	if (rc == 0)
		warn_of_losses(&scan, path);
	sqst_xattr_scan_release(&scan.xattrs);
	if (rc < 0)
		return rc;
	*out = sqst_steal(&tree);
	return 0;
}
