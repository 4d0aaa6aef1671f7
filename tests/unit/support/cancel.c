/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A place with two releases to build, and faults that are to meet the build. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "cancel.h"

struct fault fault;

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
bool asked(void *user)
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

char *read_all(const char *path, size_t *size)
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

int build(struct place *place, struct sqst_report *why)
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

void must_build(struct place *place)
{
	struct sqst_report why = {0};

	fault.cancel_at = fault.fail_at = 0;
	if (build(place, &why) < 0)
		fail_msg("%s", why.message);
}

int setup(void **state)
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

int teardown(void **state)
{
	struct place *place = *state;
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
	free(place->parent_bytes);
	free(place);
	return system(command);
}

int setup_update(void **state)
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

void assert_file(const char *path, const char *bytes, size_t size)
{
	size_t now_size;
	char *now = read_all(path, &now_size);

	assert_int_equal(now_size, size);
	assert_memory_equal(now, bytes, size);
	free(now);
}

/* In the output's directory there is the target at most. */
void assert_nothing_left(const struct place *place)
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

unsigned rounds(void)
{
	const char *text = getenv("SQST_ROUNDS");

	return text ? (unsigned)atoi(text) : 1;
}
