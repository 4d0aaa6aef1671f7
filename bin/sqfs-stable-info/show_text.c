/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image as text: a name in the first column, what it is in the second. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <time.h>

#include "common/uboot_text.h"
#include "show.h"
#include "sqst/codec.h"

/* All are in the JSON. */
#define HIDDEN_SHOWN 10

static void line(const char *name, const char *text)
{
	printf("%-16s ", name);
	print_masked(stdout, text);
	putchar('\n');
}

static void line_number(const char *name, uint64_t number, const char *behind)
{
	printf("%-16s %" PRIu64 "%s\n", name, number, behind);
}

static void line_uuid(const char *name, const uint8_t uuid[SQST_UUID_SIZE])
{
	char text[UUID_TEXT_SIZE];

	line(name, sqst_uuid_is_null(uuid) ? "none" : uuid_text(uuid, text));
}

static void show_lineage(const struct sqst_lineage *lineage)
{
	line_uuid("UUID", lineage->uuid);
	line("label", lineage->label[0] ? lineage->label : "none");
	if (!lineage->recorded) {
		line("lineage", "none: not made by sqfs-stable; the next image keeps its numbers "
				"if it is given as the parent");
		return;
	}
	line_uuid("own id", lineage->id);
	line_number("generation", lineage->generation, "");
	for (uint32_t i = 0; i < lineage->parents; i++)
		line_uuid(i == 0 ? "parents" : "", lineage->parent[i]);
	if (lineage->parents == 0)
		line("parents", "none");
}

static const char *double_text(const struct sqst_lineage *lineage)
{
	if (lineage->root_double)
		return " (its number is top)";
	return lineage->root == lineage->top ? "not needed: the root's own number is top"
					     : "none: U-Boot cannot read this image";
}

static void show_numbers(const struct shown *shown)
{
	const struct sqst_lineage *lineage = &shown->facts->head.lineage;
	const char *text = double_text(lineage);

	line_number("paths", shown->numbers->paths, "");
	line_number("root number", lineage->root, "");
	if (lineage->root_double)
		line_number("root's double", lineage->top, text);
	else
		line("root's double", text);
	line_number("top", lineage->top, "");
	line_number("live numbers", shown->facts->live, "");
	line_number("retired numbers", lineage->top - shown->facts->live,
		    lineage->root_double ? " (the root's double among them)" : "");
}

static void show_image(const struct sqst_image_head *head)
{
	const time_t seconds = (time_t)head->time;
	char text[64] = "unknown";
	struct tm parts;

	line("compressor", sqst_codec_name(head->codec));
	line_number("block size", head->block_size, "");
	line_number("image bytes", head->bytes_used, "");
	if (gmtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	line("made", text);
}

static void show_uboot(const struct sqst_uboot *uboot)
{
	char text[UBOOT_TEXT_SIZE];

	line("U-Boot", uboot_text(uboot, text));
	if (uboot->finds_tables)
		printf("%-16s %" PRIu64 " bytes for tables: %" PRIu64 " inodes, %" PRIu64
		       " directories\n",
		       "U-Boot's heap", uboot->heap, uboot->inode_table, uboot->directory_table);
	for (size_t i = 0; i < uboot->paths && i < HIDDEN_SHOWN; i++) {
		printf("%-16s /", i == 0 ? "hidden names" : "");
		print_masked(stdout, uboot->path[i]);
		putchar('\n');
	}
	if ((uint64_t)uboot->hidden + uboot->hidden_links > HIDDEN_SHOWN)
		printf("%-16s %" PRIu64 " more; --json has them\n", "",
		       (uint64_t)uboot->hidden + uboot->hidden_links - HIDDEN_SHOWN);
}

void show_text(const struct shown *shown)
{
	const struct sqst_image_facts *facts = shown->facts;

	line("image", shown->path);
	show_lineage(&facts->head.lineage);
	show_numbers(shown);
	show_image(&facts->head);
	if (facts->head.exports)
		printf("%-16s %" PRIu64 " bytes in the image, %" PRIu64
		       " bytes of kernel memory while mounted\n",
		       "export table", facts->export_bytes, facts->export_memory);
	else
		line("export table", "none: the kernel decodes no origin of this image");
	show_uboot(shown->uboot);
}
