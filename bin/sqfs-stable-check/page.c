/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as a page: one file that loads nothing and runs nothing. Names in it are hostile. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/uboot_text.h"
#include "page.h"
#include "sqst/codec.h"

static void put_badge(FILE *to, enum sqst_verdict verdict)
{
	fprintf(to, "<span class=\"badge %s\">%s</span>", sqst_verdict_name(verdict),
		sqst_verdict_name(verdict));
}

/* ---- the head */

static void put_sign(FILE *to, enum sqst_verdict verdict)
{
	static const char *const drawing[] = {
	    [SQST_VERDICT_VALID] = "<path d=\"M14 29l10 10 18-21\"/>",
	    [SQST_VERDICT_REFUSED] = "<path d=\"M16 28h24\"/>",
	    [SQST_VERDICT_UNSAFE] = "<path d=\"M18 18l20 20M38 18l-20 20\"/>",
	};

	fprintf(to,
		"<svg viewBox=\"0 0 56 56\" aria-hidden=\"true\" fill=\"none\" stroke=\"#fff\" "
		"stroke-width=\"5\" stroke-linecap=\"round\" stroke-linejoin=\"round\"><circle "
		"cx=\"28\" cy=\"28\" r=\"25\" stroke-width=\"3\"/>%s</svg>",
		drawing[verdict]);
}

/* Of several old images, those that the verdict is about. */
static void put_which(FILE *to, const struct report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->olds; i++)
		count += report->old[i].check->verdict == report->verdict;
	if (count == report->olds)
		fprintf(to, "any of these %zu images", report->olds);
	else
		fprintf(to, "%zu of these %zu images", count, report->olds);
}

static bool has_warnings(const struct report *report)
{
	for (size_t i = 0; i < report->olds; i++) {
		for (size_t n = 0; n < report->old[i].notes; n++) {
			if (report->old[i].note[n].level == NOTE_WARNING)
				return true;
		}
	}
	return false;
}

static void put_page_head(FILE *to, const struct report *report)
{
	static const struct {
		const char *word;
		const char *sentence;
	} said[] = {
	    [SQST_VERDICT_VALID] = {"Valid",
				    "can go to devices that run %s: what was changed there "
				    "still belongs to the right files."},
	    [SQST_VERDICT_REFUSED] =
		{"Refused", "can go to devices that run %s, but what was changed there is "
			    "kept without its origin."},
	    [SQST_VERDICT_UNSAFE] = {"Unsafe", "must not go to devices that run %s."},
	};
	const char *sentence = said[report->verdict].sentence;
	const char *place = strstr(sentence, "%s");

	fprintf(to, "<header class=\"%s\">", sqst_verdict_name(report->verdict));
	put_sign(to, report->verdict);
	fprintf(to, "<div><h1>%s</h1><p><b>", said[report->verdict].word);
	page_text(to, report->new.path);
	fprintf(to, "</b> %.*s<b>", (int)(place - sentence), sentence);
	if (report->olds == 1)
		page_text(to, report->old[0].old.path);
	else
		put_which(to, report);
	fprintf(to, "</b>%s%s</p></div></header>\n", place + 2,
		has_warnings(report) ? " Read the warnings below." : "");
	if (report->olds == 1)
		return;
	fprintf(to, "<nav><ul>");
	for (size_t i = 0; i < report->olds; i++) {
		fprintf(to, "<li><a href=\"#old%zu\">", i + 1);
		page_text(to, report->old[i].old.path);
		put_badge(to, report->old[i].check->verdict);
		fprintf(to, "</a></li>");
	}
	fprintf(to, "</ul></nav>\n");
}

/* ---- an old image */

static void put_notes(FILE *to, const struct judgement *judgement)
{
	fprintf(to, "<ul class=\"notes\">");
	for (size_t i = 0; i < judgement->notes; i++) {
		const char *class = "remark";

		if (judgement->note[i].level == NOTE_REASON)
			class = sqst_verdict_name(judgement->check->verdict);
		else if (judgement->note[i].level == NOTE_WARNING)
			class = "warning";
		fprintf(to, "<li class=\"%s\">", class);
		page_text(to, judgement->note[i].text);
		fprintf(to, "</li>");
	}
	fprintf(to, "</ul>\n");
}

static void put_card(FILE *to, bool bad, uint64_t count, const char *text)
{
	fprintf(to, "<div%s><b>", bad ? " class=\"bad\"" : "");
	page_number(to, count);
	fprintf(to, "</b><span>%s</span></div>", text);
}

static void put_cards(FILE *to, const struct sqst_check *check)
{
	const uint32_t conflicts = check->fate[SQST_FATE_CONFLICT];

	fprintf(to, "<div class=\"cards\">");
	put_card(to, conflicts > 0, conflicts, "numbers in conflict");
	put_card(to, false, check->kept, "paths kept");
	put_card(to, false, check->added, "new paths");
	put_card(to, false, check->removed, "removed paths");
	put_card(to, false, check->renumbered, "renumbered paths");
	put_card(to, false, check->changed_type, "changed type");
	put_card(to, check->n_regrouped > 0, check->n_regrouped, "link groups changed");
	fprintf(to, "</div>\n");
}

static void put_uuid(FILE *to, const uint8_t uuid[SQST_UUID_SIZE])
{
	char text[UUID_TEXT_SIZE];

	fprintf(to, "<td>%s</td>", sqst_uuid_is_null(uuid) ? "none" : uuid_text(uuid, text));
}

static void put_fact(FILE *to, const char *name, uint64_t old, uint64_t new)
{
	fprintf(to, "<tr><th>%s</th><td>", name);
	page_number(to, old);
	fprintf(to, "</td><td>");
	page_number(to, new);
	fprintf(to, "</td></tr>\n");
}

static void put_words(FILE *to, const char *name, const char *old, const char *new)
{
	fprintf(to, "<tr><th>%s</th><td>%s</td><td>%s</td></tr>\n", name, old, new);
}

static const char *double_of(const struct sqst_lineage *lineage)
{
	if (lineage->root_double)
		return "there";
	return finds_root(lineage) ? "not needed" : "missing";
}

static const char *exports_of(const struct sqst_survey *survey)
{
	return survey->exports ? "there" : "missing: no kernel decodes an origin";
}

static void put_survey(FILE *to, const struct sqst_survey *old, const struct sqst_survey *new)
{
	char before[64], after[64], one[SIZE_TEXT_SIZE], other[SIZE_TEXT_SIZE];

	put_words(to, "export table", exports_of(old), exports_of(new));
	put_words(to, "size", size_text(old->bytes, one), size_text(new->bytes, other));
	put_fact(to, "bytes of removed files", old->dead, new->dead);
	put_fact(to, "unclaimed bytes between data", old->unclaimed, new->unclaimed);
	put_fact(to, "sets of attributes of no inode", old->unused_xattrs, new->unused_xattrs);
	snprintf(before, sizeof(before), "%s, %" PRIu32 " KiB", sqst_codec_name(old->codec),
		 old->block_size / 1024);
	snprintf(after, sizeof(after), "%s, %" PRIu32 " KiB", sqst_codec_name(new->codec),
		 new->block_size / 1024);
	put_words(to, "compressor", before, after);
}

static void put_uboot(FILE *to, const struct sqst_uboot *old, const struct sqst_uboot *new)
{
	char before[UBOOT_TEXT_SIZE], after[UBOOT_TEXT_SIZE];

	put_words(to, "U-Boot", uboot_text(old, before), uboot_text(new, after));
	put_fact(to, "U-Boot's heap for tables", old->heap, new->heap);
}

static void put_facts(FILE *to, const struct release *old, const struct release *new)
{
	const struct sqst_lineage *old_lineage = &old->numbers->lineage,
				  *new_lineage = &new->numbers->lineage;

	fprintf(to, "<h3>The two images</h3><div class=\"wide\"><table><thead><tr><th></th><th>");
	page_text(to, old->path);
	fprintf(to, "</th><th>");
	page_text(to, new->path);
	fprintf(to, "</th></tr></thead><tbody>\n<tr><th>lineage</th>");
	put_uuid(to, old_lineage->uuid);
	put_uuid(to, new_lineage->uuid);
	fprintf(to, "</tr>\n<tr><th>own id</th>");
	put_uuid(to, old_lineage->id);
	put_uuid(to, new_lineage->id);
	fprintf(to, "</tr>\n");
	put_fact(to, "generation", old_lineage->generation, new_lineage->generation);
	put_fact(to, "paths", old->numbers->paths, new->numbers->paths);
	put_fact(to, "inode count (top)", old_lineage->top, new_lineage->top);
	put_fact(to, "root directory's number", old->numbers->root.number,
		 new->numbers->root.number);
	put_words(to, "root's double", double_of(old_lineage), double_of(new_lineage));
	if (old->survey && new->survey)
		put_survey(to, old->survey, new->survey);
	if (old->uboot && new->uboot)
		put_uboot(to, old->uboot, new->uboot);
	fprintf(to, "</tbody></table></div>");
}

static void put_judgement(FILE *to, const struct report *report, size_t at)
{
	const struct judgement *judgement = &report->old[at];

	fprintf(to, "<section id=\"old%zu\"><h2>", at + 1);
	page_text(to, judgement->old.path);
	fprintf(to, " \u2192 ");
	page_text(to, report->new.path);
	putc(' ', to);
	put_badge(to, judgement->check->verdict);
	fprintf(to, "</h2>\n");
	put_notes(to, judgement);
	put_cards(to, judgement->check);
	page_strip(to, judgement, &report->new);
	page_blocks(to, judgement);
	page_growth(to, judgement);
	page_tables(to, judgement->check);
	put_facts(to, &judgement->old, &report->new);
	fprintf(to, "</section>\n");
}

static void put_page(FILE *to, const struct report *report)
{
	fprintf(to,
		"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\"><meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\"><title>%s: ",
		sqst_verdict_name(report->verdict));
	page_text(to, report->new.path);
	fprintf(to, "</title><style>\n%s</style></head><body><main>\n", page_style);
	put_page_head(to, report);
	for (size_t i = 0; i < report->olds; i++)
		put_judgement(to, report, i);
	fprintf(to,
		"<p class=\"hint\">Made by sqfs-stable-check " PACKAGE_VERSION
		". What the words mean: sqfs-stable-check(1), sqfs-stable(7).</p>\n</main></body>"
		"</html>\n");
}

/* Text that grows. open_memstream() would do, but does not tell when it cannot grow. */
struct page_buffer {
	char *data;
	size_t size;
	size_t room;
};

static ssize_t add_to_buffer(void *user, const char *data, size_t size)
{
	struct page_buffer *buffer = user;

	if (size > buffer->room - buffer->size) {
		const size_t room = 2 * buffer->room + size + 65536;
		char *grown = realloc(buffer->data, room);

		/* 0 is an error of the stream. */
		if (!grown)
			return 0;
		buffer->data = grown;
		buffer->room = room;
	}
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return (ssize_t)size;
}

char *report_page(const struct report *report, size_t *size)
{
	struct page_buffer buffer = {0};
	FILE *to = fopencookie(&buffer, "w", (cookie_io_functions_t){.write = add_to_buffer});
	bool done = to != NULL;

	if (done) {
		put_page(to, report);
		done = fflush(to) == 0 && !ferror(to);
		fclose(to);
	}
	if (!done)
		no_memory();
	*size = buffer.size;
	return buffer.data;
}
