/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict in words. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "check_report.h"
#include "common/uboot_text.h"

static SQST_PRINTF(3, 4) void add_note(struct judgement *judgement, enum note_level level,
				       const char *format, ...)
{
	struct note *note = &judgement->note[judgement->notes];
	va_list list;

	if (judgement->notes == NOTES_MAX)
		return;
	va_start(list, format);
	vsnprintf(note->text, sizeof(note->text), format, list);
	va_end(list);
	note->level = level;
	judgement->notes++;
}

/* "1 number names", "2 numbers name" */
static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static const char *singular(uint32_t count)
{
	return count == 1 ? "s" : "";
}

static void add_reasons(struct judgement *judgement, const struct release *new)
{
	const struct sqst_check *check = judgement->check;
	const uint32_t conflicts = check->fate[SQST_FATE_CONFLICT];
	const uint32_t kept = check->fate[SQST_FATE_KEPT];
	const uint32_t groups = (uint32_t)check->n_regrouped;

	switch (check->verdict) {
	case SQST_VERDICT_VALID:
		add_note(judgement, NOTE_REASON,
			 "%" PRIu32 " number%s of the old image name%s what %s named", kept,
			 plural(kept), singular(kept), kept == 1 ? "it" : "they");
		break;
	case SQST_VERDICT_REFUSED:
		if (!check->undecodable)
			add_note(
			    judgement, NOTE_REASON,
			    "no number of the old image names anything: every origin is refused");
		break;
	case SQST_VERDICT_UNSAFE:
		if (conflicts > 0)
			add_note(judgement, NOTE_REASON,
				 "%" PRIu32 " number%s of the old image name%s another file",
				 conflicts, plural(conflicts), singular(conflicts));
		if (groups > 0)
			add_note(
			    judgement, NOTE_REASON,
			    "%" PRIu32
			    " hard link group%s gained or lost names and kept %s number: not safe "
			    "with every overlay option, see \"Hard links\" in sqfs-stable(7); "
			    "sqfs-stable-build avoids it without --keep-links",
			    groups, plural(groups), groups == 1 ? "its" : "their");
		if (check->root_moved)
			add_note(judgement, NOTE_REASON,
				 "the root directory's number was %" PRIu32 " and is %" PRIu32
				 ": an overlay with index=on does not mount",
				 judgement->old.numbers->root.number, new->numbers->root.number);
		break;
	}
}

static void add_exports(struct judgement *judgement, const struct release *new)
{
	const struct sqst_check *check = judgement->check;
	const uint32_t conflicts = check->fate[SQST_FATE_CONFLICT];
	const bool new_without = new->survey && !new->survey->exports;

	if (!check->undecodable)
		return;
	if (new_without)
		add_note(judgement, NOTE_REASON,
			 "the new image has no export table, so no kernel decodes an origin");
	else
		add_note(
		    judgement, NOTE_REASON,
		    "the old image has no export table, so no kernel stored an origin over it");
	if (conflicts > 0)
		add_note(
		    judgement, NOTE_WARNING, "%" PRIu32 " number%s name%s another file: no harm %s",
		    conflicts, plural(conflicts), singular(conflicts),
		    new_without ? "until an image with an export table and these numbers follows"
				: "unless an earlier image with these numbers had an export table");
}

/* What it has no compressor for concerns nobody. */
static void add_uboot(struct judgement *judgement, const struct release *new)
{
	const struct sqst_uboot *uboot = new->uboot;
	char *first;

	if (!finds_root(&new->numbers->lineage))
		add_note(
		    judgement, NOTE_WARNING,
		    "the root directory has neither the highest number nor a double: U-Boot cannot "
		    "read the new image");
	if (!uboot || !uboot->has_codec || !uboot->finds_root)
		return;
	if (!uboot->inodes_in_order)
		add_note(
		    judgement, NOTE_WARNING,
		    "U-Boot cannot read the new image: an uncompressed block of its inode table "
		    "precedes a compressed one");
	if (uboot->hidden + uboot->hidden_links == 0)
		return;
	first = path_shown(uboot->path[0]);
	add_note(
	    judgement, uboot->hidden > 0 ? NOTE_WARNING : NOTE_REMARK,
	    "U-Boot cannot walk through %" PRIu32 " directories and %" PRIu32
	    " symbolic links of the new image, such as %.120s, since it does not find them: see "
	    "\"U-Boot\" in sqfs-stable(7)",
	    uboot->hidden, uboot->hidden_links, first ? first : "?");
	free(first);
}

static void add_warnings(struct judgement *judgement, const struct release *new)
{
	const struct sqst_check *check = judgement->check;
	const uint32_t beyond = check->fate[SQST_FATE_BEYOND];
	const uint32_t revived = (uint32_t)check->n_revived;
	const uint32_t old_top = judgement->old.numbers->lineage.top,
		       new_top = new->numbers->lineage.top;

	if (check->verdict == SQST_VERDICT_REFUSED && !check->undecodable && check->root_moved)
		add_note(
		    judgement, NOTE_WARNING,
		    "an overlay with index=on does not mount until its upper layer is made anew: "
		    "the "
		    "root directory's number was %" PRIu32 " and is %" PRIu32,
		    judgement->old.numbers->root.number, new->numbers->root.number);
	if (beyond > 0)
		add_note(
		    judgement, NOTE_WARNING,
		    "%" PRIu32 " number%s of the old image are above the new inode count, %" PRIu32
		    ": Linux before 5.11, unless of February 2021 or later, does not refuse these",
		    beyond, plural(beyond), new_top);
	else if (check->shrunk)
		add_note(judgement, NOTE_WARNING,
			 "the inode count was %" PRIu32 " and is %" PRIu32
			 ": numbers that earlier images used may be above it",
			 old_top, new_top);
	if (revived > 0)
		add_note(judgement, NOTE_WARNING,
			 "%" PRIu32
			 " number%s that the old image had left behind %s in use again: check "
			 "against the releases before it, too",
			 revived, plural(revived), revived == 1 ? "is" : "are");
	add_uboot(judgement, new);
}

static void add_remarks(struct judgement *judgement, const struct release *new)
{
	const struct sqst_check *check = judgement->check;
	const struct sqst_lineage *old_lineage = &judgement->old.numbers->lineage;
	const struct sqst_lineage *new_lineage = &new->numbers->lineage;

	if (check->other_lineage && check->fate[SQST_FATE_KEPT] > 0)
		add_note(
		    judgement, NOTE_REMARK,
		    "the lineage differs, although numbers are kept: a kernel that knows the UUID "
		    "refuses all origins");
	if (check->same_lineage && new_lineage->generation < old_lineage->generation)
		add_note(judgement, NOTE_REMARK,
			 "by its generation, the new image is the older one: going back");
	if (!new_lineage->recorded)
		add_note(judgement, NOTE_REMARK,
			 "the new image has no stable-numbering record: another tool made it");
}

bool finds_root(const struct sqst_lineage *lineage)
{
	return lineage->root_double || lineage->root == lineage->top;
}

void notes_write(struct judgement *judgement, const struct release *new)
{
	add_reasons(judgement, new);
	add_exports(judgement, new);
	add_warnings(judgement, new);
	add_remarks(judgement, new);
}
