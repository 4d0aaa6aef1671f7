/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text, paths and numbers of the page. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "page.h"

static void put_clean(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		default:
			putc(*text, to);
		}
	}
}

void page_text(FILE *to, const char *text)
{
	char *shown = text_shown(text);

	put_clean(to, shown);
	free(shown);
}

void page_path(FILE *to, const char *path)
{
	char *shown = path_shown(path);

	fputs("<bdi class=\"path\">", to);
	put_clean(to, shown);
	fputs("</bdi>", to);
	free(shown);
}

void page_number(FILE *to, uint64_t number)
{
	char digits[24];
	const int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			fputs("&#8239;", to);
		putc(digits[i], to);
	}
}

void page_legend(FILE *to, const char *class, uint64_t count, const char *text)
{
	fprintf(to, "<li><i class=\"%s\"></i><b>", class);
	page_number(to, count);
	fprintf(to, "</b> %s</li>", text);
}
