/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines that a table describes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "common/options.h"

/* Where lines end. */
#define WIDTH 80

static const struct option_row words_rows[] = {
    {NULL, NULL, "Words", 0, NULL},
    {"help", NULL, "print this and end", 0, NULL},
    {"version", NULL, "print the version and end", 0, NULL},
};

void print_help_text(const char *text, int used)
{
	int at = used;

	if (used >= HELP_COLUMN) {
		printf("\n");
		at = 0;
	}
	printf("%*s", HELP_COLUMN - at, "");
	at = HELP_COLUMN;
	while (*text) {
		const int word = (int)strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + word >= WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		}
		at += printf("%s%.*s", at > HELP_COLUMN ? " " : "", word, text);
		text += word;
		text += *text == ' ';
	}
	printf("\n");
}

static void print_rows(const struct option_row *row, size_t rows)
{
	for (size_t i = 0; i < rows; i++) {
		if (row[i].name)
			print_help_text(row[i].help,
					printf("  -%s%s%s", row[i].name, row[i].value ? " " : "",
					       row[i].value ? row[i].value : ""));
		else
			printf("\n%s:\n", row[i].help);
	}
}

static void print_help(const struct option_table *table)
{
	printf("%s\nOptions, with one dash or two:\n", table->usage);
	print_rows(table->row, table->rows);
	print_rows(words_rows, sizeof(words_rows) / sizeof(words_rows[0]));
	printf("\n%s", table->exits);
}

static const struct option_row *find_option(const struct option_table *table, const char *name,
					    size_t length)
{
	for (size_t i = 0; i < table->rows; i++) {
		const struct option_row *row = &table->row[i];

		if (row->name && strlen(row->name) == length &&
		    memcmp(row->name, name, length) == 0)
			return row;
	}
	return NULL;
}

static bool set(void *arguments, const struct option_row *row, const char *value)
{
	char *at = (char *)arguments + row->offset;

	if (row->set)
		return row->set(arguments, row, value);
	if (row->value)
		memcpy(at, &value, sizeof(value));
	else
		*(bool *)(void *)at = true;
	return true;
}

/* *at is the option's place in the list, and moves to its value if that stands apart. */
static bool read_option(const struct option_table *table, int count, char **list, int *at,
			void *arguments)
{
	const char *text = list[*at];
	const char *name = text + (text[1] == '-' ? 2 : 1);
	const size_t length = strcspn(name, "=");
	const struct option_row *row = find_option(table, name, length);
	const char *value = name[length] == '=' ? name + length + 1 : NULL;

	if (!row)
		return mistake("%s: unknown option", text);
	if (!row->value && value)
		return mistake("%s: this option takes no value", text);
	if (row->value && !value && *at + 1 < count)
		value = list[++*at];
	if (row->value && !value)
		return mistake("%s: %s is missing behind it", text, row->value);
	return set(arguments, row, value);
}

static bool is_word(const char *text, const char *word)
{
	return strcmp(text + 1 + (text[1] == '-'), word) == 0;
}

enum options_end options_read(const struct option_table *table, int count, char **list,
			      void *arguments, struct operands *operands)
{
	bool more_options = true;
	/* Where the operands would end if they stood first. */
	int kept = 1;

	for (int i = 1; i < count; i++) {
		char *text = list[i];

		if (!more_options || text[0] != '-' || text[1] == '\0') {
			list[kept++] = text;
		} else if (strcmp(text, "--") == 0) {
			more_options = false;
		} else if (is_word(text, "help") || strcmp(text, "-h") == 0) {
			print_help(table);
			return OPTIONS_ONLY_WORDS;
		} else if (is_word(text, "version")) {
			printf("%s version %s\n", program_name, PACKAGE_VERSION);
			return OPTIONS_ONLY_WORDS;
		} else if (!read_option(table, count, list, &i, arguments)) {
			return OPTIONS_BAD;
		}
	}
	operands->item = list + 1;
	operands->count = kept - 1;
	return OPTIONS_READ;
}
