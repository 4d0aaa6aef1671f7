/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the lines of a map, in any order, to the entries of a numbering. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/report.h"
#include "base/scope.h"
#include "map/map_tree.h"

/* Bytes of a path that are shown in a message. */
#define SHOWN(line) (int)((line)->length < 200 ? (line)->length : 200), (line)->path

static int fail_map_line(const struct sqst_numbers *numbers, const struct sqst_map_line *line,
			 const char *what, const struct sqst_map_line *other,
			 struct sqst_report *why)
{
	const struct sqst_map_text at = {.name = numbers->source, .line = line->line, .why = why};

	if (other)
		return sqst_map_bad(&at, "./%.*s: %s, in line %u", SHOWN(line), what, other->line);
	return sqst_map_bad(&at, "./%.*s: %s", SHOWN(line), what);
}

/* Tree order: '/' below every other byte, so that a directory's paths stand right after it, and
 * its children in the order of their names. */
static int compare_paths(const struct sqst_map_line *left, const struct sqst_map_line *right)
{
	const unsigned char *l = (const unsigned char *)left->path;
	const unsigned char *r = (const unsigned char *)right->path;
	const uint32_t common = left->length < right->length ? left->length : right->length;

	for (uint32_t i = 0; i < common; i++) {
		if (l[i] != r[i])
			return (l[i] == '/' ? 0 : l[i]) - (r[i] == '/' ? 0 : r[i]);
	}
	return (left->length > common) - (right->length > common);
}

/* The order of the lines only matters to name the same one in a message always. */
static int by_line_path(const void *a, const void *b)
{
	const struct sqst_map_line *left = a, *right = b;
	const int order = compare_paths(left, right);

	return order ? order : (left->line > right->line) - (left->line < right->line);
}

static uint32_t directory_length(const struct sqst_map_line *line)
{
	uint32_t length = line->length;

	while (length > 0 && line->path[length - 1] != '/')
		length--;
	return length > 0 ? length - 1 : 0;
}

/* Find each line's directory and count the directories' children. The way up from the line before
 * is what is left to search: a directory's paths stand right after it. */
static int find_parents(struct sqst_map_line *line, uint32_t count,
			const struct sqst_numbers *numbers, struct sqst_report *why)
{
	if (count == 0 || line[0].length != 0)
		return sqst_fail(why, SQST_ERR_PARENT, numbers->source,
				 "there is no line for the root directory (\".\")");
	if (line[0].type != SQST_TYPE_DIR)
		return fail_map_line(numbers, &line[0], "the root is not a directory", NULL, why);
	for (uint32_t i = 1; i < count; i++) {
		const uint32_t length = directory_length(&line[i]);
		uint32_t up = i - 1;

		if (compare_paths(&line[i - 1], &line[i]) == 0)
			return fail_map_line(numbers, &line[i], "the path appears twice",
					     &line[i - 1], why);
		while (line[up].length > length)
			up = line[up].parent;
		if (line[up].length != length || memcmp(line[up].path, line[i].path, length) != 0)
			return fail_map_line(numbers, &line[i], "its directory is missing", NULL,
					     why);
		if (line[up].type != SQST_TYPE_DIR)
			return fail_map_line(numbers, &line[i], "its directory is not of type dir",
					     &line[up], why);
		line[i].parent = up;
		line[up].count++;
	}
	return 0;
}

static int by_line_number(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* No number above top, and none on two paths unless they can be hard links. */
static int check_numbers(const struct sqst_map_line *line, uint32_t count,
			 const struct sqst_numbers *numbers, struct sqst_report *why)
{
	/* The number above, the line below, so that equal numbers come to stand side by side. */
	SQST_AUTO_FREE uint64_t *key = calloc(count, sizeof(*key));

	if (!key)
		return sqst_no_memory(why, numbers->source);
	for (uint32_t i = 0; i < count; i++) {
		if (line[i].number > numbers->lineage.top)
			return fail_map_line(numbers, &line[i],
					     "its inode number is above top=", NULL, why);
		key[i] = (uint64_t)line[i].number << 32 | i;
	}
	qsort(key, count, sizeof(*key), by_line_number);
	for (uint32_t i = 1; i < count; i++) {
		const struct sqst_map_line *one = &line[(uint32_t)key[i - 1]];
		const struct sqst_map_line *two = &line[(uint32_t)key[i]];

		if (one->number != two->number)
			continue;
		if (one->type == two->type && one->type != SQST_TYPE_DIR)
			continue;
		if (one->line > two->line) {
			const struct sqst_map_line *swap = one;

			one = two;
			two = swap;
		}
		return fail_map_line(numbers, two,
				     two->type == SQST_TYPE_DIR && one->type == SQST_TYPE_DIR
					 ? "another directory has the same number"
					 : "a path of another type has the same number",
				     one, why);
	}
	return 0;
}

/* Make the entries. A line's count becomes the place of the next child of it that comes up. */
static bool make_entries(struct sqst_map_line *line, uint32_t count, struct sqst_numbers *numbers)
{
	struct sqst_entry *all = sqst_arena_array(numbers->arena, count, sizeof(struct sqst_entry));
	uint32_t used = 1;

	if (!all)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct sqst_entry *entry = i ? &all[line[line[i].parent].count++] : &all[0];
		const uint32_t directory = i ? directory_length(&line[i]) : 0;
		const uint32_t name = directory ? directory + 1 : 0;

		entry->name =
		    sqst_arena_strndup(numbers->arena, line[i].path + name, line[i].length - name);
		if (!entry->name)
			return false;
		entry->number = line[i].number;
		entry->type = line[i].type;
		entry->count = line[i].count;
		if (entry->count > 0)
			entry->child = &all[used];
		line[i].count = used;
		used += entry->count;
	}
	numbers->root = all[0];
	numbers->paths = count;
	return true;
}

int sqst_map_build(struct sqst_map_line *line, uint32_t count, struct sqst_numbers *numbers,
		   struct sqst_report *why)
{
	int rc;

	qsort(line, count, sizeof(*line), by_line_path);
	rc = find_parents(line, count, numbers, why);
	if (rc == 0)
		rc = check_numbers(line, count, numbers, why);
	if (rc < 0)
		return rc;
	if (!make_entries(line, count, numbers))
		return sqst_no_memory(why, numbers->source);
	numbers->lineage.root = numbers->root.number;
	return 0;
}
