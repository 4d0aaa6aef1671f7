/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading images that are made here by hand: what is read, each refusal with its message, damage at
 * random. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "codec/codec.h"
#include "map/map_text.h"
#include "numbers/numbers.h"
#include "support/image.h"

#include "numbers/record.h"
#include "sqst/codec.h"
#include "support/image_forge.h"

/* ---- forged images */

static void forged_image_is_read(void **state)
{
	struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);
	struct sqst_numbers *numbers = accept(forge->data, forge->size);

	(void)state;
	map_is(numbers, ". type=dir inode=5\n"
			"./a type=dir inode=1\n"
			"./a/f type=file inode=2\n"
			"./a/l type=link inode=3\n"
			"./b type=file inode=2\n"
			"./c type=dir inode=4\n"
			"./d type=file inode=6\n"
			"./e type=dir inode=8\n"
			"./e/x type=file inode=7\n");
	assert_int_equal(numbers->paths, 9);
	assert_int_equal(numbers->lineage.top, 9);
	assert_int_equal(numbers->lineage.root, 5);
	assert_false(numbers->lineage.recorded);
	assert_true(sqst_uuid_is_null(numbers->lineage.uuid));
	assert_true(sqst_uuid_is_null(numbers->lineage.id));
	assert_string_equal(numbers->source, memory_path);
	sqst_numbers_free(numbers);
	forge_free(forge);
}

static void every_type_in_both_forms(void **state)
{
	struct forge *forge = forge_make("D.=1 fa=2 lb=3 bc=4 cd=5 pe=6 sf=7 Fg=8 Lh=9 Bi=10 Cj=11 "
					 "Pk=12 Sl=13 Dm=14",
					 14, NULL, 0);
	struct sqst_numbers *numbers = accept(forge->data, forge->size);
	static const uint8_t type[] = {2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7, 1};

	(void)state;
	assert_int_equal(numbers->root.count, sizeof(type));
	for (uint32_t i = 0; i < numbers->root.count; i++) {
		assert_int_equal(numbers->root.child[i].type, type[i]);
		assert_int_equal(numbers->root.child[i].number, i + 2);
	}
	sqst_numbers_free(numbers);
	forge_free(forge);
}

static void what_is_no_image_is_refused(void **state)
{
	struct sqst_numbers *numbers = NULL;
	struct sqst_report why = {0};
	static const uint8_t text[200] = "#mtree\n";

	(void)state;
	refuse(text, 0, "is not a squashfs image: 0 bytes are fewer than a superblock has");
	refuse(text, 95, "is not a squashfs image: 95 bytes");
	refuse(text, sizeof(text), "is not a squashfs image: no magic number");
	assert_int_equal(sqst_image_read_numbers("/no/such", &numbers, &why), SQST_ERR_PARENT);
	assert_string_equal(why.message, "/no/such: cannot open the parent image: No such "
					 "file or directory");
	assert_int_equal(sqst_image_read_numbers("/", &numbers, &why), SQST_ERR_PARENT);
	assert_string_equal(why.message, "/: is neither a regular file nor a block device");
	assert_int_equal(sqst_image_read_numbers("/dev/null", &numbers, &why), SQST_ERR_PARENT);
	assert_int_equal(sqst_image_read_numbers("/no/such", &numbers, NULL), SQST_ERR_PARENT);
}

static void every_truncation_is_refused(void **state)
{
	struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);

	(void)state;
	for (size_t size = 0; size < forge->size; size++)
		refuse(forge->data, size, size < 96 ? "not a squashfs image" : "offset 0x28");
	forge_free(forge);
}

static void compressors_that_are_not_there_are_named(void **state)
{
	struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);

	(void)state;
	for (int id = SQST_CODEC_GZIP; id <= SQST_CODEC_ZSTD; id++) {
		sqst_put16(forge->data + 20, (uint32_t)id);
		if (sqst_codec_can_decompress(id)) {
			sqst_numbers_free(accept(forge->data, forge->size));
			continue;
		}
		refuse(forge->data, forge->size, sqst_codec_name(id));
		refuse(forge->data, forge->size, "which this sqfs-stable was built without");
	}
	forge_free(forge);
}

/* ---- sizes */

static void many_blocks_are_read(void **state)
{
	char *spec = NULL;
	size_t size;
	FILE *out = open_memstream(&spec, &size);
	struct forge *forge;
	struct sqst_numbers *numbers;

	(void)state;
	fprintf(out, "D.=3000");
	for (unsigned i = 0; i < 2500; i++)
		fprintf(out, " fa-rather-long-name-%04u=%u", i, i * 7 % 2503 + 1);
	fclose(out);
	forge = forge_make(spec, 4000, NULL, 0);
	numbers = accept(forge->data, forge->size);
	assert_int_equal(numbers->paths, 2501);
	for (unsigned i = 0; i < 2500; i++)
		assert_int_equal(numbers->root.child[i].number, i * 7 % 2503 + 1);
	sqst_numbers_free(numbers);
	/* The second block of the export table before the first, and at the end. */
	sqst_put64(forge->data + forge->export_index + 8, forge->exports);
	refuse(forge->data, forge->size, "the index of the export table at offset");
	sqst_put64(forge->data + forge->export_index + 8, forge->export_index);
	refuse(forge->data, forge->size, "the index of the export table at offset");
	forge_free(forge);
	free(spec);
}

/* Directories "a/a/a…", `depth` of them, each name `width` bytes long. */
static struct forge *deep_tree(unsigned depth, unsigned width)
{
	char *spec = NULL;
	size_t size;
	FILE *out = open_memstream(&spec, &size);
	struct forge *forge;

	fprintf(out, "d.=1");
	for (unsigned i = 1; i <= depth; i++) {
		fprintf(out, " d");
		for (unsigned up = 1; up <= i; up++)
			fprintf(out, "%s%0*u", up > 1 ? "/" : "", (int)width, 7u);
		fprintf(out, "=%u", i + 1);
	}
	fclose(out);
	forge = forge_make(spec, depth + 1, NULL, 0);
	free(spec);
	return forge;
}

static void depth_ends_where_a_path_does(void **state)
{
	static const struct {
		unsigned depth;
		unsigned width;
		bool fits;
	} tree[] = {{2048, 1, true}, {2049, 1, false}, {16, 255, true}, {17, 255, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(tree) / sizeof(tree[0]); i++) {
		struct forge *forge = deep_tree(tree[i].depth, tree[i].width);

		if (tree[i].fits)
			sqst_numbers_free(accept(forge->data, forge->size));
		else
			refuse(forge->data, forge->size,
			       "a path exceeds the 4095 bytes that Linux supports");
		forge_free(forge);
	}
}

/* Many directories with one listing between them would be many more names than bytes. */
static void shared_listings_are_refused(void **state)
{
	char *spec = NULL;
	size_t size;
	FILE *out = open_memstream(&spec, &size);
	struct forge *forge;
	const uint8_t *first;

	(void)state;
	fprintf(out, "D.=1 Dd000=2");
	for (unsigned i = 0; i < 500; i++)
		fprintf(out, " fd000/f%03u=3", i);
	for (unsigned i = 1; i < 300; i++)
		fprintf(out, " Dd%03u=%u", i, i + 3);
	fclose(out);
	forge = forge_make(spec, 400, NULL, 0);
	sqst_numbers_free(accept(forge->data, forge->size));
	first = forge_inode_at(forge, "d000");
	for (unsigned i = 1; i < 300; i++) {
		char path[8];

		snprintf(path, sizeof(path), "d%03u", i);
		/* Size, block and offset, but not the parent. */
		memcpy(forge_inode_at(forge, path) + 20, first + 20, 8);
		memcpy(forge_inode_at(forge, path) + 34, first + 34, 2);
	}
	refuse(forge->data, forge->size, "exceeds the rest of the");
	forge_free(forge);
	free(spec);
}

/* No memory by an inode count, and no time either. */
static void large_count_costs_nothing(void **state)
{
	struct forge *forge = forge_make(DAMAGED_TREE, SQST_NUMBER_MAX, NULL, 0);
	struct sqst_numbers *numbers;

	(void)state;
	numbers = accept(forge->data, forge->size);
	assert_int_equal(numbers->lineage.top, SQST_NUMBER_MAX);
	sqst_numbers_free(numbers);
	forge_free(forge);
}

/* ---- images with a record */

static const uint8_t a_uuid[SQST_UUID_SIZE] = {0x12, 0x34, 5, 6, 7, 8, 9, 10};

/* The damaged images' tree with its own record. */
static void record_of(struct sqst_lineage *lineage)
{
	struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);
	struct sqst_numbers *numbers = accept(forge->data, forge->size);
	struct sqst_report why = {0};

	memcpy(numbers->lineage.uuid, a_uuid, sizeof(a_uuid));
	assert_int_equal(sqst_lineage_name(numbers, &why), 0);
	*lineage = numbers->lineage;
	lineage->recorded = true;
	lineage->root_double = true;
	lineage->generation = 4;
	lineage->parents = 2;
	memset(lineage->parent[1], 7, SQST_UUID_SIZE);
	strcpy(lineage->label, "label");
	sqst_numbers_free(numbers);
	forge_free(forge);
}

static struct forge *recorded(const struct sqst_lineage *lineage)
{
	uint8_t extra[SQST_EXTRA_MAX];
	const size_t size = sqst_extra_encode(lineage, extra);

	return forge_make(DAMAGED_TREE, DAMAGED_TOP, extra, size);
}

static void refuse_lineage(const struct sqst_lineage *lineage, const char *message)
{
	struct forge *forge = recorded(lineage);

	refuse(forge->data, forge->size, message);
	forge_free(forge);
}

static void record_is_read(void **state)
{
	struct sqst_lineage lineage;
	struct sqst_numbers *numbers;
	struct forge *forge;

	(void)state;
	record_of(&lineage);
	forge = recorded(&lineage);
	numbers = accept(forge->data, forge->size);
	assert_memory_equal(&numbers->lineage, &lineage, sizeof(lineage));
	sqst_numbers_free(numbers);
	/* Compressor options stand before it. */
	forge_free(forge);
	forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, "\x08\x80\1\2\3\4\5\6\7\x08\x01\x80", 13);
	sqst_put16(forge->data + 24, 0x1400);
	numbers = accept(forge->data, forge->size);
	assert_false(numbers->lineage.recorded);
	assert_int_equal(numbers->lineage.top, DAMAGED_TOP);
	sqst_numbers_free(numbers);
	forge_free(forge);
}

static void record_must_fit_the_image(void **state)
{
	struct sqst_lineage lineage, good;
	struct forge *forge;

	(void)state;
	record_of(&good);
	lineage = good;
	lineage.top++;
	refuse_lineage(&lineage, "rewritten by another tool after sqfs-stable built it: the stable-"
				 "numbering record has inode count 10, the superblock 9");
	lineage = good;
	lineage.root = 1;
	refuse_lineage(&lineage, "record has root number 1, the root directory 5");
	lineage = good;
	lineage.id[3] ^= 1;
	refuse_lineage(&lineage,
		       "rewritten by another tool after sqfs-stable built it: the image's "
		       "own id does not match its paths and numbers; use the original");
	lineage = good;
	lineage.uuid[3] ^= 1;
	refuse_lineage(&lineage, "does not match its paths and numbers");
	lineage = good;
	memset(lineage.uuid, 0, sizeof(lineage.uuid));
	refuse_lineage(&lineage, "has a stable-numbering record, but no UUID");
	forge = recorded(&good);
	forge_entry_at(forge, "e/x")[8] = 'y';
	refuse(forge->data, forge->size, "does not match its paths and numbers");
	forge_free(forge);
	/* Where another tool may have anything, ours has nothing. */
	forge = recorded(&good);
	sqst_put64(forge->data + forge->exports + 2 + 8 * 8, 0);
	refuse(forge->data, forge->size,
	       "the export table has 0x0 for number 9, which no path has; the entry must be empty");
	forge_free(forge);
}

static void damaged_extra_blocks_are_refused(void **state)
{
	static const struct {
		uint32_t flags, header;
		const char *message;
	} damage[] = {
	    {0x1000, 0x0010, "the extra-information block at offset 0x60 is compressed"},
	    {0x1000, 0x8000, "the extra-information block at offset 0x60 has invalid size 0"},
	    {0x1000, 0xA001, "the extra-information block at offset 0x60 has invalid size 8193"},
	    {0x1000, 0x9000, "the extra-information block at offset 0x60 of 4096 bytes overlaps"},
	    {0x1000, 0x8003,
	     "extra-information record with tag 2 at offset 98: the record runs past"},
	    {0x0400, 0x0010, "the compressor options block at offset 0x60 is compressed"},
	    {0x0400, 0x9000, "the compressor options block at offset 0x60 of 4096 bytes"},
	    {0x1400, 0x8012, "the extra-information block at offset 0x74"},
	};
	struct sqst_lineage lineage;

	(void)state;
	record_of(&lineage);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		struct forge *forge = recorded(&lineage);

		sqst_put16(forge->data + 24, damage[i].flags);
		sqst_put16(forge->data + 96, damage[i].header);
		refuse(forge->data, forge->size, damage[i].message);
		forge_free(forge);
	}
}

/* ---- damage at random */

static void random_damage_is_survived(void **state)
{
	struct sqst_lineage lineage;
	struct forge *forge = forge_make(DAMAGED_TREE, DAMAGED_TOP, NULL, 0);

	(void)state;
	damage_at_random(forge->data, forge->size, 4000);
	forge_free(forge);
	record_of(&lineage);
	forge = recorded(&lineage);
	damage_at_random(forge->data, forge->size, 2000);
	forge_free(forge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forged_image_is_read),
	    cmocka_unit_test(every_type_in_both_forms),
	    cmocka_unit_test(what_is_no_image_is_refused),
	    cmocka_unit_test(every_truncation_is_refused),
	    cmocka_unit_test(compressors_that_are_not_there_are_named),
	    cmocka_unit_test(many_blocks_are_read),
	    cmocka_unit_test(depth_ends_where_a_path_does),
	    cmocka_unit_test(shared_listings_are_refused),
	    cmocka_unit_test(large_count_costs_nothing),
	    cmocka_unit_test(record_is_read),
	    cmocka_unit_test(record_must_fit_the_image),
	    cmocka_unit_test(damaged_extra_blocks_are_refused),
	    cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests_name("image", tests, open_memory, close_memory);
}
