/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory's listing: headers, each with at most 256 entries after it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/dir.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/bytes.h"
#include "image/tree.h"

#define ENTRY_SIZE offsetof(sqfs_dir_entry_t, name)

_Static_assert(sizeof(sqfs_dir_header_t) == 12 && ENTRY_SIZE == 8,
	       "the structures have the format's sizes");

/* A listing being read. */
struct listing_reader {
	struct sqst_image *image;
	const char *path;
	struct sqst_arena *arena;
	struct sqst_cursor cursor;
	/* Bytes that it still has. */
	uint32_t left;
	struct sqst_image_listing_buffer *listing;
	struct sqst_names *names;
	size_t prefix;
};

void sqst_shown_add(char shown[SQST_SHOWN_MAX], const char *name)
{
	static const char gap[] = "/[...]/";
	const size_t length = strlen(shown), more = strlen(name);

	if (length + 1 + more < SQST_SHOWN_MAX) {
		shown[length] = '/';
		memcpy(shown + length + 1, name, more + 1);
		return;
	}
	/* The first bytes, a gap, and as much of the last name as fits. A gap that is there
	 * already, because the path is longer still, is overwritten. */
	const size_t head = SQST_SHOWN_MAX / 3;
	const size_t room = SQST_SHOWN_MAX - head - sizeof(gap);
	const size_t tail = more < room ? more : room;

	memcpy(shown + (length < head ? length : head), gap, sizeof(gap));
	memcpy(shown + strlen(shown), name + more - tail, tail + 1);
}

static int fail_listing(const struct listing_reader *reader, const char *what)
{
	return sqst_image_bad(reader->image, "directory %s: %s", reader->path, what);
}

static int bad_entry(const struct listing_reader *reader, const char *name, const char *what)
{
	char shown[SQST_SHOWN_MAX];

	strcpy(shown, reader->path);
	sqst_shown_add(shown, name);
	return sqst_image_bad(reader->image, "%s: %s", shown, what);
}

static int take_bytes(struct listing_reader *reader, void *data, size_t size)
{
	if (size > reader->left)
		return fail_listing(reader, "the listing ends in the middle of an entry");
	reader->left -= (uint32_t)size;
	return sqst_cursor_read(&reader->cursor, data, size);
}

static int add_listed(struct listing_reader *reader, const char *name, size_t length, uint64_t ref,
		      uint32_t number, uint8_t type)
{
	struct sqst_image_listing_buffer *listing = reader->listing;
	struct sqst_names *names = reader->names;
	struct sqst_entry *entries;
	struct sqst_name *all;
	char *copy;

	if (names->count >= UINT32_MAX)
		return sqst_image_fail(reader->image, "more than %" PRIu32 " names", UINT32_MAX);
	copy = sqst_arena_strndup(reader->arena, name, length);
	entries = sqst_grow(listing->entry, listing->count, &listing->room, sizeof(*entries));
	if (entries)
		listing->entry = entries;
	all = sqst_grow(names->name, names->count, &names->room, sizeof(*all));
	if (all)
		names->name = all;
	if (!copy || !entries || !all)
		return sqst_image_nomem(reader->image);
	listing->entry[listing->count++] =
	    (struct sqst_entry){.name = copy, .number = number, .type = type};
	names->name[names->count] =
	    (struct sqst_name){SQST_NAME_KEY(ref, type), number, (uint32_t)names->count};
	names->count++;
	names->path_bytes += reader->prefix + length;
	return 0;
}

static int check_listed_name(const struct listing_reader *reader, const char *name, size_t length)
{
	const struct sqst_image_listing_buffer *listing = reader->listing;

	if (memchr(name, '\0', length))
		return fail_listing(reader, "a name has a NUL byte");
	if (memchr(name, '/', length))
		return fail_listing(reader, "a name has a '/'");
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail_listing(reader, "\".\" or \"..\" is used as a name");
	if (listing->count > 0) {
		const int order = strcmp(listing->entry[listing->count - 1].name, name);

		if (order == 0)
			return bad_entry(reader, name, "the name appears twice");
		if (order > 0)
			return bad_entry(reader, name, "the name is out of order");
	}
	if (reader->prefix + length > SQST_IMAGE_PATH_MAX)
		return sqst_image_fail(reader->image,
				       "%s: a path exceeds the %d bytes that Linux supports",
				       reader->path, SQST_IMAGE_PATH_MAX);
	return 0;
}

/* One entry. The header gives the block of its inode and the number that its own is counted from.
 */
static int read_listed(struct listing_reader *reader, uint32_t block, uint32_t base)
{
	uint8_t raw[ENTRY_SIZE];
	char name[SQST_NAME_MAX + 1];
	unsigned offset, type;
	size_t length;
	int64_t number;
	int rc = take_bytes(reader, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	offset = sqst_get16(raw + offsetof(sqfs_dir_entry_t, offset));
	number = (int64_t)base + (int16_t)sqst_get16(raw + offsetof(sqfs_dir_entry_t, inode_diff));
	type = sqst_get16(raw + offsetof(sqfs_dir_entry_t, type));
	length = (size_t)sqst_get16(raw + offsetof(sqfs_dir_entry_t, size)) + 1;
	if (length > SQST_NAME_MAX)
		return fail_listing(reader, "a name exceeds 255 bytes");
	rc = take_bytes(reader, name, length);
	if (rc < 0)
		return rc;
	name[length] = '\0';
	rc = check_listed_name(reader, name, length);
	if (rc < 0)
		return rc;
	if (type < SQST_TYPE_DIR || type > SQST_TYPE_SOCKET)
		return bad_entry(reader, name, "the file type is invalid");
	if (number < 1 || number > reader->image->super.inodes) {
		char what[128];

		snprintf(what, sizeof(what),
			 "inode number %" PRId64
			 " is not between 1 and the superblock's inode count %" PRIu32,
			 number, reader->image->super.inodes);
		return bad_entry(reader, name, what);
	}
	return add_listed(reader, name, length, SQST_REF(block, offset), (uint32_t)number,
			  (uint8_t)type);
}

int sqst_image_listing(struct sqst_image *image, const struct sqst_image_inode *dir,
		       const char *path, size_t prefix, struct sqst_arena *arena,
		       struct sqst_image_listing_buffer *listing, struct sqst_names *names)
{
	struct listing_reader reader = {
	    .image = image,
	    .path = path,
	    .arena = arena,
	    .left = dir->listing_size,
	    .listing = listing,
	    .names = names,
	    .prefix = prefix,
	};
	int rc = 0;

	listing->count = 0;
	if (reader.left > 0)
		rc = sqst_cursor_seek(&reader.cursor, image, &image->directories, dir->listing);
	while (rc == 0 && reader.left > 0) {
		uint8_t raw[sizeof(sqfs_dir_header_t)];
		uint32_t count, block, base;

		rc = take_bytes(&reader, raw, sizeof(raw));
		if (rc < 0)
			break;
		count = sqst_get32(raw + offsetof(sqfs_dir_header_t, count));
		block = sqst_get32(raw + offsetof(sqfs_dir_header_t, start_block));
		base = sqst_get32(raw + offsetof(sqfs_dir_header_t, inode_number));
		if (count >= SQFS_MAX_DIR_ENT)
			return fail_listing(&reader, "a header counts more than 256 entries");
		for (uint32_t i = 0; i <= count && rc == 0; i++)
			rc = read_listed(&reader, block, base);
	}
	return rc;
}
