/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of the page: numbers and blocks, so many of them together in one column or square that a
 * large image gives no larger page. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

/* ---- numbers */

#define COLUMNS 1000
#define HEIGHT  100
/* What is there at all is seen: a column's least heights. */
#define LEAST          8
#define LEAST_CONFLICT 30

static const struct {
	const char *class;
	const char *text;
} fates[SQST_FATES] = {
    [SQST_FATE_KEPT] = {"kept", "kept"},
    [SQST_FATE_NEW] = {"new", "new"},
    [SQST_FATE_RETIRED] = {"retired", "retired"},
    [SQST_FATE_BEYOND] = {"beyond", "above the new inode count"},
    [SQST_FATE_REVIVED] = {"again", "used again"},
    [SQST_FATE_CONFLICT] = {"conflict", "naming something else"},
};

struct strip {
	uint64_t numbers;
	unsigned columns;
	/* Numbers of a fate in a column, and then heights of it. */
	uint32_t share[COLUMNS][SQST_FATES];
};

static unsigned column_of(const struct strip *strip, uint64_t number)
{
	return (unsigned)((number - 1) * strip->columns / strip->numbers);
}

/* The first number after a column. */
static uint64_t column_end(const struct strip *strip, unsigned column)
{
	return ((uint64_t)(column + 1) * strip->numbers + strip->columns - 1) / strip->columns + 1;
}

static void count_span(struct strip *strip, const struct sqst_check_span *span)
{
	uint64_t first = span->first;

	while (first <= span->last) {
		const unsigned column = column_of(strip, first);
		uint64_t end = column_end(strip, column);

		if (end > (uint64_t)span->last + 1)
			end = (uint64_t)span->last + 1;
		strip->share[column][span->fate] += (uint32_t)(end - first);
		first = end;
	}
}

/* Numbers become heights. What the least heights take too much is taken from the highest. */
static void set_heights(struct strip *strip, unsigned column)
{
	const uint64_t start = column ? column_end(strip, column - 1) : 1;
	const uint64_t room = column_end(strip, column) - start;
	uint32_t *share = strip->share[column];
	uint32_t sum = 0, highest = 0;

	for (unsigned fate = 0; fate < SQST_FATES; fate++) {
		const uint32_t least = fate == SQST_FATE_CONFLICT ? LEAST_CONFLICT : LEAST;

		if (share[fate] == 0)
			continue;
		share[fate] = (uint32_t)((uint64_t)share[fate] * HEIGHT / (room ? room : 1));
		if (share[fate] < least)
			share[fate] = least;
		sum += share[fate];
		if (share[fate] > share[highest])
			highest = fate;
	}
	if (sum > HEIGHT)
		share[highest] -= sum - HEIGHT;
}

static uint32_t below(const struct strip *strip, unsigned column, unsigned fate)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < fate; i++)
		sum += strip->share[column][i];
	return sum;
}

/* Columns of one height that follow one another are one rectangle. */
static void draw_fate(FILE *to, const struct strip *strip, unsigned fate)
{
	unsigned end;

	fprintf(to, "<path class=\"%s\" d=\"", fates[fate].class);
	for (unsigned x = 0; x < strip->columns; x = end) {
		const uint32_t height = strip->share[x][fate], base = below(strip, x, fate);

		for (end = x + 1; end < strip->columns && strip->share[end][fate] == height &&
				  below(strip, end, fate) == base;)
			end++;
		if (height > 0)
			fprintf(to, "M%u %" PRIu32 "h%uv%" PRIu32 "h-%uz", x,
				HEIGHT - base - height, end - x, height, end - x);
	}
	fprintf(to, "\"/>");
}

void page_strip(FILE *to, const struct judgement *judgement, const struct release *new)
{
	const struct sqst_check *check = judgement->check;
	struct strip *strip = calloc(1, sizeof(*strip));
	uint64_t last = judgement->old.numbers->lineage.top;

	if (!strip)
		no_memory();
	if (last < new->numbers->lineage.top)
		last = new->numbers->lineage.top;
	strip->numbers = last;
	strip->columns = last < COLUMNS ? (unsigned)last : COLUMNS;
	for (size_t i = 0; i < check->spans; i++)
		count_span(strip, &check->span[i]);
	for (unsigned column = 0; column < strip->columns; column++)
		set_heights(strip, column);
	fprintf(to,
		"<h3>Inode numbers</h3><svg class=\"strip\" role=\"img\" aria-label=\"number "
		"space\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" viewBox=\"0 0 "
		"%u %u\">",
		strip->columns, HEIGHT);
	for (unsigned fate = 0; fate < SQST_FATES; fate++)
		draw_fate(to, strip, fate);
	fprintf(to, "</svg><div class=\"axis\"><span>1</span><span>");
	page_number(to, last / 2);
	fprintf(to, "</span><span>");
	page_number(to, last);
	fprintf(to, "</span></div><ul class=\"legend\">");
	for (unsigned fate = 0; fate < SQST_FATES; fate++) {
		if (check->fate[fate] > 0)
			page_legend(to, fates[fate].class, check->fate[fate], fates[fate].text);
	}
	fprintf(to, "</ul><p class=\"hint\">From left to right the numbers of both images; gaps "
		    "were free in both.</p>");
	free(strip);
}

/* ---- blocks */

#define SQUARES      8192
#define ACROSS       160
#define ACROSS_SMALL 64

/* How a square is drawn: its class, and how much of it is so, in quarters. */
enum square {
	SQUARE_PLACE,
	SQUARE_MOVED,
	SQUARE_NEW = SQUARE_MOVED + 4,
	SQUARES_KINDS = SQUARE_NEW + 4,
};

/* The most notable blocks of a square decide, and how many these are. */
static enum square square_of(const struct sqst_block_map *map, size_t first, size_t end)
{
	size_t count[SQST_BLOCK_FATES] = {0}, all = end - first;

	for (size_t i = first; i < end; i++)
		count[map->fate[i]]++;
	if (count[SQST_BLOCK_NEW] > 0)
		return (enum square)(SQUARE_NEW + (4 * count[SQST_BLOCK_NEW] - 1) / all);
	if (count[SQST_BLOCK_MOVED] > 0)
		return (enum square)(SQUARE_MOVED + (4 * count[SQST_BLOCK_MOVED] - 1) / all);
	return SQUARE_PLACE;
}

static void draw_squares(FILE *to, const uint8_t *square, size_t squares, size_t across,
			 unsigned kind)
{
	static const char *const class[SQUARES_KINDS] = {"place",    "moved s1", "moved s2",
							 "moved s3", "moved",    "new s1",
							 "new s2",   "new s3",   "new"};
	size_t end;
	bool any = false;

	for (size_t i = 0; i < squares; i = end) {
		const size_t row_end = (i / across + 1) * across;

		for (end = i + 1; end < squares && end < row_end && square[end] == square[i];)
			end++;
		if (square[i] != kind)
			continue;
		if (!any)
			fprintf(to, "<path class=\"%s\" d=\"", class[kind]);
		any = true;
		fprintf(to, "M%zu %zu.05h%zuv.88h-%zuz", i % across, i / across, end - i, end - i);
	}
	if (any)
		fprintf(to, "\"/>");
}

static void draw_map(FILE *to, const struct sqst_block_map *map, size_t each)
{
	const size_t squares = (map->blocks + each - 1) / each;
	const size_t across = squares < SQUARES / 8 ? ACROSS_SMALL : ACROSS;
	uint8_t *square = calloc(squares, sizeof(*square));

	if (!square)
		no_memory();
	for (size_t i = 0; i < squares; i++) {
		const size_t first = i * each, rest = map->blocks - first;

		square[i] = (uint8_t)square_of(map, first, first + (rest < each ? rest : each));
	}
	fprintf(to,
		"<svg class=\"map\" role=\"img\" aria-label=\"blocks of the image\" "
		"viewBox=\"0 0 %zu %zu\">",
		across, (squares + across - 1) / across);
	for (unsigned kind = 0; kind < SQUARES_KINDS; kind++)
		draw_squares(to, square, squares, across, kind);
	fprintf(to, "</svg>");
	free(square);
}

void page_blocks(FILE *to, const struct judgement *judgement)
{
	const struct sqst_block_map *map = &judgement->blocks;
	const size_t each = (map->blocks + SQUARES - 1) / SQUARES;
	char size[SIZE_TEXT_SIZE];

	if (!judgement->compared || map->blocks == 0)
		return;
	fprintf(to, "<h3>Blocks of the image</h3>");
	draw_map(to, map, each);
	fprintf(to, "<ul class=\"legend\">");
	page_legend(to, "place", map->count[SQST_BLOCK_IN_PLACE], "unchanged in place");
	page_legend(to, "moved", map->count[SQST_BLOCK_MOVED], "moved: elsewhere in the old image");
	page_legend(to, "new", map->count[SQST_BLOCK_NEW], "new");
	fprintf(to, "</ul><p class=\"hint\">Blocks of 4 KiB, from the image's start on. ");
	if (each > 1)
		fprintf(to,
			"A square is %zu blocks; one new or moved block colours it, and more of "
			"them make it stronger. ",
			each);
	fprintf(to, "New: %s.</p>",
		size_text((uint64_t)map->count[SQST_BLOCK_NEW] * SQST_SURVEY_BLOCK, size));
}
