/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as JSON. Names are those of sqfs-stable-build's report where it has them too. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "common/uboot_text.h"
#include "show.h"
#include "sqst/codec.h"

static struct json_object *make_image_lineage(const struct sqst_lineage *lineage)
{
	struct json_object *made = json_object_new_object();
	struct json_object *parents = json_object_new_array();
	char uuid[UUID_TEXT_SIZE];

	json_add_bool(made, "recorded", lineage->recorded);
	json_add_uuid(made, "uuid", lineage->uuid);
	json_add_text(made, "label", lineage->label);
	json_add_uuid(made, "id", lineage->id);
	if (lineage->recorded)
		json_add_number(made, "generation", lineage->generation);
	else
		json_add_null(made, "generation");
	for (uint32_t i = 0; i < lineage->parents; i++) {
		if (sqst_uuid_is_null(lineage->parent[i]))
			json_append_null(parents);
		else
			json_append(parents, json_text(uuid_text(lineage->parent[i], uuid)));
	}
	json_add(made, "parents", parents);
	return made;
}

static struct json_object *make_exports(const struct sqst_image_facts *facts)
{
	struct json_object *made = json_object_new_object();

	json_add_bool(made, "present", facts->head.exports);
	json_add_number(made, "image_bytes", facts->export_bytes);
	json_add_number(made, "kernel_bytes", facts->export_memory);
	return made;
}

bool show_json(const struct shown *shown)
{
	const struct sqst_image_facts *facts = shown->facts;
	const struct sqst_image_head *head = &facts->head;
	struct json_object *all = json_object_new_object();
	struct json_object *warnings = json_object_new_array();

	json_add_text(all, "image", shown->path);
	json_add_text(all, "compressor", sqst_codec_name(head->codec));
	json_add_number(all, "block_size", head->block_size);
	json_add_number(all, "image_bytes", head->bytes_used);
	json_add_number(all, "time", head->time);
	json_add_number(all, "paths", shown->numbers->paths);
	json_add(all, "lineage", make_image_lineage(&head->lineage));
	json_add(all, "numbers",
		 json_numbering(&head->lineage, facts->live, head->lineage.top - facts->live));
	json_add(all, "export_table", make_exports(facts));
	json_add(all, "u_boot", json_uboot(shown->uboot));
	if (shown->warning[0])
		json_append(warnings, json_text(shown->warning));
	json_add(all, "warnings", warnings);
	return json_write(all, "-");
}
