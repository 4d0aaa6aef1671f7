/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* merge: one map for two branches. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "map_options.h"
#include "sqst/map.h"
#include "sqst/report.h"

/* Conflicts that are printed; the rest are counted. */
#define CONFLICTS_SHOWN 20

struct merging {
	struct sqst_numbers *base;
	struct sqst_numbers *ours;
	struct sqst_numbers *theirs;
	struct sqst_numbers *joined;
	struct sqst_map_lock *lock;
	struct sqst_merge_result result;
};

/* git hands over an empty file where the branches have no map in common. */
static int read_base(const char *path, struct sqst_numbers **out, struct sqst_report *why)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return sqst_fail_errno(why, SQST_ERR_PARENT, errno, path, "cannot be opened");
	if (!S_ISFIFO(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISBLK(st.st_mode) &&
	    st.st_size == 0)
		return 0;
	return numbers_read(path, out, why);
}

static void print_conflict(void *user, const struct sqst_merge_conflict *conflict)
{
	uint32_t *shown = user;

	if (++*shown > CONFLICTS_SHOWN)
		return;
	fprintf(stderr, "%s: conflict: ./", program_name);
	print_masked(stderr, conflict->path);
	fprintf(stderr, ": %s in OURS, %s in THEIRS\n", type_name(conflict->ours),
		type_name(conflict->theirs));
}

static int read_branches(const struct map_arguments *arguments, struct merging *merging,
			 struct sqst_report *why)
{
	char *const *operand = arguments->operands.item;
	int rc = 0;

	/* What is replaced must not change between now and then. */
	if (!arguments->output || strcmp(arguments->output, operand[1]) == 0)
		rc = sqst_map_lock_take(operand[1], NULL, &merging->lock, why);
	if (rc == 0)
		rc = read_base(operand[0], &merging->base, why);
	if (rc == 0)
		rc = numbers_read(operand[1], &merging->ours, why);
	if (rc == 0)
		rc = numbers_read(operand[2], &merging->theirs, why);
	return rc;
}

static int merge_maps(const struct map_arguments *arguments, struct merging *merging,
		      struct sqst_report *why)
{
	const char *ours = arguments->operands.item[1];
	const char *output = arguments->output ? arguments->output : ours;
	uint32_t shown = 0;
	sigset_t before;
	const struct sqst_merge_options options = {
	    .prefer = arguments->prefer,
	    .keep_links = arguments->keep_links,
	    .uuid = arguments->has_uuid ? arguments->uuid : NULL,
	    .conflict = print_conflict,
	    .user = &shown,
	};
	int rc = sqst_file_check(output, SQST_OUTPUT_MAP, why);
	if (rc == 0)
		rc = read_branches(arguments, merging, why);
	if (rc == 0)
		rc = sqst_numbers_merge(merging->base, merging->ours, merging->theirs, &options,
					&merging->joined, &merging->result, why);
	if (rc == 0)
		rc = sqst_map_lock_check(merging->lock, why);
	if (rc == 0) {
		signals_hold(&before);
		rc = sqst_map_write(merging->joined, output, why);
		signals_release(&before);
	}
	return rc;
}

static void print_done(const struct map_arguments *arguments, const struct merging *merging)
{
	const struct sqst_merge_result *result = &merging->result;
	const struct sqst_numbers *joined = merging->joined;

	if (result->regrouped > 0)
		fprintf(stderr,
			"%s: warning: %u hard link groups gained or lost names and keep their "
			"numbers; see \"Hard links\" in sqfs-stable(7), and leave --keep-links "
			"away\n",
			program_name, result->regrouped);
	if (!arguments->quiet)
		fprintf(stderr, "%s: merged: %u paths, %u kept, %u renumbered; top %u\n",
			program_name, joined->paths, result->kept, result->renumbered,
			joined->lineage.top);
}

enum map_status run_merge(const struct map_arguments *arguments)
{
	struct sqst_report why = {.warn = complain_warning};
	struct merging merging = {0};
	enum map_status status = STATUS_TROUBLE;
	const int rc = merge_maps(arguments, &merging, &why);

	if (rc == 0) {
		print_done(arguments, &merging);
		status = STATUS_SAME;
	} else if (merging.result.conflicts > 0) {
		fprintf(stderr,
			"%s: %u paths have two types, nothing was written; --prefer=ours or "
			"--prefer=theirs decides\n",
			program_name, merging.result.conflicts);
		status = STATUS_CONFLICT;
	} else {
		complain(&why);
	}
	sqst_numbers_free(merging.base);
	sqst_numbers_free(merging.ours);
	sqst_numbers_free(merging.theirs);
	sqst_numbers_free(merging.joined);
	sqst_map_lock_free(merging.lock);
	return status;
}
