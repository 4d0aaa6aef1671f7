/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sqfs-stable-build tells of a build: a summary and JSON. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "summary.h"

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double seconds_since(double start)
{
	return now() - start;
}

static double megabytes(uint64_t bytes)
{
	return (double)bytes / 1e6;
}

/* What was taken over from the parent image, if there is one. */
static void print_reuse(const struct sqst_reuse_stats *reuse)
{
	if (reuse->blocks + reuse->fragments > 0)
		fprintf(
		    stderr,
		    "  reused   %.1f MB in place, %.1f MB moved, %.1f MB new; %.1f MB gaps, %.1f "
		    "MB dead\n",
		    megabytes(reuse->in_place), megabytes(reuse->moved), megabytes(reuse->made),
		    megabytes(reuse->gaps), megabytes(reuse->dead));
	if (reuse->removed > 0)
		fprintf(
		    stderr,
		    "  removed  %llu bytes of removed files stay in kept blocks (--purge leaves "
		    "them out)\n",
		    (unsigned long long)reuse->removed);
	if (reuse->reason)
		fprintf(stderr, "  reused   %s of the parent image: %s\n",
			reuse->blocks + reuse->fragments > 0 ? "not all" : "nothing",
			reuse->reason);
}

void summary_print(const struct build_arguments *arguments, const struct sqst_build_result *result)
{
	const struct sqst_numbering_stats *stats = &result->numbering.stats;
	struct sqst_report shown = {0};
	char uuid[UUID_TEXT_SIZE];

	sqst_fail(&shown, SQST_ERR_OPTION, arguments->build.output,
		  "%.1f MB (data %.1f, tables %.1f) from %.1f MB in %.1f s",
		  megabytes(result->image_bytes), megabytes(result->data_bytes),
		  megabytes(result->table_bytes), megabytes(result->source_bytes),
		  seconds_since(arguments->start));
	fprintf(stderr, "%s\n", shown.message);
	fprintf(stderr,
		"  paths    %u: %u kept, %u new (%u of them changed type, %u renumbered)\n"
		"  numbers  %u in use of %u, %u retired now\n"
		"  lineage  %s, generation %u, root %u%s\n"
		"  files    %llu duplicates (%.1f MB), %u fragment blocks, %s %uK\n",
		result->names, stats->kept, stats->added, stats->retyped, stats->renumbered,
		stats->live, result->lineage.top, stats->retired,
		uuid_text(result->lineage.uuid, uuid), result->lineage.generation,
		result->lineage.root, result->lineage.root_double ? " and its double" : "",
		(unsigned long long)result->duplicate_files, megabytes(result->duplicate_bytes),
		result->fragments, sqst_codec_name((int)arguments->build.codec.id),
		arguments->build.codec.block_size / 1024);
	print_reuse(&result->reuse);
}

static struct json_object *make_build_paths(const struct sqst_build_result *result)
{
	const struct sqst_numbering_stats *stats = &result->numbering.stats;

	return json_numbers((const struct json_number[]){
	    {"total", result->names},
	    {"kept", stats->kept},
	    {"new", stats->added},
	    {"changed_type", stats->retyped},
	    {"renumbered", stats->renumbered},
	    {"regrouped_links", stats->regrouped},
	    {NULL, 0},
	});
}

static struct json_object *make_build_lineage(const struct sqst_build_result *result)
{
	struct json_object *lineage = json_object_new_object();
	struct json_object *parents = json_object_new_array();
	char uuid[UUID_TEXT_SIZE];

	json_add_uuid(lineage, "uuid", result->lineage.uuid);
	json_add_uuid(lineage, "id", result->lineage.id);
	json_add_number(lineage, "generation", result->lineage.generation);
	for (uint32_t i = 0; i < result->lineage.parents; i++)
		json_append(parents, json_text(uuid_text(result->lineage.parent[i], uuid)));
	json_add(lineage, "parents", parents);
	json_add_text(lineage, "label", result->lineage.label);
	return lineage;
}

static struct json_object *make_bytes(const struct sqst_build_result *result)
{
	return json_numbers((const struct json_number[]){
	    {"image", result->image_bytes},
	    {"data", result->data_bytes},
	    {"tables", result->table_bytes},
	    {"source", result->source_bytes},
	    {"duplicates", result->duplicate_bytes},
	    {NULL, 0},
	});
}

static struct json_object *make_reuse(const struct sqst_build_result *result)
{
	const struct sqst_reuse_stats *stats = &result->reuse;
	struct json_object *reuse = json_numbers((const struct json_number[]){
	    {"in_place", stats->in_place},
	    {"moved", stats->moved},
	    {"new", stats->made},
	    {"gaps", stats->gaps},
	    {"dead", stats->dead},
	    {"removed", stats->removed},
	    {"blocks", stats->blocks},
	    {"fragment_blocks", stats->fragments},
	    {NULL, 0},
	});

	json_add_text(reuse, "reason", stats->reason);
	return reuse;
}

static struct json_object *make_json(const struct build_arguments *arguments,
				     const struct sqst_build_result *result, double seconds)
{
	const struct sqst_numbering_stats *stats = &result->numbering.stats;
	struct json_object *all = json_object_new_object();

	json_add_text(all, "image", arguments->build.output);
	json_add_text(all, "compressor", sqst_codec_name((int)arguments->build.codec.id));
	json_add_number(all, "block_size", arguments->build.codec.block_size);
	json_add(all, "lineage", make_build_lineage(result));
	json_add(all, "paths", make_build_paths(result));
	json_add(all, "numbers", json_numbering(&result->lineage, stats->live, stats->retired));
	json_add(all, "bytes", make_bytes(result));
	json_add(all, "reuse", make_reuse(result));
	json_add_number(all, "inodes", result->inodes);
	json_add_number(all, "directories", result->directories);
	json_add_number(all, "duplicate_files", result->duplicate_files);
	json_add_number(all, "fragment_blocks", result->fragments);
	json_add(all, "seconds", json_object_new_double(seconds));
	return all;
}

int report_make(void *user, const struct sqst_build_result *result, char **text, size_t *size,
		struct sqst_report *why)
{
	const struct build_arguments *arguments = user;
	struct json_object *all = make_json(arguments, result, seconds_since(arguments->start));

	*text = json_as_line(all, size);
	json_object_put(all);
	return *text ? 0 : sqst_fail(why, SQST_ERR_NOMEM, arguments->json, "out of memory");
}
