/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What grew where: bytes of files, added up by the directories of the first two levels. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "compare/number_index.h"
#include "sqst/image.h"

/* The directories of one release. */
struct sums {
	struct sqst_growth_row *row;
	size_t rows;
};

/* Which directory a place counts for. */
static uint32_t bucket_of(const struct sqst_index *index, const uint32_t *bucket, uint32_t place)
{
	const uint32_t parent = index->place[place].parent;
	/* The root, or a directory right below it. */
	const bool high = parent == 0 || index->place[parent].parent == 0;

	if (place == 0)
		return 0;
	return high && index->place[place].entry->type == SQST_TYPE_DIR ? place : bucket[parent];
}

/* Bytes for each place that is a bucket. Both are sorted by number. */
static void add_files(const struct sqst_index *index, const struct sqst_survey *survey,
		      const uint32_t *bucket, uint64_t *bytes)
{
	uint32_t at = 0;

	for (size_t i = 0; i < survey->files; i++) {
		const struct sqst_survey_file *file = &survey->file[i];

		while (at < index->count && sqst_index_number(index, at) < file->number)
			at++;
		/* Of the names of a file, the one that is highest up comes first. */
		if (at < index->count && sqst_index_number(index, at) == file->number)
			bytes[bucket[sqst_index_place(index, at)]] += file->stored;
	}
}

static bool add_up(const struct sqst_numbers *numbers, const struct sqst_survey *survey, bool new,
		   struct sqst_arena *arena, struct sums *sums)
{
	SQST_AUTO_FREE uint32_t *bucket = calloc(numbers->paths, sizeof(*bucket));
	SQST_AUTO_FREE uint64_t *bytes = calloc(numbers->paths, sizeof(*bytes));
	struct sqst_index index = {0};
	bool done = bucket && bytes && sqst_index_make(&index, numbers);

	for (uint32_t i = 0; done && i < index.count; i++) {
		bucket[i] = bucket_of(&index, bucket, i);
		sums->rows += bucket[i] == i;
	}
	if (done)
		add_files(&index, survey, bucket, bytes);
	sums->row = sqst_arena_array(arena, sums->rows + 1, sizeof(*sums->row));
	sums->rows = 0;
	done = done && sums->row;
	for (uint32_t i = 0; done && i < index.count; i++) {
		struct sqst_growth_row *row = &sums->row[sums->rows];

		if (bucket[i] != i || bytes[i] == 0)
			continue;
		row->path = sqst_index_path(&index, i, arena);
		*(new ? &row->is : &row->was) = bytes[i];
		sums->rows++;
		done = row->path != NULL;
	}
	sqst_index_release(&index);
	return done;
}

static int by_growth_path(const void *a, const void *b)
{
	const struct sqst_growth_row *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static uint64_t growth_change(const struct sqst_growth_row *row)
{
	return row->is > row->was ? row->is - row->was : row->was - row->is;
}

static int by_change(const void *a, const void *b)
{
	const struct sqst_growth_row *left = a, *right = b;
	const uint64_t one = growth_change(left), other = growth_change(right);

	if (one != other)
		return one > other ? -1 : 1;
	if (left->is != right->is)
		return left->is > right->is ? -1 : 1;
	return by_growth_path(a, b);
}

static bool join_sums(const struct sums *was, const struct sums *is, struct sqst_growth *growth)
{
	size_t rows = 0;
	struct sqst_growth_row *row =
	    sqst_arena_array(growth->arena, was->rows + is->rows + 1, sizeof(*row));

	if (!row)
		return false;
	for (size_t i = 0; i < was->rows; i++)
		row[rows++] = was->row[i];
	for (size_t i = 0; i < is->rows; i++)
		row[rows++] = is->row[i];
	qsort(row, rows, sizeof(*row), by_growth_path);
	growth->row = row;
	for (size_t i = 0; i < rows; i++) {
		struct sqst_growth_row *last = growth->rows ? &row[growth->rows - 1] : NULL;

		if (last && strcmp(last->path, row[i].path) == 0) {
			last->was += row[i].was;
			last->is += row[i].is;
		} else {
			row[growth->rows++] = row[i];
		}
	}
	qsort(row, growth->rows, sizeof(*row), by_change);
	return true;
}

int sqst_survey_growth(const struct sqst_numbers *was_numbers, const struct sqst_survey *was,
		       const struct sqst_numbers *is_numbers, const struct sqst_survey *is,
		       struct sqst_growth **out, struct sqst_report *why)
{
	struct sqst_growth *growth = calloc(1, sizeof(*growth));
	struct sums before = {0}, after = {0};

	if (growth)
		growth->arena = sqst_arena_new();
	if (!growth || !growth->arena || !add_up(was_numbers, was, false, growth->arena, &before) ||
	    !add_up(is_numbers, is, true, growth->arena, &after) ||
	    !join_sums(&before, &after, growth)) {
		sqst_growth_free(growth);
		return sqst_fail(why, SQST_ERR_NOMEM, NULL, "out of memory");
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
