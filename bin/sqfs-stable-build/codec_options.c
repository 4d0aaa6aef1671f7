/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The -X options, which mean something only when the compressor is known. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "option.h"
#include "values.h"

/* They may stand before -comp, so they wait until it is known. */
bool keep_codec_option(void *to, const struct option_row *row, const char *value)
{
	struct build_arguments *arguments = to;

	if (arguments->codec_options == CODEC_OPTIONS_MAX)
		return mistake("more than %d -X options", CODEC_OPTIONS_MAX);
	arguments->codec_option[arguments->codec_options++] = (struct codec_option){row, value};
	return true;
}

static bool not_for(const struct option_row *row, const struct sqst_codec_config *codec)
{
	return mistake("-%s does not go with compressor %s", row->name,
		       sqst_codec_name((int)codec->id));
}

static bool set_number(const struct option_row *row, const char *value, uint32_t least,
		       uint32_t most, const char *rule, int *out)
{
	uint32_t number;

	if (!read_number(row, value, least, most, rule, &number))
		return false;
	*out = (int)number;
	return true;
}

static bool set_level(struct sqst_codec_config *codec, const struct option_row *row,
		      const char *value)
{
	if (codec->id != SQST_CODEC_GZIP && codec->id != SQST_CODEC_ZSTD &&
	    codec->id != SQST_CODEC_LZO)
		return not_for(row, codec);
	return set_number(row, value, 0, 100, "not a level", &codec->level);
}

static bool set_dict_size(struct sqst_codec_config *codec, const struct option_row *row,
			  const char *value)
{
	uint64_t size;
	const size_t length = strlen(value);

	if (length > 1 && value[length - 1] == '%') {
		char number[32];

		snprintf(number, sizeof(number), "%.*s", (int)(length - 1), value);
		if (!value_number(number, &size) || size < 1 || size > 100)
			return mistake("-%s %s: a share is 1%% to 100%% of the block size",
				       row->name, value);
		size = codec->block_size * size / 100;
	} else if (!value_size(value, &size) || size > UINT32_MAX) {
		return mistake("-%s %s: not a size", row->name, value);
	}
	codec->xz_dict_size = (uint32_t)size;
	return true;
}

/* A list of names, which are bits of *set in their order. */
static bool read_bits(const struct option_row *row, const char *value, const char *const *name,
		      size_t names, const char *what, uint32_t *set)
{
	*set = 0;
	while (*value) {
		const size_t length = strcspn(value, ",");
		size_t at = 0;

		while (at < names &&
		       (strlen(name[at]) != length || strncmp(name[at], value, length) != 0))
			at++;
		if (at == names)
			return mistake("-%s: %.*s is not a %s", row->name, (int)length, value,
				       what);
		*set |= UINT32_C(1) << at;
		value += length + (value[length] == ',');
	}
	return true;
}

static bool set_filters(struct sqst_codec_config *codec, const struct option_row *row,
			const char *value)
{
	static const char *const names[] = {"x86", "powerpc", "ia64", "arm", "armthumb", "sparc"};

	_Static_assert(SQST_XZ_X86 == 1 && SQST_XZ_POWERPC == 2 && SQST_XZ_IA64 == 4 &&
			   SQST_XZ_ARM == 8 && SQST_XZ_ARMTHUMB == 16 && SQST_XZ_SPARC == 32,
		       "the order of the names");
	return read_bits(row, value, names, sizeof(names) / sizeof(names[0]), "filter of xz",
			 &codec->xz_filters);
}

static bool set_algorithm(struct sqst_codec_config *codec, const struct option_row *row,
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
	return mistake("-%s %s: not an algorithm of lzo", row->name, value);
}

/* libdeflate has one window and one strategy: the values are checked, no more. */
static bool check_strategies(const struct option_row *row, const char *value)
{
	static const char *const names[] = {"default", "filtered", "huffman_only",
					    "run_length_encoded", "fixed"};
	uint32_t unused;

	return read_bits(row, value, names, sizeof(names) / sizeof(names[0]), "strategy of gzip",
			 &unused);
}

static bool set_small(const struct option_row *row, const char *value, int *out)
{
	return set_number(row, value, 0, 9, "not a number from 0 to 9", out);
}

static bool apply(struct sqst_codec_config *codec, const struct codec_option *kept)
{
	static const enum sqst_codec_id owner[] = {
	    [X_WINDOW] = SQST_CODEC_GZIP,  [X_STRATEGY] = SQST_CODEC_GZIP,
	    [X_HC] = SQST_CODEC_LZ4,       [X_BCJ] = SQST_CODEC_XZ,
	    [X_DICT] = SQST_CODEC_XZ,      [X_PRESET] = SQST_CODEC_XZ,
	    [X_EXTREME] = SQST_CODEC_XZ,   [X_LC] = SQST_CODEC_XZ,
	    [X_LP] = SQST_CODEC_XZ,        [X_PB] = SQST_CODEC_XZ,
	    [X_ALGORITHM] = SQST_CODEC_LZO};
	const struct option_row *row = kept->row;
	const enum codec_option_number number = (enum codec_option_number)row->number;
	int unused;

	if (number != X_LEVEL && codec->id != owner[number])
		return not_for(row, codec);
	switch (number) {
	case X_LEVEL:
		return set_level(codec, row, kept->value);
	case X_WINDOW:
		return set_number(row, kept->value, 8, 15, "a window is 8 to 15", &unused);
	case X_STRATEGY:
		return check_strategies(row, kept->value);
	case X_HC:
		codec->lz4_hc = true;
		return true;
	case X_BCJ:
		return set_filters(codec, row, kept->value);
	case X_DICT:
		return set_dict_size(codec, row, kept->value);
	case X_PRESET:
		return set_small(row, kept->value, &codec->xz_preset);
	case X_EXTREME:
		codec->xz_extreme = true;
		return true;
	case X_LC:
		return set_small(row, kept->value, &codec->xz_lc);
	case X_LP:
		return set_small(row, kept->value, &codec->xz_lp);
	case X_PB:
		return set_small(row, kept->value, &codec->xz_pb);
	case X_ALGORITHM:
		return set_algorithm(codec, row, kept->value);
	}
	return true;
}

bool codec_finish(struct build_arguments *arguments)
{
	struct sqst_codec_config *codec = &arguments->build.codec;
	struct sqst_report why = {0};
	const int id = sqst_codec_by_name(arguments->compressor);

	if (id == 0)
		return mistake("-comp %s: not a compressor of squashfs", arguments->compressor);
	if (id == SQST_CODEC_LZMA)
		return mistake("-comp lzma: the kernel does not read lzma images; use xz");
	if (!sqst_codec_can_compress(id))
		return mistake("-comp %s: this program was built without it",
			       arguments->compressor);
	sqst_codec_defaults(codec, (enum sqst_codec_id)id, arguments->block_size);
	for (unsigned i = 0; i < arguments->codec_options; i++) {
		if (!apply(codec, &arguments->codec_option[i]))
			return false;
	}
	if (sqst_codec_check(codec, &why) < 0)
		return mistake("%s", why.message);
	return true;
}
