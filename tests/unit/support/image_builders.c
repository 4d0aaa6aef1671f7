/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images of other builders, from a source tree that has something of everything. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "image_builders.h"

bool builder_there(const char *tool)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command) == 0)
		return true;
	print_message("%s is missing: skipped\n", tool);
	return false;
}

static void builders_write(const char *path, size_t size)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	for (size_t i = 0; i < size; i++)
		fputc((int)(i * i >> 7 & 0xFF), out);
	assert_int_equal(fclose(out), 0);
}

static void builders_large_directories(void)
{
	char path[64];

	assert_int_equal(mkdir("big", 0755), 0);
	for (unsigned i = 0; i < 1200; i++) {
		snprintf(path, sizeof(path), "big/a-name-that-fills-listings-%u", i);
		builders_write(path, i % 5);
	}
	snprintf(path, sizeof(path), "deep");
	for (unsigned i = 0; i < 25; i++) {
		assert_int_equal(mkdir(path, 0700), 0);
		snprintf(path + strlen(path), 8, "/d");
	}
}

static void builders_tree(const struct builders *builders)
{
	char name[SQST_NAME_MAX + 1];

	assert_int_equal(mkdir(builders->source, 0755), 0);
	assert_int_equal(chdir(builders->source), 0);
	builders_large_directories();
	assert_int_equal(mkdir("empty", 0755), 0);
	builders_write("file", 10);
	builders_write("large", 300000);
	assert_int_equal(truncate("large", 1200000), 0);
	assert_int_equal(link("file", "big/again"), 0);
	assert_int_equal(link("file", "zz-last"), 0);
	assert_int_equal(symlink("large", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	builders_write("\xc3\xa4 b\\c#=\x01", 3);
	memset(name, 'n', SQST_NAME_MAX);
	name[SQST_NAME_MAX] = '\0';
	builders_write(name, 3);
	if (geteuid() == 0) {
		assert_int_equal(mknod("char", S_IFCHR | 0600, makedev(5, 1)), 0);
		assert_int_equal(mknod("block", S_IFBLK | 0600, makedev(7, 300)), 0);
	}
}

int builders_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct builders *builders = calloc(1, sizeof(*builders));

	assert_non_null(builders);
	snprintf(builders->work, sizeof(builders->work), "%s/image-test-XXXXXX",
		 tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(builders->work));
	snprintf(builders->source, sizeof(builders->source), "%s/source", builders->work);
	snprintf(builders->image, sizeof(builders->image), "%s/image", builders->work);
	builders_tree(builders);
	*state = builders;
	return 0;
}

int builders_teardown(void **state)
{
	struct builders *builders = *state;
	char command[300];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", builders->work);
	assert_int_equal(system(command), 0);
	free(builders);
	return 0;
}

/* Make builders->image. False if the tool does not know an option, a compressor say. */
bool builder_run(const struct builders *builders, const char *tool, const char *options)
{
	char command[1200];

	unlink(builders->image);
	if (strcmp(tool, "mksquashfs") == 0)
		snprintf(command, sizeof(command),
			 "env -u SOURCE_DATE_EPOCH mksquashfs '%s' '%s' -noappend -no-progress %s "
			 ">/dev/null 2>&1",
			 builders->source, builders->image, options);
	else
		snprintf(command, sizeof(command), "%s -q -f %s -D '%s' '%s' >/dev/null 2>&1", tool,
			 options, builders->source, builders->image);
	return system(command) == 0;
}

uint8_t *builder_image(const struct builders *builders, size_t *size)
{
	FILE *in = fopen(builders->image, "r");
	uint8_t *data;

	assert_non_null(in);
	assert_int_equal(fseek(in, 0, SEEK_END), 0);
	*size = (size_t)ftell(in);
	rewind(in);
	data = malloc(*size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, in), *size);
	fclose(in);
	return data;
}

static uint8_t builder_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return SQST_TYPE_DIR;
	case S_IFREG:
		return SQST_TYPE_FILE;
	case S_IFLNK:
		return SQST_TYPE_SYMLINK;
	case S_IFBLK:
		return SQST_TYPE_BLOCK;
	case S_IFCHR:
		return SQST_TYPE_CHAR;
	case S_IFIFO:
		return SQST_TYPE_FIFO;
	default:
		return SQST_TYPE_SOCKET;
	}
}

struct builder_pair {
	uint64_t source;
	uint32_t number;
};

struct builder_pairs {
	struct builder_pair *pair;
	size_t count;
};

static int builder_by_source(const void *a, const void *b)
{
	const struct builder_pair *left = a, *right = b;

	return (left->source > right->source) - (left->source < right->source);
}

static int builder_by_number(const void *a, const void *b)
{
	const struct builder_pair *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static uint32_t builder_names_in(const char *path)
{
	DIR *dir = opendir(path);
	uint32_t names = 0;

	assert_non_null(dir);
	while (readdir(dir))
		names++;
	closedir(dir);
	return names - 2;
}

static void builder_walk(const struct sqst_entry *entry, const char *path,
			 struct builder_pairs *pairs)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(entry->type, builder_type(st.st_mode));
	pairs->pair = realloc(pairs->pair, (pairs->count + 1) * sizeof(*pairs->pair));
	assert_non_null(pairs->pair);
	pairs->pair[pairs->count++] = (struct builder_pair){st.st_ino, entry->number};
	if (entry->type != SQST_TYPE_DIR) {
		assert_int_equal(entry->count, 0);
		return;
	}
	assert_int_equal(entry->count, builder_names_in(path));
	for (uint32_t i = 0; i < entry->count; i++) {
		char below[4096];

		if (i > 0)
			assert_true(strcmp(entry->child[i - 1].name, entry->child[i].name) < 0);
		assert_in_range(snprintf(below, sizeof(below), "%s/%s", path, entry->child[i].name),
				1, sizeof(below) - 1);
		builder_walk(&entry->child[i], below, pairs);
	}
}

/* What another reader says of some paths. */
static void builder_ask_rdsquashfs(const struct builders *builders,
				   const struct sqst_numbers *numbers)
{
	for (uint32_t i = 0; i < numbers->root.count; i++) {
		const struct sqst_entry *entry = &numbers->root.child[i];
		char command[1024], line[512];
		uint32_t number = 0;
		FILE *in;

		snprintf(command, sizeof(command), "rdsquashfs -s '/%s' '%s'", entry->name,
			 builders->image);
		in = popen(command, "r");
		assert_non_null(in);
		while (fgets(line, sizeof(line), in)) {
			if (strncmp(line, "Inode number: ", 14) == 0)
				number = (uint32_t)strtoul(line + 14, NULL, 10);
		}
		assert_int_equal(pclose(in), 0);
		assert_int_equal(number, entry->number);
	}
}

/* An image's numbers against its source: the same paths and types, and, if the builder keeps hard
 * links, the same number on two paths if and only if they are one file in the source. */
void builder_compare(const struct builders *builders, const struct sqst_numbers *numbers,
		     bool links)
{
	struct builder_pairs pairs = {0};

	builder_walk(&numbers->root, builders->source, &pairs);
	assert_int_equal(numbers->paths, pairs.count);
	assert_int_equal(numbers->lineage.root, numbers->root.number);
	assert_false(numbers->lineage.recorded);
	for (int order = 0; links && order < 2; order++) {
		qsort(pairs.pair, pairs.count, sizeof(*pairs.pair),
		      order ? builder_by_number : builder_by_source);
		for (size_t i = 1; i < pairs.count; i++)
			assert_int_equal(pairs.pair[i].source == pairs.pair[i - 1].source,
					 pairs.pair[i].number == pairs.pair[i - 1].number);
	}
	free(pairs.pair);
	if (builder_there("rdsquashfs"))
		builder_ask_rdsquashfs(builders, numbers);
}
