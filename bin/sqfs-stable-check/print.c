/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report as a few lines of text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>

#include "check_report.h"
#include "common/uboot_text.h"

/* Conflicts that are named, and names of one number; all are in the JSON. */
#define CONFLICTS_SHOWN 10
#define NAMES_SHOWN     3

static void print_text(const char *text)
{
	char *clean = text_shown(text);

	printf("%s", clean);
	free(clean);
}

static void print_names(const struct sqst_check_names *names, bool orphan)
{
	if (names->count == 0)
		printf("%s", orphan ? "an inode without a name" : "nothing");
	for (uint32_t i = 0; i < names->count && i < NAMES_SHOWN; i++) {
		char *path = path_shown(names->path[i]);

		printf("%s%s", i ? ", " : "", path);
		free(path);
	}
	if (names->count > NAMES_SHOWN)
		printf(" and %" PRIu32 " more", names->count - NAMES_SHOWN);
}

static void print_numbers(const char *what, const struct sqst_check_number *number, size_t count)
{
	for (size_t i = 0; i < count && i < CONFLICTS_SHOWN; i++) {
		printf("  %-9s%" PRIu32 ": ", what, number[i].number);
		print_names(&number[i].was, false);
		printf(" -> ");
		print_names(&number[i].is, number[i].stray);
		if (number[i].was.type != number[i].is.type && number[i].was.type &&
		    number[i].is.type)
			printf(" (%s -> %s)", type_name(number[i].was.type),
			       type_name(number[i].is.type));
		printf("\n");
	}
	if (count > CONFLICTS_SHOWN)
		printf("  %-9s%zu more; --json and --html have them\n", what,
		       count - CONFLICTS_SHOWN);
}

static void print_lineages(const struct release *old, const struct release *new)
{
	const struct sqst_lineage *old_lineage = &old->numbers->lineage,
				  *new_lineage = &new->numbers->lineage;
	char before[UUID_TEXT_SIZE] = "none", after[UUID_TEXT_SIZE] = "none";

	if (!sqst_uuid_is_null(old_lineage->uuid))
		uuid_text(old_lineage->uuid, before);
	if (!sqst_uuid_is_null(new_lineage->uuid))
		uuid_text(new_lineage->uuid, after);
	printf("  lineage  %s -> %s, generation %" PRIu32 " -> %" PRIu32 "\n", before, after,
	       old_lineage->generation, new_lineage->generation);
	printf("  root     %" PRIu32 "%s -> %" PRIu32 "%s\n", old->numbers->root.number,
	       old_lineage->root_double ? " and its double" : "", new->numbers->root.number,
	       new_lineage->root_double ? " and its double" : "");
}

static void print_judgement(const struct judgement *judgement, const struct release *new)
{
	static const char *const level[] = {"because", "warning", "note"};
	const struct sqst_check *check = judgement->check;
	const uint32_t *fate = check->fate;

	print_text(judgement->old.path);
	printf(": %s\n", sqst_verdict_name(check->verdict));
	for (size_t i = 0; i < judgement->notes; i++)
		printf("  %-9s%s\n", level[judgement->note[i].level], judgement->note[i].text);
	printf("  paths    %" PRIu32 " -> %" PRIu32 ": %" PRIu32 " kept, %" PRIu32
	       " renumbered, %" PRIu32 " changed type, %" PRIu32 " new, %" PRIu32 " removed\n",
	       judgement->old.numbers->paths, new->numbers->paths, check->kept, check->renumbered,
	       check->changed_type, check->added, check->removed);
	printf("  numbers  top %" PRIu32 " -> %" PRIu32 ": %" PRIu32 " kept, %" PRIu32
	       " retired, %" PRIu32 " new, %" PRIu32 " in conflict\n",
	       judgement->old.numbers->lineage.top, new->numbers->lineage.top, fate[SQST_FATE_KEPT],
	       fate[SQST_FATE_RETIRED] + fate[SQST_FATE_BEYOND],
	       fate[SQST_FATE_NEW] + fate[SQST_FATE_REVIVED], fate[SQST_FATE_CONFLICT]);
	print_lineages(&judgement->old, new);
	print_numbers("conflict", check->conflict, check->conflicts);
	print_numbers("links", check->regrouped, check->n_regrouped);
	print_numbers("again", check->revived, check->reviveds);
}

static void print_uboot(const struct release *new)
{
	char text[UBOOT_TEXT_SIZE];

	if (!new->uboot)
		return;
	printf("  U-Boot   %s", uboot_text(new->uboot, text));
	if (new->uboot->finds_tables)
		printf("; heap for tables: %" PRIu64 " bytes", new->uboot->heap);
	printf("\n");
}

/* What an image ships besides what its files have. */
static void print_removed(const struct sqst_survey *survey)
{
	if (survey->dead > 0)
		printf("  removed  %" PRIu64 " bytes in its fragment blocks belong to no file; "
		       "sqfs-stable-build --purge leaves them out\n",
		       survey->dead);
	if (survey->unclaimed > 0)
		printf("  gaps     %" PRIu64 " bytes between its data belong to no file; a build "
		       "with sqfs-stable-build leaves them out\n",
		       survey->unclaimed);
	if (survey->unused_xattrs > 0)
		printf("  xattrs   %" PRIu32
		       " of its sets of extended attributes belong to no file; "
		       "a build with sqfs-stable-build leaves them out\n",
		       survey->unused_xattrs);
}

void report_print(const struct report *report)
{
	print_text(report->new.path);
	printf(": %s\n", sqst_verdict_name(report->verdict));
	if (report->new.survey)
		print_removed(report->new.survey);
	print_uboot(&report->new);
	for (size_t i = 0; i < report->olds; i++)
		print_judgement(&report->old[i], &report->new);
}
