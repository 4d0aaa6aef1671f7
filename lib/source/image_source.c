/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A squashfs image as a source. The reader of parents walks and checks it; here its inodes are read
 * whole and become a tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/scope.h"
#include "image/tree.h"
#include "numbers/numbers.h"
#include "source/image_source.h"

struct image_reading {
	struct sqst_source_image *source;
	struct sqst_stage *stage;
	struct sqst_numbers *numbers;
	/* One an inode, sorted by number, and what became of it. */
	struct sqst_names names;
	struct sqst_stage_body **body;
};

static int read_symlink(struct sqst_stage *stage, struct sqst_cursor *cursor,
			struct sqst_image_inode *inode, struct sqst_stage_body *body)
{
	char target[PATH_MAX];
	const int rc = sqst_image_target(cursor, inode, target);

	return rc == 0 ? sqst_stage_symlink(stage, "a symbolic link", target, body) : rc;
}

/* Read the inode at a reference into a new body. */
static int read_body(struct sqst_source_image *source, struct sqst_stage *stage, uint64_t ref,
		     struct sqst_stage_body **out)
{
	struct sqst_image *image = &source->image;
	struct sqst_image_inode inode;
	struct sqst_stage_body *body;
	struct sqst_cursor cursor;
	int rc = sqst_image_inode_read(image, ref, &inode, &cursor);

	if (rc < 0)
		return rc;
	if (inode.uid >= image->super.ids || inode.gid >= image->super.ids)
		return sqst_image_bad(image,
				      "the inode at reference 0x%" PRIx64
				      " has owner %u:%u of the id table, which has %u entries",
				      ref, inode.uid, inode.gid, image->super.ids);
	if (inode.type == SQST_TYPE_FILE && inode.size > INT64_MAX)
		return sqst_image_bad(image, "a file has %" PRIu64 " bytes", inode.size);
	body = *out = sqst_stage_body(stage, (enum sqst_type)inode.type);
	if (!body)
		return sqst_stage_nomem(stage);
	body->mode = inode.mode;
	body->uid = source->id[inode.uid];
	body->gid = source->id[inode.gid];
	body->mtime = inode.mtime;
	if (inode.type == SQST_TYPE_FILE) {
		body->u.file.size = inode.size;
		body->u.file.base = ref;
	} else if (inode.type == SQST_TYPE_SYMLINK) {
		rc = read_symlink(stage, &cursor, &inode, body);
	} else if (inode.type == SQST_TYPE_BLOCK || inode.type == SQST_TYPE_CHAR) {
		body->u.device = inode.device;
	}
	return rc == 0 ? sqst_source_xattrs(source, stage, inode.xattr, body) : rc;
}

static int body_of(struct image_reading *reading, uint32_t number, struct sqst_stage_body **out)
{
	const struct sqst_names *names = &reading->names;
	size_t low = 0, high = names->count;
	int rc;

	while (high - low > 1) {
		const size_t middle = low + (high - low) / 2;

		if (names->name[middle].number <= number)
			low = middle;
		else
			high = middle;
	}
	*out = reading->body[low];
	if (*out)
		return 0;
	rc = sqst_canceled(reading->stage->options->cancel, reading->stage->why);
	if (rc < 0)
		return rc;
	rc = read_body(reading->source, reading->stage, names->name[low].key >> 4, out);
	reading->body[low] = *out;
	return rc;
}

/* An entry of a directory, or the root, whose children are being taken. */
struct level {
	const struct sqst_entry *entry;
	struct sqst_stage_name *name;
	uint32_t next;
};

/* Let a name stand for what the image has there, and put it onto the stack. */
static int take_image_entry(struct image_reading *reading, const struct sqst_entry *entry,
			    struct sqst_stage_name *name, struct level *level)
{
	struct sqst_stage_body *body = NULL;
	int rc = body_of(reading, entry->number, &body);

	if (rc == 0)
		rc = sqst_stage_set(reading->stage, name, body);
	*level = (struct level){entry, name, 0};
	return rc;
}

/* No deeper than a path has components, which the walk has checked: too deep for recursion. */
static int take_all(struct image_reading *reading)
{
	SQST_AUTO_FREE struct level *stack = calloc(SQST_IMAGE_DEPTH, sizeof(*stack));
	size_t depth = 1;
	int rc;

	if (!stack)
		return sqst_image_nomem(&reading->source->image);
	rc = take_image_entry(reading, &reading->numbers->root, reading->stage->root, &stack[0]);
	while (rc == 0 && depth > 0) {
		struct level *top = &stack[depth - 1];
		const struct sqst_entry *child;
		struct sqst_stage_name *below;

		if (top->next == top->entry->count) {
			depth--;
			continue;
		}
		child = &top->entry->child[top->next++];
		rc = sqst_stage_child(reading->stage, top->name, child->name, strlen(child->name),
				      &below);
		if (rc == 0)
			rc = take_image_entry(reading, child, below, &stack[depth++]);
	}
	return rc;
}

static int read_image_entries(struct image_reading *reading)
{
	struct sqst_source_image *source = reading->source;
	struct sqst_image *image = &source->image;
	int rc;

	if ((rc = sqst_super_read(image)) < 0 ||
	    (rc = sqst_image_walk(image, reading->numbers, &reading->names)) < 0 ||
	    (rc = sqst_image_check(image, reading->numbers, &reading->names)) < 0 ||
	    (rc = sqst_image_ids(image, &source->id)) < 0 ||
	    (rc = sqst_fragments_open(&source->fragments, image)) < 0 ||
	    (rc = sqst_source_find_xattrs(source)) < 0)
		return rc;
	reading->body = calloc(reading->names.count, sizeof(struct sqst_stage_body *));
	if (!reading->body)
		return sqst_image_nomem(image);
	return take_all(reading);
}

static int read_source_image(struct image_reading *reading, const struct sqst_image *opened,
			     const char *path, struct sqst_report *why, struct sqst_tree **out)
{
	const struct sqst_cancel *cancel = reading->stage->options->cancel;
	struct sqst_image *image = &reading->source->image;
	int rc = opened ? sqst_image_share(image, opened, &sqst_image_role_source, cancel, why)
			: sqst_image_open(image, path, &sqst_image_role_source, cancel, why);

	if (rc == 0)
		rc = read_image_entries(reading);
	/* Contents are read later, when whoever is asked now may be gone. */
	image->cancel = NULL;
	if (rc == 0)
		rc = sqst_stage_tree(reading->stage, &sqst_origin_image, -1, out);
	if (rc < 0)
		return rc;
	/* The first and only origin of the tree. */
	(*out)->origin[0].state = sqst_steal(&reading->source);
	return 0;
}

/* The image at a path, or one that is open. */
static int read_image_tree(const char *path, const struct sqst_image *opened,
			   const struct sqst_archive_options *options, struct sqst_tree **out,
			   struct sqst_report *why)
{
	struct sqst_stage stage;
	struct image_reading reading = {.stage = &stage};
	int rc = sqst_stage_open(&stage, path, options, why);

	reading.numbers = sqst_numbers_new(path);
	reading.source = calloc(1, sizeof(*reading.source));
	if (rc == 0 && (!reading.numbers || !reading.source))
		rc = sqst_stage_nomem(&stage);
	if (rc == 0)
		rc = read_source_image(&reading, opened, path, why, out);
	free(reading.names.name);
	free(reading.body);
	sqst_numbers_free(reading.numbers);
	sqst_source_image_free(reading.source);
	sqst_stage_release(&stage);
	return rc;
}

int sqst_tree_read_image(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why)
{
	return read_image_tree(path, NULL, options, out, why);
}

int sqst_tree_from_image(const struct sqst_image *image, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why)
{
	return read_image_tree(image->name, image, options, out, why);
}
