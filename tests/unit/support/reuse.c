/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scratch directory, and a small parent image in it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "image/tree.h"
#include "reuse.h"

static char scratch[256];

void scratch_path(char *to, size_t size, const char *name)
{
	snprintf(to, size, "%s/%s", scratch, name);
}

int scratch_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(scratch, sizeof(scratch), "%s/reuse-test-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(scratch) ? 0 : -1;
}

int scratch_teardown(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", scratch);
	return system(command);
}

static const uint32_t parent_sizes[PARENT_FILES] = {0, 100, 3000, 4096, 10000, 8193};

/* Of a file with this size. */
uint8_t parent_byte(uint64_t size, uint64_t at)
{
	return (uint8_t)((at * at >> 5) + size * 7 + at);
}

static void parent_write_file(const struct parent *parent, uint32_t size)
{
	char path[350];
	FILE *out;

	snprintf(path, sizeof(path), "%s/f%u", parent->source, size);
	out = fopen(path, "w");
	assert_non_null(out);
	for (uint32_t i = 0; i < size; i++)
		fputc(parent_byte(size, i), out);
	assert_int_equal(fclose(out), 0);
}

int parent_setup(void **state)
{
	struct parent *parent = calloc(1, sizeof(*parent));
	struct sqst_report why = {0};

	assert_non_null(parent);
	scratch_path(parent->source, sizeof(parent->source), "source");
	scratch_path(parent->path, sizeof(parent->path), "parent");
	assert_true(mkdir(parent->source, 0755) == 0 || access(parent->source, W_OK) == 0);
	for (unsigned i = 0; i < PARENT_FILES; i++)
		parent_write_file(parent, parent_sizes[i]);
	sqst_build_options_init(&parent->options);
	sqst_codec_defaults(&parent->options.codec, SQST_CODEC_GZIP, 4096);
	parent->input = (struct sqst_source){parent->source, SQST_SOURCE_AUTO};
	parent->options.source = &parent->input;
	parent->options.sources = 1;
	parent->options.output = parent->path;
	parent->options.flags = SQST_BUILD_TAILENDS | SQST_BUILD_FORCE;
	if (sqst_build(&parent->options, NULL, &why) < 0)
		fail_msg("%s", why.message);
	*state = parent;
	return 0;
}

int parent_teardown(void **state)
{
	free(*state);
	return 0;
}

struct sqst_parent_format parent_wish(const struct sqst_build_options *options)
{
	return (struct sqst_parent_format){
	    .codec = &options->codec,
	    .raw_inodes = (options->flags & SQST_BUILD_RAW_INODES) != 0,
	    .raw_blocks = (options->flags & SQST_BUILD_RAW_DATA) != 0,
	    .fragments = !(options->flags & SQST_BUILD_NO_FRAGMENTS),
	};
}

struct sqst_parent_data *parent_read_with(const struct parent *parent,
					  const struct sqst_build_options *options)
{
	const struct sqst_parent_format format = parent_wish(options);
	struct sqst_parent_data *reuse = NULL;
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};
	uint32_t live;

	assert_int_equal(sqst_parent_data_open(parent->path, NULL, &reuse, &why), 0);
	assert_non_null(reuse);
	assert_int_equal(sqst_image_numbers(&reuse->image, &numbers, &live), 0);
	sqst_numbers_free(numbers);
	if (sqst_parent_data_read(reuse, &format) < 0)
		fail_msg("%s", why.message);
	reuse->image.why = NULL;
	return reuse;
}

/* Give every file of an image with an uncompressed inode table this number. */
void parent_forge_numbers(const char *path, uint32_t number)
{
	static uint8_t image[1 << 20];
	FILE *file = fopen(path, "r+");
	size_t size, at, end;

	assert_non_null(file);
	size = fread(image, 1, sizeof(image), file);
	at = (size_t)sqst_get64(image + 64);
	end = at + 2 + (sqst_get16(image + at) & 0x7FFF);
	assert_true(at < size && end < size && (sqst_get16(image + at) & 0x8000));
	for (at += 2; at < end;) {
		const uint32_t bytes = sqst_get32(image + at + 28);
		const bool tail = sqst_get32(image + at + 20) == UINT32_MAX && bytes % 4096;

		assert_in_range(sqst_get16(image + at), 1, 2);
		if (sqst_get16(image + at) == 1) {
			at += 32;
			continue;
		}
		sqst_put32(image + at + 12, number);
		at += 32 + 4 * (size_t)(bytes / 4096 + tail);
	}
	rewind(file);
	assert_int_equal(fwrite(image, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

struct sqst_parent_data *parent_read(const struct parent *parent)
{
	return parent_read_with(parent, &parent->options);
}
