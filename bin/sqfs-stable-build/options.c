/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of sqfs-stable-build: mksquashfs' spelling, with one dash or two.
 *
 * getopt_long_only() would do most of it, but it takes abbreviations, so that a mistyped option of
 * mksquashfs could silently mean another. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "options.h"
#include "values.h"

struct option {
	/* Without dashes. */
	const char *name;
	/* What the value is called, NULL for an option without one. */
	const char *value;
	/* Section and text for --help; NULL for an alias. */
	const char *help;
	bool (*set)(struct arguments *arguments, const struct option *option, const char *value);
	/* For set(): a build flag, say. */
	uint32_t number;
};

static bool mistake(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool mistake(const char *format, ...)
{
	struct sqst_report report = {0};
	char text[SQST_MESSAGE_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	/* Through a report, which masks control bytes of what the user gave. */
	sqst_fail(&report, SQST_ERR_OPTION, NULL, "%s", text);
	fprintf(stderr, PROGRAM ": %s (--help lists the options)\n", report.message);
	return false;
}

/* ---- setters */

static bool set_flag(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	arguments->build.flags |= option->number;
	return true;
}

static bool clear_flag(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	arguments->build.flags &= ~option->number;
	return true;
}

static bool set_parent(struct arguments *arguments, const struct option *option, const char *value)
{
	const size_t count = arguments->build.parents;

	if (count == SQST_PARENTS_MAX)
		return mistake("more than %d parents", SQST_PARENTS_MAX);
	arguments->parent[count] = (struct sqst_parent_file){value, option->number != 0};
	arguments->build.parents++;
	return true;
}

static bool set_map_out(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)option;
	arguments->build.map_output = value;
	return true;
}

static bool set_uuid(struct arguments *arguments, const struct option *option, const char *value)
{
	if (uuid_parse(value, arguments->uuid) != 0)
		return mistake("-%s %s: not a UUID (like 6ba7b812-9dad-11d1-80b4-00c04fd430c8)",
			       option->name, value);
	arguments->build.uuid = arguments->uuid;
	return true;
}

static bool set_label(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)option;
	arguments->build.label = value;
	return true;
}

static bool set_compressor(struct arguments *arguments, const struct option *option,
			   const char *value)
{
	(void)option;
	arguments->compressor = value;
	return true;
}

static bool set_block_size(struct arguments *arguments, const struct option *option,
			   const char *value)
{
	uint64_t size;

	if (!value_size(value, &size) || size < 4096 || size > 1024 * 1024 || (size & (size - 1)))
		return mistake("-%s %s: a block size is a power of two from 4096 to 1M",
			       option->name, value);
	arguments->block_size = (uint32_t)size;
	return true;
}

static bool set_jobs(struct arguments *arguments, const struct option *option, const char *value)
{
	uint64_t jobs;

	if (!value_number(value, &jobs) || jobs < 1 || jobs > 1024)
		return mistake("-%s %s: a number of threads is 1 to 1024", option->name, value);
	arguments->build.jobs = (unsigned)jobs;
	return true;
}

static bool set_mkfs_time(struct arguments *arguments, const struct option *option,
			  const char *value)
{
	uint64_t seconds;

	if (!value_number(value, &seconds) || seconds > UINT32_MAX)
		return mistake("-%s %s: a time is seconds since 1970, 0 to 4294967295",
			       option->name, value);
	arguments->build.mkfs_time = (uint32_t)seconds;
	arguments->build.flags |= SQST_BUILD_MKFS_TIME;
	return true;
}

static bool set_bool(struct arguments *arguments, const struct option *option, const char *value);

static bool set_json(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)option;
	arguments->json = value;
	return true;
}

/* -X options may stand before -comp, so they wait until it is known. */
static bool keep_codec_option(struct arguments *arguments, const struct option *option,
			      const char *value)
{
	if (arguments->codec_options == CODEC_OPTIONS_MAX)
		return mistake("more than %d -X options", CODEC_OPTIONS_MAX);
	arguments->codec_option[arguments->codec_options++] = (struct codec_option){option, value};
	return true;
}

enum {
	SET_QUIET,
	SET_NO_PROGRESS,
	SET_PROGRESS,
	SET_NO_XATTRS,
	SET_XATTRS,
	SET_ALL_ROOT,
	SET_HELP,
	SET_VERSION
};

enum { X_LEVEL, X_HC, X_BCJ, X_DICT, X_ALGORITHM };

#define RAW_ALL                                                                                    \
	(SQST_BUILD_RAW_INODES | SQST_BUILD_RAW_DATA | SQST_BUILD_RAW_FRAGMENTS |                  \
	 SQST_BUILD_RAW_XATTRS | SQST_BUILD_RAW_IDS)

static const struct option options[] = {
    {"prev", "IMAGE", "keep the numbers of this image; repeat for several, the newest last",
     set_parent, 0},
    {"map", "FILE", "keep the numbers of this map (see sqfs-stable(7))", set_parent, 1},
    {"map-out", "FILE", "write the new image's map", set_map_out, 0},
    {"new-lineage", NULL, "give every path a number above those of --prev", set_flag,
     SQST_BUILD_NEW_LINEAGE},
    {"fresh-links", NULL, "hard link groups that gained or lost names get new numbers", set_flag,
     SQST_BUILD_FRESH_LINKS},
    {"uuid", "UUID", "name of the lineage, when no parent has one", set_uuid, 0},
    {"label", "TEXT", "label of the image", set_label, 0},
    {"force", NULL, "replace an existing output", set_flag, SQST_BUILD_FORCE},
    {"noappend", NULL, NULL, set_flag, SQST_BUILD_FORCE},
    {"comp", "NAME", "compressor: gzip (default), xz, lz4, zstd, lzo", set_compressor, 0},
    {"b", "SIZE", "block size, 4K to 1M (default 128K)", set_block_size, 0},
    {"Xcompression-level", "N", "gzip 1-12 (9), zstd 1-22 (15), lzo 1-9 (8)", keep_codec_option,
     X_LEVEL},
    {"Xhc", NULL, "lz4: compress harder", keep_codec_option, X_HC},
    {"Xbcj", "LIST", "xz: try these filters: x86,powerpc,ia64,arm,armthumb,sparc",
     keep_codec_option, X_BCJ},
    {"Xdict-size", "SIZE", "xz: dictionary, in bytes or as 50%", keep_codec_option, X_DICT},
    {"Xalgorithm", "NAME", "lzo: lzo1x_1, lzo1x_1_11, lzo1x_1_12, lzo1x_1_15, lzo1x_999",
     keep_codec_option, X_ALGORITHM},
    {"processors", "N", "threads that compress (default: all processors)", set_jobs, 0},
    {"j", "N", NULL, set_jobs, 0},
    {"no-xattrs", NULL, "leave extended attributes out", set_bool, SET_NO_XATTRS},
    {"xattrs", NULL, "store extended attributes (default)", set_bool, SET_XATTRS},
    {"all-root", NULL, "everything belongs to root", set_bool, SET_ALL_ROOT},
    {"root-owned", NULL, NULL, set_bool, SET_ALL_ROOT},
    {"noI", NULL, "do not compress inode and directory tables", set_flag, SQST_BUILD_RAW_INODES},
    {"noInodeCompression", NULL, NULL, set_flag, SQST_BUILD_RAW_INODES},
    {"noD", NULL, "do not compress data blocks", set_flag, SQST_BUILD_RAW_DATA},
    {"noDataCompression", NULL, NULL, set_flag, SQST_BUILD_RAW_DATA},
    {"noF", NULL, "do not compress fragment blocks", set_flag, SQST_BUILD_RAW_FRAGMENTS},
    {"noFragmentCompression", NULL, NULL, set_flag, SQST_BUILD_RAW_FRAGMENTS},
    {"noX", NULL, "do not compress extended attributes", set_flag, SQST_BUILD_RAW_XATTRS},
    {"noXattrCompression", NULL, NULL, set_flag, SQST_BUILD_RAW_XATTRS},
    {"noId", NULL, "do not compress the id table", set_flag, SQST_BUILD_RAW_IDS},
    {"noIdTableCompression", NULL, NULL, set_flag, SQST_BUILD_RAW_IDS},
    {"no-compression", NULL, "none of these five", set_flag, RAW_ALL},
    {"no-fragments", NULL, "no tails of files in shared blocks", set_flag, SQST_BUILD_NO_FRAGMENTS},
    {"tailends", NULL, "tails of files above a block in shared blocks too", set_flag,
     SQST_BUILD_TAILENDS},
    {"always-use-fragments", NULL, NULL, set_flag, SQST_BUILD_TAILENDS},
    {"no-tailends", NULL, "only files below a block in shared blocks (default)", clear_flag,
     SQST_BUILD_TAILENDS},
    {"no-duplicates", NULL, "store equal files as often as they occur", set_flag,
     SQST_BUILD_NO_DUPLICATES},
    {"no-sparse", NULL, "store blocks of zeros like others", set_flag, SQST_BUILD_NO_SPARSE},
    {"nopad", NULL, "do not pad the image to 4 KiB", set_flag, SQST_BUILD_NO_PAD},
    {"mkfs-time", "SECONDS", "time in the superblock", set_mkfs_time, 0},
    {"fstime", "SECONDS", NULL, set_mkfs_time, 0},
    {"quiet", NULL, "print nothing but errors and warnings", set_bool, SET_QUIET},
    {"json", "FILE", "write what was built as JSON", set_json, 0},
    {"no-progress", NULL, "no progress bar", set_bool, SET_NO_PROGRESS},
    {"progress", NULL, "progress bar, if standard error is a terminal (default)", set_bool,
     SET_PROGRESS},
    {"help", NULL, "print this", set_bool, SET_HELP},
    {"h", NULL, NULL, set_bool, SET_HELP},
    {"version", NULL, "print the version", set_bool, SET_VERSION},
    {"v", NULL, NULL, set_bool, SET_VERSION},
};

static bool set_bool(struct arguments *arguments, const struct option *option, const char *value)
{
	(void)value;
	switch (option->number) {
	case SET_QUIET:
		arguments->quiet = true;
		break;
	case SET_NO_PROGRESS:
		arguments->no_progress = true;
		break;
	case SET_PROGRESS:
		arguments->no_progress = false;
		break;
	case SET_NO_XATTRS:
		arguments->build.scan.no_xattrs = true;
		break;
	case SET_XATTRS:
		arguments->build.scan.no_xattrs = false;
		break;
	case SET_ALL_ROOT:
		arguments->build.scan.all_root = true;
		break;
	case SET_HELP:
		arguments->only_help = true;
		break;
	case SET_VERSION:
		arguments->only_version = true;
		break;
	}
	return true;
}

/* ---- the compressor's own options */

static bool not_for(const struct option *option, const struct sqst_codec_config *codec)
{
	return mistake("-%s does not go with compressor %s", option->name,
		       sqst_codec_name((int)codec->id));
}

static bool set_level(struct sqst_codec_config *codec, const struct option *option,
		      const char *value)
{
	uint64_t level;

	if (codec->id != SQST_CODEC_GZIP && codec->id != SQST_CODEC_ZSTD &&
	    codec->id != SQST_CODEC_LZO)
		return not_for(option, codec);
	if (!value_number(value, &level) || level > 100)
		return mistake("-%s %s: not a level", option->name, value);
	codec->level = (int)level;
	return true;
}

static bool set_dict_size(struct sqst_codec_config *codec, const struct option *option,
			  const char *value)
{
	uint64_t size;
	const size_t length = strlen(value);

	if (length > 1 && value[length - 1] == '%') {
		char number[32];

		snprintf(number, sizeof(number), "%.*s", (int)(length - 1), value);
		if (!value_number(number, &size) || size < 1 || size > 100)
			return mistake("-%s %s: a share is 1%% to 100%% of the block size",
				       option->name, value);
		size = codec->block_size * size / 100;
	} else if (!value_size(value, &size) || size > UINT32_MAX) {
		return mistake("-%s %s: not a size", option->name, value);
	}
	codec->xz_dict_size = (uint32_t)size;
	return true;
}

static bool set_filters(struct sqst_codec_config *codec, const struct option *option,
			const char *value)
{
	static const struct {
		const char *name;
		uint32_t filter;
	} filters[] = {{"x86", SQST_XZ_X86},           {"powerpc", SQST_XZ_POWERPC},
		       {"ia64", SQST_XZ_IA64},         {"arm", SQST_XZ_ARM},
		       {"armthumb", SQST_XZ_ARMTHUMB}, {"sparc", SQST_XZ_SPARC}};

	codec->xz_filters = 0;
	while (*value) {
		const size_t length = strcspn(value, ",");
		bool known = false;

		for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
			if (strlen(filters[i].name) == length &&
			    strncmp(filters[i].name, value, length) == 0) {
				codec->xz_filters |= filters[i].filter;
				known = true;
			}
		}
		if (!known)
			return mistake("-%s: %.*s is no filter of xz", option->name, (int)length,
				       value);
		value += length + (value[length] == ',');
	}
	return true;
}

static bool set_algorithm(struct sqst_codec_config *codec, const struct option *option,
			  const char *value)
{
	static const char *const names[] = {"lzo1x_1", "lzo1x_1_11", "lzo1x_1_12", "lzo1x_1_15",
					    "lzo1x_999"};

	for (int i = 0; i < 5; i++) {
		if (strcmp(names[i], value) == 0) {
			codec->lzo_algorithm = i;
			return true;
		}
	}
	return mistake("-%s %s: no algorithm of lzo", option->name, value);
}

static bool apply_codec_option(struct sqst_codec_config *codec, const struct codec_option *kept)
{
	static const enum sqst_codec_id owner[] = {[X_HC] = SQST_CODEC_LZ4,
						   [X_BCJ] = SQST_CODEC_XZ,
						   [X_DICT] = SQST_CODEC_XZ,
						   [X_ALGORITHM] = SQST_CODEC_LZO};
	const struct option *option = kept->option;

	if (option->number == X_LEVEL)
		return set_level(codec, option, kept->value);
	if (codec->id != owner[option->number])
		return not_for(option, codec);
	switch (option->number) {
	case X_HC:
		codec->lz4_hc = true;
		return true;
	case X_BCJ:
		return set_filters(codec, option, kept->value);
	case X_DICT:
		return set_dict_size(codec, option, kept->value);
	case X_ALGORITHM:
		return set_algorithm(codec, option, kept->value);
	}
	return true;
}

static bool set_codec(struct arguments *arguments)
{
	struct sqst_codec_config *codec = &arguments->build.codec;
	struct sqst_report why = {0};
	const int id = sqst_codec_by_name(arguments->compressor);

	if (id == 0)
		return mistake("-comp %s: no compressor of squashfs", arguments->compressor);
	if (id == SQST_CODEC_LZMA)
		return mistake("-comp lzma: kernels do not read lzma images; take xz");
	if (!sqst_codec_can_compress(id))
		return mistake("-comp %s: this program was built without it",
			       arguments->compressor);
	sqst_codec_defaults(codec, (enum sqst_codec_id)id, arguments->block_size);
	for (unsigned i = 0; i < arguments->codec_options; i++) {
		if (!apply_codec_option(codec, &arguments->codec_option[i]))
			return false;
	}
	if (sqst_codec_check(codec, &why) < 0)
		return mistake("%s", why.message);
	return true;
}

/* ---- reading the line */

static const struct option *find_option(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
			return &options[i];
	}
	return NULL;
}

/* *at is the option's place in the list, and moves to its value if that stands apart. */
static bool read_option(struct arguments *arguments, int count, char **list, int *at)
{
	const char *text = list[*at];
	const char *name = text + (text[1] == '-' ? 2 : 1);
	const size_t length = strcspn(name, "=");
	const struct option *option = find_option(name, length);
	const char *value = NULL;

	if (!option)
		return mistake("%s: unknown option", text);
	if (!option->value && name[length] == '=')
		return mistake("%s: this option takes no value", text);
	if (option->value && name[length] == '=')
		value = name + length + 1;
	else if (option->value && *at + 1 < count)
		value = list[++*at];
	if (option->value && !value)
		return mistake("%s: %s is missing behind it", text, option->value);
	return option->set(arguments, option, value);
}

static bool read_list(struct arguments *arguments, int count, char **list)
{
	bool more_options = true;

	for (int i = 1; i < count; i++) {
		if (more_options && strcmp(list[i], "--") == 0) {
			more_options = false;
			continue;
		}
		if (more_options && list[i][0] == '-' && list[i][1] != '\0') {
			if (!read_option(arguments, count, list, &i))
				return false;
			if (arguments->only_help || arguments->only_version)
				return true;
			continue;
		}
		if (arguments->operands == 2)
			return mistake("%s: a third operand; one source and one output are wanted",
				       list[i]);
		arguments->operand[arguments->operands++] = list[i];
	}
	if (arguments->operands != 2)
		return mistake("%s is missing", arguments->operands ? "OUTPUT" : "SOURCE");
	return true;
}

/* Options win over the variable. https://reproducible-builds.org/specs/source-date-epoch/ */
static bool read_source_date_epoch(struct arguments *arguments)
{
	const char *value = getenv("SOURCE_DATE_EPOCH");
	uint64_t seconds;

	if (!value || !*value || (arguments->build.flags & SQST_BUILD_MKFS_TIME))
		return true;
	if (!value_number(value, &seconds) || seconds > UINT32_MAX)
		return mistake("SOURCE_DATE_EPOCH=%s: not seconds since 1970, 0 to 4294967295",
			       value);
	arguments->build.mkfs_time = (uint32_t)seconds;
	arguments->build.flags |= SQST_BUILD_MKFS_TIME;
	return true;
}

bool arguments_read(struct arguments *arguments, int count, char **list)
{
	memset(arguments, 0, sizeof(*arguments));
	sqst_build_options_init(&arguments->build);
	arguments->compressor = sqst_codec_name((int)arguments->build.codec.id);
	arguments->block_size = arguments->build.codec.block_size;
	arguments->build.parent = arguments->parent;
	if (!read_list(arguments, count, list))
		return false;
	if (arguments->only_help || arguments->only_version)
		return true;
	arguments->build.source = arguments->operand[0];
	arguments->build.output = arguments->operand[1];
	return set_codec(arguments) && read_source_date_epoch(arguments);
}

void print_help(void)
{
	printf(
	    "Usage: " PROGRAM " [OPTION]... SOURCE OUTPUT\n"
	    "Make a squashfs image of the directory SOURCE. With --prev, paths that the previous\n"
	    "image has keep their inode numbers, so that an overlayfs upper layer stays valid\n"
	    "when one image replaces the other.\n\n"
	    "Options, with one dash or two:\n");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct option *option = &options[i];
		char left[64];

		if (option->help) {
			snprintf(left, sizeof(left), "-%s%s%s", option->name,
				 option->value ? " " : "", option->value ? option->value : "");
			printf("  %-24s %s\n", left, option->help);
		} else {
			/* An alias stands behind what it is an alias of. */
			printf("  %-24s also -%s\n", "", option->name);
		}
	}
	printf("\nExit status: 0 done, 1 the system refused, 2 usage, 3 a parent is refused,\n"
	       "4 the source is unreadable, 5 the source changed, 6 a limit of the format,\n"
	       "7 the output exists. More in " PROGRAM "(1).\n");
}
