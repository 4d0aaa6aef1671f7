/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as JSON. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "check_report.h"
#include "common/uboot_text.h"
#include "sqst/codec.h"

static struct json_object *make_release(const struct release *release)
{
	const struct sqst_lineage *lineage = &release->numbers->lineage;
	const struct sqst_survey *survey = release->survey;
	struct json_object *all = json_object_new_object();

	json_add_text(all, "image", release->path);
	json_add_uuid(all, "uuid", lineage->uuid);
	json_add_uuid(all, "id", lineage->id);
	json_add_text(all, "label", lineage->label);
	json_add_bool(all, "recorded", lineage->recorded);
	json_add_number(all, "generation", lineage->generation);
	json_add_number(all, "root", release->numbers->root.number);
	json_add_bool(all, "root_double", lineage->root_double);
	json_add_bool(all, "u_boot_finds_root", finds_root(lineage));
	json_add_number(all, "top", lineage->top);
	json_add_number(all, "paths", release->numbers->paths);
	if (!survey)
		return all;
	json_add_bool(all, "export_table", survey->exports);
	json_add_number(all, "export_entries", survey->exports ? lineage->top : 0);
	json_add_number(all, "export_entries_without_name", survey->orphans);
	json_add_number(all, "bytes", survey->bytes);
	json_add_number(all, "removed_bytes", survey->dead);
	json_add_number(all, "unclaimed_bytes", survey->unclaimed);
	json_add_number(all, "unused_attribute_sets", survey->unused_xattrs);
	json_add_text(all, "compressor", sqst_codec_name(survey->codec));
	json_add_number(all, "block_size", survey->block_size);
	json_add(all, "u_boot", json_uboot(release->uboot));
	return all;
}

static struct json_object *make_notes(const struct judgement *judgement, enum note_level level)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < judgement->notes; i++) {
		if (judgement->note[i].level == level)
			json_append(list, json_text(judgement->note[i].text));
	}
	return list;
}

static struct json_object *make_check_paths(const struct sqst_check *check)
{
	return json_numbers((const struct json_number[]){
	    {"kept", check->kept},
	    {"renumbered", check->renumbered},
	    {"changed_type", check->changed_type},
	    {"new", check->added},
	    {"removed", check->removed},
	    {NULL, 0},
	});
}

static struct json_object *make_check_numbers(const struct sqst_check *check)
{
	return json_numbers((const struct json_number[]){
	    {"kept", check->fate[SQST_FATE_KEPT]},
	    {"new", check->fate[SQST_FATE_NEW]},
	    {"retired", check->fate[SQST_FATE_RETIRED]},
	    {"above_top", check->fate[SQST_FATE_BEYOND]},
	    {"used_again", check->fate[SQST_FATE_REVIVED]},
	    {"conflicts", check->fate[SQST_FATE_CONFLICT]},
	    {"regrouped_links", check->n_regrouped},
	    {NULL, 0},
	});
}

static struct json_object *make_names(const struct sqst_check_names *names)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < names->count; i++)
		json_append(list, json_path(names->path[i]));
	return list;
}

static struct json_object *make_list(const struct sqst_check_number *number, size_t count)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json_object *one = json_object_new_object();

		json_add_number(one, "number", number[i].number);
		json_add(one, "old", make_names(&number[i].was));
		json_add(one, "new", make_names(&number[i].is));
		json_add_text(one, "old_type",
			      number[i].was.type ? type_name(number[i].was.type) : NULL);
		json_add_text(one, "new_type",
			      number[i].is.type ? type_name(number[i].is.type) : NULL);
		json_append(list, one);
	}
	return list;
}

static struct json_object *make_retyped(const struct sqst_check *check)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < check->n_retyped; i++) {
		struct json_object *one = json_object_new_object();

		json_add(one, "path", json_path(check->retyped[i].path));
		json_add_text(one, "old_type", type_name(check->retyped[i].was));
		json_add_text(one, "new_type", type_name(check->retyped[i].is));
		json_append(list, one);
	}
	return list;
}

static struct json_object *make_blocks(const struct sqst_block_map *map)
{
	return json_numbers((const struct json_number[]){
	    {"size", SQST_SURVEY_BLOCK},
	    {"in_place", map->count[SQST_BLOCK_IN_PLACE]},
	    {"moved", map->count[SQST_BLOCK_MOVED]},
	    {"new", map->count[SQST_BLOCK_NEW]},
	    {NULL, 0},
	});
}

static struct json_object *make_growth(const struct sqst_growth *growth)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < growth->rows; i++) {
		struct json_object *one = json_object_new_object();

		json_add(one, "path", json_path(growth->row[i].path));
		json_add_number(one, "old", growth->row[i].was);
		json_add_number(one, "new", growth->row[i].is);
		json_append(list, one);
	}
	return list;
}

static struct json_object *make_judgement(const struct judgement *judgement)
{
	const struct sqst_check *check = judgement->check;
	struct json_object *all = make_release(&judgement->old);

	json_add_text(all, "verdict", sqst_verdict_name(check->verdict));
	json_add(all, "reasons", make_notes(judgement, NOTE_REASON));
	json_add(all, "warnings", make_notes(judgement, NOTE_WARNING));
	json_add(all, "remarks", make_notes(judgement, NOTE_REMARK));
	json_add_bool(all, "root_moved", check->root_moved);
	json_add_bool(all, "same_lineage", check->same_lineage);
	json_add_bool(all, "parent_of_new", check->child);
	json_add(all, "path_counts", make_check_paths(check));
	json_add(all, "numbers", make_check_numbers(check));
	json_add(all, "conflicts", make_list(check->conflict, check->conflicts));
	json_add(all, "regrouped_links", make_list(check->regrouped, check->n_regrouped));
	json_add(all, "used_again", make_list(check->revived, check->reviveds));
	json_add(all, "changed_type", make_retyped(check));
	if (judgement->compared) {
		json_add(all, "blocks", make_blocks(&judgement->blocks));
		json_add(all, "stored_bytes", make_growth(judgement->growth));
	}
	return all;
}

char *report_json(const struct report *report, size_t *size)
{
	struct json_object *all = json_object_new_object();
	struct json_object *list = json_object_new_array();
	char *text;

	json_add_text(all, "verdict", sqst_verdict_name(report->verdict));
	json_add(all, "new", make_release(&report->new));
	for (size_t i = 0; i < report->olds; i++)
		json_append(list, make_judgement(&report->old[i]));
	json_add(all, "old", list);
	text = json_as_line(all, size);
	json_object_put(all);
	if (!text)
		no_memory();
	return text;
}
