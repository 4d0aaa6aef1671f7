/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts of the format at their limits, where no real tree is small enough: what was written before
 * is said to be there, in memory that is reserved but not used. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/ids.h"
#include "base/limits.h"
#include "data/writer.h"
#include "sqst/codec.h"
#include "support/unit.h"
#include "tree/tree.h"
#include "write/stream.h"

static void limits_are_the_last_allowed_value(void **state)
{
	static const uint64_t most[SQST_LIMITS] = {
	    [SQST_LIMIT_IDS] = 65535,
	    [SQST_LIMIT_FRAGMENTS] = 268435455,
	    [SQST_LIMIT_XATTR_SETS] = 268435455,
	    [SQST_LIMIT_XATTR_NAME] = 255,
	    [SQST_LIMIT_XATTR_VALUE] = 65536,
	    [SQST_LIMIT_XATTR_LIST] = 65536,
	    [SQST_LIMIT_XATTR_TABLE] = 4294967295,
	    [SQST_LIMIT_BLOCKS] = 536870911,
	    [SQST_LIMIT_LISTING] = 2147483631,
	    [SQST_LIMIT_SYMLINK] = 4095,
	    [SQST_LIMIT_LINKS] = 2147483647,
	    [SQST_LIMIT_PATHS] = 1073741824,
	};

	(void)state;
	for (unsigned i = 0; i < SQST_LIMITS; i++) {
		struct sqst_report why = {0};

		assert_int_equal(sqst_limit_check(i, most[i] - 1, "file", &why), 0);
		assert_int_equal(sqst_limit_check(i, most[i], "file", &why), 0);
		assert_int_equal(sqst_limit_check(i, most[i] + 1, "file", &why), SQST_ERR_LIMIT);
		assert_non_null(strstr(why.message, "file: "));
	}
}

static void ids_have_one_index_each(void **state)
{
	struct sqst_ids ids = {0};
	struct sqst_report why = {0};
	uint16_t index = 0;

	(void)state;
	/* Neighbours, and what one hash function or another would put into one slot. */
	for (uint32_t i = 0; i < 65535; i++) {
		const uint32_t id = i % 2 ? i : i << 16;

		assert_int_equal(sqst_ids_index(&ids, id, &index, &why), 0);
		assert_int_equal(index, i);
	}
	for (uint32_t i = 0; i < 65535; i++) {
		assert_int_equal(sqst_ids_index(&ids, i % 2 ? i : i << 16, &index, &why), 0);
		assert_int_equal(index, i);
	}
	assert_int_equal(sqst_ids_index(&ids, UINT32_MAX, &index, &why), SQST_ERR_LIMIT);
	assert_int_equal(ids.count, 65535);
	sqst_ids_release(&ids);
}

/* ---- trees that say of an inode what no real file has */

struct sample {
	struct sqst_tree *tree;
	struct sqst_node *dir;
	struct sqst_node *link;
	struct sqst_node *file;
	struct sqst_report why;
};

static struct sample sample_new(void)
{
	struct sample sample = {.tree = sqst_tree_new()};

	sample.dir = sqst_tree_add(sample.tree, sqst_tree_root(sample.tree), "dir", SQST_TYPE_DIR);
	sample.link = sqst_tree_add(sample.tree, sample.dir, "link", SQST_TYPE_SYMLINK);
	sample.file = sqst_tree_add(sample.tree, sample.dir, "file", SQST_TYPE_FILE);
	assert_int_equal(sqst_tree_finish(sample.tree, &sample.why), 0);
	return sample;
}

static void expect(struct sample *sample, int code, const char *message)
{
	sample->why = (struct sqst_report){0};
	assert_int_equal(sqst_tree_check_limits(sample->tree, &sample->why), code);
	if (message)
		assert_non_null(strstr(sample->why.message, message));
}

static void symlinks_and_links(void **state)
{
	struct sample sample = sample_new();

	(void)state;
	sample.link->inode->u.symlink.length = 4095;
	sample.file->inode->nlink = INT32_MAX;
	expect(&sample, 0, NULL);
	sample.link->inode->u.symlink.length = 4096;
	expect(&sample, SQST_ERR_LIMIT, "/dir/link: 4096 ");
	sample.link->inode->u.symlink.length = 0;
	sample.file->inode->nlink = UINT32_C(0x80000000);
	expect(&sample, SQST_ERR_LIMIT, "/dir/file: 2147483648 ");
	sample.file->inode->nlink = 1;
	sqst_tree_free(sample.tree);
}

/* `count` names of 254 bytes below the directory, which are one node, and a last one. The walk goes
 * on behind it, since that is where the node says it is. */
static void listings(void **state)
{
	static char name[256], last[256];
	const uint64_t most = sqst_limit_most(SQST_LIMIT_LISTING);
	const uint32_t count = (uint32_t)(most / (8 + 254));
	const uint32_t rest = (uint32_t)(most % (8 + 254));
	struct sample sample = sample_new();
	struct sqst_inode *dir = sample.dir->inode;
	struct sqst_node **child = dir->u.dir.child;
	struct sqst_node **many = calloc(count + (size_t)1, sizeof(struct sqst_node *));
	struct sqst_node end = *sample.file;

	(void)state;
	assert_non_null(many);
	assert_true(rest > 10);
	memset(name, 'n', 254);
	for (uint32_t i = 0; i < count; i++)
		many[i] = sample.file;
	sample.file->name = name;
	sample.file->position = end.position = count;
	end.name = last;
	many[count] = &end;
	dir->u.dir.child = many;
	dir->u.dir.count = count + 1;
	for (uint32_t length = rest - 8 - 1; length <= rest - 8 + 1; length++) {
		memset(last, 'l', length);
		expect(&sample, length <= rest - 8 ? 0 : SQST_ERR_LIMIT, NULL);
	}
	assert_non_null(strstr(sample.why.message, "/dir: 2147483632 bytes in the listing"));
	dir->u.dir.child = child;
	dir->u.dir.count = 2;
	free(many);
	sqst_tree_free(sample.tree);
}

#define LONG_FILES 1024

/* 1,024 names of nearly 1 MiB are all paths together. */
static void paths(void **state)
{
	const size_t most = (size_t)sqst_limit_most(SQST_LIMIT_PATHS);
	const size_t length = most / LONG_FILES - strlen("dir/") - 1;
	const size_t rest = most - strlen("dir") - LONG_FILES * (strlen("dir/") + length);
	char *text = malloc(length + rest + 2), *last = malloc(length + rest + 2);
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_node *dir = sqst_tree_add(tree, sqst_tree_root(tree), "dir", SQST_TYPE_DIR);
	struct sample sample = {.tree = tree};
	char name[16];

	(void)state;
	assert_true(text && last);
	for (unsigned i = 0; i < LONG_FILES; i++) {
		snprintf(name, sizeof(name), "%u", i);
		assert_non_null(sqst_tree_add(tree, dir, name, SQST_TYPE_FILE));
	}
	assert_int_equal(sqst_tree_finish(tree, NULL), 0);
	memset(text, 'n', length);
	text[length] = '\0';
	for (unsigned i = 0; i < LONG_FILES; i++)
		dir->inode->u.dir.child[i]->name = text;
	dir->inode->u.dir.child[LONG_FILES - 1]->name = last;
	for (size_t more = rest - 1; more <= rest + 1; more++) {
		memset(last, 'n', length + more);
		last[length + more] = '\0';
		expect(&sample, more <= rest ? 0 : SQST_ERR_LIMIT, NULL);
	}
	assert_non_null(strstr(sample.why.message, ": 1073741825 bytes in all paths together"));
	sqst_tree_free(tree);
	free(text);
	free(last);
}

/* One of `length` bytes before its NUL. */
static struct sqst_xattr attribute(char name[256], unsigned number, size_t length)
{
	memset(name, 'n', length);
	name[length] = '\0';
	memcpy(name, "user.", 5);
	if (length > 8) {
		name[5] = (char)('a' + number / 16);
		name[6] = (char)('a' + number % 16);
	}
	return (struct sqst_xattr){name, "", 0};
}

/* 256 names of 255 bytes have 65,536 with their NUL. */
static void attribute_lists(void **state)
{
	static const struct {
		unsigned count;
		size_t first;
		int code;
	} cases[] = {{256, 254, 0}, {256, 255, 0}, {257, 249, SQST_ERR_LIMIT}};
	static char name[257][256];
	static struct sqst_xattr list[257];

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct sample sample = sample_new();

		for (unsigned i = 0; i < cases[k].count; i++)
			list[i] = attribute(name[i], i,
					    i == 0     ? cases[k].first
					    : i == 256 ? 6
						       : 255);
		assert_int_equal(sqst_tree_set_xattrs(sample.tree, sample.file->inode, list,
						      cases[k].count, &sample.why),
				 0);
		expect(&sample, cases[k].code,
		       cases[k].code ? "/dir/file: 65537 bytes in the names" : NULL);
		sqst_tree_free(sample.tree);
	}
}

/* ---- tables */

static void *reserve(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static struct sqst_pool *pool_new(void)
{
	struct sqst_codec_config config;
	struct sqst_pool *pool = NULL;

	sqst_codec_defaults(&config, SQST_CODEC_GZIP, 4096);
	assert_int_equal(sqst_pool_new(&config, 1, &pool, NULL), 0);
	return pool;
}

/* A block of metadata where `used` bytes are before it. */
static int append_behind(struct sqst_pool *pool, uint8_t *bytes, size_t room, uint64_t used)
{
	static const uint8_t content[SQST_META_SIZE];
	struct sqst_stream meta = {0};
	int rc = sqst_stream_init(&meta, pool, true, NULL, NULL);

	assert_int_equal(rc, 0);
	meta.bytes = bytes;
	meta.room = room;
	meta.used = (size_t)used;
	rc = sqst_stream_append(&meta, content, sizeof(content));
	if (rc == 0)
		rc = sqst_stream_settle(&meta);
	if (rc == 0) {
		assert_int_equal(meta.start[0], used);
		/* Where the next block begins is stored in 32 bits, too. */
		assert_true(meta.used <= UINT32_MAX);
	}
	meta.bytes = NULL;
	sqst_stream_release(&meta);
	return rc;
}

static void metadata(void **state)
{
	const size_t room = (size_t)UINT32_MAX + 65536;
	const uint64_t most = UINT32_MAX - SQST_META_SIZE - 2;
	struct sqst_pool *pool = pool_new();
	uint8_t *bytes = reserve(room);

	(void)state;
	if (!bytes) {
		sqst_pool_free(pool);
		skip();
	}
	assert_int_equal(append_behind(pool, bytes, room, most - 1), 0);
	assert_int_equal(append_behind(pool, bytes, room, most), 0);
	assert_int_equal(append_behind(pool, bytes, room, most + 1), SQST_ERR_LIMIT);
	munmap(bytes, room);
	sqst_pool_free(pool);
}

/* One more fragment block where there are `before`. */
static int fragment_behind(struct sqst_pool *pool, struct sqst_fragment *fragment, uint32_t before,
			   struct sqst_report *why)
{
	static const uint8_t tail[10];
	const struct sqst_data_options options = {.block_size = 4096};
	struct sqst_places places = {
	    .fragment = fragment, .fragments = before, .fragments_room = UINT32_C(1) << 28};
	struct sqst_extent extent = {0};
	struct sqst_data data = {.options = &options,
				 .places = &places,
				 .queue = {.item_size = sizeof(struct sqst_data_block)},
				 .fragments_taken = before,
				 .why = why};
	int rc;

	assert_int_equal(sqst_queue_init(&data.queue, pool, 4096, 2, why), 0);
	data.tree = sqst_tree_new();
	rc = sqst_fragments_add(&data, &extent, tail, sizeof(tail));
	if (rc == 0) {
		assert_int_equal(extent.fragment, before);
		assert_int_equal(places.fragments, before + 1);
		sqst_queue_return(&data.queue, &data.filling->base);
	}
	sqst_tree_free(data.tree);
	sqst_queue_release(&data.queue);
	return rc;
}

static void fragments(void **state)
{
	const uint32_t most = (UINT32_C(1) << 28) - 1;
	const size_t room = (size_t)(most + 1) * sizeof(struct sqst_fragment);
	struct sqst_pool *pool = pool_new();
	struct sqst_fragment *fragment = reserve(room);
	struct sqst_report why = {0};

	(void)state;
	if (!fragment) {
		sqst_pool_free(pool);
		skip();
	}
	assert_int_equal(fragment_behind(pool, fragment, most - 2, &why), 0);
	assert_int_equal(fragment_behind(pool, fragment, most - 1, &why), 0);
	assert_int_equal(fragment_behind(pool, fragment, most, &why), SQST_ERR_LIMIT);
	assert_non_null(strstr(why.message, "268435456 fragment blocks"));
	munmap(fragment, room);
	sqst_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(limits_are_the_last_allowed_value),
	    cmocka_unit_test(ids_have_one_index_each),
	    cmocka_unit_test(symlinks_and_links),
	    cmocka_unit_test(listings),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(attribute_lists),
	    cmocka_unit_test(metadata),
	    cmocka_unit_test(fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
