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

#include "tree/tree.h"

/* "source/path", empty if it does not fit (it fitted when it was scanned). */
static void name(const struct sqst_origin *origin, const struct sqst_node *node, char *out,
		 size_t size)
{
	size_t base = strlen(origin->name);

	out[0] = '\0';
	if (base + 2 >= size)
		return;
	memcpy(out, origin->name, base);
	if (base == 0 || out[base - 1] != '/')
		out[base++] = '/';
	sqst_node_path(node, out + base, size - base);
}

/* The change time is of no use: build systems hard-link the tree elsewhere meanwhile, which sets
 * it. */
static int check(const struct sqst_origin *origin, const struct sqst_content *content,
		 struct sqst_report *why)
{
	const struct sqst_inode *inode = content->node->inode;
	struct stat st;

	(void)origin;
	if (fstat(content->fd, &st) != 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot look at it", why);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_ino != inode->u.file.key[0] ||
	    (uint64_t)st.st_size != inode->u.file.size ||
	    (uint64_t)st.st_mtim.tv_sec != inode->u.file.key[1] ||
	    (uint32_t)st.st_mtim.tv_nsec != inode->subkey)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
					 "the file changed while the image was built; build again "
					 "when nothing writes to the source",
					 why);
	return 0;
}

static int open_content(const struct sqst_origin *origin, struct sqst_content *content,
			struct sqst_report *why)
{
	char path[PATH_MAX];

	name(origin, content->node, path, sizeof(path));
	/* O_NONBLOCK: a FIFO that has taken the file's place must not hang the build. */
	content->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (content->fd < 0) {
		const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

		return sqst_fail_errno(why, gone ? SQST_ERR_CHANGED : SQST_ERR_SOURCE, errno, path,
				       gone ? "the file vanished while the image was built"
					    : "cannot read the file");
	}
	content->seekable = true;
	return check(origin, content, why);
}

const struct sqst_origin_type sqst_origin_directory = {
    .open = open_content,
    .check = check,
    .name = name,
};
