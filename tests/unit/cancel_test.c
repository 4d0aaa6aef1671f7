/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds that end early: canceled at the n-th question whether to go on, and with the n-th read of
 * a source or the parent failing, for every n. What the threads still have in hand must be there
 * until they are done with it (the sanitizers look), nothing may be left behind, and the target is
 * as it was. SQST_ROUNDS=N repeats all. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sqst/build.h"
#include "sqst/pseudo.h"

#define BLOCK 4096u
#define FILES 24u

/* What is to go wrong, and whether it has. Only reads of files below `where` are counted. */
static struct fault {
	char where[300];
	atomic_uint reads;
	unsigned fail_at;
	/* From then on threads are slow, so that they have something in hand when the build ends.
	 */
	atomic_bool over;
	pthread_t builder;
	unsigned asked;
	unsigned cancel_at;
} fault;

/* ---- the system, with faults: the linker puts these in place of the C library's */

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t size,
			       unsigned flags);
ssize_t __real_copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t size,
			       unsigned flags);

static void linger(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (fault.over && !pthread_equal(pthread_self(), fault.builder))
		nanosleep(&pause, NULL);
}

static bool fails(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	linger();
	if (!fault.where[0])
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	if (strncmp(path, fault.where, strlen(fault.where)) != 0)
		return false;
	if (atomic_fetch_add(&fault.reads, 1) + 1 != fault.fail_at)
		return false;
	fault.over = true;
	errno = EIO;
	return true;
}

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
	return fails(fd) ? -1 : __real_pread(fd, data, size, offset);
}

ssize_t __wrap_copy_file_range(int in, off_t *in_at, int out, off_t *out_at, size_t size,
			       unsigned flags)
{
	return fails(in) ? -1 : __real_copy_file_range(in, in_at, out, out_at, size, flags);
}

/* Yes once, at the question that was set: nobody may ask again and go on. */
static bool asked(void *user)
{
	(void)user;
	assert_true(pthread_equal(pthread_self(), fault.builder));
	if (++fault.asked != fault.cancel_at)
		return false;
	fault.over = true;
	return true;
}

static const struct sqst_cancel cancel = {.asked = asked};

/* ---- a place with two releases */

struct place {
	char root[256];
	char source[2][270];
	char parent[270];
	char target[270];
	char *parent_bytes;
	size_t parent_size;
	struct sqst_source input;
	struct sqst_parent_file parent_file;
	struct sqst_build_options options;
	/* Of a pseudo file, or NULL. */
	const char *definition;
};

/* Bytes that do not compress, the same for the same seed. */
static void put(const char *directory, const char *name, unsigned seed, size_t size)
{
	uint64_t random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	char path[600];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "w");
	assert_non_null(out);
	for (size_t i = 0; i < size; i++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		fputc((int)(random >> 56), out);
	}
	assert_int_equal(fclose(out), 0);
}

/* The second has the first's files with a new one, a changed one, a moved one, two that are equal
 * and one that has blocks and moved. */
static void make_sources(struct place *place)
{
	char name[32];

	for (int release = 0; release < 2; release++) {
		const char *at = place->source[release];

		assert_int_equal(mkdir(at, 0755), 0);
		for (unsigned i = 0; i < FILES; i++) {
			snprintf(name, sizeof(name), "f%02u", i);
			put(at, name, i == 5 && release ? 500 : i, 2500 + i);
		}
		put(at, release ? "moved" : "small", 100, 3000);
		put(at, release ? "blocks-moved" : "blocks", 101, 3 * BLOCK + 77);
		put(at, "large", 102 + (unsigned)release, 5 * BLOCK);
		put(at, "kept", 104, 6 * BLOCK + 100);
	}
	put(place->source[1], "new", 105, 2 * BLOCK + 9);
	put(place->source[1], "again", 104, 6 * BLOCK + 100);
}

static char *read_all(const char *path, size_t *size)
{
	FILE *in = fopen(path, "r");
	struct stat st;
	char *bytes;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	*size = (size_t)st.st_size;
	bytes = malloc(*size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *size, in), *size);
	fclose(in);
	return bytes;
}

static int build(struct place *place, struct sqst_report *why)
{
	struct sqst_pseudo *pseudo = NULL;
	int rc;

	if (place->definition) {
		pseudo = sqst_pseudo_new();
		assert_non_null(pseudo);
		assert_int_equal(sqst_pseudo_add(pseudo, place->definition, why), 0);
	}
	place->options.pseudo = pseudo;
	fault.builder = pthread_self();
	fault.over = false;
	fault.asked = 0;
	fault.reads = 0;
	rc = sqst_build(&place->options, NULL, why);
	sqst_pseudo_free(pseudo);
	return rc;
}

static void must_build(struct place *place)
{
	struct sqst_report why = {0};

	fault.cancel_at = fault.fail_at = 0;
	if (build(place, &why) < 0)
		fail_msg("%s", why.message);
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	const char *tmp = getenv("TMPDIR");

	assert_non_null(place);
	snprintf(place->root, sizeof(place->root), "%s/cancel-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->source[0], sizeof(place->source[0]), "%s/r1", place->root);
	snprintf(place->source[1], sizeof(place->source[1]), "%s/r2", place->root);
	snprintf(place->parent, sizeof(place->parent), "%s/parent", place->root);
	snprintf(place->target, sizeof(place->target), "%s/out", place->root);
	assert_int_equal(mkdir(place->target, 0755), 0);
	snprintf(place->target, sizeof(place->target), "%s/out/image", place->root);
	make_sources(place);
	sqst_build_options_init(&place->options);
	sqst_codec_defaults(&place->options.codec, SQST_CODEC_GZIP, BLOCK);
	place->input = (struct sqst_source){place->source[0], SQST_SOURCE_AUTO};
	place->options.source = &place->input;
	place->options.sources = 1;
	place->options.output = place->parent;
	place->options.jobs = 2;
	place->options.flags = SQST_BUILD_FORCE;
	must_build(place);
	place->parent_bytes = read_all(place->parent, &place->parent_size);
	place->options.output = place->target;
	place->options.cancel = &cancel;
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
	free(place->parent_bytes);
	free(place);
	return system(command);
}

static int setup_update(void **state)
{
	struct place *place;

	if (setup(state) != 0)
		return -1;
	place = *state;
	place->input.path = place->source[1];
	place->parent_file = (struct sqst_parent_file){.path = place->parent};
	place->options.parent = &place->parent_file;
	place->options.parents = 1;
	return 0;
}

static void assert_file(const char *path, const char *bytes, size_t size)
{
	size_t now_size;
	char *now = read_all(path, &now_size);

	assert_int_equal(now_size, size);
	assert_memory_equal(now, bytes, size);
	free(now);
}

/* In the output's directory there is the target at most. */
static void assert_nothing_left(const struct place *place)
{
	char path[300];
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/out", place->root);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			fail_msg("%s was left behind", entry->d_name);
	}
	closedir(directory);
	assert_file(place->parent, place->parent_bytes, place->parent_size);
}

static unsigned rounds(void)
{
	const char *text = getenv("SQST_ROUNDS");

	return text ? (unsigned)atoi(text) : 1;
}

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

/* After a build that may have taken over less. */
static void rebuild(struct place *place)
{
	const unsigned fail_at = fault.fail_at;

	must_build(place);
	fault.fail_at = fail_at;
}

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
		/* Some bytes of a parent only save work. */
		if (rc == 0 && wanted != 0)
			fail_msg("read %u of %s failed, and nobody minds", fault.fail_at, where);
		if (rc < 0 && ((wanted != 0 && rc != wanted) || !why.message[0]))
			fail_msg("read %u of %s: %d, %s", fault.fail_at, where, rc, why.message);
		assert_nothing_left(place);
		if (rc < 0)
			assert_file(place->target, whole, size);
		else
			rebuild(place);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
