/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parents' numbers and a tree become the tree's numbers. The rules R1 to R9 are in sqfs-stable(7);
 * the steps are: a candidate number for each path (R1, R6, R8), one number for each inode (R5), new
 * numbers for the rest (R2, R3), the inode count and the root's double (R4, R7). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/scope.h"
#include "numbering/link_groups.h"
#include "numbering/numbering.h"
#include "numbering/sets.h"
#include "numbering/stats.h"
#include "numbers/beside.h"

/* A path's candidate once R8 has ruled its number out: no older parent gives it one. */
#define RULED_OUT UINT32_C(0x80000000)

struct numbering_job {
	struct sqst_tree *tree;
	const struct sqst_numbers *const *parents;
	size_t count;
	/* One a path, in tree order. */
	uint32_t *candidate;
	/* One a parent. */
	struct sqst_sets *sets;
	/* The highest of the parents' tops. */
	uint32_t base;
	/* A path kept the number `base`. */
	bool base_live;
	/* The last number given out, `base` before the first. */
	uint32_t last;
	uint32_t inodes;
	struct sqst_report *why;
};

/* R8 for one path and the next older parent.
 *
 * candidate: what the newer parents say; 0 if none of them has the identity
 * number:    the identity's number in this parent, 0 if it does not have it
 * top:       this parent's top
 * newer_top: the highest top of the newer parents */
static uint32_t judge_candidate(uint32_t candidate, uint32_t number, uint32_t top,
				uint32_t newer_top)
{
	if (candidate == RULED_OUT)
		return RULED_OUT;
	if (candidate == 0) {
		if (number == 0)
			return 0;
		return number > newer_top ? number : RULED_OUT;
	}
	return candidate == number || candidate > top ? candidate : RULED_OUT;
}

/* Take one parent's numbers into the candidates. */
static int consult(struct numbering_job *job, const struct sqst_numbers *parent,
		   struct sqst_sets *sets, uint32_t newer_top)
{
	const uint32_t top = parent->lineage.top;
	struct sqst_beside walk;
	int rc;

	sqst_beside_begin(&walk, job->tree, &parent, 1);
	while ((rc = sqst_beside_next(&walk)) > 0) {
		uint32_t *candidate = &job->candidate[walk.index];
		uint32_t number = 0;

		if (walk.entry[0] && (walk.entry[0]->number == 0 || walk.entry[0]->number > top)) {
			rc = sqst_fail(job->why, SQST_ERR_PARENT, parent->source,
				       "\"%s\": inode number %u is out of range (1 to %u)",
				       walk.entry[0]->name, walk.entry[0]->number, top);
			break;
		}
		if (walk.entry[0] && !sqst_sets_add(sets, walk.entry[0]->number)) {
			rc = SQST_ERR_NOMEM;
			break;
		}
		if (!walk.node)
			continue;
		if (sqst_beside_same_identity(&walk))
			number = walk.entry[0]->number;
		*candidate = judge_candidate(*candidate, number, top, newer_top);
	}
	sqst_beside_end(&walk);
	sets->top = top;
	if (rc == 0 && !sqst_sets_close(sets))
		rc = SQST_ERR_NOMEM;
	return rc == SQST_ERR_NOMEM ? sqst_fail(job->why, rc, NULL, "out of memory") : rc;
}

/* Newest first, as R8 asks. */
static int consult_all(struct numbering_job *job)
{
	for (size_t i = job->count; i > 0; i--) {
		const struct sqst_numbers *parent = job->parents[i - 1];
		int rc;

		if (parent->lineage.top == 0)
			continue;
		rc = parent->lineage.top > SQST_NUMBER_MAX
			 ? sqst_fail(job->why, SQST_ERR_PARENT, parent->source,
				     "inode count %u exceeds %u", parent->lineage.top,
				     SQST_NUMBER_MAX)
			 : consult(job, parent, &job->sets[i - 1], job->base);
		if (rc < 0)
			return rc;
		if (parent->lineage.top > job->base)
			job->base = parent->lineage.top;
	}
	return 0;
}

static void drop_ruled_out(struct numbering_job *job, bool all)
{
	const uint32_t names = sqst_tree_names(job->tree);

	for (uint32_t i = 0; i < names; i++) {
		if (all || job->candidate[i] == RULED_OUT)
			job->candidate[i] = 0;
	}
}

static int used_up(const struct numbering_job *job)
{
	return sqst_fail(job->why, SQST_ERR_LIMIT,
			 job->count ? job->parents[job->count - 1]->source : NULL,
			 "inode numbers are exhausted at %u, the highest that a kernel handles; "
			 "start a new lineage without --prev (with --prev, --new-lineage continues "
			 "the count): numbers then begin at 1 and no existing upper layer matches",
			 SQST_NUMBER_MAX);
}

/* Give each inode, at its first path in tree order, the number that it keeps or a new one. */
static int give_numbers(struct numbering_job *job)
{
	uint32_t i = 0;

	job->last = job->base;
	for (const struct sqst_node *node = sqst_tree_root(job->tree); node;
	     node = sqst_tree_next(node), i++) {
		struct sqst_inode *inode = node->inode;
		uint32_t number = job->candidate[i];

		if (inode->number != 0 && !(inode->number & SQST_NUMBER_PENDING))
			continue;
		if (number == 0) {
			if (job->last == SQST_NUMBER_MAX)
				return used_up(job);
			number = ++job->last;
		} else if (number == job->base) {
			job->base_live = true;
		}
		inode->number = number;
		job->inodes++;
	}
	return 0;
}

/* R4 and R7: what the superblock's inode count is, and whether the root's double is needed. */
static int settle_top(const struct numbering_job *job, struct sqst_numbering *out)
{
	const bool live = job->last > job->base || job->base_live;

	out->root = sqst_tree_root(job->tree)->inode->number;
	out->top = job->last;
	out->root_double = out->root != out->top;
	if (out->root_double && live) {
		if (out->top == SQST_NUMBER_MAX)
			return used_up(job);
		out->top++;
	}
	return 0;
}

static void clear_numbers(const struct sqst_tree *tree)
{
	for (struct sqst_node *node = sqst_tree_root(tree); node; node = sqst_tree_next(node))
		node->inode->number = 0;
}

/* R5, or the rule before it. */
static int settle_links(struct numbering_job *job, unsigned flags)
{
	if (flags & SQST_NUMBERING_KEEP_LINKS)
		return sqst_links_settle(job->tree, job->candidate, job->why);
	sqst_sets_settle(job->tree, job->candidate, job->sets, job->count);
	return 0;
}

static int assign(struct numbering_job *job, unsigned flags, struct sqst_numbering *out)
{
	const bool new_lineage = (flags & SQST_NUMBERING_NEW_LINEAGE) != 0;
	int rc;

	clear_numbers(job->tree);
	rc = consult_all(job);
	if (rc < 0)
		return rc;
	drop_ruled_out(job, new_lineage);
	if (job->count > 0 && !new_lineage)
		rc = settle_links(job, flags);
	if (rc == 0)
		rc = give_numbers(job);
	if (rc == 0)
		rc = settle_top(job, out);
	if (rc == 0)
		rc = sqst_stats_count(job->tree, job->parents, job->count, job->candidate,
				      &out->stats, job->why);
	out->stats.live = job->inodes;
	return rc;
}

int sqst_numbering_assign(struct sqst_tree *tree, const struct sqst_numbers *const *parents,
			  size_t count, unsigned flags, struct sqst_numbering *out,
			  struct sqst_report *why)
{
	const uint32_t names = sqst_tree_names(tree);
	struct sqst_numbering numbering = {0};
	struct numbering_job job = {.tree = tree, .parents = parents, .count = count, .why = why};
	int rc;

	/* So that an index fits beside SQST_NUMBER_PENDING. */
	if (names > SQST_NUMBER_MAX)
		return sqst_fail(why, SQST_ERR_LIMIT, NULL, "more than %u paths", SQST_NUMBER_MAX);
	job.candidate = calloc(names, sizeof(*job.candidate));
	job.sets = calloc(count + 1, sizeof(*job.sets));
	rc =
	    job.candidate && job.sets ? assign(&job, flags, &numbering) : sqst_no_memory(why, NULL);
	for (size_t i = 0; job.sets && i < count; i++)
		sqst_sets_release(&job.sets[i]);
	free(job.sets);
	free(job.candidate);
	if (rc < 0)
		clear_numbers(tree);
	else
		*out = numbering;
	return rc;
}
