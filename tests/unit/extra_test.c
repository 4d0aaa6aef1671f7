/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extra-information block: its bytes, and each refusal. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "numbers/record.h"
#include "support/unit.h"

#define U "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
#define I "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"
#define P "\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f"
#define Z "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

/* Version, flags, zero, generation 258, root 3, top 0x01020304. */
#define FIELDS "\x01\x01\x00\x00\x02\x01\x00\x00\x03\x00\x00\x00\x04\x03\x02\x01"

static struct sqst_lineage example(void)
{
	struct sqst_lineage lineage = {
	    .recorded = true,
	    .root_double = true,
	    .generation = 258,
	    .root = 3,
	    .top = 0x01020304,
	    .parents = 2,
	    .label = "r\303\266ot",
	};

	memcpy(lineage.uuid, U, SQST_UUID_SIZE);
	memcpy(lineage.id, I, SQST_UUID_SIZE);
	memcpy(lineage.parent[0], P, SQST_UUID_SIZE);
	return lineage;
}

static void check_decoded(const uint8_t *block, size_t size, const struct sqst_lineage *should)
{
	struct sqst_lineage is = {0};
	struct sqst_report why = {0};

	assert_int_equal(block[0] | block[1] << 8, 0x8000 | (size - 2));
	assert_int_equal(sqst_extra_decode("i", 98, block + 2, size - 2, &is, &why), 0);
	assert_memory_equal(is.uuid, should->uuid, SQST_UUID_SIZE);
	assert_memory_equal(is.id, should->id, SQST_UUID_SIZE);
	assert_true(is.recorded);
	assert_int_equal(is.root_double, should->root_double);
	assert_int_equal(is.generation, should->generation);
	assert_int_equal(is.root, should->root);
	assert_int_equal(is.top, should->top);
	assert_int_equal(is.parents, should->parents);
	assert_memory_equal(is.parent, should->parent, sizeof(is.parent));
	assert_string_equal(is.label, should->label);
}

static void bytes_are_those_of_the_format(void **state)
{
	static const char should[] = "\x5c\x80"
				     "\x02\x10" U "\x01\x05r\303\266ot"
				     "\x53\x40" FIELDS I P Z "\x00";
	const struct sqst_lineage lineage = example();
	uint8_t block[SQST_EXTRA_MAX];
	const size_t size = sqst_extra_encode(&lineage, block);

	(void)state;
	assert_int_equal(size, sizeof(should) - 1);
	assert_memory_equal(block, should, size);
	check_decoded(block, size, &lineage);
}

static void uuid_label_and_parents_can_be_missing(void **state)
{
	static const char should[] = "\x23\x80\x53\x20\x01\x00\x00\x00\x00\x00\x00\x00"
				     "\x01\x00\x00\x00\x01\x00\x00\x00" I "\x00";
	struct sqst_lineage lineage = {.recorded = true, .root = 1, .top = 1};
	uint8_t block[SQST_EXTRA_MAX];
	size_t size;

	(void)state;
	memcpy(lineage.id, I, SQST_UUID_SIZE);
	size = sqst_extra_encode(&lineage, block);
	assert_int_equal(size, sizeof(should) - 1);
	assert_memory_equal(block, should, size);
	check_decoded(block, size, &lineage);
}

static void longest_block(void **state)
{
	struct sqst_lineage lineage = example();
	uint8_t block[SQST_EXTRA_MAX];
	size_t size;

	(void)state;
	memset(lineage.label, 'x', SQST_LABEL_MAX);
	lineage.parents = SQST_PARENTS_MAX;
	memset(lineage.parent, 0x5a, sizeof(lineage.parent));
	lineage.top = SQST_NUMBER_MAX;
	lineage.root = SQST_NUMBER_MAX - 1;
	lineage.generation = UINT32_MAX;
	size = sqst_extra_encode(&lineage, block);
	assert_int_equal(size, 2 + 18 + 257 + 2 + 32 + 8 * 16 + 1);
	check_decoded(block, size, &lineage);
}

#define DECODE(text, lineage, why)                                                                 \
	sqst_extra_decode("dir/i.sqfs", 98, (const uint8_t *)(text), sizeof(text) - 1, lineage, why)

static void other_tools_blocks_are_understood(void **state)
{
	struct sqst_lineage lineage = {.root = 7, .top = 9};

	(void)state;
	/* Label first, a tag that nobody knows, no stable record, bytes behind the end. */
	assert_int_equal(DECODE("\x01\x03"
				"abc"
				"\x77\x02zz\x78\x00\x02\x10" U "\x00\xff\xff",
				&lineage, NULL),
			 0);
	assert_string_equal(lineage.label, "abc");
	assert_memory_equal(lineage.uuid, U, SQST_UUID_SIZE);
	assert_false(lineage.recorded);
	assert_int_equal(lineage.root, 7);
	assert_int_equal(lineage.top, 9);
	/* Nothing at all, and no tag 0 at the end. */
	assert_int_equal(DECODE("", &lineage, NULL), 0);
	assert_int_equal(DECODE("\x01\x01x", &lineage, NULL), 0);
	assert_string_equal(lineage.label, "x");
}

#define REFUSED(text, fragment)                                                                    \
	do {                                                                                       \
		struct sqst_lineage lineage_ = {.root = 7, .top = 9};                              \
		struct sqst_report why_ = {0};                                                     \
                                                                                                   \
		assert_int_equal(DECODE(text, &lineage_, &why_), SQST_ERR_PARENT);                 \
		if (!strstr(why_.message, fragment))                                               \
			print_error("%s\n", why_.message);                                         \
		assert_ptr_equal(strstr(why_.message, "dir/i.sqfs: "), why_.message);              \
		assert_non_null(strstr(why_.message, fragment));                                   \
		assert_int_equal(lineage_.root, 7);                                                \
		assert_int_equal(lineage_.label[0], 0);                                            \
	} while (0)

static void damage_is_refused_with_its_offset(void **state)
{
	(void)state;
	REFUSED("\x01", "tag 1 at offset 98: the record runs past the end");
	REFUSED("\x01\x01", "tag 1 at offset 98: the record runs past the end");
	REFUSED("\x77\x01z\x78\xff zz", "tag 120 at offset 101: the record runs past the end");
	REFUSED("\x01\x00\x00", "the label is empty");
	REFUSED("\x01\x03x\x00y\x00", "the label has a NUL byte");
	REFUSED("\x01\x01x\x01\x01x\x00", "tag 1 at offset 101: a second label");
	REFUSED("\x02\x0f" U "\x00", "the UUID has a wrong length");
	REFUSED("\x02\x10" Z "\x02\x10" U "\x00", "a second UUID");
	REFUSED("\x53\x00\x00", "stable-numbering record is empty");
	REFUSED("\x53\x01\x02\x00", "stable-numbering record has an unknown version");
	REFUSED("\x53\x01\x00\x00", "stable-numbering record has an unknown version");
	REFUSED("\x53\x01\x01\x00", "tag 83 at offset 98: the stable-numbering record has a wrong "
				    "length");
	REFUSED("\x53\x1f" FIELDS I "\x00", "wrong length");
	REFUSED("\x53\x21" FIELDS I "\x00\x00", "wrong length");
	REFUSED("\x53\xb0" FIELDS I P P P P P P P P P "\x00", "wrong length");
	REFUSED("\x53\x20" FIELDS I "\x53\x20" FIELDS I "\x00",
		"the stable-numbering record appears twice");
	REFUSED("\x53\x20\x01\x02" Z Z "\x00", "unknown flags");
	REFUSED("\x53\x20\x01\x00\x01" Z Z "\x00", "unknown flags");
	/* Root 0; root above top; top above 2^31-1; a double with the root's number. */
	REFUSED("\x53\x20\x01" Z Z "\x00", "root number is 0 or above");
	REFUSED("\x53\x20\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00" I "\x00",
		"root number is 0 or above");
	REFUSED("\x53\x20\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x80" I "\x00",
		"above 2147483647");
	REFUSED("\x53\x20\x01\x01\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x03\x00\x00\x00" I "\x00",
		"double the root's own number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_those_of_the_format),
	    cmocka_unit_test(uuid_label_and_parents_can_be_missing),
	    cmocka_unit_test(longest_block),
	    cmocka_unit_test(other_tools_blocks_are_understood),
	    cmocka_unit_test(damage_is_refused_with_its_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
