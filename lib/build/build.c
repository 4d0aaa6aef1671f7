/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main job: parents and a source become an image with stable numbers. Each step is a function
 * of the one before. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "base/scope.h"
#include "lineage/map_stage.h"
#include "sqst/build.h"
#include "sqst/image.h"
#include "sqst/map.h"
#include "write/write.h"

SQST_DEFINE_SCOPE(tree, struct sqst_tree, sqst_tree_free)
SQST_DEFINE_SCOPE(numbers, struct sqst_numbers, sqst_numbers_free)
SQST_DEFINE_SCOPE(output, struct sqst_output, sqst_output_discard)

/* The parents, oldest first. */
struct parents {
	struct sqst_numbers *list[SQST_PARENTS_MAX];
	size_t count;
};

static void parents_release(struct parents *parents)
{
	for (size_t i = 0; i < parents->count; i++)
		sqst_numbers_free(parents->list[i]);
	parents->count = 0;
}

void sqst_build_options_init(struct sqst_build_options *options)
{
	memset(options, 0, sizeof(*options));
	sqst_codec_defaults(&options->codec, SQST_CODEC_GZIP, 128 * 1024);
}

/* ---- options */

/* RFC 3629, without overlong forms, surrogates, or what is beyond U+10FFFF. */
static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		const unsigned char first = *at++;
		uint32_t point = first, low = 0;
		unsigned more = 0;

		if (first >= 0x80) {
			if (first >= 0xC2 && first <= 0xDF)
				more = 1, point = first & 0x1F, low = 0x80;
			else if (first >= 0xE0 && first <= 0xEF)
				more = 2, point = first & 0x0F, low = 0x800;
			else if (first >= 0xF0 && first <= 0xF4)
				more = 3, point = first & 0x07, low = 0x10000;
			else
				return false;
		}
		for (; more > 0; more--, at++) {
			if ((*at & 0xC0) != 0x80)
				return false;
			point = point << 6 | (*at & 0x3F);
		}
		if (point < low || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
			return false;
	}
	return true;
}

static int check_options(const struct sqst_build_options *options, struct sqst_report *why)
{
	if (!options->source || !options->output)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "a source and an output are needed");
	if (options->flags & ~(uint32_t)SQST_BUILD_FLAGS_ALL)
		return sqst_fail(why, SQST_ERR_OPTION, NULL, "unknown flags 0x%x",
				 options->flags & ~(uint32_t)SQST_BUILD_FLAGS_ALL);
	if (options->parents > SQST_PARENTS_MAX)
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "%zu parents; an image can have at most %d", options->parents,
				 SQST_PARENTS_MAX);
	if (options->label && (!options->label[0] || strlen(options->label) > SQST_LABEL_MAX ||
			       !is_utf8(options->label)))
		return sqst_fail(why, SQST_ERR_OPTION, options->label,
				 "a label is UTF-8 of 1 to %d bytes", SQST_LABEL_MAX);
	if (options->uuid && sqst_uuid_is_null(options->uuid))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "the null UUID cannot name a lineage; take another one");
	if (!sqst_codec_can_compress((int)options->codec.id))
		return sqst_fail(why, SQST_ERR_OPTION, NULL,
				 "compressor %s is not in this build of sqfs-stable",
				 sqst_codec_name((int)options->codec.id));
	return sqst_codec_check(&options->codec, why);
}

/* ---- parents and lineage */

static int read_parents(const struct sqst_build_options *options, struct parents *parents,
			struct sqst_report *why)
{
	for (size_t i = 0; i < options->parents; i++) {
		const struct sqst_parent_file *file = &options->parent[i];
		struct sqst_numbers **out = &parents->list[parents->count];
		const int rc = file->is_map ? sqst_map_read(file->path, out, why)
					    : sqst_image_read_numbers(file->path, out, why);

		if (rc < 0)
			return rc;
		parents->count++;
	}
	return 0;
}

static void show_uuid(const uint8_t uuid[SQST_UUID_SIZE], char text[37])
{
	char *to = text;

	for (unsigned i = 0; i < SQST_UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		to += snprintf(to, 3, "%02x", uuid[i]);
	}
}

static bool same_uuid(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SQST_UUID_SIZE) == 0;
}

/* The UUID that a new lineage gets, null for one made of the numbering. */
static int new_uuid(const struct sqst_build_options *options, const struct parents *parents,
		    uint8_t uuid[SQST_UUID_SIZE], struct sqst_report *why)
{
	if (!options->uuid)
		return 0;
	for (size_t i = 0; i < parents->count; i++) {
		if (same_uuid(parents->list[i]->lineage.uuid, options->uuid))
			return sqst_fail(why, SQST_ERR_OPTION, parents->list[i]->source,
					 "has the UUID that --uuid gives; a new lineage needs one "
					 "of its own");
	}
	memcpy(uuid, options->uuid, SQST_UUID_SIZE);
	return 0;
}

/* The UUID that the parents hand on. Parents of two lineages are joined only if --uuid says which
 * of the two goes on: R8 keeps the numbers safe, but names cannot be guessed. */
static int inherited_uuid(const struct sqst_build_options *options, const struct parents *parents,
			  uint8_t uuid[SQST_UUID_SIZE], struct sqst_report *why)
{
	const struct sqst_numbers *named = NULL, *other = NULL;
	bool chosen = false;
	char text[37];

	for (size_t i = 0; i < parents->count; i++) {
		const struct sqst_numbers *parent = parents->list[i];

		if (sqst_uuid_is_null(parent->lineage.uuid))
			continue;
		if (options->uuid && same_uuid(parent->lineage.uuid, options->uuid))
			chosen = true;
		if (!named)
			named = parent;
		else if (!same_uuid(parent->lineage.uuid, named->lineage.uuid))
			other = parent;
	}
	if (named && options->uuid && !chosen) {
		show_uuid(named->lineage.uuid, text);
		return sqst_fail(why, SQST_ERR_OPTION, named->source,
				 "has lineage UUID %s, which its children keep; leave --uuid out, "
				 "or start a --new-lineage",
				 text);
	}
	if (other && !chosen) {
		show_uuid(named->lineage.uuid, text);
		return sqst_fail(
		    why, SQST_ERR_PARENT, other->source,
		    "is of another lineage than %s (UUID %s); say with --uuid which of "
		    "the two goes on, or start a --new-lineage",
		    named->source, text);
	}
	if (options->uuid)
		memcpy(uuid, options->uuid, SQST_UUID_SIZE);
	else if (named)
		memcpy(uuid, named->lineage.uuid, SQST_UUID_SIZE);
	return 0;
}

static int inherit(const struct sqst_build_options *options, const struct parents *parents,
		   struct sqst_lineage *lineage, struct sqst_report *why)
{
	memset(lineage, 0, sizeof(*lineage));
	lineage->recorded = true;
	if (options->label)
		memcpy(lineage->label, options->label, strlen(options->label) + 1);
	if (options->flags & SQST_BUILD_NEW_LINEAGE)
		return new_uuid(options, parents, lineage->uuid, why);
	for (size_t i = 0; i < parents->count; i++) {
		const struct sqst_lineage *parent = &parents->list[i]->lineage;

		memcpy(lineage->parent[lineage->parents++], parent->id, SQST_UUID_SIZE);
		if (!parent->recorded)
			continue;
		if (parent->generation == UINT32_MAX)
			return sqst_fail(why, SQST_ERR_LIMIT, parents->list[i]->source,
					 "is the last generation that can be counted; start a "
					 "--new-lineage");
		if (lineage->generation <= parent->generation)
			lineage->generation = parent->generation + 1;
	}
	return inherited_uuid(options, parents, lineage->uuid, why);
}

/* ---- the steps */

static int number_tree(const struct sqst_build_options *options, const struct parents *parents,
		       struct sqst_tree *tree, struct sqst_lineage *lineage,
		       struct sqst_numbering *numbering, struct sqst_report *why)
{
	const unsigned flags =
	    (options->flags & SQST_BUILD_NEW_LINEAGE ? SQST_NUMBERING_NEW_LINEAGE : 0u) |
	    (options->flags & SQST_BUILD_FRESH_LINKS ? SQST_NUMBERING_FRESH_LINKS : 0u);
	const struct sqst_numbers *const *list = (const struct sqst_numbers *const *)parents->list;
	const int rc = sqst_numbering_assign(tree, list, parents->count, flags, numbering, why);

	if (rc == 0 && numbering->stats.regrouped > 0 && !(flags & SQST_NUMBERING_FRESH_LINKS))
		sqst_warn(
		    why, options->source,
		    "%u hard link groups gained or lost names and keep their numbers; if "
		    "devices mount the overlay with index=on and metacopy=on or nfs_export=on, "
		    "see \"Hard links\" in sqfs-stable(7) and --fresh-links",
		    numbering->stats.regrouped);
	lineage->top = numbering->top;
	lineage->root = numbering->root;
	lineage->root_double = numbering->root_double;
	return rc;
}

/* Name the numbering, and write its map (beside its target, not there yet). */
static int name_and_map(const struct sqst_build_options *options, const struct sqst_tree *tree,
			struct sqst_lineage *lineage, struct sqst_output **map,
			struct sqst_report *why)
{
	SQST_CLEANUP(sqst_scope_numbers) struct sqst_numbers *numbers = NULL;
	int rc = sqst_numbers_from_tree(tree, options->output, &numbers, why);

	if (rc < 0)
		return rc;
	numbers->lineage = *lineage;
	rc = sqst_lineage_name(numbers, why);
	if (rc == 0 && options->map_output)
		rc = sqst_map_stage(numbers, options->map_output, map, why);
	*lineage = numbers->lineage;
	return rc;
}

static void count_tree(const struct sqst_tree *tree, struct sqst_build_result *result)
{
	const struct sqst_node *node;

	result->names = sqst_tree_names(tree);
	result->inodes = sqst_tree_inodes(tree);
	for (node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		result->directories += node->inode->type == SQST_TYPE_DIR;
}

/* The map first: a map that is ahead of its image only leaves numbers unused, the other way round
 * a next build from the map would give numbers twice. */
static int write_all(const struct sqst_build_options *options, struct sqst_tree *tree,
		     struct sqst_lineage *lineage, struct sqst_build_result *result,
		     struct sqst_report *why)
{
	const bool force = (options->flags & SQST_BUILD_FORCE) != 0;
	SQST_CLEANUP(sqst_scope_output) struct sqst_output *map = NULL;
	SQST_CLEANUP(sqst_scope_output) struct sqst_output *image = NULL;
	int rc = name_and_map(options, tree, lineage, &map, why);

	if (rc == 0)
		rc = sqst_output_open(options->output, force, &image, why);
	if (rc == 0)
		rc = sqst_image_write(tree, lineage, options, image, &result->image_bytes, result,
				      why);
	if (rc == 0)
		rc = sqst_output_prepare(image, result->image_bytes, why);
	if (rc == 0 && options->cancel && *options->cancel)
		rc = sqst_fail(why, SQST_ERR_CANCELED, NULL, "canceled");
	if (rc == 0 && map)
		rc = sqst_output_commit(sqst_steal(&map), why);
	if (rc == 0)
		rc = sqst_output_commit(sqst_steal(&image), why);
	return rc;
}

int sqst_build(const struct sqst_build_options *options, struct sqst_build_result *result,
	       struct sqst_report *why)
{
	const bool force = (options->flags & SQST_BUILD_FORCE) != 0;
	SQST_CLEANUP(parents_release) struct parents parents = {0};
	SQST_CLEANUP(sqst_scope_tree) struct sqst_tree *tree = NULL;
	struct sqst_build_result unwanted;
	struct sqst_scan_options scan = options->scan;
	int rc = check_options(options, why);

	if (!result)
		result = &unwanted;
	memset(result, 0, sizeof(*result));
	if (rc == 0)
		rc = sqst_output_check(options->output, force, why);
	if (rc == 0)
		rc = read_parents(options, &parents, why);
	if (rc == 0)
		rc = inherit(options, &parents, &result->lineage, why);
	if (rc < 0)
		return rc;
	scan.leave_out = options->output;
	rc = sqst_tree_scan(options->source, &scan, options->cancel, &tree, why);
	if (rc == 0)
		rc =
		    number_tree(options, &parents, tree, &result->lineage, &result->numbering, why);
	if (rc < 0)
		return rc;
	parents_release(&parents);
	count_tree(tree, result);
	return write_all(options, tree, &result->lineage, result, why);
}
