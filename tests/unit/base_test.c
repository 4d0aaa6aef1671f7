/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What everything rests on: messages, memory, and files that appear whole or not at all. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/output.h"
#include "base/report.h"
#include "base/scope.h"
#include "base/wait.h"
#include "support/unit.h"

static void message_names_file_and_cause(void **state)
{
	struct sqst_report why = {0};

	(void)state;
	assert_int_equal(sqst_fail(&why, SQST_ERR_IO, "a/b", "broken at %d", 7), SQST_ERR_IO);
	assert_int_equal(why.code, SQST_ERR_IO);
	assert_string_equal(why.message, "a/b: broken at 7");
	sqst_fail_errno(&why, SQST_ERR_SOURCE, ENOENT, NULL, "cannot read");
	assert_string_equal(why.message, "cannot read: No such file or directory");
	assert_int_equal(sqst_fail(NULL, SQST_ERR_IO, "a", "b"), SQST_ERR_IO);
}

static void message_masks_control_bytes(void **state)
{
	struct sqst_report why = {0};

	(void)state;
	sqst_fail(&why, SQST_ERR_SOURCE, "a\n\033[2Jb\x7f", "%s", "x\ty\303\244");
	assert_string_equal(why.message, "a\\012\\033[2Jb\\177: x\\011y\303\244");
	/* C1, as UTF-8 and as it is; what turns the direction of text; what is no UTF-8. */
	sqst_fail(&why, SQST_ERR_SOURCE, "\302\233m\233m", "%s", "\342\200\256x\330\234\302");
	assert_string_equal(why.message, "\\302\\233m\\233m: \\342\\200\\256x\\330\\234\\302");
	sqst_fail(&why, SQST_ERR_SOURCE, "\360\237\230\200", "%s", "\355\240\200\300\257");
	assert_string_equal(why.message, "\360\237\230\200: \\355\\240\\200\\300\\257");
}

static void message_cuts_long_paths_in_the_middle(void **state)
{
	struct sqst_report why = {0};
	char path[3000];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	memcpy(path, "head", 4);
	memcpy(path + sizeof(path) - 5, "tail", 4);
	sqst_fail(&why, SQST_ERR_SOURCE, path, "the cause");
	assert_true(strlen(why.message) < SQST_MESSAGE_MAX);
	assert_ptr_equal(strstr(why.message, "head"), why.message);
	assert_non_null(strstr(why.message, "[...]"));
	assert_non_null(strstr(why.message, "tail: the cause"));
}

static void arena_aligns_and_zeroes(void **state)
{
	struct sqst_arena *arena = sqst_arena_new();

	(void)state;
	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		unsigned char *memory = sqst_arena_alloc(arena, size);
		char *text = sqst_arena_strndup(arena, "abcdef", size % 7);

		assert_int_equal((uintptr_t)memory % 8, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xFF, size);
		assert_int_equal(strlen(text), size % 7);
		assert_memory_equal(text, "abcdef", size % 7);
	}
	assert_null(sqst_arena_array(arena, SIZE_MAX / 2, 8));
	assert_null(sqst_arena_alloc(arena, SIZE_MAX - 3));
	sqst_arena_free(arena);
}

struct number_items {
	uint64_t *number;
	size_t room;
};

static bool is_number(const void *items, uint32_t index, const void *key)
{
	return ((const struct number_items *)items)->number[index] == *(const uint64_t *)key;
}

/* Every hash is shared by four numbers: that says nothing of what is found. */
static void hash_table_finds_what_was_added(void **state)
{
	struct sqst_hash table = {0};
	struct number_items items = {0};
	uint64_t number = 0;

	(void)state;
	assert_int_equal(sqst_hash_find(&table, 0, is_number, &items, &number), SQST_HASH_NONE);
	for (uint32_t i = 0; i < 10000; i++) {
		uint64_t *grown = sqst_grow(items.number, i, &items.room, sizeof(*grown));

		assert_non_null(grown);
		items.number = grown;
		number = i * UINT64_C(0x100000001);
		grown[i] = number;
		assert_int_equal(
		    sqst_hash_find(&table, sqst_hash_number(i / 4), is_number, &items, &number),
		    SQST_HASH_NONE);
		assert_true(sqst_hash_add(&table, sqst_hash_number(i / 4), i));
	}
	for (uint32_t i = 0; i < 10000; i++) {
		number = i * UINT64_C(0x100000001);
		assert_int_equal(
		    sqst_hash_find(&table, sqst_hash_number(i / 4), is_number, &items, &number), i);
	}
	sqst_hash_release(&table);
	sqst_hash_release(&table);
	free(items.number);
}

static void array_that_cannot_grow_stays(void **state)
{
	size_t room = 0;
	char *array = sqst_reserve(NULL, 1000, &room, 3);

	(void)state;
	assert_non_null(array);
	assert_true(room >= 1000);
	assert_ptr_equal(sqst_reserve(array, 10, &room, 3), array);
	assert_null(sqst_reserve(array, SIZE_MAX / 2, &room, 3));
	assert_true(room >= 1000 && room < SIZE_MAX / 4);
	free(array);
	/* NULL is memory that is short, and nothing else. */
	room = 0;
	array = sqst_reserve(NULL, 0, &room, 3);
	assert_non_null(array);
	free(array);
}

static void file_is_read_whole(void **state)
{
	const size_t sizes[] = {0, 1, 65535, 65536, 131071, 200000};
	struct sqst_wait_file file = {.path = "x", .code = SQST_ERR_SOURCE, .what = "cannot read"};
	struct sqst_report why = {0};
	char *text;
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		FILE *stream = tmpfile();

		assert_non_null(stream);
		for (size_t k = 0; k < sizes[i]; k++)
			putc('a', stream);
		rewind(stream);
		file.fd = fileno(stream);
		file.most = 1 << 20;
		assert_int_equal(sqst_wait_read_all(&file, NULL, &text, &size, &why), 0);
		assert_int_equal(size, sizes[i]);
		assert_int_equal(strlen(text), size);
		free(text);
		fclose(stream);
	}
	file.fd = open(".", O_RDONLY | O_CLOEXEC);
	assert_true(file.fd >= 0);
	assert_int_equal(sqst_wait_read_all(&file, NULL, &text, &size, &why), SQST_ERR_SOURCE);
	assert_non_null(strstr(why.message, "x: cannot read: "));
	close(file.fd);
	assert_int_equal(sqst_no_memory(&why, "y"), SQST_ERR_NOMEM);
	assert_string_equal(why.message, "y: out of memory");
}

static void bytes_are_little_endian(void **state)
{
	uint8_t bytes[8];

	(void)state;
	sqst_put64(bytes, UINT64_C(0x0102030405060708));
	assert_int_equal(bytes[0], 8);
	assert_int_equal(bytes[7], 1);
	assert_true(sqst_get64(bytes) == UINT64_C(0x0102030405060708));
	assert_int_equal(sqst_get32(bytes), 0x05060708);
	assert_int_equal(sqst_get16(bytes), 0x0708);
}

/* ---- output */

static char *directory;

static int make_directory(void **state)
{
	char name[] = "/tmp/sqst-base-XXXXXX";

	(void)state;
	directory = mkdtemp(name) ? strdup(name) : NULL;
	return directory && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink("out");
	unlink("link");
	unlink("other");
	if (chdir("/") != 0)
		return -1;
	rmdir(directory);
	free(directory);
	return 0;
}

static int entries(void)
{
	DIR *dir = opendir(".");
	int count = -2;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void put_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_file(const char *name, const char *text)
{
	char got[64] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	assert_int_equal(fread(got, 1, sizeof(got) - 1, file), strlen(text));
	assert_string_equal(got, text);
	fclose(file);
}

static void output_appears_at_commit(void **state)
{
	struct sqst_report why = {0};
	struct sqst_output *output;
	char back[3];

	(void)state;
	assert_int_equal(sqst_output_open("out", SQST_OUTPUT_IMAGE, 0, &output, &why), 0);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(sqst_output_write(output, 0, "abcdef", 6, &why), 0);
	assert_int_equal(sqst_output_read(output, 2, back, 3, &why), 0);
	assert_memory_equal(back, "cde", 3);
	assert_int_equal(sqst_output_prepare(output, 4, &why), 0);
	assert_int_equal(access("out", F_OK), -1);
	assert_int_equal(sqst_output_commit(output, &why), 0);
	expect_file("out", "abcd");
	assert_int_equal(entries(), 1);
}

static void output_is_refused_or_left_alone(void **state)
{
	struct sqst_report why = {0};
	struct sqst_output *output = NULL;

	(void)state;
	put_file("out", "old");
	assert_int_equal(sqst_output_check("out", SQST_OUTPUT_IMAGE, 0, &why), SQST_ERR_EXISTS);
	assert_int_equal(sqst_output_open("out", SQST_OUTPUT_IMAGE, 0, &output, &why),
			 SQST_ERR_EXISTS);
	assert_non_null(strstr(why.message, "--force"));
	assert_int_equal(sqst_output_open("none/out", SQST_OUTPUT_IMAGE, 0, &output, &why),
			 SQST_ERR_IO);
	assert_int_equal(sqst_output_open(".", SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &why),
			 SQST_ERR_IO);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_int_equal(
	    sqst_output_open("link", SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &why),
	    SQST_ERR_IO);
	assert_int_equal(unlink("link"), 0);
	assert_null(output);
	assert_int_equal(
	    sqst_output_open("out", SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &why), 0);
	assert_int_equal(sqst_output_write(output, 0, "new", 3, &why), 0);
	sqst_output_discard(output);
	expect_file("out", "old");
	assert_int_equal(entries(), 1);
}

static void output_replaces_what_a_link_names_and_keeps_its_mode(void **state)
{
	struct sqst_report why = {0};
	struct sqst_output *output;
	struct stat st;

	(void)state;
	put_file("other", "old");
	chmod("other", 0640);
	assert_int_equal(symlink("other", "link"), 0);
	assert_int_equal(
	    sqst_output_open("link", SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &why), 0);
	assert_int_equal(sqst_output_write(output, 0, "new", 3, &why), 0);
	assert_int_equal(sqst_output_prepare(output, 3, &why), 0);
	assert_int_equal(sqst_output_commit(output, &why), 0);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_file("other", "new");
	assert_int_equal(stat("other", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void write_new(const char *path, const char *text, unsigned how, struct sqst_output **out)
{
	struct sqst_report why = {0};

	assert_int_equal(sqst_output_open(path, SQST_OUTPUT_IMAGE, how, out, &why), 0);
	assert_int_equal(sqst_output_write(*out, 0, text, strlen(text), &why), 0);
	assert_int_equal(sqst_output_prepare(*out, strlen(text), &why), 0);
}

static void output_that_appeared_meanwhile_is_not_replaced(void **state)
{
	struct sqst_report why = {0};
	struct sqst_output *output = NULL;

	(void)state;
	write_new("out", "new", 0, &output);
	put_file("out", "somebody's");
	assert_int_equal(sqst_output_commit(output, &why), SQST_ERR_EXISTS);
	expect_file("out", "somebody's");
	assert_int_equal(entries(), 1);
	write_new("out", "new", SQST_OUTPUT_FORCE, &output);
	assert_int_equal(unlink("out"), 0);
	assert_int_equal(sqst_output_commit(output, &why), 0);
	expect_file("out", "new");
	assert_int_equal(entries(), 1);
}

static void outputs_appear_together_or_not_at_all(void **state)
{
	struct sqst_report why = {0};
	struct sqst_output *list[4] = {NULL};

	(void)state;
	put_file("one", "old");
	write_new("one", "new", SQST_OUTPUT_FORCE, &list[0]);
	write_new("two", "new", 0, &list[1]);
	write_new("three", "new", 0, &list[2]);
	/* The third one's name is taken while it is made. */
	assert_int_equal(mkdir("three", 0777), 0);
	assert_int_equal(sqst_outputs_commit(list, 4, &why), SQST_ERR_EXISTS);
	assert_non_null(strstr(why.message, "three"));
	expect_file("one", "old");
	assert_int_equal(access("two", F_OK), -1);
	assert_int_equal(rmdir("three"), 0);
	assert_int_equal(entries(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(message_names_file_and_cause),
	    cmocka_unit_test(message_masks_control_bytes),
	    cmocka_unit_test(message_cuts_long_paths_in_the_middle),
	    cmocka_unit_test(arena_aligns_and_zeroes),
	    cmocka_unit_test(hash_table_finds_what_was_added),
	    cmocka_unit_test(array_that_cannot_grow_stays),
	    cmocka_unit_test(file_is_read_whole),
	    cmocka_unit_test(bytes_are_little_endian),
	    cmocka_unit_test_setup_teardown(output_appears_at_commit, make_directory,
					    remove_directory),
	    cmocka_unit_test_setup_teardown(output_is_refused_or_left_alone, make_directory,
					    remove_directory),
	    cmocka_unit_test_setup_teardown(output_replaces_what_a_link_names_and_keeps_its_mode,
					    make_directory, remove_directory),
	    cmocka_unit_test_setup_teardown(output_that_appeared_meanwhile_is_not_replaced,
					    make_directory, remove_directory),
	    cmocka_unit_test_setup_teardown(outputs_appear_together_or_not_at_all, make_directory,
					    remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
