/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as a parent image whose data is taken over. Whatever is in it, the image that is built on
 * it has the content of the source, or the parent is refused. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sqfs/super.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "data/data.h"
#include "numbering/numbering.h"
#include "parent/parent_data.h"
#include "pipeline/pipeline.h"
#include "run.h"
#include "source/origin_spool.h"
#include "source/read_source.h"
#include "sqst/image.h"
#include "write/write.h"

const char corpus[] = "reuse";

#define FILES 6

/* The parents of the corpus have these files, all or most of them: each byte is a function of its
 * place and the file's seed. */
static const struct {
	const char *name;
	uint32_t size;
	uint32_t seed;
} source[FILES] = {
    {"a", 300, 1}, {"b", 9000, 2}, {"c", 4096, 3}, {"d", 300, 1}, {"e", 1000, 4}, {"f", 12288, 0},
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Seed 0: zeros, and one byte. */
static void fill(uint8_t *to, uint32_t size, uint32_t seed)
{
	uint32_t state = seed;

	for (uint32_t i = 0; i < size; i++) {
		state = state * 1103515245 + 12345;
		to[i] = seed ? (uint8_t)("abcdefgh"[state >> 16 & 7]) : i == 5000;
	}
}

static struct sqst_tree *make_tree(void)
{
	struct sqst_tree *tree = sqst_tree_new();
	struct sqst_report why = {0};
	uint64_t at = 0;
	int origin;

	must(tree != NULL);
	origin = sqst_tree_add_origin(tree, &sqst_origin_spool, "source", &why);
	must(origin >= 0);
	tree->origin[origin].fd = memfd_create("source", MFD_CLOEXEC);
	tree->origin[origin].own_fd = true;
	for (unsigned i = 0; i < FILES; i++) {
		struct sqst_node *node =
		    sqst_tree_add(tree, sqst_tree_root(tree), source[i].name, SQST_TYPE_FILE);
		static uint8_t content[16384];

		must(node != NULL);
		fill(content, source[i].size, source[i].seed);
		must(pwrite(tree->origin[origin].fd, content, source[i].size, (off_t)at) ==
		     (ssize_t)source[i].size);
		node->inode->origin = (uint8_t)origin;
		node->inode->u.file.size = source[i].size;
		node->inode->u.file.key[0] = at;
		at += source[i].size;
	}
	must(sqst_tree_finish(tree, &why) == 0);
	return tree;
}

/* Such options that as much as possible is taken over. */
static bool choose_options(struct sqst_build_options *options, const uint8_t *data, size_t size)
{
	const unsigned flags =
	    size < sizeof(sqfs_super_t) ? 0 : sqst_get16(data + offsetof(sqfs_super_t, flags));
	const uint32_t block =
	    size < sizeof(sqfs_super_t) ? 0 : sqst_get32(data + offsetof(sqfs_super_t, block_size));
	const int codec = size < sizeof(sqfs_super_t)
			      ? 0
			      : sqst_get16(data + offsetof(sqfs_super_t, compression_id));

	/* Others make it slow. */
	if (block < 4096 || block > 65536 || (block & (block - 1)) != 0 ||
	    codec < SQST_CODEC_GZIP || codec > SQST_CODEC_ZSTD ||
	    !sqst_codec_can_decompress(codec) || codec == SQST_CODEC_LZMA)
		return false;
	sqst_build_options_init(options);
	sqst_codec_defaults(&options->codec, (uint32_t)codec, block);
	if (flags & SQFS_FLAG_UNCOMPRESSED_DATA)
		options->flags |= SQST_BUILD_RAW_DATA;
	if (flags & SQFS_FLAG_UNCOMPRESSED_FRAGMENTS)
		options->flags |= SQST_BUILD_RAW_FRAGMENTS;
	if (flags & SQFS_FLAG_UNCOMPRESSED_INODES)
		options->flags |= SQST_BUILD_RAW_INODES;
	if (flags & SQFS_FLAG_ALWAYS_FRAGMENTS)
		options->flags |= SQST_BUILD_TAILENDS;
	/* Set, in spite of its name, where equal files share their data. */
	if (!(flags & SQFS_FLAG_NO_DUPLICATES))
		options->flags |= SQST_BUILD_NO_DUPLICATES;
	/* Fields that this build has no use for choose the rest. */
	options->flags |= size & 1 ? SQST_BUILD_PREV_REBUILD : 0u;
	options->max_slack = (uint32_t)(size % 7 * 30);
	options->jobs = 1;
	return true;
}

static void check_content(const char *path)
{
	struct sqst_tree *tree = NULL;
	struct sqst_report why = {0};

	if (sqst_tree_read_image(path, NULL, &tree, &why) < 0)
		abort();
	for (unsigned i = 0; i < FILES; i++) {
		const struct sqst_node *node = sqst_tree_find(sqst_tree_root(tree), source[i].name);
		struct sqst_content content;
		static uint8_t wanted[16384], found[16384];

		must(node && node->inode->u.file.size == source[i].size);
		must(sqst_content_open(&content, tree, node, &why) == 0);
		must(sqst_content_read(&content, 0, found, source[i].size, &why) == 0);
		sqst_content_close(&content);
		fill(wanted, source[i].size, source[i].seed);
		must(memcmp(wanted, found, source[i].size) == 0);
	}
	sqst_tree_free(tree);
}

static void check_image(struct sqst_output *output, uint64_t size)
{
	const int memory = memfd_create("image", MFD_CLOEXEC);
	uint8_t *bytes = malloc((size_t)size);
	char path[64];

	must(memory >= 0 && bytes && ftruncate(memory, (off_t)size) == 0);
	memset(bytes, 0, (size_t)size);
	/* Padding is not written yet. */
	for (uint64_t at = 0; at < size; at += 512) {
		const size_t piece = size - at < 512 ? (size_t)(size - at) : 512;

		if (sqst_output_read(output, at, bytes + at, piece, NULL) < 0)
			break;
	}
	must(pwrite(memory, bytes, (size_t)size, 0) == (ssize_t)size);
	free(bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	check_content(path);
	close(memory);
}

static int write_image(struct sqst_tree *tree, const struct sqst_image_plan *plan,
		       struct sqst_report *why)
{
	struct sqst_output *output = NULL;
	struct sqst_image_stats stats = {0};
	int rc;

	must(sqst_output_open(plan->name, SQST_OUTPUT_IMAGE, SQST_OUTPUT_FORCE, &output, why) == 0);
	rc = sqst_image_write(tree, plan, output, &stats, why);
	/* A hostile parent may not make an image grow without end. */
	must(rc < 0 || stats.bytes < (1 << 20));
	if (rc == 0)
		rc = sqst_output_prepare(output, stats.bytes, why);
	if (rc == 0)
		check_image(output, stats.bytes);
	sqst_output_discard(output);
	return rc;
}

static int build_on(const struct sqst_build_options *options, struct sqst_parents *parents,
		    struct sqst_report *why)
{
	struct sqst_tree *tree = make_tree();
	struct sqst_build_result result = {0};
	struct sqst_image_plan plan = {.lineage = &result.lineage};
	struct sqst_parent_data *reuse = NULL;
	int rc = sqst_parents_read(parents, why);

	if (rc == 0)
		rc = sqst_numbering_assign(tree,
					   (const struct sqst_numbers *const *)parents->numbers, 1,
					   0, &result.numbering, why);
	if (rc == 0)
		rc = sqst_build_parent_data(options, parents, tree, &reuse, &result, why);
	if (rc == 0)
		rc = sqst_build_plan(options, tree, NULL, reuse, &plan, why);
	if (rc == 0) {
		result.lineage.top = result.numbering.top;
		result.lineage.root = result.numbering.root;
		result.lineage.root_double = result.numbering.root_double;
		rc = write_image(tree, &plan, why);
	}
	sqst_build_plan_release(&plan);
	sqst_tree_free(tree);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sqst_build_options options;
	struct sqst_parents parents = {0};
	static struct sqst_report why;
	char path[64], output[64];
	int memory, rc;

	if (!choose_options(&options, data, size))
		return 0;
	why = (struct sqst_report){0};
	memory = memfd_create("parent", MFD_CLOEXEC);
	must(memory >= 0 && write(memory, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	snprintf(output, sizeof(output), "/tmp/reuse-fuzz-%ld", (long)getpid());
	parents.parent[0].path = path;
	parents.count = 1;
	options.output = output;
	rc = build_on(&options, &parents, &why);
	must(rc == 0 || ((rc == SQST_ERR_PARENT || rc == SQST_ERR_LIMIT) && why.code == rc &&
			 why.message[0] != '\0'));
	must(rc == 0 || rc == SQST_ERR_LIMIT || strstr(why.message, path));
	sqst_parents_release(&parents);
	close(memory);
	return 0;
}
