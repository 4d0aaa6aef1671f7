/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content that stands in a directory of the file system. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/report.h"
#include "tree/tree.h"

static const char *pinned(const struct sqst_inode *inode)
{
	return (const char *)(uintptr_t)inode->u.file.key[1];
}

static const char *skip_components(const char *path, unsigned count)
{
	for (; count > 0; count--) {
		path += strcspn(path, "/");
		path += *path == '/';
	}
	return path;
}

/* "source/path", or where the inode is pinned; empty if it does not fit (it fitted when it was
 * scanned). */
static void name_directory_content(const struct sqst_origin *origin, const struct sqst_node *node,
				   char *out, size_t size)
{
	char path[PATH_MAX + SQST_NAME_MAX + 2];
	const char *below = pinned(node->inode);
	size_t base = 0;

	out[0] = '\0';
	if (!below) {
		if (sqst_node_path(node, path, sizeof(path)) >= sizeof(path))
			return;
		below = skip_components(path, origin->skip);
		base = strlen(origin->name);
	}
	if (base + strlen(below) + 2 > size)
		return;
	memcpy(out, origin->name, base);
	if (base > 0 && out[base - 1] != '/')
		out[base++] = '/';
	memcpy(out + base, below, strlen(below) + 1);
}

/* What a file was when it was taken, in three parts of one number: its modification time, its
 * change time, and its inode number. */
#define MTIME_BITS 24
#define OTHER_BITS 20

static uint64_t part(uint64_t a, uint64_t b, unsigned bits)
{
	const uint64_t what[2] = {a, b};

	return XXH3_64bits(what, sizeof(what)) >> (64 - bits);
}

static uint64_t stamp(const struct stat *st)
{
	const uint64_t mtime =
	    part((uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec, MTIME_BITS);
	const uint64_t ctime =
	    part((uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec, OTHER_BITS);

	return (mtime << OTHER_BITS | ctime) << OTHER_BITS | part(st->st_ino, 0, OTHER_BITS);
}

/* The change time alone says nothing: build systems hard-link the tree elsewhere meanwhile, which
 * sets it. Nor does the inode number: overlayfs and FUSE give a file another one when it has left
 * their cache. A file that took the place of another has both. */
static bool stamps_differ(uint64_t a, uint64_t b)
{
	const uint64_t mask = (UINT64_C(1) << OTHER_BITS) - 1, other = a ^ b;

	return other >> (2 * OTHER_BITS) != 0 ||
	       ((other >> OTHER_BITS & mask) != 0 && (other & mask) != 0);
}

bool sqst_origin_same(const struct sqst_inode *inode, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == inode->u.file.size &&
	       !stamps_differ(stamp(st), inode->u.file.key[0]);
}

static int check_directory_content(const struct sqst_origin *origin,
				   const struct sqst_content *content, struct sqst_report *why)
{
	const struct sqst_inode *inode = content->node->inode;
	struct stat st;

	(void)origin;
	if (fstat(content->fd, &st) != 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot stat it", why);
	if (!sqst_origin_same(inode, &st))
		return sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
					 "the file changed during the build; build again when "
					 "nothing writes to the source",
					 why);
	return 0;
}

static int open_directory_content(const struct sqst_origin *origin, struct sqst_content *content,
				  struct sqst_report *why)
{
	char path[PATH_MAX];

	name_directory_content(origin, content->node, path, sizeof(path));
	/* O_NONBLOCK: a FIFO that has taken the file's place must not hang the build. */
	content->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (content->fd < 0) {
		const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

		return sqst_fail_errno(why, gone ? SQST_ERR_CHANGED : SQST_ERR_SOURCE, errno, path,
				       gone ? "the file disappeared during the build"
					    : "cannot read the file");
	}
	content->seekable = true;
	return check_directory_content(origin, content, why);
}

const struct sqst_origin_type sqst_origin_directory = {
    .open = open_directory_content,
    .check = check_directory_content,
    .name = name_directory_content,
};

int sqst_tree_directory_origin(struct sqst_tree *tree, const char *path, unsigned skip,
			       struct sqst_report *why)
{
	int index;

	for (unsigned i = 0; i < tree->origins; i++) {
		const struct sqst_origin *origin = &tree->origin[i];

		if (origin->type == &sqst_origin_directory && origin->skip == skip &&
		    strcmp(origin->name, path) == 0)
			return (int)i;
	}
	index = sqst_tree_add_origin(tree, &sqst_origin_directory, path, why);
	if (index >= 0)
		tree->origin[index].skip = skip;
	return index;
}

void sqst_origin_stamp(struct sqst_inode *inode, unsigned origin, const struct stat *st)
{
	inode->origin = (uint8_t)origin;
	inode->u.file.size = (uint64_t)st->st_size;
	inode->u.file.key[0] = stamp(st);
	inode->u.file.key[1] = 0;
}

bool sqst_origin_may_be_same(const struct sqst_inode *one, const struct sqst_inode *other)
{
	return !stamps_differ(one->u.file.key[0], other->u.file.key[0]);
}

int sqst_origin_pin_to(struct sqst_tree *tree, struct sqst_inode *inode, const char *path,
		       struct sqst_report *why)
{
	const char *copy = sqst_tree_strdup(tree, path, strlen(path));

	if (!copy)
		return sqst_no_memory(why, path);
	inode->u.file.key[1] = (uint64_t)(uintptr_t)copy;
	return 0;
}

int sqst_origin_pin(struct sqst_tree *tree, const struct sqst_node *node, struct sqst_report *why)
{
	const struct sqst_origin *origin;
	char path[PATH_MAX];

	if (node->inode->type != SQST_TYPE_FILE || node->inode->origin >= tree->origins)
		return 0;
	origin = &tree->origin[node->inode->origin];
	if (origin->type != &sqst_origin_directory || pinned(node->inode))
		return 0;
	name_directory_content(origin, node, path, sizeof(path));
	return sqst_origin_pin_to(tree, node->inode, path, why);
}

int sqst_tree_pin_file(struct sqst_tree *tree, struct sqst_inode *inode, const char *path,
		       struct sqst_report *why)
{
	struct stat st;
	int origin;

	if (lstat(path, &st) != 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot stat it");
	if (!S_ISREG(st.st_mode))
		return sqst_fail(why, SQST_ERR_SOURCE, path, "is not a regular file");
	origin = sqst_tree_directory_origin(tree, "", 0, why);
	if (origin < 0)
		return origin;
	sqst_origin_stamp(inode, (unsigned)origin, &st);
	return sqst_origin_pin_to(tree, inode, path, why);
}
