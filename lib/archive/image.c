/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A squashfs image as a source. The reader of parents walks and checks it; here its inodes are read
 * whole and become a tree. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "archive/image.h"
#include "base/cancel.h"
#include "base/scope.h"
#include "sqst/numbers.h"

struct reading {
	struct sqst_source_image *source;
	struct sqst_stage *stage;
	struct sqst_numbers *numbers;
	/* One an inode, sorted by number, and what became of it. */
	struct sqst_names names;
	struct sqst_stage_body **body;
};

int sqst_source_image_open(struct sqst_source_image *source, const char *path,
			   struct sqst_report *why)
{
	off_t size;

	source->image.why = why;
	source->image.source = true;
	source->image.name = strdup(path);
	source->image.cache = sqst_meta_cache_new();
	/* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
	source->image.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (source->image.fd < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "the image cannot be opened");
	if (!source->image.name || !source->image.cache)
		return sqst_fail(why, SQST_ERR_NOMEM, path, "out of memory");
	if (fstat(source->image.fd, &source->st) != 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path, "cannot look at it");
	if (!S_ISREG(source->st.st_mode) && !S_ISBLK(source->st.st_mode))
		return sqst_fail(why, SQST_ERR_SOURCE, path, "neither a file nor a block device");
	size = lseek(source->image.fd, 0, SEEK_END);
	if (size < 0)
		return sqst_fail_errno(why, SQST_ERR_SOURCE, errno, path,
				       "its size cannot be found out");
	source->image.size = (uint64_t)size;
	return 0;
}

static int body_of(struct reading *reading, uint32_t number, struct sqst_stage_body **out)
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
	rc = sqst_source_body(reading->source, reading->stage, names->name[low].key >> 4, out);
	reading->body[low] = *out;
	return rc;
}

/* No deeper than a path has components, which the walk has checked. */
static int take_entry(struct reading *reading, const struct sqst_entry *entry,
		      struct sqst_stage_name *name)
{
	struct sqst_stage_body *body = NULL;
	int rc = body_of(reading, entry->number, &body);

	if (rc == 0)
		rc = sqst_stage_set(reading->stage, name, body);
	for (uint32_t i = 0; rc == 0 && i < entry->count; i++) {
		const struct sqst_entry *child = &entry->child[i];
		struct sqst_stage_name *below;

		rc = sqst_stage_child(reading->stage, name, child->name, strlen(child->name),
				      &below);
		if (rc == 0)
			rc = take_entry(reading, child, below);
	}
	return rc;
}

static int read_all(struct reading *reading)
{
	struct sqst_image *image = &reading->source->image;
	int rc = sqst_super_read(image);

	if (rc == 0)
		rc = sqst_image_walk(image, reading->numbers, &reading->names);
	if (rc == 0)
		rc = sqst_image_check(image, reading->numbers, &reading->names);
	if (rc == 0)
		rc = sqst_source_tables(reading->source);
	if (rc < 0)
		return rc;
	reading->source->packed = malloc(image->super.block_size);
	reading->body = calloc(reading->names.count, sizeof(struct sqst_stage_body *));
	if (!reading->source->packed || !reading->body)
		return sqst_image_nomem(image);
	return take_entry(reading, &reading->numbers->root, reading->stage->root);
}

static int read_image(struct reading *reading, struct sqst_report *why, struct sqst_tree **out)
{
	int rc = sqst_source_code(read_all(reading), why);

	if (rc == 0)
		rc = sqst_stage_tree(reading->stage, &sqst_origin_image, -1, out);
	if (rc < 0)
		return rc;
	/* The first and only origin of the tree. */
	(*out)->origin[0].state = sqst_steal(&reading->source);
	return 0;
}

int sqst_tree_read_image(const char *path, const struct sqst_archive_options *options,
			 struct sqst_tree **out, struct sqst_report *why)
{
	struct sqst_stage stage;
	struct reading reading = {.stage = &stage};
	int rc = sqst_stage_open(&stage, path, options, why);

	reading.numbers = sqst_numbers_new(path);
	reading.source = calloc(1, sizeof(*reading.source));
	if (rc == 0 && (!reading.numbers || !reading.source))
		rc = sqst_stage_nomem(&stage);
	if (reading.source)
		reading.source->image.fd = -1;
	if (rc == 0)
		rc = sqst_source_image_open(reading.source, path, why);
	if (rc == 0)
		rc = read_image(&reading, why, out);
	free(reading.names.name);
	free(reading.body);
	sqst_numbers_free(reading.numbers);
	sqst_source_image_free(reading.source);
	sqst_stage_release(&stage);
	return rc;
}
