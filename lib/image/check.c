/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers and inodes belong together one to one: checked by sorting what the tree names, first by
 * reference, which is also the order in which the inode table is read once from front to back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "image/tree.h"

static int by_reference(const void *a, const void *b)
{
	const struct sqst_name *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

static int by_entry_number(const void *a, const void *b)
{
	const struct sqst_name *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

static uint64_t ref_of(const struct sqst_name *name)
{
	return name->key >> 4;
}

/* A name's entry against its inode. */
static int check_entry_name(const struct sqst_image *image, const struct sqst_numbers *numbers,
			    const struct sqst_name *name, const struct sqst_image_inode *inode)
{
	const unsigned type = (unsigned)(name->key & 15);
	char path[SQST_SHOWN_MAX];

	if (type != inode->type) {
		sqst_names_path(numbers, name->order, path);
		return sqst_image_bad(
		    image,
		    "%s has type %u in its directory, but its inode at reference 0x%" PRIx64
		    " has type %u",
		    path, type, ref_of(name), inode->type);
	}
	if (name->number != inode->number) {
		sqst_names_path(numbers, name->order, path);
		return sqst_image_bad(image,
				      "%s has inode number %" PRIu32
				      " in its directory, but its inode at reference 0x%" PRIx64
				      " has %" PRIu32,
				      path, name->number, ref_of(name), inode->number);
	}
	return 0;
}

static int bad_pair(const struct sqst_image *image, const struct sqst_numbers *numbers,
		    const struct sqst_name *one, const struct sqst_name *two, const char *what)
{
	char first[SQST_SHOWN_MAX], second[SQST_SHOWN_MAX];

	sqst_names_path(numbers, one->order, first);
	sqst_names_path(numbers, two->order, second);
	return sqst_image_bad(image, "%s (%s and %s)", what, first, second);
}

/* All names of one inode: from `name` on, `count` of them. `limit` is the next inode's place. */
static int check_inode(struct sqst_image *image, const struct sqst_numbers *numbers,
		       const struct sqst_name *name, size_t count, uint64_t limit)
{
	struct sqst_image_inode inode;
	struct sqst_cursor cursor;
	char path[SQST_SHOWN_MAX];
	int rc = sqst_image_inode_read(image, ref_of(name), &inode, &cursor);

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = check_entry_name(image, numbers, &name[i], &inode);
	if (rc < 0)
		return rc;
	if (inode.type == SQST_TYPE_DIR && count > 1)
		return bad_pair(image, numbers, &name[0], &name[1], "a directory has two parents");
	/* Only up to the next inode: so all inodes together cost no more than the table. */
	rc = sqst_cursor_skip(&cursor, inode.tail, limit);
	if (rc > 0) {
		sqst_names_path(numbers, name->order, path);
		return sqst_image_bad(image,
				      "%s: the inode at reference 0x%" PRIx64
				      " overlaps the one at 0x%" PRIx64,
				      path, ref_of(name), limit);
	}
	return rc;
}

static int check_inodes(struct sqst_image *image, const struct sqst_numbers *numbers,
			struct sqst_names *names)
{
	struct sqst_name *name = names->name;
	size_t kept = 0, next;

	for (size_t i = 0; i < names->count; i = next) {
		int rc;

		for (next = i + 1; next < names->count && ref_of(&name[next]) == ref_of(&name[i]);)
			next++;
		rc = check_inode(image, numbers, &name[i], next - i,
				 next < names->count ? ref_of(&name[next]) : SQST_NONE);
		if (rc < 0)
			return rc;
		name[kept++] = name[i];
	}
	names->count = kept;
	return 0;
}

int sqst_image_check(struct sqst_image *image, const struct sqst_numbers *numbers,
		     struct sqst_names *names)
{
	int rc;

	qsort(names->name, names->count, sizeof(*names->name), by_reference);
	rc = check_inodes(image, numbers, names);
	if (rc < 0)
		return rc;
	qsort(names->name, names->count, sizeof(*names->name), by_entry_number);
	for (size_t i = 1; i < names->count; i++) {
		const struct sqst_name *one = &names->name[i - 1], *two = &names->name[i];
		char what[64];

		if (one->number != two->number)
			continue;
		snprintf(what, sizeof(what), "inode number %" PRIu32 " is used by two inodes",
			 one->number);
		return bad_pair(image, numbers, one, two, what);
	}
	return 0;
}
