/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening the source of a regular file, and noticing that it changed since it was scanned. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree/tree.h"

/* "source/path", cut if it does not fit (it fitted when it was scanned). */
static void source_path(const struct sqst_tree *tree, const struct sqst_node *node,
			char path[PATH_MAX])
{
	const size_t base = strlen(tree->source);

	path[0] = '\0';
	if (base + 1 >= PATH_MAX)
		return;
	memcpy(path, tree->source, base);
	if (base > 0 && path[base - 1] == '/') {
		sqst_node_path(node, path + base, PATH_MAX - base);
		return;
	}
	path[base] = '/';
	sqst_node_path(node, path + base + 1, PATH_MAX - base - 1);
}

int sqst_content_fail(const struct sqst_tree *tree, const struct sqst_node *node, int code,
		      int number, const char *what, struct sqst_report *why)
{
	char path[PATH_MAX];

	source_path(tree, node, path);
	if (number)
		return sqst_fail_errno(why, code, number, path, "%s", what);
	return sqst_fail(why, code, path, "%s", what);
}

/* The change time is of no use: build systems hard-link the tree elsewhere meanwhile, which sets
 * it. */
int sqst_content_check(const struct sqst_tree *tree, const struct sqst_node *node, int fd,
		       struct sqst_report *why)
{
	const struct sqst_inode *inode = node->inode;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return sqst_content_fail(tree, node, SQST_ERR_SOURCE, errno, "cannot look at it",
					 why);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_ino != inode->u.file.source_ino ||
	    (uint64_t)st.st_size != inode->u.file.size ||
	    (int64_t)st.st_mtim.tv_sec != inode->u.file.source_sec ||
	    (uint32_t)st.st_mtim.tv_nsec != inode->source_nsec)
		return sqst_content_fail(tree, node, SQST_ERR_CHANGED, 0,
					 "the file changed while the image was built; build again "
					 "when nothing writes to the source",
					 why);
	return 0;
}

int sqst_content_open(const struct sqst_tree *tree, const struct sqst_node *node, int *fd,
		      struct sqst_report *why)
{
	char path[PATH_MAX];
	int rc;

	source_path(tree, node, path);
	/* O_NONBLOCK: a FIFO that has taken the file's place must not hang the build. */
	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0) {
		const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

		return sqst_fail_errno(why, gone ? SQST_ERR_CHANGED : SQST_ERR_SOURCE, errno, path,
				       gone ? "the file vanished while the image was built"
					    : "cannot read the file");
	}
	rc = sqst_content_check(tree, node, *fd, why);
	if (rc < 0) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}
