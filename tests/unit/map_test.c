/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the canonical form, reading back what was written, and each refusal with its line. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <unistd.h>
#include <uuid.h>

#include "sqst/lineage.h"
#include "support/numbering.h"

static void uuid_is(const uint8_t *uuid, const char *should)
{
	char text[UUID_STR_LEN];

	uuid_unparse_lower(uuid, text);
	assert_string_equal(text, should);
}

/* ---- what is read */

static void lines_are_sorted_by_whole_paths(void **state)
{
	static const char should[] = ". type=dir inode=1\n"
				     "./a type=dir inode=2\n"
				     "./a-b type=dir inode=4\n"
				     "./a-b.c type=file inode=9\n"
				     "./a-b/x type=file inode=6\n"
				     "./a/b type=dir inode=3\n"
				     "./a/b!c type=fifo inode=8\n"
				     "./a/b/c type=file inode=7\n"
				     "./a0 type=link inode=5\n";
	struct sqst_numbers *numbers =
	    parse(START "./a/b!c type=fifo inode=8\n"
			"./a0 type=link inode=5\n"
			"./a-b/x type=file inode=6\n"
			"./a/b/c type=file inode=7\n"
			"./a/b type=dir inode=3\n" ROOT "./a type=dir inode=2\n"
			"./a-b.c type=file inode=9\n"
			"./a-b type=dir inode=4\n");
	char *text = canonical(numbers);

	(void)state;
	assert_string_equal(text, should);
	assert_int_equal(numbers->paths, 9);
	assert_int_equal(numbers->lineage.root, 1);
	/* Entries are sorted by name instead. */
	assert_int_equal(numbers->root.count, 4);
	assert_string_equal(numbers->root.child[0].name, "a");
	assert_string_equal(numbers->root.child[1].name, "a-b");
	assert_string_equal(numbers->root.child[2].name, "a-b.c");
	assert_string_equal(numbers->root.child[3].name, "a0");
	free(text);
	sqst_numbers_free(numbers);
}

static void a_tree_gives_its_numbers(void **state)
{
	struct sqst_tree *tree = tree_of("d.=1 da=2 fa/x=3 fa-b=4 fa0=3 sz=9");
	struct sqst_numbering out;
	struct sqst_report why = {0};
	char *text;

	(void)state;
	require(sqst_numbering_assign(tree, NULL, 0, false, &out, &why), &why);
	text = canonical_of_tree(tree);
	assert_string_equal(text, ". type=dir inode=1\n"
				  "./a type=dir inode=2\n"
				  "./a-b type=file inode=4\n"
				  "./a/x type=file inode=3\n"
				  "./a0 type=file inode=3\n"
				  "./z type=socket inode=5\n");
	free(text);
	sqst_tree_free(tree);
}

static void unknown_things_are_ignored(void **state)
{
	struct sqst_numbers *numbers =
	    parse("#mtree\n"
		  "# a comment\n"
		  "\n"
		  "# sqfs-stable:\tversion=1 colour=red  top=7 generation=3\n"
		  "#\n"
		  ".\tmode=755 type=dir  uid=0 inode=0001 optional\n"
		  "./\\141 inode=7 size=12 type=link link=b \n"
		  "./\303\251=# type=file inode=2\n"
		  "# the end\n");
	char *text = canonical(numbers);

	(void)state;
	assert_string_equal(text, ". type=dir inode=1\n"
				  "./a type=link inode=7\n"
				  "./\\303\\251\\075\\043 type=file inode=2\n");
	assert_int_equal(numbers->lineage.top, 7);
	assert_int_equal(numbers->lineage.generation, 3);
	assert_false(numbers->lineage.recorded);
	free(text);
	sqst_numbers_free(numbers);
}

static void links_share_a_number(void **state)
{
	struct sqst_numbers *numbers = parse(START ROOT "./a type=file inode=2\n"
							"./b type=file inode=2\n"
							"./c type=file inode=2\n");

	(void)state;
	assert_int_equal(numbers->paths, 4);
	sqst_numbers_free(numbers);
}

/* Every cut of a sound map is refused, or ends at a line's end and is a smaller map. */
static void no_cut_map_passes_for_another(void **state)
{
	static const char text[] = START ROOT "./a type=file inode=23\n./b type=file inode=45\n";

	(void)state;
	for (size_t size = 0; size < sizeof(text) - 1; size++) {
		struct sqst_numbers *numbers = NULL;
		const int rc = sqst_map_parse("m", text, size, &numbers, NULL);

		if (rc == 0)
			assert_int_equal(text[size - 1], '\n');
		sqst_numbers_free(numbers);
	}
}

/* ---- what is written and read back */

struct place {
	char dir[32];
	char map[48];
};

static void place_make(struct place *place)
{
	strcpy(place->dir, "/tmp/map_test.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->map, sizeof(place->map), "%s/m.map", place->dir);
}

/* Remove the map; nothing else may have been left behind. */
static void place_remove(struct place *place)
{
	unlink(place->map);
	assert_int_equal(rmdir(place->dir), 0);
}

static char *file_text(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) < 65535);
	fclose(file);
	return text;
}

static struct sqst_numbers *write_and_read(const struct sqst_numbers *numbers, const char *file)
{
	struct sqst_numbers *again = NULL;
	struct sqst_report why = {0};
	char *one = canonical(numbers), *two;

	require(sqst_map_write(numbers, file, &why), &why);
	require(sqst_map_read(file, &again, &why), &why);
	two = canonical(again);
	assert_string_equal(one, two);
	assert_int_equal(numbers->paths, again->paths);
	assert_string_equal(again->source, file);
	free(one);
	free(two);
	return again;
}

static void every_byte_can_be_in_a_name(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *dir = sqst_tree_root(tree);
	struct sqst_numbers *numbers, *again;
	struct sqst_numbering out;
	struct place place;
	char *text;

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		const char one[] = {(char)byte, '\0'}, in[] = {'x', (char)byte, 'y', '\0'};

		if (byte == '/')
			continue;
		if (byte != '.')
			assert_non_null(sqst_tree_add(tree, dir, one, SQST_TYPE_FILE));
		dir = sqst_tree_add(tree, sqst_tree_root(tree), in, SQST_TYPE_DIR);
		assert_non_null(dir);
	}
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	assert_int_equal(sqst_numbering_assign(tree, NULL, 0, false, &out, NULL), 0);
	assert_int_equal(sqst_numbers_from_tree(tree, "tree", &numbers, NULL), 0);
	numbers->lineage.top = out.top;
	place_make(&place);
	again = write_and_read(numbers, place.map);
	text = file_text(place.map);
	for (size_t i = 0; text[i]; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	free(text);
	sqst_numbers_free(numbers);
	numbers = again;
	again = write_and_read(numbers, place.map);
	place_remove(&place);
	sqst_numbers_free(numbers);
	sqst_numbers_free(again);
	sqst_tree_free(tree);
}

static void lineage_is(const struct sqst_lineage *one, const struct sqst_lineage *two)
{
	assert_memory_equal(one->uuid, two->uuid, SQST_UUID_SIZE);
	assert_memory_equal(one->id, two->id, SQST_UUID_SIZE);
	assert_int_equal(one->recorded, two->recorded);
	assert_int_equal(one->generation, two->generation);
	assert_int_equal(one->root, two->root);
	assert_int_equal(one->top, two->top);
}

/* What a child needs comes back, for an image of ours, one with only a UUID, one with nothing. */
static void a_map_stands_for_its_image(void **state)
{
	static const char *const header[] = {
	    "uuid=1fcb34ab-d1fe-5e3b-9f86-d2ad0e6a7f25 generation=4294967295 top=12\n",
	    "uuid=1fcb34ab-d1fe-5e3b-9f86-d2ad0e6a7f25 top=12\n",
	    "top=12\n",
	};
	struct place place;

	(void)state;
	place_make(&place);
	for (int kind = 0; kind < 3; kind++) {
		struct sqst_numbers *numbers = numbers_of("d.=5 da=2 da-b=3 da/x=4", 12), *again;
		char *text;

		if (kind < 2)
			assert_int_equal(uuid_parse("1FCB34AB-D1FE-5E3B-9F86-D2AD0E6A7F25",
						    numbers->lineage.uuid),
					 0);
		if (kind == 0) {
			numbers->lineage.recorded = true;
			numbers->lineage.generation = UINT32_MAX;
			assert_int_equal(sqst_lineage_name(numbers, NULL), 0);
		}
		again = write_and_read(numbers, place.map);
		lineage_is(&numbers->lineage, &again->lineage);
		text = file_text(place.map);
		assert_ptr_equal(strstr(text, "#mtree\n# sqfs-stable: version=1 "), text);
		assert_non_null(strstr(text, header[kind]));
		free(text);
		sqst_numbers_free(numbers);
		sqst_numbers_free(again);
	}
	place_remove(&place);
}

static void names_are_version_5_uuids(void **state)
{
	struct sqst_numbers *numbers = parse(START ROOT "./a type=file inode=2\n");

	(void)state;
	/* Computed with Python's uuid.uuid5(). */
	assert_int_equal(sqst_lineage_name(numbers, NULL), 0);
	uuid_is(numbers->lineage.uuid, "13d0e131-4dad-5cc2-8eef-6fcdd1c8e946");
	uuid_is(numbers->lineage.id, "950a8c3c-37f1-52f9-8827-77dc70362ecd");
	assert_int_equal(uuid_parse("00112233-4455-6677-8899-aabbccddeeff", numbers->lineage.uuid),
			 0);
	assert_int_equal(sqst_lineage_name(numbers, NULL), 0);
	uuid_is(numbers->lineage.uuid, "00112233-4455-6677-8899-aabbccddeeff");
	uuid_is(numbers->lineage.id, "a2a61700-1729-5562-b662-0e09d710fad6");
	sqst_numbers_free(numbers);
}

static void files_that_cannot_be_used(void **state)
{
	struct sqst_numbers *numbers = numbers_of("d.=1", 1), *out = NULL;
	struct sqst_report why = {0};
	struct place place;

	(void)state;
	place_make(&place);
	assert_int_equal(sqst_map_read(place.map, &out, &why), SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "cannot open the map: No such file"));
	assert_int_equal(sqst_map_read(place.dir, &out, &why), SQST_ERR_PARENT);
	assert_non_null(strstr(why.message, "cannot read the map: Is a directory"));
	assert_int_equal(sqst_map_write(numbers, "/nonexistent/m.map", &why), SQST_ERR_IO);
	assert_int_equal(sqst_map_write(numbers, place.dir, &why), SQST_ERR_IO);
	assert_null(out);
	/* One that is there is replaced. */
	require(sqst_map_write(numbers, place.map, &why), &why);
	require(sqst_map_write(numbers, place.map, &why), &why);
	place_remove(&place);
	sqst_numbers_free(numbers);
}

#define LEVELS 1500

static void a_deep_map_is_read(void **state)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *node = sqst_tree_root(tree);
	struct sqst_numbers *numbers, *again;
	struct sqst_numbering out;
	struct place place;

	(void)state;
	for (int i = 1; i < LEVELS; i++)
		node = sqst_tree_add(tree, node, "d", SQST_TYPE_DIR);
	assert_int_equal(sqst_numbering_assign(tree, NULL, 0, false, &out, NULL), 0);
	assert_int_equal(sqst_numbers_from_tree(tree, "tree", &numbers, NULL), 0);
	numbers->lineage.top = out.top;
	place_make(&place);
	again = write_and_read(numbers, place.map);
	place_remove(&place);
	sqst_numbers_free(numbers);
	sqst_numbers_free(again);
	sqst_tree_free(tree);
}

/* ---- random trees: the writer's merge against a plain sort of all paths */

static int by_bytes(const void *a, const void *b)
{
	const char *left = *(char *const *)a, *right = *(char *const *)b;

	/* The path alone is compared, up to its blank. */
	return strcmp(left, right);
}

static void fill(struct sqst_tree *tree, struct sqst_node *dir, int depth)
{
	static const char bytes[] = "a-.0!b";
	const int count = rand() % 6;

	for (int i = 0; i < count; i++) {
		char name[5] = {0};
		struct sqst_node *node;
		const int size = 1 + rand() % 4;

		for (int k = 0; k < size; k++)
			name[k] = bytes[rand() % 6];
		name[0] = name[0] == '.' ? 'a' : name[0];
		if (depth > 3 || rand() % 3 == 0) {
			sqst_tree_add(tree, dir, name, SQST_TYPE_FILE);
			continue;
		}
		node = sqst_tree_add(tree, dir, name, SQST_TYPE_DIR);
		fill(tree, node, depth + 1);
	}
}

static char *sorted(const char *text)
{
	char *copy = strdup(text), *out = calloc(1, strlen(text) + 1);
	char **line = calloc(strlen(text) + 1, sizeof(*line));
	char *rest = copy;
	size_t count = 0;

	/* NUL behind the path, as the end of a path is below every byte. */
	for (char *one = strtok_r(copy, "\n", &rest); one; one = strtok_r(NULL, "\n", &rest)) {
		*strchr(one, ' ') = '\0';
		line[count++] = one;
	}
	qsort(line, count, sizeof(*line), by_bytes);
	for (size_t i = 0; i < count; i++) {
		strcat(out, line[i]);
		strcat(out, " ");
		strcat(out, line[i] + strlen(line[i]) + 1);
		strcat(out, "\n");
	}
	free(line);
	free(copy);
	return out;
}

static void random_maps_are_sorted(void **state)
{
	const char *seed_text = getenv("SQST_SEED");
	const unsigned seed = seed_text ? (unsigned)strtoul(seed_text, NULL, 0) : 1;

	(void)state;
	print_message("SQST_SEED=%u\n", seed);
	srand(seed);
	for (int i = 0; i < 100; i++) {
		struct sqst_tree *tree = sqst_tree_new();
		struct sqst_numbering out;
		char *is, *should;

		fill(tree, sqst_tree_root(tree), 0);
		/* A name that came twice makes no tree. */
		if (sqst_tree_finish(tree, NULL) == 0) {
			assert_int_equal(sqst_numbering_assign(tree, NULL, 0, false, &out, NULL),
					 0);
			is = canonical_of_tree(tree);
			should = sorted(is);
			assert_string_equal(is, should);
			free(is);
			free(should);
		}
		sqst_tree_free(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_sorted_by_whole_paths),
	    cmocka_unit_test(a_tree_gives_its_numbers),
	    cmocka_unit_test(unknown_things_are_ignored),
	    cmocka_unit_test(links_share_a_number),
	    cmocka_unit_test(no_cut_map_passes_for_another),
	    cmocka_unit_test(every_byte_can_be_in_a_name),
	    cmocka_unit_test(a_map_stands_for_its_image),
	    cmocka_unit_test(names_are_version_5_uuids),
	    cmocka_unit_test(files_that_cannot_be_used),
	    cmocka_unit_test(a_deep_map_is_read),
	    cmocka_unit_test(random_maps_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
