/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked of a build is checked before anything is read. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "pipeline/pipeline.h"

void sqst_build_options_init(struct sqst_build_options *options)
{
	memset(options, 0, sizeof(*options));
	options->version = SQST_BUILD_OPTIONS_VERSION;
	options->max_slack = SQST_SLACK_DEFAULT;
	sqst_codec_defaults(&options->codec, SQST_CODEC_GZIP, 128 * 1024);
}

static bool is_utf8(const char *text)
{
	size_t left = strlen(text);
	uint32_t code;

	while (left > 0) {
		const size_t length = sqst_utf8_decode(text, left, &code);

		if (length == 0)
			return false;
		text += length;
		left -= length;
	}
	return true;
}

static int check_layout(const struct sqst_build_options *options, struct sqst_report *why)
{
	const uint32_t align = options->align;

	if (options->sort_files > 0 && !options->sort_file)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "sort files are missing");
	if ((align & (align - 1)) != 0 || align > SQST_ALIGN_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "invalid alignment %u; use a power of two up to %u", align,
				 SQST_ALIGN_MAX);
	if (options->max_slack > SQST_SLACK_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a slack of %u %% is not between 0 and %d %%", options->max_slack,
				 SQST_SLACK_MAX);
	/* Far from what a file's offset can hold, so that sums with it do not overflow. */
	if (options->offset > INT64_MAX / 2)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "the offset is too large");
	if ((options->flags & SQST_BUILD_NO_EXPORTS) && options->parents > 0 &&
	    !(options->flags & SQST_BUILD_UNSTABLE))
		return sqst_fail(
		    why, SQST_ERR_OPTION, NULL,
		    "without an export table (-no-exports) the kernel cannot look up inodes by "
		    "number, so keeping numbers is pointless; --force builds the image anyway");
	return 0;
}

static bool is_zero(const uint64_t *word, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (word[i] != 0)
			return false;
	}
	return true;
}

/* Of a struct that ends with reserved words. */
#define RESERVED_IS_ZERO(options)                                                                  \
	is_zero((options)->reserved, sizeof((options)->reserved) / sizeof(*(options)->reserved))

int sqst_build_check(const struct sqst_build_options *options, struct sqst_report *why)
{
	if (options->version != SQST_BUILD_OPTIONS_VERSION)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "the options are of version %u, this library takes %d; fill them "
				 "with sqst_build_options_init()",
				 options->version, SQST_BUILD_OPTIONS_VERSION);
	if (!RESERVED_IS_ZERO(options) || !RESERVED_IS_ZERO(&options->codec) ||
	    !RESERVED_IS_ZERO(&options->scan) || !RESERVED_IS_ZERO(&options->archive) ||
	    (options->overrides && !RESERVED_IS_ZERO(options->overrides)))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "a reserved option is set; it belongs to a newer library");
	if ((options->sources > 0 && !options->source) || !options->output)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "a source and an output are required");
	if (options->flags & ~(uint32_t)SQST_BUILD_FLAGS_ALL)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "unknown flags 0x%x",
				 options->flags & ~(uint32_t)SQST_BUILD_FLAGS_ALL);
	if (options->parents > SQST_PARENTS_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "%zu parents; the maximum is %d",
				 options->parents, SQST_PARENTS_MAX);
	if (options->label && (!options->label[0] || strlen(options->label) > SQST_LABEL_MAX ||
			       !is_utf8(options->label)))
		return sqst_fail(why, SQST_ERR_OPTION, options->label,
				 "a label must be UTF-8 of 1 to %d bytes", SQST_LABEL_MAX);
	if (options->uuid && sqst_uuid_is_null(options->uuid))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "the null UUID cannot name a lineage; choose another");
	if (!sqst_codec_can_compress((int)options->codec.id))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "this sqfs-stable was built without compressor %s",
				 sqst_codec_name((int)options->codec.id));
	if (check_layout(options, why) < 0)
		return SQST_ERR_OPTION;
	return sqst_codec_check(&options->codec, why);
}
