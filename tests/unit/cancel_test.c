/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds that end early: canceled at the n-th question whether to go on, and with the n-th read of
 * a source or the parent failing, for every n. What the threads still have in hand must be there
 * until they are done with it (the sanitizers look), nothing may be left behind, and the target is
 * as it was. SQST_ROUNDS=N repeats all. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "codec/queue.h"
#include "support/cancel.h"
#include "support/unit.h"

/* ---- canceled */

static void cancel_at_each(struct place *place)
{
	char *whole;
	size_t size;

	must_build(place);
	whole = read_all(place->target, &size);
	/* At the last one the build is done, and not asked any more. */
	for (fault.cancel_at = 1;; fault.cancel_at++) {
		struct sqst_report why = {0};
		const int rc = build(place, &why);

		if (fault.asked < fault.cancel_at) {
			assert_int_equal(rc, 0);
			break;
		}
		if (rc != SQST_ERR_CANCELED)
			fail_msg("canceled at question %u: %d, %s", fault.cancel_at, rc,
				 why.message);
		assert_nothing_left(place);
		assert_file(place->target, whole, size);
	}
	assert_file(place->target, whole, size);
	print_message("canceled at %u questions\n", fault.cancel_at - 1);
	assert_true(fault.cancel_at > FILES);
	free(whole);
}

static void with_all_threads(struct place *place, void (*test)(struct place *place))
{
	for (unsigned i = 0; i < rounds(); i++) {
		for (place->options.jobs = 1; place->options.jobs <= 3; place->options.jobs += 2)
			test(place);
	}
}

static void canceled_first(void **state)
{
	with_all_threads(*state, cancel_at_each);
}

static void canceled_update(void **state)
{
	with_all_threads(*state, cancel_at_each);
}

static void canceled_relayout(void **state)
{
	struct place *place = *state;

	place->options.flags |= SQST_BUILD_RELAYOUT;
	with_all_threads(place, cancel_at_each);
}

static void canceled_image_source(void **state)
{
	struct place *place = *state;

	place->input.path = place->parent;
	place->options.flags |= SQST_BUILD_KEEP_TIMES;
	with_all_threads(place, cancel_at_each);
}

static void canceled_command(void **state)
{
	struct place *place = *state;

	place->definition = "made f 644 0 0 echo made; exec >&-; sleep 0.01";
	cancel_at_each(place);
}

/* ---- reads that fail */

static void fail_each_read(struct place *place, const char *where, int wanted)
{
	char *whole;
	size_t size;

	must_build(place);
	whole = read_all(place->target, &size);
	snprintf(fault.where, sizeof(fault.where), "%s", where);
	for (fault.fail_at = 1;; fault.fail_at++) {
		struct sqst_report why = {0};
		const int rc = build(place, &why);

		if (fault.reads < fault.fail_at) {
			assert_int_equal(rc, 0);
			break;
		}
		/* A read that saves work only may fail, but not change what is built. */
		if (rc == 0 && wanted != 0)
			fail_msg("read %u of %s failed, and nobody minds", fault.fail_at, where);
		if (rc < 0 && ((wanted != 0 && rc != wanted) || !why.message[0]))
			fail_msg("read %u of %s: %d, %s", fault.fail_at, where, rc, why.message);
		assert_nothing_left(place);
		assert_file(place->target, whole, size);
	}
	fault.where[0] = '\0';
	print_message("failed at %u reads of %s\n", fault.fail_at - 1, where);
	assert_true(fault.fail_at > FILES);
	free(whole);
}

static void fail_each_source_read(struct place *place)
{
	fail_each_read(place, place->input.path, SQST_ERR_SOURCE);
}

static void fail_each_parent_read(struct place *place)
{
	fail_each_read(place, place->parent, 0);
}

static void source_fails(void **state)
{
	with_all_threads(*state, fail_each_source_read);
}

static void parent_fails(void **state)
{
	with_all_threads(*state, fail_each_parent_read);
}

/* ---- what takes long by itself */

static atomic_uint worked;

static void work_slowly(struct sqst_block *block, struct sqst_tools *tools)
{
	const struct timespec pause = {.tv_nsec = 20000000};

	(void)tools;
	nanosleep(&pause, NULL);
	worked++;
	*(int *)block->task += 1;
	block->out_size = 0;
}

static int unwanted(void *user, struct sqst_block *block)
{
	(void)user;
	(void)block;
	fail_msg("an abandoned block was finished");
	return -1;
}

/* The task is gone when abandoning is over, and blocks that nobody began with were not done. */
static void abandoning_waits_for_what_was_begun_only(void **state)
{
	struct place *place = *state;
	struct sqst_queue queue = {.finish = unwanted};
	struct sqst_report why = {0};
	struct sqst_pool *pool = NULL;
	struct sqst_block *block;
	int *task = calloc(40, sizeof(*task));

	assert_int_equal(sqst_pool_new(&place->options.codec, 2, &pool, &why), 0);
	assert_int_equal(sqst_queue_init(&queue, pool, BLOCK, 40, &why), 0);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(sqst_queue_take(&queue, &block, &why), 0);
		block->work = work_slowly;
		block->task = &task[i];
		block->in_size = 1;
		sqst_queue_submit(&queue, block, false);
	}
	sqst_queue_abandon(&queue);
	free(task);
	assert_true(worked < 40);
	/* It can be used on. */
	assert_int_equal(sqst_queue_take(&queue, &block, &why), 0);
	sqst_queue_return(&queue, block);
	assert_int_equal(sqst_queue_drain(&queue, &why), 0);
	sqst_queue_release(&queue);
	sqst_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(canceled_first, setup, teardown),
	    cmocka_unit_test_setup_teardown(canceled_update, setup_update, teardown),
	    cmocka_unit_test_setup_teardown(canceled_relayout, setup_update, teardown),
	    cmocka_unit_test_setup_teardown(canceled_image_source, setup_update, teardown),
	    cmocka_unit_test_setup_teardown(canceled_command, setup, teardown),
	    cmocka_unit_test_setup_teardown(source_fails, setup_update, teardown),
	    cmocka_unit_test_setup_teardown(parent_fails, setup_update, teardown),
	    cmocka_unit_test_setup_teardown(abandoning_waits_for_what_was_begun_only, setup,
					    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
