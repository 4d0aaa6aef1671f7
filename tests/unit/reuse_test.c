/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of bytes that are gathered, placed and copied; and what is learnt of a parent image.
 * SQST_SEED repeats a run, SQST_ROUNDS makes it longer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "data/runs.h"
#include "image/read.h"
#include "support/reuse.h"
#include "support/unit.h"

#define PARENT_SIZE 60000

/* ---- runs */

struct bench {
	struct sqst_runs runs;
	struct sqst_report why;
	struct sqst_extent extent[64];
	struct sqst_fragment fragment[64];
	uint8_t parent[PARENT_SIZE];
	int fd;
};

static uint64_t below(uint64_t *random, uint64_t limit)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*random >> 33) % limit;
}

static int open_bench(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	uint64_t random = 7;

	assert_non_null(bench);
	for (size_t i = 0; i < PARENT_SIZE; i++)
		bench->parent[i] = (uint8_t)(1 + below(&random, 255));
	bench->fd = memfd_create("parent", MFD_CLOEXEC);
	assert_int_equal(pwrite(bench->fd, bench->parent, PARENT_SIZE, 0), PARENT_SIZE);
	bench->runs.spool.fd = -1;
	assert_int_equal(sqst_runs_open(&bench->runs, &bench->why), 0);
	*state = bench;
	return 0;
}

static int close_bench(void **state)
{
	struct bench *bench = *state;

	sqst_runs_release(&bench->runs);
	close(bench->fd);
	free(bench);
	return 0;
}

static void take(struct bench *bench, int extent, uint64_t at, uint64_t size)
{
	assert_int_equal(sqst_runs_take(&bench->runs, extent < 0 ? NULL : &bench->extent[extent],
					extent < 0 ? (uint32_t)-extent : 0, at, size),
			 0);
}

static void make(struct bench *bench, int extent, const char *text)
{
	assert_int_equal(sqst_runs_make(&bench->runs, extent < 0 ? NULL : &bench->extent[extent],
					extent < 0 ? (uint32_t)-extent : 0, text,
					(uint32_t)strlen(text)),
			 0);
}

static void place(struct bench *bench, struct sqst_layout *layout)
{
	if (sqst_runs_place(&bench->runs, layout, bench->fragment) < 0)
		fail_msg("%s", bench->why.message);
}

/* The bytes from layout->start to layout->end of what comes out. ahead: the parent's bytes are
 * there before. */
static uint8_t *copy(struct bench *bench, const struct sqst_layout *layout, bool ahead)
{
	const size_t size = (size_t)layout->end;
	struct sqst_output *output = NULL;
	uint8_t *bytes = malloc(size + 1);
	char path[300];

	assert_non_null(bytes);
	memset(bytes, 0xEE, size + 1);
	scratch_path(path, sizeof(path), "output");
	assert_int_equal(
	    sqst_output_open(path, SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &bench->why), 0);
	if (ahead)
		assert_int_equal(sqst_output_write(output, layout->start,
						   bench->parent + layout->start,
						   PARENT_SIZE - layout->start, &bench->why),
				 0);
	if (sqst_runs_copy(&bench->runs, layout, &(struct sqst_image){.fd = bench->fd}, ahead,
			   output) < 0)
		fail_msg("%s", bench->why.message);
	if (size > layout->start)
		assert_int_equal(sqst_output_read(output, layout->start, bytes + layout->start,
						  size - layout->start, &bench->why),
				 0);
	sqst_output_discard(output);
	return bytes;
}

static void pieces_that_stand_together_are_one(void **state)
{
	struct bench *bench = *state;

	take(bench, 0, 100, 50);
	take(bench, 0, 150, 20);
	assert_int_equal(bench->runs.pieces, 1);
	take(bench, 0, 171, 5);
	assert_int_equal(bench->runs.pieces, 2);
	make(bench, 0, "abc");
	make(bench, 0, "def");
	assert_int_equal(bench->runs.pieces, 3);
	/* Another run begins a new piece in any case, and each fragment block is a run. */
	make(bench, 1, "ghi");
	make(bench, -1, "jkl");
	make(bench, -2, "mno");
	assert_int_equal(bench->runs.pieces, 6);
	assert_int_equal(bench->runs.count, 4);
	assert_int_equal(bench->runs.run[0].size, 81);
	assert_int_equal(bench->runs.run[0].pieces, 3);
	assert_int_equal(sqst_runs_size(&bench->runs), 90);
}

static void a_run_of_pieces_is_put_together(void **state)
{
	struct bench *bench = *state;
	struct sqst_layout layout = {.start = 10, .slack = 1000};
	const uint8_t *parent = bench->parent;
	uint8_t *bytes, *run;

	take(bench, 0, 300, 50);
	make(bench, 0, "new");
	take(bench, 0, 353, 40);
	take(bench, -3, 200, 10);
	place(bench, &layout);
	assert_int_equal(bench->fragment[3].start, 200);
	assert_int_equal(layout.in_place, 10);
	bytes = copy(bench, &layout, false);
	run = bytes + bench->extent[0].start;
	assert_memory_equal(run, parent + 300, 50);
	assert_memory_equal(run + 50, "new", 3);
	assert_memory_equal(run + 53, parent + 353, 40);
	assert_memory_equal(bytes + 200, parent + 200, 10);
	free(bytes);
}

static void equal_and_overlapping_runs_stay_together(void **state)
{
	struct bench *bench = *state;
	struct sqst_layout layout = {.start = 96, .slack = 0};
	uint8_t *bytes;

	/* Two are equal, one lies inside, one reaches over the end, one touches. */
	take(bench, 0, 5000, 100);
	take(bench, 1, 5000, 100);
	take(bench, 2, 5020, 10);
	take(bench, 3, 5090, 40);
	take(bench, 4, 5130, 7);
	take(bench, -1, 5125, 5);
	place(bench, &layout);
	assert_int_equal(bench->runs.units, 2);
	assert_int_equal(bench->runs.unit[0].size, 130);
	assert_int_equal(layout.end - layout.start, 137);
	assert_int_equal(bench->extent[1].start, bench->extent[0].start);
	assert_int_equal(bench->extent[2].start - bench->extent[0].start, 20);
	assert_int_equal(bench->extent[3].start - bench->extent[0].start, 90);
	assert_int_equal(bench->fragment[1].start - bench->extent[0].start, 125);
	bytes = copy(bench, &layout, false);
	assert_memory_equal(bytes + bench->extent[0].start, bench->parent + 5000, 130);
	assert_memory_equal(bytes + bench->extent[4].start, bench->parent + 5130, 7);
	free(bytes);
}

static void nothing_is_placed_and_copied(void **state)
{
	struct bench *bench = *state;
	struct sqst_layout layout = {.start = 96};

	place(bench, &layout);
	assert_int_equal(layout.end, 96);
	free(copy(bench, &layout, false));
}

static void a_parent_that_became_shorter_has_changed(void **state)
{
	struct bench *bench = *state;
	struct sqst_layout layout = {.start = 96, .slack = 1000};
	struct sqst_output *output = NULL;
	char path[300];

	take(bench, 0, PARENT_SIZE - 100, 100);
	place(bench, &layout);
	assert_int_equal(ftruncate(bench->fd, PARENT_SIZE - 50), 0);
	scratch_path(path, sizeof(path), "output");
	assert_int_equal(
	    sqst_output_open(path, SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, &bench->why), 0);
	const struct sqst_image parent = {.fd = bench->fd};

	assert_int_equal(sqst_runs_copy(&bench->runs, &layout, &parent, false, output),
			 SQST_ERR_CHANGED);
	sqst_output_discard(output);
}

/* What each run must be, gathered beside it. */
struct expected {
	uint8_t bytes[12000];
	size_t size;
};

static void random_run(struct bench *bench, int extent, struct expected *expected, uint64_t *random)
{
	const uint64_t pieces = extent < 0 ? 1 : 1 + below(random, 4);

	expected->size = 0;
	for (uint64_t i = 0; i < pieces; i++) {
		const uint64_t size = 1 + below(random, below(random, 2) ? 40 : 3000);
		uint8_t *to = expected->bytes + expected->size;

		if (below(random, 3) == 0) {
			for (uint64_t k = 0; k < size; k++)
				to[k] = (uint8_t)(1 + below(random, 255));
			assert_int_equal(sqst_runs_make(&bench->runs,
							extent < 0 ? NULL : &bench->extent[extent],
							(uint32_t)-extent, to, (uint32_t)size),
					 0);
		} else {
			const uint64_t at = below(random, PARENT_SIZE - size);

			take(bench, extent, at, size);
			memcpy(to, bench->parent + at, size);
		}
		expected->size += size;
	}
}

static void check_runs(struct bench *bench, const struct expected *expected, int runs,
		       const struct sqst_layout *layout, bool ahead)
{
	uint8_t *bytes = copy(bench, layout, ahead), *used = calloc(1, (size_t)layout->end + 1);

	assert_non_null(used);
	for (int i = 0; i < runs; i++) {
		const bool whole = i == 0 || i % 3;
		const uint64_t at = whole ? bench->extent[i].start : bench->fragment[i].start;

		assert_true(at >= layout->start && at + expected[i].size <= layout->end);
		assert_memory_equal(bytes + at, expected[i].bytes, expected[i].size);
		memset(used + at, 1, expected[i].size);
	}
	/* No byte of the parent gets into a gap. */
	for (uint64_t at = layout->start; at < layout->end; at++)
		assert_true(used[at] || bytes[at] == 0);
	free(used);
	free(bytes);
}

static void random_runs_come_out_whole(void **state)
{
	const char *seed_text = getenv("SQST_SEED"), *rounds_text = getenv("SQST_ROUNDS");
	uint64_t random = seed_text ? strtoull(seed_text, NULL, 0) : (uint64_t)time(NULL);
	const unsigned long rounds = rounds_text ? strtoul(rounds_text, NULL, 0) : 100;
	struct expected *expected = calloc(64, sizeof(*expected));

	(void)state;
	assert_non_null(expected);
	print_message("SQST_SEED=%llu SQST_ROUNDS=%lu\n", (unsigned long long)random, rounds);
	for (unsigned long round = 0; round < rounds; round++) {
		const int runs = 1 + (int)below(&random, 63);
		struct sqst_layout layout = {.start = below(&random, 5000),
					     .slack = (uint32_t)below(&random, 3) * 40,
					     .align = below(&random, 4) ? 0 : 512};
		void *fresh;

		open_bench(&fresh);
		for (int i = 0; i < runs; i++)
			random_run(fresh, i % 3 ? i : -i, &expected[i], &random);
		place(fresh, &layout);
		check_runs(fresh, expected, runs, &layout, round % 2);
		close_bench(&fresh);
	}
	free(expected);
}

/* ---- a parent */

static void what_is_no_image_has_no_data(void **state)
{
	struct sqst_report why = {0};
	struct sqst_parent_data *reuse = NULL;
	char path[300];

	(void)state;
	assert_int_equal(sqst_parent_data_open("/nowhere/at/all", NULL, &reuse, &why),
			 SQST_ERR_PARENT);
	assert_int_equal(why.number, ENOENT);
	assert_null(reuse);
	assert_int_equal(sqst_parent_data_open("/dev/null", NULL, &reuse, &why), SQST_ERR_PARENT);
	assert_null(reuse);
	scratch_path(path, sizeof(path), ".");
	assert_int_equal(sqst_parent_data_open(path, NULL, &reuse, &why), SQST_ERR_PARENT);
	assert_null(reuse);
	sqst_parent_data_free(NULL);
}

static void files_of_a_parent_are_found(void **state)
{
	struct parent *parent = *state;
	struct sqst_parent_data *reuse = parent_read(parent);
	const size_t at = sqst_parent_data_find_size(reuse, 10000);
	struct sqst_parent_inode *file;

	assert_true(reuse->blocks && reuse->fragments && reuse->metadata && !reuse->reason);
	assert_int_equal(reuse->files, PARENT_FILES - 1);
	assert_in_range(at, 0, reuse->sized - 1);
	file = &reuse->file[reuse->by_size[at]];
	assert_int_equal(file->size, 10000);
	assert_int_equal(file->blocks, 2);
	assert_int_equal(sqst_parent_tail(reuse, file), 10000 - 2 * 4096);
	assert_int_equal(sqst_parent_block_size(reuse, file, 1), 4096);
	assert_ptr_equal(sqst_parent_data_find(reuse, file->number), file);
	assert_null(sqst_parent_data_find(reuse, 0));
	assert_null(sqst_parent_data_find(reuse, 4000));
	assert_int_equal(sqst_parent_data_find_size(reuse, 10001), reuse->sized);
	/* Only a tail: found by its fragment, not by its size. */
	assert_int_equal(sqst_parent_data_find_size(reuse, 100), reuse->sized);
	sqst_parent_data_free(reuse);
}

/* No directory need name an inode, so a hostile image can have a number twice. */
static void of_one_number_the_first_file_is_found(void **state)
{
	struct parent parent = *(struct parent *)*state;
	struct sqst_report why = {0};
	struct sqst_parent_data *reuse = NULL;
	struct sqst_parent_format format;

	scratch_path(parent.path, sizeof(parent.path), "forged");
	parent.options.output = parent.path;
	parent.options.flags |= SQST_BUILD_RAW_INODES;
	format = parent_wish(&parent.options);
	assert_int_equal(sqst_build(&parent.options, NULL, &why), 0);
	parent_forge_numbers(parent.path, 3);
	assert_int_equal(sqst_parent_data_open(parent.path, NULL, &reuse, &why), 0);
	assert_int_equal(sqst_super_read(&reuse->image), 0);
	assert_int_equal(sqst_parent_data_read(reuse, &format), 0);
	assert_int_equal(reuse->files, PARENT_FILES - 1);
	assert_ptr_equal(sqst_parent_data_find(reuse, 3), &reuse->file[0]);
	/* In the order of the inode table. */
	for (size_t i = 1; i < reuse->files; i++)
		assert_true(reuse->file[i].first_field >= reuse->file[i - 1].first_field);
	assert_int_equal(reuse->file[0].size, 100);
	assert_null(sqst_parent_data_find(reuse, 2));
	assert_null(sqst_parent_data_find(reuse, 4));
	sqst_parent_data_free(reuse);
}

static void blocks_of_a_parent_are_unpacked(void **state)
{
	struct parent *parent = *state;
	struct sqst_parent_data *reuse = parent_read(parent);
	struct sqst_tools tools = {0};
	struct sqst_failure failure = {0};
	struct sqst_parent_block block = {0};

	for (size_t i = 0; i < reuse->files; i++) {
		const struct sqst_parent_inode *file = &reuse->file[i];
		uint64_t at = file->start;

		for (uint32_t k = 0; k < file->blocks; k++) {
			const uint32_t field = reuse->field[file->first_field + k];

			assert_true(
			    sqst_parent_block_load(reuse, &tools, at, field, &block, &failure));
			assert_true(block.clean);
			assert_int_equal(block.size, sqst_parent_block_size(reuse, file, k));
			for (uint32_t b = 0; b < block.size; b++)
				assert_int_equal(block.data[b],
						 parent_byte(file->size, k * 4096u + b));
			at += field & (SQST_BLOCK_RAW - 1);
		}
	}
	/* Nothing, too much, outside of the data, unknown bits. */
	assert_false(sqst_parent_block_load(reuse, &tools, 200, 0, &block, &failure));
	assert_false(sqst_parent_block_load(reuse, &tools, 200, SQST_BLOCK_RAW, &block, &failure));
	assert_false(sqst_parent_block_load(reuse, &tools, 200, 4097, &block, &failure));
	assert_false(sqst_parent_block_load(reuse, &tools, reuse->image.super.inode_table - 5, 6,
					    &block, &failure));
	assert_false(sqst_parent_block_load(reuse, &tools, UINT64_MAX - 3, 8, &block, &failure));
	assert_false(
	    sqst_parent_block_load(reuse, &tools, 200, SQST_BLOCK_RAW * 2 + 5, &block, &failure));
	sqst_tools_release(&tools);
	sqst_parent_data_free(reuse);
}

static void tails_are_hashed_by_content(void **state)
{
	struct parent *parent = *state;
	struct sqst_parent_data *reuse = parent_read(parent);
	struct sqst_tools tools = {0};
	struct sqst_failure failure = {0};
	struct sqst_parent_block block;
	uint32_t hashed = 0, tails = 0;

	for (uint32_t i = 0; i < reuse->image.super.fragments; i++) {
		struct sqst_parent_fragment *fragment = &reuse->fragment[i];

		tails += fragment->files;
		assert_true(sqst_parent_block_load(reuse, &tools, fragment->start, fragment->field,
						   &block, &failure));
		/* One byte less than there is: the last file's end is not hashed. */
		sqst_parent_hash_tails(reuse, fragment, block.data, block.size - (i == 0));
	}
	for (size_t i = 0; i < reuse->files; i++)
		hashed += reuse->file[i].hashed;
	/* Tails of files with blocks are not looked for. */
	assert_in_range(hashed, 1, tails - 1);
	sqst_tools_release(&tools);
	sqst_parent_data_free(reuse);
}

static void other_options_take_over_less(void **state)
{
	struct parent *parent = *state;
	struct sqst_build_options options = parent->options;
	struct sqst_parent_data *reuse;

	options.flags |= SQST_BUILD_RAW_DATA;
	reuse = parent_read_with(parent, &options);
	assert_true(!reuse->blocks && reuse->fragments && reuse->reason);
	sqst_parent_data_free(reuse);
	options.flags = SQST_BUILD_NO_FRAGMENTS;
	reuse = parent_read_with(parent, &options);
	assert_true(reuse->blocks && !reuse->fragments);
	sqst_parent_data_free(reuse);
	options.flags = 0;
	options.codec.block_size = 8192;
	reuse = parent_read_with(parent, &options);
	assert_true(!reuse->blocks && !reuse->fragments && reuse->metadata && reuse->reason);
	sqst_parent_data_free(reuse);
	options.codec.level = 1;
	reuse = parent_read_with(parent, &options);
	assert_true(!reuse->blocks && !reuse->fragments && !reuse->metadata && reuse->reason);
	sqst_parent_data_free(reuse);
}

static void a_change_of_the_parent_is_noticed(void **state)
{
	struct parent *parent = *state;
	struct sqst_parent_data *reuse = parent_read(parent);
	struct sqst_report why = {0};
	char moved[300];

	assert_int_equal(sqst_parent_data_check(reuse, &why), 0);
	scratch_path(moved, sizeof(moved), "moved");
	assert_int_equal(rename(parent->path, moved), 0);
	assert_int_equal(sqst_parent_data_check(reuse, &why), SQST_ERR_CHANGED);
	assert_non_null(strstr(why.message, parent->path));
	assert_int_equal(rename(moved, parent->path), 0);
	assert_int_equal(sqst_parent_data_check(reuse, &why), 0);
	assert_int_equal(truncate(parent->path, 5000), 0);
	assert_int_equal(sqst_parent_data_check(reuse, &why), SQST_ERR_CHANGED);
	sqst_parent_data_free(reuse);
}

#define RUNS(test)   cmocka_unit_test_setup_teardown(test, open_bench, close_bench)
#define PARENT(test) cmocka_unit_test_setup_teardown(test, parent_setup, parent_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RUNS(pieces_that_stand_together_are_one),
	    RUNS(a_run_of_pieces_is_put_together),
	    RUNS(equal_and_overlapping_runs_stay_together),
	    RUNS(nothing_is_placed_and_copied),
	    RUNS(a_parent_that_became_shorter_has_changed),
	    cmocka_unit_test(random_runs_come_out_whole),
	    cmocka_unit_test(what_is_no_image_has_no_data),
	    PARENT(files_of_a_parent_are_found),
	    PARENT(of_one_number_the_first_file_is_found),
	    PARENT(blocks_of_a_parent_are_unpacked),
	    PARENT(tails_are_hashed_by_content),
	    PARENT(other_options_take_over_less),
	    PARENT(a_change_of_the_parent_is_noticed),
	};

	return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
