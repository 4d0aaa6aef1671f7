/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a map. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <uuid.h>

#include "base/array.h"
#include "base/digit.h"
#include "base/report.h"
#include "base/scope.h"
#include "map/map_line.h"
#include "map/map_output.h"
#include "map/map_text.h"

/* Text that grows. */
struct growing_text {
	char *data;
	size_t used;
	size_t room;
};

/* A directory whose children are being written. */
struct write_frame {
	const struct sqst_entry *dir;
	uint32_t next;
	/* Directories below this place in the waiting list are not this one's children. */
	size_t waiting;
	/* The escaped path of the directory is this much of writer.path. */
	size_t path;
};

/* The map is sorted by whole paths, the entries by names. They differ where a name starts with a
 * sibling's name and goes on with a byte below '/': "a", "a-b", "a/c". So what is below a directory
 * waits until the siblings that belong before it are written. Those that wait are each the start of
 * the next one's name, so the last one comes first. */
struct writer {
	struct growing_text out;
	struct growing_text path;
	struct write_frame *frame;
	size_t frames;
	size_t frames_room;
	const struct sqst_entry **waiting;
	size_t n_waiting;
	size_t waiting_room;
};

/* Room for `size` more bytes. */
static bool text_reserve(struct growing_text *text, size_t size)
{
	char *grown = sqst_reserve(text->data, text->used + size, &text->room, 1);

	if (!grown)
		return false;
	text->data = grown;
	return true;
}

static bool text_add(struct growing_text *text, const char *data, size_t size)
{
	if (!text_reserve(text, size))
		return false;
	memcpy(text->data + text->used, data, size);
	text->used += size;
	return true;
}

/* Add "/NAME", escaped. */
static bool text_add_name(struct growing_text *text, const char *name)
{
	char *to;

	if (!text_reserve(text, 1 + 4 * strlen(name)))
		return false;
	to = text->data + text->used;
	*to++ = '/';
	for (; *name; name++) {
		const unsigned char byte = (unsigned char)*name;

		if (byte > 0x20 && byte < 0x7f && byte != '#' && byte != '=' && byte != '\\')
			*to++ = (char)byte;
		else
			to = sqst_digit_escape(to, byte);
	}
	text->used = (size_t)(to - text->data);
	return true;
}

/* Write the line of writer->path. */
static bool write_line(struct writer *writer, const struct sqst_entry *entry)
{
	char keywords[64];
	const int size = snprintf(keywords, sizeof(keywords), " type=%s inode=%u\n",
				  sqst_map_type[entry->type], entry->number);

	return text_add(&writer->out, writer->path.data, writer->path.used) &&
	       text_add(&writer->out, keywords, (size_t)size);
}

/* Write a child's line; what is below it waits. */
static bool write_child(struct writer *writer, const struct sqst_entry *child)
{
	const size_t path = writer->path.used;
	const struct sqst_entry **grown;

	if (!text_add_name(&writer->path, child->name) || !write_line(writer, child))
		return false;
	writer->path.used = path;
	if (child->type != SQST_TYPE_DIR || child->count == 0)
		return true;
	grown =
	    sqst_grow(writer->waiting, writer->n_waiting, &writer->waiting_room, sizeof(*grown));
	if (!grown)
		return false;
	writer->waiting = grown;
	writer->waiting[writer->n_waiting++] = child;
	return true;
}

/* Go into a directory; its path is in writer->path. */
static bool write_directory(struct writer *writer, const struct sqst_entry *dir)
{
	struct write_frame *grown =
	    sqst_grow(writer->frame, writer->frames, &writer->frames_room, sizeof(*grown));

	if (!grown)
		return false;
	writer->frame = grown;
	writer->frame[writer->frames++] = (struct write_frame){
	    .dir = dir,
	    .waiting = writer->n_waiting,
	    .path = writer->path.used,
	};
	return true;
}

/* Whether what is below a directory comes before a later sibling. */
static bool below_comes_first(const struct sqst_entry *dir, const struct sqst_entry *sibling)
{
	const size_t size = strlen(dir->name);

	return strncmp(dir->name, sibling->name, size) != 0 ||
	       (unsigned char)sibling->name[size] > '/';
}

/* One step: a child's line, or a way down or up. */
static bool write_step(struct writer *writer)
{
	struct write_frame *frame = &writer->frame[writer->frames - 1];
	const struct sqst_entry *child = NULL, *dir = NULL;

	writer->path.used = frame->path;
	if (frame->next < frame->dir->count)
		child = &frame->dir->child[frame->next];
	if (writer->n_waiting > frame->waiting)
		dir = writer->waiting[writer->n_waiting - 1];
	if (dir && (!child || below_comes_first(dir, child))) {
		writer->n_waiting--;
		return text_add_name(&writer->path, dir->name) && write_directory(writer, dir);
	}
	if (child) {
		frame->next++;
		return write_child(writer, child);
	}
	writer->frames--;
	return true;
}

/* The entry lines after `head`. */
static int make_text(const struct sqst_numbers *numbers, const char *head, char **out, size_t *size,
		     struct sqst_report *why)
{
	struct writer writer = {0};
	bool done = (!*head || text_add(&writer.out, head, strlen(head))) &&
		    text_add(&writer.path, ".", 1) && write_line(&writer, &numbers->root) &&
		    write_directory(&writer, &numbers->root);

	while (done && writer.frames > 0)
		done = write_step(&writer);
	free(writer.path.data);
	free(writer.frame);
	free(writer.waiting);
	if (!done) {
		free(writer.out.data);
		return sqst_no_memory(why, numbers->source);
	}
	*out = writer.out.data;
	*size = writer.out.used;
	return 0;
}

int sqst_map_canonical(const struct sqst_numbers *numbers, char **out, size_t *size,
		       struct sqst_report *why)
{
	return make_text(numbers, "", out, size, why);
}

/* Generation is left out for an image that has no stable-numbering record: the map then gives the
 * image's own id, none, rather than one made from the map. */
static void make_header(const struct sqst_lineage *lineage, char *out, size_t size)
{
	const bool recorded =
	    lineage->recorded || lineage->generation > 0 || !sqst_uuid_is_null(lineage->id);
	char uuid[sizeof(" uuid=") + UUID_STR_LEN] = "";
	char generation[32] = "";

	if (!sqst_uuid_is_null(lineage->uuid)) {
		memcpy(uuid, " uuid=", 6);
		uuid_unparse_lower(lineage->uuid, uuid + 6);
	}
	if (recorded)
		snprintf(generation, sizeof(generation), " generation=%u", lineage->generation);
	snprintf(out, size, SQST_MAP_FIRST_LINE "\n" SQST_MAP_HEADER " version=%u%s%s top=%u\n",
		 SQST_MAP_VERSION, uuid, generation, lineage->top);
}

int sqst_map_text(const struct sqst_numbers *numbers, char **out, size_t *size,
		  struct sqst_report *why)
{
	char header[256];

	make_header(&numbers->lineage, header, sizeof(header));
	return make_text(numbers, header, out, size, why);
}

int sqst_map_prepare(const struct sqst_numbers *numbers, const char *path, unsigned how,
		     struct sqst_output **out, struct sqst_report *why)
{
	SQST_AUTO_FREE char *map = NULL;
	struct sqst_output *output;
	size_t size;
	int rc = sqst_map_text(numbers, &map, &size, why);

	if (rc == 0)
		rc = sqst_output_open(path, SQST_OUTPUT_MAP, how, &output, why);
	if (rc < 0)
		return rc;
	rc = sqst_output_write(output, 0, map, size, why);
	if (rc == 0)
		rc = sqst_output_prepare(output, size, why);
	if (rc < 0)
		sqst_output_discard(output);
	else
		*out = output;
	return rc;
}

int sqst_map_write(const struct sqst_numbers *numbers, const char *path, struct sqst_report *why)
{
	struct sqst_output *output;
	const int rc = sqst_map_prepare(numbers, path, 0, &output, why);

	return rc < 0 ? rc : sqst_output_commit(output, why);
}
