/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading images of other builders: against their source and another reader, and damaged at random.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "codec/codec.h"
#include "support/image.h"

#include "support/image_builders.h"

/* False if the tool does not know an option, or we not the compressor. */
static bool check_image(struct builders *builders, const char *tool, const char *options)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};

	if (!builder_run(builders, tool, options)) {
		print_message("%s %s: skipped\n", tool, options);
		return false;
	}
	if (sqst_image_read_numbers(builders->image, &numbers, &why) < 0)
		fail_msg("%s %s: %s", tool, options, why.message);
	builder_compare(builders, numbers, strcmp(tool, "mksquashfs") == 0);
	sqst_numbers_free(numbers);
	return true;
}

static unsigned check_compressors(struct builders *builders, const char *tool, const char *option)
{
	unsigned checked = 0;

	for (int id = SQST_CODEC_GZIP; id <= SQST_CODEC_ZSTD; id++) {
		char options[64];

		snprintf(options, sizeof(options), "%s %s", option, sqst_codec_name(id));
		if (!sqst_codec_can_decompress(id))
			print_message("%s: not included in this build, skipped\n", options);
		else
			checked += check_image(builders, tool, options);
	}
	return checked;
}

static void images_of_mksquashfs(void **state)
{
	if (!builder_there("mksquashfs"))
		skip();
	assert_true(check_compressors(*state, "mksquashfs", "-comp") > 0);
	check_image(*state, "mksquashfs", "-noI -noD -noF -noX");
	check_image(*state, "mksquashfs", "-no-exports -no-fragments -b 4096");
	check_image(*state, "mksquashfs", "-no-xattrs -b 1M -always-use-fragments");
}

static void images_of_gensquashfs(void **state)
{
	if (!builder_there("gensquashfs"))
		skip();
	assert_true(check_compressors(*state, "gensquashfs", "-c") > 0);
	check_image(*state, "gensquashfs", "-e -b 4096");
}

static void random_damage_of_builders_images(void **state)
{
	struct builders *builders = *state;
	static const char *const option[] = {"-noI -noD -noF -noX -noId", "-comp gzip", "-comp xz",
					     "-comp zstd"};

	if (!builder_there("mksquashfs"))
		skip();
	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		uint8_t *data;
		size_t size;

		if (!builder_run(builders, "mksquashfs", option[i]))
			continue;
		data = builder_image(builders, &size);
		damage_at_random(data, size, 600);
		free(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(images_of_mksquashfs, builders_setup,
					    builders_teardown),
	    cmocka_unit_test_setup_teardown(images_of_gensquashfs, builders_setup,
					    builders_teardown),
	    cmocka_unit_test_setup_teardown(random_damage_of_builders_images, builders_setup,
					    builders_teardown),
	};

	return cmocka_run_group_tests_name("image_builders", tests, open_memory, close_memory);
}
