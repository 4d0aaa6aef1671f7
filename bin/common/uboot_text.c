/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What U-Boot sees of an image. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/uboot_text.h"

bool uboot_reads(const struct sqst_uboot *uboot)
{
	return uboot->finds_root && uboot->finds_tables && uboot->inodes_in_order;
}

const char *uboot_text(const struct sqst_uboot *uboot, char text[UBOOT_TEXT_SIZE])
{
	const char *words = "finds all names";

	if (!uboot->finds_root)
		words = "cannot read it: no copy of the root directory has the highest number";
	else if (!uboot->finds_tables)
		words = "cannot read it: there is no fragment table, not even an empty one";
	else if (!uboot->inodes_in_order)
		words = "cannot read it: an uncompressed block of the inode table precedes a "
			"compressed one";
	else if (!uboot->has_codec)
		words = "does not have this compressor";
	snprintf(text, UBOOT_TEXT_SIZE, "%s", words);
	if (uboot_reads(uboot) && uboot->hidden + uboot->hidden_links > 0)
		snprintf(text, UBOOT_TEXT_SIZE,
			 "cannot walk through %" PRIu32 " directories and %" PRIu32
			 " symbolic links, which it does not find",
			 uboot->hidden, uboot->hidden_links);
	return text;
}

struct json_object *json_uboot(const struct sqst_uboot *uboot)
{
	struct json_object *made = json_object_new_object();
	struct json_object *names = json_object_new_array();

	json_add_bool(made, "finds_root", uboot->finds_root);
	json_add_bool(made, "has_compressor", uboot->has_codec);
	json_add_bool(made, "finds_tables", uboot->finds_tables);
	json_add_bool(made, "inodes_in_order", uboot->inodes_in_order);
	json_add_number(made, "hidden_directories", uboot->hidden);
	json_add_number(made, "hidden_links", uboot->hidden_links);
	for (size_t i = 0; i < uboot->paths; i++)
		json_append(names, json_path(uboot->path[i]));
	json_add(made, "hidden_names", names);
	json_add_number(made, "inode_table_bytes", uboot->inode_table);
	json_add_number(made, "directory_table_bytes", uboot->directory_table);
	json_add_number(made, "heap_bytes", uboot->heap);
	return made;
}
