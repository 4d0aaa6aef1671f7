/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a regular file's content block by block. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tree/tree.h"
#include "write/reader.h"

/* Below this it is cheaper to read a hole than to ask for it. */
#define HOLES_FROM (256 * 1024)

static bool all_zero(const uint8_t *data, size_t size)
{
	if (size < 16) {
		for (size_t i = 0; i < size; i++) {
			if (data[i])
				return false;
		}
		return true;
	}
	/* Equal to itself, moved by 8 bytes that are zero. */
	static const uint8_t zeros[8];

	return memcmp(data, zeros, 8) == 0 && memcmp(data, data + 8, size - 8) == 0;
}

/* Where data begins and ends at or after `at`. A file system that cannot say has data only. */
static void find_data(struct sqst_reader *reader)
{
	off_t start, end;

	start = lseek(reader->fd, (off_t)reader->at, SEEK_DATA);
	if (start < 0 && errno == ENXIO) {
		reader->data_start = reader->data_end = reader->size;
		return;
	}
	end = start < 0 ? -1 : lseek(reader->fd, start, SEEK_HOLE);
	if (end < 0) {
		reader->data_start = reader->at;
		reader->data_end = reader->size;
		return;
	}
	reader->data_start = (uint64_t)start;
	reader->data_end = (uint64_t)end;
}

int sqst_reader_open(struct sqst_reader *reader, const struct sqst_tree *tree,
		     const struct sqst_node *node, struct sqst_report *why)
{
	const int rc = sqst_content_open(tree, node, &reader->fd, why);

	reader->tree = tree;
	reader->node = node;
	reader->size = node->inode->u.file.size;
	reader->at = 0;
	reader->data_start = 0;
	reader->data_end = reader->size < HOLES_FROM ? reader->size : 0;
	return rc;
}

int sqst_reader_read(struct sqst_reader *reader, uint8_t *data, uint32_t size, bool *zero,
		     struct sqst_report *why)
{
	ssize_t got;

	if (reader->at >= reader->data_end)
		find_data(reader);
	if (reader->at + size <= reader->data_start) {
		memset(data, 0, size);
		reader->at += size;
		*zero = true;
		return 0;
	}
	got = sqst_pread_full(reader->fd, data, size, reader->at);
	if (got < 0)
		return sqst_content_fail(reader->tree, reader->node, SQST_ERR_SOURCE, errno,
					 "cannot read the file", why);
	if ((size_t)got != size)
		return sqst_content_fail(reader->tree, reader->node, SQST_ERR_CHANGED, 0,
					 "the file became shorter while the image was built; build "
					 "again when nothing writes to the source",
					 why);
	reader->at += size;
	*zero = all_zero(data, size);
	return 0;
}

int sqst_reader_check(struct sqst_reader *reader, struct sqst_report *why)
{
	return sqst_content_check(reader->tree, reader->node, reader->fd, why);
}

void sqst_reader_close(struct sqst_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}
