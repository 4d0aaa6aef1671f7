/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --help and --version, in each language. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "common/options.h"
#include "option.h"

/* The version of mksquashfs and sqfstar whose command line is spoken. */
#define SPOKEN "4.6.1"

static void print_option(const struct option *option)
{
	const int used = printf("  -%s%s%s", option->name, option->value ? " " : "",
				option->value ? option->value : "");
	char alias[64];

	if (option->help) {
		print_help_text(option->help, used);
		return;
	}
	/* An alias stands behind what it is an alias of. */
	while (!option->help)
		option--;
	snprintf(alias, sizeof(alias), "as -%s", option->name);
	print_help_text(alias, used);
}

static void print_options(enum language language, bool codecs)
{
	bool wanted = false;

	for (size_t i = 0; i < option_count; i++) {
		const struct option *option = &option_table[i];

		if (!option->name)
			wanted = !codecs || strcmp(option->help, "Compressors") == 0;
		if (!wanted || !(option->languages & (unsigned)language))
			continue;
		if (option->name)
			print_option(option);
		else
			printf("\n%s:\n", option->help);
	}
}

static void print_usage(enum language language)
{
	switch (language) {
	case LANGUAGE_OWN:
		printf("Usage: " PROGRAM " [OPTION]... SOURCE... OUTPUT\n"
		       "Make a squashfs image of a directory, several files and directories, an "
		       "archive, an\n"
		       "mtree specification or another image.");
		break;
	case LANGUAGE_MKSQUASHFS:
		printf("Usage: mksquashfs SOURCE... OUTPUT [OPTION]... [-e NAME...]\n"
		       "This is " PROGRAM ", which speaks the language of mksquashfs " SPOKEN ".");
		break;
	case LANGUAGE_SQFSTAR:
		printf("Usage: sqfstar [OPTION]... OUTPUT [NAME-TO-LEAVE-OUT]... <ARCHIVE\n"
		       "This is " PROGRAM ", which speaks the language of sqfstar " SPOKEN ".");
		break;
	}
	printf(" With --prev, paths that the\n"
	       "previous image has keep their inode numbers, so that an overlayfs upper layer\n"
	       "stays valid when one image replaces the other.\n");
	if (language == LANGUAGE_OWN)
		printf("\nOptions, with one dash or two:\n");
}

void print_help(const struct build_arguments *arguments)
{
	const enum language language = arguments->language;

	if (!arguments->only_codec_help)
		print_usage(language);
	print_options(language, arguments->only_codec_help);
	if (arguments->only_codec_help)
		return;
	printf("\nExit status: 0 done, 1 the system refused, 2 usage, 3 a parent is refused,\n"
	       "4 the source is unreadable, 5 the source changed, 6 a limit of the format,\n"
	       "7 the output exists. More in " PROGRAM "(1).\n");
}

/* Build tools take the first N.N.N, or the third word, for the version of mksquashfs. */
void print_version(const struct build_arguments *arguments)
{
	const bool tar = arguments->language == LANGUAGE_SQFSTAR;

	if (arguments->language == LANGUAGE_OWN)
		printf(PROGRAM " version %s\n", PACKAGE_VERSION);
	else
		printf("%s version " SPOKEN " as spoken by " PROGRAM " %s\n",
		       tar ? "sqfstar" : "mksquashfs", PACKAGE_VERSION);
}
