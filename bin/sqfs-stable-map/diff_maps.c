/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff: what became of the paths and numbers of a release. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "map_options.h"

static const char *const words[SQST_CHANGE_KINDS] = {
    [SQST_CHANGE_KEPT] = "kept",
    [SQST_CHANGE_NEW] = "new",
    [SQST_CHANGE_GONE] = "gone",
    [SQST_CHANGE_RETYPED] = "retyped",
    [SQST_CHANGE_RENUMBERED] = "renumbered",
};

static void print_state(uint8_t type, uint32_t number)
{
	printf(" type=%s inode=%u", type_name(type), number);
}

static void print_change(void *user, const struct sqst_change *change)
{
	const struct map_arguments *arguments = user;

	if (change->kind == SQST_CHANGE_KEPT && !arguments->all)
		return;
	printf("%-10s .%s", words[change->kind], change->path[0] ? "/" : "");
	print_masked(stdout, change->path);
	if (change->old_type)
		print_state(change->old_type, change->old_number);
	if (change->kind == SQST_CHANGE_RETYPED || change->kind == SQST_CHANGE_RENUMBERED)
		printf(" ->");
	if (change->new_type && change->kind != SQST_CHANGE_KEPT)
		print_state(change->new_type, change->new_number);
	printf("\n");
}

static void print_lineage(const char *name, const struct sqst_lineage *lineage, uint32_t paths)
{
	char text[UUID_TEXT_SIZE];

	printf("%s lineage ", name);
	if (sqst_uuid_is_null(lineage->uuid))
		printf("none");
	else
		printf("%s", uuid_text(lineage->uuid, text));
	if (lineage->recorded)
		printf(", generation %u", lineage->generation);
	printf(", %u paths, top %u\n", paths, lineage->top);
}

static void print_counts(const struct sqst_numbers_difference *found)
{
	for (int kind = 0; kind < SQST_CHANGE_KINDS; kind++)
		printf("%s%u %s", kind ? ", " : "", found->paths[kind], words[kind]);
	printf("; numbers: %u given, %u retired\n", found->given, found->retired);
}

/* The generation counts releases; that alone changes no number. */
static bool same(const struct sqst_numbers *before, const struct sqst_numbers *after,
		 const struct sqst_numbers_difference *found)
{
	for (int kind = 0; kind < SQST_CHANGE_KINDS; kind++) {
		if (kind != SQST_CHANGE_KEPT && found->paths[kind] > 0)
			return false;
	}
	return before->lineage.top == after->lineage.top &&
	       memcmp(before->lineage.uuid, after->lineage.uuid, SQST_UUID_SIZE) == 0;
}

static int print_comparison(const struct map_arguments *arguments,
			    const struct sqst_numbers *before, const struct sqst_numbers *after,
			    struct sqst_numbers_difference *found, struct sqst_report *why)
{
	const bool quiet = arguments->quiet;
	int rc;

	if (!quiet) {
		print_lineage("old", &before->lineage, before->paths);
		print_lineage("new", &after->lineage, after->paths);
	}
	rc = sqst_numbers_compare(before, after, quiet ? NULL : print_change,
				  (void *)(uintptr_t)arguments, found, why);
	if (rc == 0 && !quiet)
		print_counts(found);
	return rc;
}

enum map_status run_diff(const struct map_arguments *arguments)
{
	char *const *operand = arguments->operands.item;
	struct sqst_report why = {.warn = complain_warning};
	struct sqst_numbers *before = NULL, *after = NULL;
	struct sqst_numbers_difference found;
	enum map_status status = STATUS_TROUBLE;
	int rc = numbers_read(operand[0], &before, &why);

	if (rc == 0)
		rc = numbers_read(operand[1], &after, &why);
	if (rc == 0)
		rc = print_comparison(arguments, before, after, &found, &why);
	if (rc < 0)
		complain(&why);
	else
		status = same(before, after, &found) ? STATUS_SAME : STATUS_DIFFERS;
	sqst_numbers_free(before);
	sqst_numbers_free(after);
	return status;
}
