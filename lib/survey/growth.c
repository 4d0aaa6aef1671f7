/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What grew where: bytes of files, added up by the directories of the first two levels. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/report.h"
#include "base/scope.h"
#include "numbers/beside.h"
#include "sqst/image.h"

/* The directories of one paths. */
struct sums {
	struct sqst_growth_row *row;
	size_t rows;
};

/* One release: its paths in tree order, and what is known of each. */
struct survey_paths {
	struct sqst_beside_path *path;
	uint32_t count;
	/* Directories above it. */
	uint32_t *depth;
	/* Which directory it counts for, and of such a directory, bytes of all that do. */
	uint32_t *bucket;
	uint64_t *bytes;
};

static bool is_bucket(const struct survey_paths *paths, uint32_t at)
{
	return at == 0 ||
	       (paths->depth[at] <= 2 && paths->path[at].entry[0]->type == SQST_TYPE_DIR);
}

static int survey_paths_make(struct survey_paths *paths, const struct sqst_numbers *numbers,
			     struct sqst_report *why)
{
	const int rc = sqst_beside_collect(&numbers, 1, &paths->path, &paths->count, why);

	if (rc < 0)
		return rc;
	paths->depth = calloc(paths->count, sizeof(*paths->depth));
	paths->bucket = calloc(paths->count, sizeof(*paths->bucket));
	paths->bytes = calloc(paths->count, sizeof(*paths->bytes));
	if (!paths->depth || !paths->bucket || !paths->bytes)
		return sqst_no_memory(why, NULL);
	for (uint32_t i = 1; i < paths->count; i++) {
		const uint32_t directory = paths->path[i].directory;

		paths->depth[i] = paths->depth[directory] + 1;
		paths->bucket[i] = is_bucket(paths, i) ? i : paths->bucket[directory];
	}
	return 0;
}

static void survey_paths_free(struct survey_paths *paths)
{
	free(paths->path);
	free(paths->depth);
	free(paths->bucket);
	free(paths->bytes);
}

static int compare_file_number(const void *key, const void *item)
{
	const uint32_t number = *(const uint32_t *)key;
	const struct sqst_survey_file *file = item;

	return (number > file->number) - (number < file->number);
}

/* Each file counts at that of its names which is highest up. */
static int add_files(struct survey_paths *paths, const struct sqst_survey *survey,
		     struct sqst_report *why)
{
	SQST_AUTO_FREE uint32_t *highest = calloc(survey->files + 1, sizeof(*highest));

	if (!highest)
		return sqst_no_memory(why, NULL);
	for (uint32_t i = 1; i < paths->count; i++) {
		const struct sqst_survey_file *file =
		    bsearch(&paths->path[i].entry[0]->number, survey->file, survey->files,
			    sizeof(*file), compare_file_number);
		uint32_t *name = file ? &highest[file - survey->file] : NULL;

		if (name && (*name == 0 || paths->depth[i] < paths->depth[*name]))
			*name = i;
	}
	for (size_t i = 0; i < survey->files; i++) {
		if (highest[i] != 0)
			paths->bytes[paths->bucket[highest[i]]] += survey->file[i].stored;
	}
	return 0;
}

static int add_growth_row(const struct survey_paths *paths, uint32_t at, bool is_new,
			  struct sqst_arena *arena, struct sums *sums, struct sqst_report *why)
{
	SQST_AUTO_FREE char *path = sqst_beside_path_text(paths->path, at);
	struct sqst_growth_row *row = &sums->row[sums->rows++];

	row->path = path ? sqst_arena_strndup(arena, path, strlen(path)) : NULL;
	*(is_new ? &row->new_bytes : &row->old_bytes) = paths->bytes[at];
	return row->path ? 0 : sqst_no_memory(why, NULL);
}

static int add_up(const struct sqst_numbers *numbers, const struct sqst_survey *survey, bool is_new,
		  struct sqst_arena *arena, struct sums *sums, struct sqst_report *why)
{
	SQST_CLEANUP(survey_paths_free) struct survey_paths paths = {0};
	size_t rows = 0;
	int rc = survey_paths_make(&paths, numbers, why);

	if (rc == 0)
		rc = add_files(&paths, survey, why);
	for (uint32_t i = 0; rc == 0 && i < paths.count; i++)
		rows += paths.bytes[i] > 0;
	if (rc == 0)
		sums->row = sqst_arena_array(arena, rows + 1, sizeof(*sums->row));
	if (rc == 0 && !sums->row)
		rc = sqst_no_memory(why, NULL);
	for (uint32_t i = 0; rc == 0 && i < paths.count; i++) {
		if (paths.bytes[i] > 0)
			rc = add_growth_row(&paths, i, is_new, arena, sums, why);
	}
	return rc;
}

static int by_growth_path(const void *a, const void *b)
{
	const struct sqst_growth_row *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static uint64_t growth_change(const struct sqst_growth_row *row)
{
	return row->new_bytes > row->old_bytes ? row->new_bytes - row->old_bytes
					       : row->old_bytes - row->new_bytes;
}

static int by_change(const void *a, const void *b)
{
	const struct sqst_growth_row *left = a, *right = b;
	const uint64_t one = growth_change(left), other = growth_change(right);

	if (one != other)
		return one > other ? -1 : 1;
	if (left->new_bytes != right->new_bytes)
		return left->new_bytes > right->new_bytes ? -1 : 1;
	return by_growth_path(a, b);
}

static bool join_sums(const struct sums *before, const struct sums *after,
		      struct sqst_growth *growth)
{
	size_t rows = 0;
	struct sqst_growth_row *row =
	    sqst_arena_array(growth->arena, before->rows + after->rows + 1, sizeof(*row));

	if (!row)
		return false;
	for (size_t i = 0; i < before->rows; i++)
		row[rows++] = before->row[i];
	for (size_t i = 0; i < after->rows; i++)
		row[rows++] = after->row[i];
	qsort(row, rows, sizeof(*row), by_growth_path);
	growth->row = row;
	for (size_t i = 0; i < rows; i++) {
		struct sqst_growth_row *last = growth->rows ? &row[growth->rows - 1] : NULL;

		if (last && strcmp(last->path, row[i].path) == 0) {
			last->old_bytes += row[i].old_bytes;
			last->new_bytes += row[i].new_bytes;
		} else {
			row[growth->rows++] = row[i];
		}
	}
	qsort(row, growth->rows, sizeof(*row), by_change);
	return true;
}

int sqst_survey_growth(const struct sqst_numbers *old_numbers, const struct sqst_survey *old_survey,
		       const struct sqst_numbers *new_numbers, const struct sqst_survey *new_survey,
		       struct sqst_growth **out, struct sqst_report *why)
{
	struct sqst_growth *growth = calloc(1, sizeof(*growth));
	struct sums before = {0}, after = {0};
	int rc = 0;

	if (growth)
		growth->arena = sqst_arena_new();
	if (!growth || !growth->arena)
		rc = sqst_no_memory(why, NULL);
	if (rc == 0)
		rc = add_up(old_numbers, old_survey, false, growth->arena, &before, why);
	if (rc == 0)
		rc = add_up(new_numbers, new_survey, true, growth->arena, &after, why);
	if (rc == 0 && !join_sums(&before, &after, growth))
		rc = sqst_no_memory(why, NULL);
	if (rc < 0) {
		sqst_growth_free(growth);
		return rc;
	}
	*out = growth;
	return 0;
}

void sqst_growth_free(struct sqst_growth *growth)
{
	if (!growth)
		return;
	sqst_arena_free(growth->arena);
	free(growth);
}
