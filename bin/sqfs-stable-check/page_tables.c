/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of the page. A plain update of another builder can give a million conflicts: then the
 * first are shown. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>

#include "page.h"

#define ROWS_MAX   1000
#define NAMES_MAX  8
#define GROWTH_MAX 14

static void put_names(FILE *to, const struct sqst_check_names *names, bool orphan)
{
	fprintf(to, "<td>");
	if (names->count == 0)
		fprintf(to, "<span class=\"type\">%s</span>",
			orphan ? "an inode without a name" : "nothing");
	for (uint32_t i = 0; i < names->count && i < NAMES_MAX; i++) {
		fprintf(to, "%s", i ? "<br>" : "");
		page_path(to, names->path[i]);
	}
	if (names->count > NAMES_MAX)
		fprintf(to, "<br><span class=\"type\">and %" PRIu32 " more</span>",
			names->count - NAMES_MAX);
	if (names->type)
		fprintf(to, " <span class=\"type\">%s</span>", type_name(names->type));
	fprintf(to, "</td>");
}

static void put_rest(FILE *to, size_t count)
{
	if (count <= ROWS_MAX)
		return;
	fprintf(to, "<p class=\"hint\">These are the first %u of ", ROWS_MAX);
	page_number(to, count);
	fprintf(to, "; <code>--json</code> has all.</p>");
}

static void put_list(FILE *to, const char *title, const char *hint,
		     const struct sqst_check_number *number, size_t count)
{
	if (count == 0)
		return;
	fprintf(to,
		"<h3>%s</h3><p class=\"hint\">%s</p><div class=\"wide\"><table><thead><tr><th "
		"class=\"n\">number</th><th>old image</th><th>new image</th></tr></thead><tbody>\n",
		title, hint);
	for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
		fprintf(to, "<tr><td class=\"n\">%" PRIu32 "</td>", number[i].number);
		put_names(to, &number[i].was, false);
		put_names(to, &number[i].is, number[i].stray);
		fprintf(to, "</tr>\n");
	}
	fprintf(to, "</tbody></table></div>");
	put_rest(to, count);
}

static void put_retyped(FILE *to, const struct sqst_check *check)
{
	if (check->n_retyped == 0)
		return;
	fprintf(to, "<h3>Changed type</h3><div class=\"wide\"><table><thead><tr><th>path</th>"
		    "<th>was</th><th>is</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < check->n_retyped && i < ROWS_MAX; i++) {
		fprintf(to, "<tr><td>");
		page_path(to, check->retyped[i].path);
		fprintf(to, "</td><td>%s</td><td>%s</td></tr>\n", type_name(check->retyped[i].was),
			type_name(check->retyped[i].is));
	}
	fprintf(to, "</tbody></table></div>");
	put_rest(to, check->n_retyped);
}

void page_tables(FILE *to, const struct sqst_check *check)
{
	put_list(to, "Conflicts",
		 "A file that was changed on a device under the old image remembers its number; "
		 "under the new image that number is another file.",
		 check->conflict, check->conflicts);
	put_list(to, "Hard link groups that changed",
		 "They kept their number although a name came or went: not safe with every overlay "
		 "option.",
		 check->regrouped, check->n_regrouped);
	put_list(
	    to, "Numbers that are used again",
	    "The old image had left them behind. Safe only if older releases used them for the "
	    "same path.",
	    check->revived, check->reviveds);
	put_retyped(to, check);
}

/* ---- growth */

static void put_bar(FILE *to, const char *class, uint64_t bytes, uint64_t largest)
{
	const uint64_t share = largest ? bytes * 1000 / largest : 0;

	fprintf(to, "<div class=\"%s\" style=\"width:%u.%u%%\"></div>", class,
		(unsigned)(share / 10), (unsigned)(share % 10));
}

static void put_change(FILE *to, uint64_t old, uint64_t new)
{
	char text[SIZE_TEXT_SIZE];

	if (new == old)
		fprintf(to, "<td class=\"n\">=</td>");
	else if (new > old)
		fprintf(to, "<td class=\"n up\">+%s</td>", size_text(new - old, text));
	else
		fprintf(to, "<td class=\"n down\">\u2212%s</td>", size_text(old - new, text));
}

/* `path` NULL: all the others. */
static void put_growth(FILE *to, const char *path, uint64_t old, uint64_t new, uint64_t largest)
{
	char before[SIZE_TEXT_SIZE], after[SIZE_TEXT_SIZE];

	fprintf(to, "<tr><td>");
	if (path)
		page_path(to, path);
	else
		fprintf(to, "<span class=\"type\">all others</span>");
	fprintf(to, "</td><td class=\"bars\">");
	put_bar(to, "retired", old, largest);
	put_bar(to, "new", new, largest);
	fprintf(to, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td>", size_text(old, before),
		size_text(new, after));
	put_change(to, old, new);
	fprintf(to, "</tr>\n");
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t row_change(const struct sqst_growth_row *row)
{
	return greater(row->was, row->is) - (row->was < row->is ? row->was : row->is);
}

/* How many of the rows, in their order, are worth one of their own: what changed most and what is
 * largest; few bytes more or less are not. The rest is added up. */
static size_t choose_rows(struct sqst_growth *growth, struct sqst_growth_row *rest,
			  uint64_t *largest)
{
	const uint64_t change = row_change(&growth->row[0]);
	size_t shown = 0;

	*largest = 0;
	for (size_t i = 0; i < growth->rows; i++)
		*largest = greater(*largest, greater(growth->row[i].was, growth->row[i].is));
	for (size_t i = 0; i < growth->rows; i++) {
		const struct sqst_growth_row row = growth->row[i];

		if (shown < GROWTH_MAX && (row_change(&row) > change / 200 ||
					   greater(row.was, row.is) > *largest / 100)) {
			growth->row[i] = growth->row[shown];
			growth->row[shown++] = row;
		} else {
			rest->was += row.was;
			rest->is += row.is;
		}
	}
	*largest = greater(*largest, greater(rest->was, rest->is));
	return shown;
}

void page_growth(FILE *to, const struct judgement *judgement)
{
	struct sqst_growth *growth = judgement->growth;
	struct sqst_growth_row rest = {0};
	uint64_t largest;
	size_t shown;

	if (!judgement->compared || growth->rows == 0)
		return;
	shown = choose_rows(growth, &rest, &largest);
	fprintf(to, "<h3>What grew</h3><div class=\"wide\"><table><thead><tr><th>directory</th>"
		    "<th><i class=\"key retired\"></i>old &nbsp; <i class=\"key new\"></i>new</th>"
		    "<th class=\"n\">old</th><th class=\"n\">new</th><th class=\"n\">change</th>"
		    "</tr></thead><tbody>\n");
	for (size_t i = 0; i < shown; i++)
		put_growth(to, growth->row[i].path, growth->row[i].was, growth->row[i].is, largest);
	if (shown < growth->rows)
		put_growth(to, NULL, rest.was, rest.is, largest);
	fprintf(to, "</tbody></table></div><p class=\"hint\">Stored bytes of the files below each "
		    "directory, compressed as they are in the image; what files share is counted "
		    "once. Of directories of the first level, only what is not in one of the "
		    "second.</p>");
}
