/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents of an archive: ranges of its file, and copies. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/report.h"
#include "source/origin_spool.h"
#include "source/store.h"

struct sqst_store *sqst_store_new(const char *beside)
{
	struct sqst_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	sqst_chunks_begin(&store->copies, beside);
	store->archive = -1;
	return store;
}

void sqst_store_free(struct sqst_store *store)
{
	if (!store)
		return;
	sqst_chunks_release(&store->copies);
	if (store->archive >= 0)
		close(store->archive);
	free(store->part);
	free(store);
}

/* ---- storing */

void sqst_store_begin(struct sqst_store *store)
{
	store->first = store->parts;
}

static int add_piece(struct sqst_store *store, struct sqst_part part, struct sqst_report *why)
{
	struct sqst_part *last =
	    store->parts > store->first ? &store->part[store->parts - 1] : NULL;
	struct sqst_part *grown;

	if (last && part.offset < last->offset + last->size)
		return sqst_fail(why, SQST_ERR_SOURCE, NULL,
				 "the parts of a sparse file in the archive are out of order");
	if (last && last->copied == part.copied && last->offset + last->size == part.offset &&
	    last->at + last->size == part.at) {
		last->size += part.size;
		return 0;
	}
	grown = sqst_grow(store->part, store->parts, &store->room, sizeof(*grown));
	if (!grown)
		return sqst_no_memory(why, NULL);
	store->part = grown;
	grown[store->parts++] = part;
	return 0;
}

int sqst_store_copy(struct sqst_store *store, uint64_t offset, const void *data, size_t size,
		    struct sqst_report *why)
{
	const struct sqst_part part = {offset, size, sqst_chunks_end(&store->copies), true};
	const int rc = sqst_chunks_write(&store->copies, data, size, why);

	return rc == 0 ? add_piece(store, part, why) : rc;
}

int sqst_store_refer(struct sqst_store *store, uint64_t offset, uint64_t at, uint64_t size,
		     struct sqst_report *why)
{
	return add_piece(store, (struct sqst_part){offset, size, at, false}, why);
}

int sqst_store_finish(struct sqst_store *store, int fd, struct sqst_report *why)
{
	bool refers = false;

	for (size_t i = 0; i < store->parts && !refers; i++)
		refers = !store->part[i].copied;
	if (refers) {
		store->archive = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (store->archive < 0 || fstat(store->archive, &store->st) != 0)
			return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, NULL,
					       "cannot open the archive again");
	}
	return sqst_chunks_finish(&store->copies, why);
}

/* ---- the origin */

static int check_stored(const struct sqst_origin *origin, const struct sqst_content *content,
			struct sqst_report *why)
{
	const struct sqst_store *store = origin->state;
	struct stat st;

	if (store->archive < 0)
		return 0;
	if (fstat(store->archive, &st) != 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot stat the archive", why);
	if (st.st_size != store->st.st_size || st.st_mtim.tv_sec != store->st.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != store->st.st_mtim.tv_nsec)
		return sqst_content_fail(
		    content->tree, content->node, SQST_ERR_CHANGED, 0,
		    "the archive changed during the build; build again when nothing writes to it",
		    why);
	return 0;
}

static int open_content(const struct sqst_origin *origin, struct sqst_content *content,
			struct sqst_report *why)
{
	return check_stored(origin, content, why);
}

/* The first part that ends after an offset; one after the content's last if there is none. */
static size_t find_stored(const struct sqst_store *store, const struct sqst_inode *inode,
			  uint64_t offset)
{
	size_t low = (size_t)inode->u.file.key[0], high = low + (size_t)inode->u.file.key[1];

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct sqst_part *part = &store->part[middle];

		if (part->offset + part->size <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t end_of(const struct sqst_inode *inode)
{
	return (size_t)(inode->u.file.key[0] + inode->u.file.key[1]);
}

static int read_part(struct sqst_store *store, const struct sqst_content *content,
		     const struct sqst_part *part, uint64_t inside, uint8_t *to, size_t size,
		     struct sqst_report *why)
{
	ssize_t got;

	if (part->copied)
		return sqst_chunks_read(&store->copies, part->at + inside, to, size, why);
	got = sqst_pread_full(store->archive, to, size, part->at + inside);
	if (got < 0)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_SOURCE, errno,
					 "cannot read the archive", why);
	if ((size_t)got != size)
		return sqst_content_fail(content->tree, content->node, SQST_ERR_CHANGED, 0,
					 "the archive was truncated during the build", why);
	return 0;
}

static int read_content(const struct sqst_origin *origin, const struct sqst_content *content,
			uint64_t offset, void *data, size_t size, struct sqst_report *why)
{
	struct sqst_store *store = origin->state;
	const struct sqst_inode *inode = content->node->inode;
	const size_t end = end_of(inode);
	uint8_t *to = data;
	int rc = 0;

	for (size_t at = find_stored(store, inode, offset); rc == 0 && size > 0; at++) {
		const struct sqst_part *part = at < end ? &store->part[at] : NULL;
		uint64_t share = size;

		if (!part || part->offset > offset) {
			if (part && part->offset - offset < size)
				share = part->offset - offset;
			memset(to, 0, (size_t)share);
			/* The part itself comes next. */
			at--;
		} else {
			const uint64_t inside = offset - part->offset;

			if (part->size - inside < size)
				share = part->size - inside;
			rc = read_part(store, content, part, inside, to, (size_t)share, why);
		}
		to += share;
		offset += share;
		size -= (size_t)share;
	}
	return rc;
}

static int find_stored_data(const struct sqst_origin *origin, const struct sqst_content *content,
			    uint64_t offset, uint64_t *start, uint64_t *end,
			    struct sqst_report *why)
{
	const struct sqst_store *store = origin->state;
	const struct sqst_inode *inode = content->node->inode;
	const size_t index = find_stored(store, inode, offset);
	const struct sqst_part *part = index < end_of(inode) ? &store->part[index] : NULL;

	(void)why;
	*start = *end = inode->u.file.size;
	if (part) {
		*start = part->offset > offset ? part->offset : offset;
		*end = part->offset + part->size;
	}
	return 0;
}

static void name(const struct sqst_origin *origin, const struct sqst_node *node, char *out,
		 size_t size)
{
	sqst_origin_spool.name(origin, node, out, size);
}

static void release_store(struct sqst_origin *origin)
{
	sqst_store_free(origin->state);
}

const struct sqst_origin_type sqst_origin_store = {
    .open = open_content,
    .read = read_content,
    .find_data = find_stored_data,
    .check = check_stored,
    .name = name,
    .release = release_store,
};
