/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines that a table describes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "common/options.h"

/* Where the help of an option begins in a line, and where lines end. */
#define HELP_COLUMN 25
#define WIDTH       80

static const struct option_row words_rows[] = {
    {NULL, NULL, "Help", NULL, 0, LANGUAGE_OWN},
    {"help", NULL, "print this help and exit", NULL, 0, LANGUAGE_OWN | OPTION_HELP},
    {"version", NULL, "print the version and exit", NULL, 0, LANGUAGE_OWN | OPTION_VERSION},
};

#define WORDS_ROWS (sizeof(words_rows) / sizeof(words_rows[0]))

static void *argument_at(void *arguments, const struct option_row *row)
{
	return (char *)arguments + row->number;
}

bool set_true(void *arguments, const struct option_row *row, const char *value)
{
	(void)value;
	*(bool *)argument_at(arguments, row) = true;
	return true;
}

bool set_false(void *arguments, const struct option_row *row, const char *value)
{
	(void)value;
	*(bool *)argument_at(arguments, row) = false;
	return true;
}

bool set_string(void *arguments, const struct option_row *row, const char *value)
{
	*(const char **)argument_at(arguments, row) = value;
	return true;
}

int option_choice(const struct option_row *row, const char *value)
{
	const char *const second = strchr(row->value, '|') + 1;
	const size_t length = (size_t)(second - row->value) - 1;

	if (strlen(value) == length && memcmp(value, row->value, length) == 0)
		return 0;
	if (strcmp(value, second) == 0)
		return 1;
	mistake("-%s %s: %.*s or %s", row->name, value, (int)length, row->value, second);
	return -1;
}

/* ---- --help */

/* From HELP_COLUMN on, in lines that a terminal holds. `used`: how many bytes of the line are
 * printed already. */
static void print_help_text(const char *text, int used)
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

/* The row that a row is an alias of: itself, or one above. */
static const struct option_row *aliased(const struct option_row *row)
{
	while (!row->help)
		row--;
	return row;
}

static void print_row(const struct option_row *row)
{
	char alias[64];
	int used;

	if (!row->name) {
		printf("\n%s:\n", row->help);
		return;
	}
	used = printf("  -%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
	snprintf(alias, sizeof(alias), "as -%s", aliased(row)->name);
	print_help_text(row->help ? row->help : alias, used);
}

static void print_rows(const struct option_row *row, size_t rows, enum language language)
{
	for (size_t i = 0; i < rows; i++) {
		if (row[i].in & (unsigned)language)
			print_row(&row[i]);
	}
}

static void print_section(const struct option_table *table, const struct option_row *row)
{
	const struct option_row *end = row;

	while (row->name)
		row--;
	while (end < table->row + table->rows && end->name)
		end++;
	print_rows(row, (size_t)(end - row), table->language);
}

static void print_help(const struct option_table *table)
{
	printf("%s", table->usage);
	if (table->language == LANGUAGE_OWN)
		printf("\nOptions, with one dash or two:\n");
	print_rows(table->row, table->rows, table->language);
	if (!table->version)
		print_rows(words_rows, WORDS_ROWS, table->language);
	printf("\n%s", table->exits);
}

/* ---- reading */

static const struct option_row *find_word(const char *text)
{
	const char *name = strcmp(text, "-h") == 0 ? "help" : text + (text[1] == '-' ? 2 : 1);

	for (size_t i = 0; i < WORDS_ROWS; i++) {
		if (words_rows[i].name && strcmp(words_rows[i].name, name) == 0)
			return &words_rows[i];
	}
	return NULL;
}

/* *value: what stands after '=', or NULL. */
static const struct option_row *find_option(const struct option_table *table, const char *text,
					    const char **value)
{
	const bool own = table->language == LANGUAGE_OWN, two = text[1] == '-';
	const char *name = text + (two ? 2 : 1);
	/* "-name=value" is ours only: mksquashfs would call it unknown. */
	const size_t length = own || two ? strcspn(name, "=") : strlen(name);

	*value = name[length] == '=' ? name + length + 1 : NULL;
	for (size_t i = 0; i < table->rows; i++) {
		const struct option_row *row = &table->row[i];

		if (row->name && strlen(row->name) == length &&
		    memcmp(row->name, name, length) == 0 && row->in & (unsigned)table->language &&
		    (own || !two || row->in & OPTION_OURS))
			return row;
	}
	return table->version ? NULL : find_word(text);
}

static enum options_end print_words(const struct option_table *table, const struct option_row *row)
{
	if (row->in & OPTION_HELP)
		print_help(table);
	else if (row->in & OPTION_HELP_SECTION)
		print_section(table, row);
	else if (table->version)
		printf("%s\n", table->version);
	else
		printf("%s version %s\n", program_name, PACKAGE_VERSION);
	return OPTIONS_ONLY_WORDS;
}

static bool set(const struct option_row *row, const char *value, void *arguments)
{
	return !row->set || row->set(arguments, row, value);
}

/* *at is the option's place in the list, and moves to what stands apart and belongs to it. */
static enum options_end read_option(const struct option_table *table, int count, char **list,
				    int *at, void *arguments)
{
	const char *text = list[*at], *value;
	const struct option_row *row = find_option(table, text, &value);
	bool done = true;

	if (!row)
		done = mistake("%s: unknown option", text);
	else if (row->in & OPTION_REFUSED)
		done = mistake("%s is refused: %s", text, aliased(row)->help);
	else if (!row->value && value)
		done = mistake("%s: this option takes no value", text);
	else if (row->in & (OPTION_HELP | OPTION_HELP_SECTION | OPTION_VERSION))
		return print_words(table, row);
	else if (row->in & OPTION_REST)
		while (done && ++*at < count)
			done = set(row, list[*at], arguments);
	else if (row->value && !value && ++*at == count)
		done = mistake("%s: %s is missing after it", text, row->value);
	else
		done = set(row, row->value && !value ? list[*at] : value, arguments);
	return done ? OPTIONS_READ : OPTIONS_BAD;
}

enum options_end options_read(const struct option_table *table, int count, char **list,
			      void *arguments, struct operands *operands)
{
	enum options_end end = OPTIONS_READ;
	bool in_front = true, more_options = true;
	/* Where the operands would end if they stood first. */
	int kept = 1;

	for (int i = 1; end == OPTIONS_READ && i < count; i++) {
		char *text = list[i];

		if (more_options && table->language == LANGUAGE_OWN && strcmp(text, "--") == 0) {
			more_options = false;
		} else if (more_options && text[0] == '-' && text[1] != '\0') {
			in_front = false;
			end = read_option(table, count, list, &i, arguments);
		} else if (table->language == LANGUAGE_MKSQUASHFS && !in_front) {
			mistake("%s: not an option; sources and output come before the options",
				text);
			return OPTIONS_BAD;
		} else {
			list[kept++] = text;
			more_options = more_options && table->language != LANGUAGE_SQFSTAR;
		}
	}
	operands->item = list + 1;
	operands->count = (size_t)kept - 1;
	return end;
}
