/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extended attributes of an image. Each set is read once, and so is each value that several
 * attributes share, so that memory grows with the table, not with what refers to it. Sets that
 * together have more bytes than the table overlap, which no builder makes; they are refused. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <sqfs/xattr.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/scope.h"
#include "source/image_source.h"

#define PREFIX_MAX 16

struct sqst_source_set {
	struct sqst_xattr *list;
	uint32_t count;
	bool read;
};

/* A value that stands elsewhere, by its reference. */
struct sqst_source_value {
	uint64_t ref;
	const void *data;
	uint32_t size;
};

int sqst_source_find_xattrs(struct sqst_source_image *source)
{
	struct sqst_xattr_table *xattrs = &source->xattrs;
	uint64_t blocks;
	int rc = sqst_xattr_table_open(xattrs, &source->image);

	if (rc < 0 || xattrs->sets.entries == 0)
		return rc;
	source->set = calloc(xattrs->sets.entries, sizeof(*source->set));
	if (!source->set)
		return sqst_image_nomem(&source->image);
	rc = sqst_meta_count(&source->image, &xattrs->area, &blocks);
	source->xattr_left = rc == 0 ? blocks * SQST_META_SIZE : 0;
	source->elsewhere_left = source->xattr_left;
	return rc;
}

/* Count bytes that are read, against what may still be read of them. */
static int spend(struct sqst_source_image *source, uint64_t *left, uint64_t bytes)
{
	if (bytes > *left)
		return sqst_image_bad(&source->image, "sets of extended attributes overlap: they "
						      "add up to more bytes than their table");
	*left -= bytes;
	return 0;
}

/* The name with its namespace, in memory of the stage. *elsewhere: its value is a reference. */
static int read_name(struct sqst_source_image *source, struct sqst_stage *stage,
		     struct sqst_cursor *cursor, char **out, bool *elsewhere)
{
	static const char *const space[] = {"user.", "trusted.", "security."};
	uint8_t raw[4];
	unsigned type, length;
	size_t prefix;
	char *name;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc < 0)
		return rc;
	type = sqst_get16(raw);
	length = sqst_get16(raw + 2);
	*elsewhere = (type & SQFS_XATTR_FLAG_OOL) != 0;
	type &= SQFS_XATTR_PREFIX_MASK;
	if (type >= sizeof(space) / sizeof(space[0]))
		return sqst_image_bad(&source->image, "extended attribute has unknown namespace %u",
				      type);
	rc = spend(source, &source->xattr_left, sizeof(raw) + length);
	if (rc < 0)
		return rc;
	prefix = strlen(space[type]);
	name = sqst_arena_alloc(stage->arena, prefix + length + 1);
	if (!name)
		return sqst_stage_nomem(stage);
	memcpy(name, space[type], prefix);
	rc = sqst_cursor_read(cursor, name + prefix, length);
	if (rc == 0 && strlen(name) != prefix + length)
		return sqst_image_bad(&source->image,
				      "an extended attribute's name has a NUL byte");
	*out = name;
	return rc;
}

/* `left`: what it is counted against. */
static int read_value(struct sqst_source_image *source, struct sqst_stage *stage,
		      struct sqst_cursor *cursor, uint64_t *left, struct sqst_xattr *to)
{
	uint8_t raw[4];
	char *value;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	to->size = sqst_get32(raw);
	if (rc == 0 && to->size > sqst_limit_most(SQST_LIMIT_XATTR_VALUE))
		rc = sqst_image_bad(&source->image,
				    "an extended attribute has %" PRIu32
				    " bytes; kernels read at most %" PRIu64,
				    to->size, sqst_limit_most(SQST_LIMIT_XATTR_VALUE));
	if (rc == 0)
		rc = spend(source, left, sizeof(raw) + (uint64_t)to->size);
	if (rc < 0)
		return rc;
	value = sqst_arena_alloc(stage->arena, to->size ? to->size : 1);
	if (!value)
		return sqst_stage_nomem(stage);
	to->value = value;
	return sqst_cursor_read(cursor, value, to->size);
}

static bool has_reference(const void *items, uint32_t index, const void *key)
{
	return ((const struct sqst_source_value *)items)[index].ref == *(const uint64_t *)key;
}

/* A value that another attribute has too stands where that one is, and here its reference. It is
 * counted with the set that has it, so that those that are elsewhere have together no more than the
 * table either. */
static int read_elsewhere(struct sqst_source_image *source, struct sqst_stage *stage,
			  struct sqst_cursor *cursor, struct sqst_xattr *to)
{
	struct sqst_source_value *grown;
	struct sqst_cursor there;
	uint8_t raw[12];
	uint64_t ref;
	uint32_t index;
	int rc = sqst_cursor_read(cursor, raw, sizeof(raw));

	if (rc == 0)
		rc = spend(source, &source->xattr_left, sizeof(raw));
	if (rc < 0)
		return rc;
	ref = sqst_get64(raw + 4) & UINT64_C(0xFFFFFFFFFFFF);
	index = sqst_hash_find(&source->by_ref, sqst_hash_number(ref), has_reference, source->value,
			       &ref);
	if (index != SQST_HASH_NONE) {
		to->value = source->value[index].data;
		to->size = source->value[index].size;
		return 0;
	}
	rc = sqst_cursor_seek(&there, &source->image, &source->xattrs.area, ref);
	if (rc == 0)
		rc = read_value(source, stage, &there, &source->elsewhere_left, to);
	if (rc < 0)
		return rc;
	grown = sqst_grow(source->value, source->values, &source->value_room, sizeof(*grown));
	if (!grown)
		return sqst_stage_nomem(stage);
	source->value = grown;
	if (!sqst_hash_add(&source->by_ref, sqst_hash_number(ref), source->values))
		return sqst_stage_nomem(stage);
	grown[source->values++] = (struct sqst_source_value){ref, to->value, to->size};
	return 0;
}

static int add_attribute(struct sqst_source_image *source, struct sqst_stage *stage,
			 struct sqst_cursor *cursor, struct sqst_source_set *set, size_t *room)
{
	struct sqst_xattr *grown = sqst_grow(set->list, set->count, room, sizeof(*grown));
	struct sqst_xattr *to;
	bool elsewhere = false;
	char *name = NULL;
	int rc;

	if (!grown)
		return sqst_stage_nomem(stage);
	set->list = grown;
	to = &grown[set->count];
	rc = read_name(source, stage, cursor, &name, &elsewhere);
	if (rc < 0)
		return rc;
	rc = elsewhere ? read_elsewhere(source, stage, cursor, to)
		       : read_value(source, stage, cursor, &source->xattr_left, to);
	to->name = name;
	if (rc == 0 && sqst_xattr_wanted(&stage->xattrs, name))
		set->count++;
	return rc;
}

static int read_set(struct sqst_source_image *source, struct sqst_stage *stage, uint32_t index,
		    struct sqst_source_set *set)
{
	struct sqst_source_set found = {.read = true};
	struct sqst_xattr *copy;
	struct sqst_cursor cursor;
	uint8_t raw[16];
	size_t room = 0;
	uint64_t ref;
	int rc = sqst_table_entry(&source->xattrs.sets, index, raw);

	if (rc < 0)
		return rc;
	ref = sqst_get64(raw);
	if (ref >> 48 != 0)
		return sqst_image_bad(&source->image,
				      "set %" PRIu32
				      " of extended attributes has invalid reference "
				      "0x%" PRIx64,
				      index, ref);
	rc = sqst_cursor_seek(&cursor, &source->image, &source->xattrs.area, ref);
	/* Each takes 8 bytes of the table at least, so that the count means no harm. */
	for (uint32_t i = sqst_get32(raw + 8); rc == 0 && i > 0; i--)
		rc = add_attribute(source, stage, &cursor, &found, &room);
	copy =
	    rc == 0 ? sqst_arena_array(stage->arena, found.count + (size_t)1, sizeof(*copy)) : NULL;
	if (copy && found.count > 0)
		memcpy(copy, found.list, found.count * sizeof(*copy));
	free(found.list);
	if (rc < 0)
		return rc;
	if (!copy)
		return sqst_stage_nomem(stage);
	found.list = copy;
	*set = found;
	return 0;
}

int sqst_source_xattrs(struct sqst_source_image *source, struct sqst_stage *stage, uint32_t index,
		       struct sqst_stage_body *body)
{
	struct sqst_source_set *set;
	int rc = 0;

	if (index == SQST_NO_XATTR || (stage->scan->no_xattrs && !stage->scan->overlay_marks))
		return 0;
	if (index >= source->xattrs.sets.entries)
		return sqst_image_bad(&source->image,
				      "extended attribute set %" PRIu32
				      " is out of range; the image has %" PRIu32,
				      index, source->xattrs.sets.entries);
	set = &source->set[index];
	if (!set->read)
		rc = read_set(source, stage, index, set);
	body->xattr = set->list;
	body->xattrs = set->count;
	return rc;
}
