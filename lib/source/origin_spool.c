/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents of an archive, kept in a temporary file: an archive can be read only once and in its own
 * order, an image is written in another. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "source/origin_spool.h"

static int open_spooled(const struct sqst_origin *origin, struct sqst_content *content,
			struct sqst_report *why)
{
	(void)why;
	content->fd = origin->fd;
	content->base = content->node->inode->u.file.key[0];
	content->seekable = true;
	return 0;
}

/* Nobody else has the file. */
static int check_spooled(const struct sqst_origin *origin, const struct sqst_content *content,
			 struct sqst_report *why)
{
	(void)origin;
	(void)content;
	(void)why;
	return 0;
}

static void name_spooled(const struct sqst_origin *origin, const struct sqst_node *node, char *out,
			 size_t size)
{
	const size_t base = strlen(origin->name);

	out[0] = '\0';
	if (base + 2 >= size)
		return;
	memcpy(out, origin->name, base);
	out[base] = ':';
	out[base + 1] = '\0';
	if (sqst_node_path(node, out + base + 1, size - base - 1) >= size - base - 1)
		out[base] = '\0';
}

static void release_spool(struct sqst_origin *origin)
{
	if (origin->own_fd && origin->fd >= 0)
		close(origin->fd);
}

const struct sqst_origin_type sqst_origin_spool = {
    .open = open_spooled,
    .check = check_spooled,
    .name = name_spooled,
    .release = release_spool,
};
