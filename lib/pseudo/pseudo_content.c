/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content of pseudo files: a part of a file that is open, either one of definitions or a temporary
 * one. An inode's key[0] is where its content begins, its subkey which file has it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/report.h"
#include "pseudo/pseudo.h"
#include "tree/tree.h"

struct sqst_pseudo_content_file {
	int fd;
	/* In the tree's memory. */
	char *name;
	bool check;
	struct timespec mtime;
	uint64_t size;
};

static const struct sqst_pseudo_content_file *file_of(const struct sqst_origin *origin,
						      const struct sqst_node *node)
{
	const struct sqst_pseudo_contents *contents = origin->state;

	return &contents->file[node->inode->subkey];
}

static void name_pseudo_content(const struct sqst_origin *origin, const struct sqst_node *node,
				char *out, size_t size)
{
	char path[PATH_MAX] = "";

	sqst_node_path(node, path, sizeof(path));
	snprintf(out, size, "pseudo file %s (%s)", path, file_of(origin, node)->name);
}

static int check_pseudo_content(const struct sqst_origin *origin,
				const struct sqst_content *content, struct sqst_report *why)
{
	const struct sqst_pseudo_content_file *file = file_of(origin, content->node);
	struct stat st;

	if (!file->check)
		return 0;
	if (fstat(content->fd, &st) != 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot stat it", why);
	if ((uint64_t)st.st_size != file->size || st.st_mtim.tv_sec != file->mtime.tv_sec ||
	    st.st_mtim.tv_nsec != file->mtime.tv_nsec)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
					 "the file of pseudo definitions changed during the build",
					 why);
	return 0;
}

static int open_pseudo_content(const struct sqst_origin *origin, struct sqst_content *content,
			       struct sqst_report *why)
{
	const struct sqst_pseudo_content_file *file = file_of(origin, content->node);

	/* A duplicate, because the reader closes it. */
	content->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 3);
	if (content->fd < 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_IO, errno,
					 "cannot open it", why);
	content->base = content->node->inode->u.file.key[0];
	content->seekable = true;
	return check_pseudo_content(origin, content, why);
}

static void release_pseudo_files(struct sqst_origin *origin)
{
	struct sqst_pseudo_contents *contents = origin->state;

	if (!contents)
		return;
	for (size_t i = 0; i < contents->files; i++) {
		close(contents->file[i].fd);
		free(contents->file[i].name);
	}
	free(contents->file);
	free(contents);
}

static const struct sqst_origin_type origin_pseudo = {
    .open = open_pseudo_content,
    .check = check_pseudo_content,
    .name = name_pseudo_content,
    .release = release_pseudo_files,
};

int sqst_pseudo_contents_new(struct sqst_tree *tree, struct sqst_pseudo_contents **contents,
			     uint8_t *origin, struct sqst_report *why)
{
	const int index = sqst_tree_add_origin(tree, &origin_pseudo, "pseudo files", why);

	if (index < 0)
		return index;
	*contents = calloc(1, sizeof(**contents));
	if (!*contents)
		return sqst_no_memory(why, NULL);
	tree->origin[index].state = *contents;
	*origin = (uint8_t)index;
	return 0;
}

int sqst_pseudo_contents_add(struct sqst_pseudo_contents *contents, int fd, const char *file_name,
			     const struct timespec *mtime, uint64_t size, uint32_t *index,
			     struct sqst_report *why)
{
	struct sqst_pseudo_content_file *grown, file = {.size = size};

	grown = sqst_grow(contents->file, contents->files, &contents->room, sizeof(*grown));
	if (!grown)
		return sqst_no_memory(why, file_name);
	contents->file = grown;
	file.name = strdup(file_name);
	if (!file.name)
		return sqst_no_memory(why, file_name);
	file.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (file.fd < 0) {
		free(file.name);
		return sqst_fail_errno(why, SQST_ERR_IO, errno, file_name, "cannot open it again");
	}
	if (mtime) {
		file.check = true;
		file.mtime = *mtime;
	}
	*index = (uint32_t)contents->files;
	grown[contents->files++] = file;
	return 0;
}

void sqst_pseudo_contents_set(struct sqst_inode *inode, uint8_t origin, uint32_t index,
			      uint64_t offset, uint64_t size)
{
	inode->origin = origin;
	inode->subkey = index;
	inode->u.file.key[0] = offset;
	inode->u.file.size = size;
}
